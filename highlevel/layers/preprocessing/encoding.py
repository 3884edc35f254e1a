"""Integers as rows of zeros and ones, or of counts."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor
from thalweg.core.errors import ShapeError

__all__ = ["encoded"]


def encoded(
    numbers: Tensor, mode: str, depth: int, dtype: Any = "float32", weights: Tensor | None = None
) -> Tensor:
    """Integers in one of the output modes that Keras's preprocessing layers share.

    Args:
        numbers: (...) integer; those outside 0 <= number < depth are left out.
        mode: `"one_hot"`: a row for each number; where the last axis has size 1 it becomes the
            row. `"multi_hot"`: one row for the numbers of the last axis, 1 where a number is among
            them. `"count"`: how many they are. `"int"`: the numbers themselves.
        depth: how long a row is.
        dtype: of the result.
        weights: what each number counts, of the same shape, for `"count"`.

    Returns:
        (..., depth); a scalar gives (depth,).

    Raises:
        ShapeError: if the rank is not known.
    """
    if mode == "int":
        return core.cast(numbers, dtype)
    rank = numbers.ndim
    if rank is None:
        raise ShapeError("encoding", "the rank is not known", expected="a known number of axes")
    numbers = core.cast(numbers, "int64")
    if mode == "one_hot":
        if rank > 1 and numbers.type.dims()[-1] == 1:
            numbers = core.squeeze(numbers, -1)
        return core.one_hot(numbers, depth, dtype=dtype)
    if rank == 0:
        numbers = core.expand_dims(numbers, 0)
        weights = None if weights is None else core.expand_dims(weights, 0)
    counts = _counted(numbers, depth, dtype, weights)
    return core.cast(counts > 0, dtype) if mode == "multi_hot" else counts


def _counted(numbers: Tensor, depth: int, dtype: Any, weights: Tensor | None) -> Tensor:
    """How often each number stands in the last axis. Memory goes with the result's size, while
    rows of zeros and ones, summed up, would take `depth` times the input's."""
    leading = core.shape_of(numbers)[:-1]
    table = core.reshape(numbers, core.stack([-1, core.shape_of(numbers)[-1]]))
    rows = core.shape_of(table)[0]
    first = core.expand_dims(core.cast(core.arange(rows), "int64") * depth, -1)
    is_inside = core.logical_and(table >= 0, table < depth)
    places = core.where(is_inside, table + first, core.zeros_like(table) - 1)
    if weights is None:
        weights = core.ones_like(table)
    sums = core.unsorted_segment_sum(
        core.reshape(core.cast(weights, dtype), [-1]), core.reshape(places, [-1]), rows * depth
    )
    result = core.reshape(sums, core.concat([leading, core.stack([depth])], 0))
    return core.ensure_shape(result, (*numbers.type.dims()[:-1], depth))
