"""Random numbers as pure ops: the same key and shape give the same bits on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import Tensor
from ..opdef import OpDef, apply, register
from ..types import DType, as_dtype, float32
from .elementwise import add, cast, multiply
from .error_function import normal_quantile
from .keys import draw_key
from .philox import Draw, RandomBits, RandomUniform, open_uniform
from .source import convert

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


def _draw(op: OpDef, shape: Any, seed: int | None, name: str | None) -> Tensor:
    return apply(op, draw_key(seed), convert(_shape(shape)), name=name)


def _shape(shape: Any) -> Any:
    """An empty list of sizes is still a list of integers."""
    return np.zeros(0, np.int32) if isinstance(shape, list | tuple) and not shape else shape


def random_bits(shape: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Uniform 32-bit words.

    Args:
        shape: sizes, or a host integer vector.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Returns:
        `shape` uint32.

    >>> from thalweg.core import Session
    >>> Session().run(random_bits([2, 3])).shape
    (2, 3)
    """
    return _draw(RandomBits(), shape, seed, name)


def random_uniform(
    shape: Any,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform numbers in minval <= u < maxval; integers for an integer dtype.

    Args:
        shape: sizes, or a host integer vector.
        minval: lower bound.
        maxval: upper bound, exclusive.
        dtype: float, or integer (then both bounds must be given).
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_uniform([1000], 2.0, 3.0))
    >>> bool(2 <= x.min() < x.max() < 3)
    True
    """
    wanted = as_dtype(dtype)
    if wanted.is_integer:
        return random_integers(shape, minval, maxval, wanted, seed, name)
    u = _draw(RandomUniform(wanted), shape, seed, name)
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
) -> Tensor:
    """Uniform integers in minval <= n < maxval (bias below 2**-32 times the range).

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
    u = _draw(RandomUniform(as_dtype("float64")), shape, seed, name)
    return cast(u * float(maxval - minval), dtype) + minval


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers.

    Args:
        shape: sizes, or a host integer vector.
        mean: of the distribution.
        stddev: its standard deviation.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session
    >>> abs(float(Session().run(random_normal([10000])).mean())) < 0.1
    True
    """
    draw = _draw(RandomNormal(as_dtype(dtype)), shape, seed, name)
    return add(multiply(draw, stddev), mean)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers on the condition that they lie within two standard deviations.

    Args:
        shape: sizes, or a host integer vector.
        mean: of the distribution before truncation.
        stddev: its standard deviation before truncation.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session
    >>> bool(abs(Session().run(truncated_normal([10000]))).max() < 2)
    True
    """
    draw = _draw(TruncatedNormal(as_dtype(dtype)), shape, seed, name)
    return add(multiply(draw, stddev), mean)


def random_bernoulli(
    shape: Any, probability: Any, dtype: Any = "bool", seed: int | None = None
) -> Tensor:
    """True with the given probability, which may be a tensor.

    >>> from thalweg.core import Session
    >>> Session().run(random_bernoulli([2], 1.0)).tolist()
    [True, True]
    """
    return cast(random_uniform(shape, dtype=float32, seed=seed) < probability, dtype)
