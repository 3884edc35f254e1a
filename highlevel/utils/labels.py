"""Arrays of labels and features, before they reach a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core.errors import DataError

__all__ = ["normalize", "to_categorical"]


def to_categorical(y: Any, num_classes: int | None = None, dtype: Any = "float32") -> NDArray[Any]:
    """One-hot rows for class numbers.

    Args:
        y: (...) integers in 0 <= y < num_classes; a last axis of size 1 is dropped.
        num_classes: number of classes; the largest label plus one if None.
        dtype: of the result.

    Returns:
        (..., num_classes), one 1 a row.

    Raises:
        DataError: if a label is out of range or not an integer.

    >>> to_categorical([0, 2], num_classes=3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    given = np.asarray(y)
    fits = given.dtype.kind in "iub" or not given.size
    if given.dtype.kind == "f":
        fits = bool(np.all(np.isfinite(given) & (given == np.trunc(given))))
    if not fits:
        raise DataError("to_categorical", "labels are not integers", got=str(given.dtype))
    labels = given.astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    low, high = int(labels.min(initial=0)), int(labels.max(initial=-1))
    count = high + 1 if num_classes is None else int(num_classes)
    if low < 0 or high >= count:
        raise DataError(
            "to_categorical",
            "a label is out of range",
            expected=f"0 <= label < {count}",
            got=str(low if low < 0 else high),
        )
    result = np.zeros((*labels.shape, count), dtype)
    np.put_along_axis(result, labels[..., None], 1, axis=-1)
    return result


def normalize(x: Any, axis: int = -1, order: int = 2) -> NDArray[Any]:
    """`x` divided by its norms along an axis; zero vectors stay zero.

    Args:
        x: (...) numbers.
        axis: along which norms are taken.
        order: of the norm.

    >>> normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    array = np.asarray(x)
    norms = np.linalg.norm(array, order, axis, keepdims=True)
    result: NDArray[Any] = array / np.where(norms == 0, 1, norms)
    return result
