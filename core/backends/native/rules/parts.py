"""Parts of an array as rows at equal distances: what element-wise groups use in place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ....program import Instruction, Program
from ..lowering import Builder
from .move import merged_axes, stand_in, start_of

__all__ = ["Part", "parts_of", "places_in"]

MIN_ROW = 16  # elements: shorter rows are better copied by a strided copy


class Part(NamedTuple):
    """Rows of elements; counted in elements.

    Attributes:
        row: the length of a row.
        stride: from one row's start to the next's.
        offset: of the first.
    """

    row: int
    stride: int
    offset: int


def parts_of(program: Program, instruction: Instruction) -> list[Part] | None:
    """Where a Slice or a Split finds its results; None if one of them is not rows."""
    whole = stand_in(Builder(program), instruction.inputs[0])
    sizes = [program.constants.get(n) for n in instruction.inputs[1:]]
    if any(size is None for size in sizes) or not whole.size:
        return None
    result = instruction.opdef.compute(np, whole, *sizes)
    return _all(whole, result if isinstance(result, tuple) else (result,))


def places_in(program: Program, concat: Instruction) -> list[Part] | None:
    """Where a Concat puts its inputs; None if one of them is not rows."""
    opdef: Any = concat.opdef
    whole = stand_in(Builder(program), concat.outputs[0])
    if not whole.size:
        return None
    ends = np.cumsum([program.types[n].dims()[opdef.axis] for n in concat.inputs])
    return _all(whole, np.split(whole, ends[:-1], axis=opdef.axis))


def _all(whole: np.ndarray[Any, Any], views: Any) -> list[Part] | None:
    parts = [_part(whole, view) for view in views]
    return None if None in parts else [part for part in parts if part is not None]


def _part(whole: np.ndarray[Any, Any], view: np.ndarray[Any, Any]) -> Part | None:
    if not view.size or not np.may_share_memory(whole, view):
        return None
    size = whole.itemsize
    dense = np.empty(view.shape, view.dtype)
    axes = merged_axes(
        [
            (n, i // size, o // size)
            for n, i, o in zip(view.shape, view.strides, dense.strides, strict=True)
            if n != 1
        ]
    )
    offset = (start_of(view) - start_of(whole)) // size
    if len(axes) == 1 and axes[0][1] == axes[0][2] == 1:
        return Part(axes[0][0], axes[0][0], offset)
    if len(axes) == 2 and axes[1][1] == axes[1][2] == 1 and axes[1][0] >= MIN_ROW:
        return Part(axes[1][0], axes[0][1], offset)
    return None
