"""Random numbers as pure ops: the same key and shape give the same bits on every machine."""

from __future__ import annotations

from typing import Any

from ..errors import OptionError
from ..graph import Tensor
from ..opdef import OpDef, apply, register
from ..types import DType, as_dtype, float32, int64
from .elementwise import add, cast, multiply
from .error_function import normal_quantile
from .keys import choose_key
from .philox import Draw, RandomBits, RandomUniform, open_uniform
from .source import convert
from .stack import size_vector

__all__ = [
    "random_bernoulli",
    "random_bits",
    "random_integers",
    "random_normal",
    "random_uniform",
    "truncated_normal",
]


@register
class RandomNormal(Draw):
    """Standard normal numbers, by inversion of the distribution function."""

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """One uniform word each; |x| < 6.3."""
        return normal_quantile(xp, open_uniform(xp, key, shape)).astype(self.dtype.numpy)


@register
class TruncatedNormal(Draw):
    """Standard normal numbers on the condition |x| < 2, by inversion."""

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """Uniforms between the distribution's values at -2 and 2."""
        low = 0.022750131948179195  # Phi(-2)
        u = low + (1.0 - 2.0 * low) * open_uniform(xp, key, shape)
        return normal_quantile(xp, u).astype(self.dtype.numpy)


# Public functions -------------------------------------------------------------------------------


def draw(where: str, op: OpDef, shape: Any, seed: int | None, name: str | None, key: Any) -> Tensor:
    """Applies an op (key, shape) -> array."""
    chosen = choose_key(where, seed, key)
    return apply(op, chosen, size_vector(where, shape, chosen), name=name)


def random_bits(
    shape: Any, seed: int | None = None, name: str | None = None, key: Any = None
) -> Tensor:
    """Uniform 32-bit words.

    Args:
        shape: sizes, or a host integer vector.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        `shape` uint32.

    >>> from thalweg.core import Session
    >>> Session().run(random_bits([2, 3])).shape
    (2, 3)
    """
    return draw("random_bits", RandomBits(), shape, seed, name, key)


def random_uniform(
    shape: Any,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Uniform numbers in minval <= u < maxval; integers for an integer dtype.

    Args:
        shape: sizes, or a host integer vector.
        minval: lower bound.
        maxval: upper bound, exclusive.
        dtype: float, or integer (then both bounds must be given).
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_uniform([1000], 2.0, 3.0))
    >>> bool(2 <= x.min() < x.max() < 3)
    True
    """
    wanted = as_dtype(dtype)
    if wanted.is_integer:
        return random_integers(shape, minval, maxval, wanted, seed, name, key)
    u = draw("random_uniform", RandomUniform(wanted), shape, seed, name, key)
    if isinstance(minval, int | float) and isinstance(maxval, int | float):
        if minval == 0 and maxval == 1:
            return u
        return u * (maxval - minval) + minval
    low, high = convert(minval, wanted), convert(maxval, wanted)
    return u * (high - low) + low


def random_integers(
    shape: Any,
    minval: int,
    maxval: int,
    dtype: Any = "int32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Uniform integers in minval <= n < maxval (bias below 2**-53 times the range).

    Args:
        shape: sizes, or a host integer vector.
        minval: lower bound.
        maxval: upper bound, exclusive; at most 2**63 above `minval`.
        dtype: of the result.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Raises:
        OptionError: if the range is empty.

    >>> from thalweg.core import Session
    >>> sorted(set(Session().run(random_integers([100], 0, 3)).tolist()))
    [0, 1, 2]
    """
    if not minval < maxval:
        raise OptionError(
            "random_integers",
            "an empty range",
            expected="minval < maxval",
            got=f"minval {minval}, maxval {maxval}",
        )
    u = draw("random_integers", RandomUniform(as_dtype("float64")), shape, seed, name, key)
    return cast(cast(u * float(maxval - minval), int64) + minval, dtype)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Normal numbers.

    Args:
        shape: sizes, or a host integer vector.
        mean: of the distribution.
        stddev: its standard deviation.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    >>> from thalweg.core import Session
    >>> abs(float(Session().run(random_normal([10000])).mean())) < 0.1
    True
    """
    standard = draw("random_normal", RandomNormal(as_dtype(dtype)), shape, seed, name, key)
    return add(multiply(standard, stddev), mean)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Normal numbers on the condition that they lie within two standard deviations.

    Args:
        shape: sizes, or a host integer vector.
        mean: of the distribution before truncation.
        stddev: its standard deviation before truncation.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    >>> from thalweg.core import Session
    >>> bool(abs(Session().run(truncated_normal([10000]))).max() < 2)
    True
    """
    standard = draw("truncated_normal", TruncatedNormal(as_dtype(dtype)), shape, seed, name, key)
    return add(multiply(standard, stddev), mean)


def random_bernoulli(
    shape: Any,
    probability: Any,
    dtype: Any = "bool",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """True with the given probability, which may be a tensor.

    Args:
        shape: sizes, or a host integer vector.
        probability: a number, or a tensor that broadcasts with `shape`.
        dtype: of the result; numbers are 1 for True, and 0.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    >>> from thalweg.core import Session
    >>> Session().run(random_bernoulli([2], 1.0)).tolist()
    [True, True]
    """
    return cast(random_uniform(shape, dtype=float32, seed=seed, key=key) < probability, dtype, name)
