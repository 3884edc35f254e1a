"""Matrices that are well conditioned, drawn for the rows of linear algebra.

Each maker has the signature of `Input.values`. Rounding and central differences then have about
the errors that they have elsewhere, and the tolerances need not grow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Generator = np.random.Generator


def regular(generator: Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Random entries, and a diagonal that outweighs them; rectangles as well."""
    noise = generator.uniform(-1, 1, shape)
    signs = generator.choice([-1, 1], shape[-1])
    return (noise + 1.5 * max(shape[-2:]) * np.eye(*shape[-2:]) * signs).astype(dtype)


def spread(generator: Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Singular values about 1 apart, and vectors that are far from the axes."""
    *batch, rows, columns = shape
    count = min(rows, columns)
    values = 1 + np.arange(count) + generator.uniform(0, 0.2, (*batch, count))
    left = orthonormal(generator, (*batch, rows, rows))[..., :count]
    right = orthonormal(generator, (*batch, columns, columns))[..., :count]
    return np.einsum("...ik,...k,...jk->...ij", left, values, right).astype(dtype)


def orthonormal(generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Cayley's transform of random skew matrices."""
    noise = generator.uniform(-1, 1, shape)
    skew = noise - noise.swapaxes(-1, -2)
    one = np.eye(shape[-1])
    return (one + skew) @ np.linalg.inv(one - skew)


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of matrices applied to each of the same batches of them, as SciPy's old ones need.

    A tuple of results becomes a tuple of batches.
    """

    def batched(*arrays: np.ndarray) -> Any:
        batch = arrays[0].shape[:-2]
        results = [function(*(array[index] for array in arrays)) for index in np.ndindex(batch)]
        if isinstance(results[0], tuple):
            return tuple(
                np.reshape(part, (*batch, *np.shape(part[0])))
                for part in zip(*results, strict=True)
            )
        return np.reshape(results, (*batch, *np.shape(results[0])))

    return batched
