"""Further random numbers in TF1's spelling."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, float32

__all__ = [
    "multinomial",
    "random_crop",
    "random_gamma",
    "random_poisson",
    "random_shuffle",
]


def _multinomial(
    logits: Any, num_samples: Any, seed: int | None, name: str | None, output_dtype: Any
) -> Tensor:
    drawn = core.random_categorical(logits, num_samples, seed=seed, name=name)
    return core.cast(drawn, output_dtype or "int64")


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Gamma-distributed numbers."""
    return core.random_gamma(shape, alpha, beta, dtype, seed, name=name)


def random_poisson(
    lam: Any, shape: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Any:
    """Poisson-distributed numbers."""
    return core.random_poisson(shape, lam, dtype, seed, name=name)


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The slices along the first axis in random order."""
    return core.random_shuffle(value, seed, name=name)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Any:
    """A part of the given sizes at a random place."""
    return core.random_crop(value, size, seed, name=name)


def multinomial(
    logits: Any,
    num_samples: Any,
    seed: int | None = None,
    name: str | None = None,
    output_dtype: Any = None,
) -> Any:
    """Classes drawn by their logits.  (batch, classes) -> (batch, num_samples)."""
    return _multinomial(logits, num_samples, seed, name, output_dtype)
