"""Random numbers in TF1's spelling; `set_random_seed` fixes them."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import OptionError, Tensor, as_dtype, float32

__all__ = ["random_normal", "random_uniform", "truncated_normal"]


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform numbers in minval <= u < maxval.

    Args:
        shape: sizes, or an integer vector.
        minval: lower bound.
        maxval: upper bound, exclusive; 1 for floats if None.
        dtype: float or integer.
        seed: two operations of equal seed and shape draw equal numbers.
        name: of the node.

    Raises:
        OptionError: if `maxval` is missing for integers, or the range is empty.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.random_uniform([2, 3], -1.0, 1.0)).shape)
    (2, 3)
    """
    if maxval is None:
        if as_dtype(dtype).is_integer:
            raise OptionError(
                "random_uniform",
                "maxval is missing",
                expected="maxval=… for integers",
                got=f"dtype {as_dtype(dtype)}",
            )
        maxval = 1
    return thalweg.core.random_uniform(shape, minval, maxval, dtype, seed, name)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers of a mean and standard deviation.  -> `shape` of a float dtype."""
    return thalweg.core.random_normal(shape, mean, stddev, dtype, seed, name)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers on the condition that they lie within two standard deviations."""
    return thalweg.core.truncated_normal(shape, mean, stddev, dtype, seed, name)
