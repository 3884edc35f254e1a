"""Random numbers of distributions that take parameters: exponential, Laplace, gamma, beta, Poisson.

Rejection is made counter-based: sample i has a Philox block of its own for each attempt, so its
value depends on the key, on i and on its parameters, and not on how other samples fared.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DtypeError
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, TensorType, as_dtype, float64, int32, int64
from .compare import maximum
from .elementwise import add, cast, divide, multiply, ones_like, shape_from_value
from .error_function import normal_quantile
from .gamma import log_gamma
from .keys import choose_key, fold_in
from .math import sigmoid
from .philox import Draw, open_uniform, philox
from .random import draw
from .sizes import beside
from .source import convert
from .stack import size_vector

__all__ = [
    "random_beta",
    "random_exponential",
    "random_gamma",
    "random_laplace",
    "random_poisson",
]

_ATTEMPTS = 64  # an attempt fails less than one time in five: 64 of them never

# By inversion ------------------------------------------------------------------------------------


@register
class RandomExponential(Draw):
    """Exponential numbers of mean 1, by inversion; below 23.

    key: (2,) uint32, shape: host -> `shape`.
    """

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """-log(u)."""
        return (-xp.log(open_uniform(xp, key, shape))).astype(self.dtype.numpy)


@register
class RandomLaplace(Draw):
    """Laplace numbers of mean 0 and scale 1, by inversion; |x| < 22.

    key: (2,) uint32, shape: host -> `shape`.
    """

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """The logarithm of twice the tail, on either side."""
        u = open_uniform(xp, key, shape)
        tail = xp.log(2 * xp.minimum(u, 1 - u))
        return xp.where(u < 0.5, tail, -tail).astype(self.dtype.numpy)


# By rejection ------------------------------------------------------------------------------------


class _Sample(OpDef):
    """Base of ops (key, shape, parameter) -> shape + parameter.shape."""

    host_inputs = frozenset({1})
    dtype: DType

    def infer(self, key: TensorType, shape: TensorType, parameter: TensorType) -> TensorType:
        """The shape's value, where known, and the parameter's shape."""
        require(self, "integer", key=key, shape=shape)
        require(self, "float", parameter=parameter)
        sizes = shape_from_value(shape)
        dims = parameter.dims()
        return TensorType(self.dtype, None if sizes is None else (*sizes, *dims))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        return (TensorType(self.dtype, None),)

    def compute(self, xp: Any, key: Any, shape: Any, parameter: Any) -> Any:
        """In float64, one sample after another."""
        sizes = (*(int(size) for size in shape), *parameter.shape)
        flat = xp.broadcast_to(parameter.astype("float64"), sizes).reshape(-1)
        return self.samples(xp, key, flat).reshape(sizes).astype(self.dtype.numpy)

    def samples(self, xp: Any, key: Any, parameter: Any) -> Any:
        """One number for each parameter.  (count,) float64 -> the same."""
        raise NotImplementedError

    gradient = no_gradient


def _uniforms(xp: Any, key: Any, sample: Any, attempt: int) -> tuple[Any, Any, Any, Any]:
    """Four uniforms strictly inside 0..1 for each sample: its block of an attempt."""
    block = sample.astype("uint64") | xp.full((), attempt << 48, "uint64")
    a, b, c, d = philox(xp, block, key)
    return tuple((word.astype("float64") + 0.5) * 2.0**-32 for word in (a, b, c, d))


@register
class RandomGamma(_Sample):
    """Gamma numbers of a given shape parameter and scale 1, or their logarithms.

    key: (2,) uint32, shape: host, alpha: (...) float, >= 0 -> shape + alpha.shape; NaN below 0.
    Marsaglia and Tsang, "A simple method for generating gamma variables", ACM Transactions on
    Mathematical Software 26 (2000).
    """

    dtype: DType
    is_logarithm: bool

    def samples(self, xp: Any, key: Any, parameter: Any) -> Any:
        """The method for alpha >= 1; below, that of alpha + 1 times u^(1 / alpha) (section 6)."""
        count = parameter.shape[0]
        is_small = parameter < 1
        d = xp.where(is_small, parameter + 1, parameter) - 1 / 3
        c = 1 / xp.sqrt(9 * d)
        v = xp.ones((count,), "float64")
        left = xp.arange(count)
        boost = xp.log(_uniforms(xp, key, left, 0)[2]) / parameter
        for attempt in range(_ATTEMPTS):
            if left.shape[0] == 0:
                break
            u1, u2, _, _ = _uniforms(xp, key, left, attempt)
            x, scale = normal_quantile(xp, u1), d[left]
            cube = (1 + c[left] * x) ** 3
            v[left] = cube
            bound = 0.5 * x * x + scale * (1 - cube + xp.log(cube))
            # so that NaN is not rejected for ever
            is_rejected = (cube <= 0) | (xp.log(u2) >= bound)
            left = left[xp.flatnonzero(is_rejected)]
        logarithm = xp.log(d * v) + xp.where(is_small, boost, 0.0)
        logarithm = xp.where(parameter < 0, math.nan, logarithm)
        return logarithm if self.is_logarithm else xp.exp(logarithm)


@register
class RandomPoisson(_Sample):
    """Poisson numbers of a given mean.

    key: (2,) uint32, shape: host, rate: (...) float, >= 0 -> shape + rate.shape. Below 10 by
    inversion; above by Hörmann, "The transformed rejection method for generating Poisson random
    variables", Insurance: Mathematics and Economics 12 (1993), algorithm PTRS.
    """

    dtype: DType

    def samples(self, xp: Any, key: Any, parameter: Any) -> Any:
        """Each sample by the method for its rate; NaN, in integers 0, where that is no rate."""
        result = xp.zeros(parameter.shape, "float64")
        for is_chosen, method in (
            (parameter < 10, _poisson_by_inversion),
            (parameter >= 10, _poisson_by_rejection),
        ):
            chosen = xp.flatnonzero(is_chosen)
            if chosen.shape[0]:
                result[chosen] = method(xp, key, chosen, parameter[chosen])
        if self.dtype.is_float:
            result = xp.where(parameter >= 0, result, math.nan)
        return result


def _poisson_by_inversion(xp: Any, key: Any, sample: Any, rate: Any) -> Any:
    """The first k whose distribution function is at least u."""
    high, low, _, _ = _uniforms(xp, key, sample, 0)
    u = high - 2.0**-33 + low * 2.0**-32  # of 52 bits that count
    result = xp.zeros(rate.shape, "float64")
    left = xp.arange(rate.shape[0])
    term = xp.exp(-rate)
    total = term
    for k in range(1, 64):  # beyond which a rate of 10 leaves 1e-29
        kept = xp.flatnonzero(u > total)
        if kept.shape[0] == 0:
            break
        left, u, rate = left[kept], u[kept], rate[kept]
        term = term[kept] * (rate / k)
        total = total[kept] + term
        result[left] = k
    return result


def _poisson_by_rejection(xp: Any, key: Any, sample: Any, rate: Any) -> Any:
    """PTRS, in the names of the paper: a hat of two parts, and the quotient of the weights."""
    b = 0.931 + 2.53 * xp.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)
    result = xp.floor(rate)
    left = xp.arange(rate.shape[0])
    for attempt in range(_ATTEMPTS):
        if left.shape[0] == 0:
            break
        u, v, _, _ = _uniforms(xp, key, sample[left], attempt)
        mean, slope, height = rate[left], a[left], b[left]
        u = u - 0.5
        distance = 0.5 - xp.abs(u)
        k = xp.floor((2 * slope / distance + height) * u + mean + 0.43)
        is_sure = (distance >= 0.07) & (v <= v_r[left])
        is_outside = (k < 0) | ((distance < 0.013) & (v > distance))
        weight = xp.log(v * inverse_alpha[left] / (slope / (distance * distance) + height))
        within = weight <= k * xp.log(mean) - mean - log_gamma(xp, xp.maximum(k, 0) + 1)
        is_accepted = is_sure | (within & ~is_outside)
        result[left] = xp.where(is_accepted, k, result[left])
        left = left[xp.flatnonzero(~is_accepted)]
    return result


# Public functions -------------------------------------------------------------------------------


def random_exponential(
    shape: Any,
    scale: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Exponential numbers: scale times -log(u) of a uniform u.

    Args:
        shape: sizes, or a host integer vector.
        scale: their mean, the inverse of the rate; it broadcasts with `shape` and has a gradient.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_exponential([10000], scale=2.0))
    >>> bool(x.min() > 0 and abs(x.mean() - 2) < 0.2)
    True
    """
    op = RandomExponential(as_dtype(dtype))
    return multiply(draw("random_exponential", op, shape, seed, name, key), scale)


def random_laplace(
    shape: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Laplace numbers, of density exp(-|x - loc| / scale) / (2 scale).

    Args:
        shape: sizes, or a host integer vector.
        loc: their mean; it broadcasts with `shape` and has a gradient.
        scale: the mean distance from it, likewise.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    >>> from thalweg.core import Session
    >>> abs(float(Session().run(random_laplace([10000], loc=3.0)).mean()) - 3) < 0.2
    True
    """
    standard = draw("random_laplace", RandomLaplace(as_dtype(dtype)), shape, seed, name, key)
    return add(multiply(standard, scale), loc)


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Gamma numbers, of density beta^alpha x^(alpha - 1) exp(-beta x) / gamma(alpha).

    By Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.

    Args:
        shape: sizes, or a host integer vector: how often each pair of parameters is drawn.
        alpha: (...) of `dtype`, the shape parameter, >= 0.
        beta: (...) of `dtype`, the rate, > 0; 1 if None. It broadcasts with `alpha`.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        `shape` followed by the broadcast shape of the parameters. Numbers are not below the least
        normal one of `dtype`, so that their logarithm is finite.
        # differs from TensorFlow 1.15: there is a gradient of beta, but none of alpha.

    Raises:
        DtypeError: if a parameter has another dtype.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_gamma([10000], [0.5, 3.0], beta=2.0))
    >>> x.shape, bool(abs(x.mean(0) - [0.25, 1.5]).max() < 0.1)
    ((10000, 2), True)
    """
    wanted = as_dtype(dtype)
    parameter = convert(alpha, wanted)
    with beside(parameter):
        chosen = choose_key("random_gamma", seed, key)
        rate = None if beta is None else convert(beta, wanted)
    if rate is not None:
        parameter = multiply(parameter, ones_like(rate))
    sizes = size_vector("random_gamma", shape, chosen)
    numbers = apply(RandomGamma(wanted, False), chosen, sizes, parameter)
    if rate is not None:
        numbers = divide(numbers, rate)
    least = np.array(np.finfo(wanted.numpy).tiny)
    return maximum(numbers, least, name=name or "random_gamma")


def random_beta(
    shape: Any,
    alpha: Any,
    beta: Any,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Beta numbers in 0..1, of density x^(alpha - 1) (1 - x)^(beta - 1) / B(alpha, beta).

    X / (X + Y) of two gamma numbers, by their logarithms: it is right for small parameters too,
    where both are below the least number of the dtype.

    Args:
        shape: sizes, or a host integer vector: how often each pair of parameters is drawn.
        alpha: (...) of `dtype`, > 0.
        beta: (...) of `dtype`, > 0. Both broadcast.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        `shape` followed by the broadcast shape of the parameters. There is no gradient.

    Raises:
        DtypeError: if a parameter has another dtype.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_beta([10000], 1.0, 3.0))
    >>> bool(0 <= x.min() and x.max() <= 1 and abs(x.mean() - 0.25) < 0.02)
    True
    """
    wanted = as_dtype(dtype)
    a = convert(alpha, wanted)
    with beside(a):
        chosen = choose_key("random_beta", seed, key)
        b = convert(beta, wanted)
    sizes = size_vector("random_beta", shape, chosen)
    first, second = (
        apply(RandomGamma(float64, True), fold_in(chosen, number), sizes, parameter)
        for number, parameter in enumerate([a * ones_like(b), b * ones_like(a)])
    )
    return cast(sigmoid(first - second), wanted, name=name)


def random_poisson(
    shape: Any,
    rate: Any,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Poisson numbers: k with probability rate^k exp(-rate) / k!.

    Args:
        shape: sizes, or a host integer vector: how often each rate is drawn.
        rate: (...) number, the mean, in 0 <= rate <= 1e10; beyond, rounding shows.
        dtype: of the result: float, int32 or int64.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        `shape` followed by the shape of `rate`. A negative rate gives NaN, or 0 in integers. There
        is no gradient.

    Raises:
        DtypeError: for another dtype.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_poisson([10000], [0.5, 30.0], dtype="int32"))
    >>> x.shape, bool(abs(x.mean(0) - [0.5, 30.0]).max() < 0.3)
    ((10000, 2), True)
    """
    wanted = as_dtype(dtype)
    if not (wanted.is_float or wanted in (int32, int64)):
        raise DtypeError(
            "random_poisson",
            "gives no such numbers",
            expected="a float dtype, int32 or int64",
            got=str(wanted),
        )
    parameter = convert(rate)
    with beside(parameter):
        chosen = choose_key("random_poisson", seed, key)
    if parameter.dtype.is_integer:
        parameter = cast(parameter, float64)
    sizes = size_vector("random_poisson", shape, chosen)
    return apply(RandomPoisson(wanted), chosen, sizes, parameter, name=name)
