"""Random numbers."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

__all__ = ["random_binomial", "random_normal", "random_uniform", "truncated_normal"]


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Normal random numbers, drawn anew in every run.

    Args:
        shape: sizes, or a tensor of them.
        mean, stddev: of the numbers.
        dtype: float32 if None.
        seed: an integer; the numbers follow from `set_random_seed` if None.

    >>> from thalweg.backend import eval
    >>> eval(random_normal((2, 3))).shape
    (2, 3)
    """
    return core.random_normal(shape, mean, stddev, dtype or "float32", seed)


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Uniform random numbers, minval <= x < maxval, drawn anew in every run.

    Args:
        shape: sizes, or a tensor of them.
        minval, maxval: bounds of the numbers.
        dtype: float32 if None.
        seed: an integer; the numbers follow from `set_random_seed` if None.

    >>> from thalweg.backend import eval
    >>> eval(random_uniform((2, 3))).shape
    (2, 3)
    """
    return core.random_uniform(shape, minval, maxval, dtype or "float32", seed)


def random_binomial(
    shape: Any, p: float = 0.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Ones with a probability, and zeros, drawn anew in every run.

    Args:
        shape: sizes, or a tensor of them.
        p: the probability of a one.
        dtype: float32 if None.
        seed: an integer; the numbers follow from `set_random_seed` if None.

    >>> from thalweg.backend import eval
    >>> eval(random_binomial((3,), p=1.0)).tolist()
    [1.0, 1.0, 1.0]
    """
    return core.random_bernoulli(shape, p, dtype or "float32", seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Normal random numbers within two standard deviations, drawn anew in every run.

    Args:
        shape: sizes, or a tensor of them.
        mean, stddev: of the numbers before they are cut.
        dtype: float32 if None.
        seed: an integer; the numbers follow from `set_random_seed` if None.

    >>> from thalweg.backend import eval
    >>> bool((abs(eval(truncated_normal((99,)))) <= 2).all())
    True
    """
    return core.truncated_normal(shape, mean, stddev, dtype or "float32", seed)
