"""Data movement: `kernels/move.cpp`.

Most of it is a strided copy, and which one, NumPy says: a view that the op's own `compute` makes of
an array of that shape has the strides that the kernel needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....types import normalize_axis
from ..lowering import Builder, rule

__all__ = ["bits_of", "copy_part", "fill", "merged_axes", "stand_in", "start_of"]

Array = np.ndarray[Any, Any]

_MAX_RANK = 12


def copy_part(
    b: Builder, x: int, y: int, source: Array, target: Array, x0: Array, y0: Array
) -> None:
    """Copies one strided part of x to one of y.

    Args:
        b: the builder.
        x, y: the values.
        source, target: views of one shape, of `x0` and `y0`.
        x0, y0: arrays that stand for x and y.
    """
    size = x0.itemsize
    axes = merged_axes(
        [
            (n, i // size, o // size)
            for n, i, o in zip(source.shape, source.strides, target.strides, strict=True)
            if n != 1
        ]
    )
    starts = (start_of(source) - start_of(x0)) // size, (start_of(target) - start_of(y0)) // size
    ints = [size, *starts, len(axes)]
    for column in zip(*axes, strict=True):
        ints += column
    b.call("strided_copy", [x], [y], ints)


def start_of(array: Array) -> int:
    """The address of an array's first element."""
    return int(array.__array_interface__["data"][0])


def merged_axes(axes: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Neighbouring axes that are one, joined; a lone element is one axis."""
    merged: list[tuple[int, int, int]] = []
    for n, i, o in axes:
        if merged and merged[-1][1] == n * i and merged[-1][2] == n * o:
            merged[-1] = merged[-1][0] * n, i, o
        else:
            merged.append((n, i, o))
    if len(merged) >= 2 and merged[-1][1] != 1:  # what is dense in x comes last but one
        dense = next((k for k, axis in enumerate(merged[:-1]) if axis[1] == 1), None)
        if dense is not None:
            merged.insert(len(merged) - 2 + (dense == len(merged) - 2), merged.pop(dense))
    return merged or [(1, 1, 1)]


def stand_in(b: Builder, n: int) -> Array:
    """An array of a value's shape; nothing reads or writes it."""
    return np.empty(b.shape(n), b.type(n).dtype.numpy)


@rule("Transpose", "MatrixTranspose", "Slice", "Split", "Unstack", "Reverse", "MatrixDiagPart")
def views(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Ops that NumPy computes as views."""
    x = inputs[0]
    if len(b.shape(x)) > _MAX_RANK:
        return False
    x0 = stand_in(b, x)
    sizes = [b.constant(n) for n in inputs[1:]]
    result = op.compute(np, x0, *sizes)
    results = result if isinstance(result, tuple) else (result,)
    parts = [(view, y) for view, y in zip(results, outputs, strict=True) if b.type(y).size]
    if not all(isinstance(v, np.ndarray) and np.may_share_memory(v, x0) for v, _ in parts):
        return False
    for view, y in parts:
        y0 = stand_in(b, y)
        copy_part(b, x, y, view.reshape(y0.shape) if view.size <= 1 else view, y0, x0, y0)
    return True


@rule("Concat", "Stack")
def joined(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Each input to its part of the result."""
    y = outputs[0]
    y0 = stand_in(b, y)
    if y0.ndim > _MAX_RANK:
        return False
    axis = normalize_axis(op.axis, y0.ndim, op.label)
    at = 0
    for x in inputs:
        x0 = stand_in(b, x)
        parts = np.expand_dims(x0, axis) if op.label == "Stack" else x0
        size = parts.shape[axis]
        target = y0[(slice(None),) * axis + (slice(at, at + size),)]
        at += size
        if x0.size:
            copy_part(b, x, y, parts, target, x0, y0)
    return True


@rule("Transfer", "Bitcast")
def copied(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The same bytes. A transfer is from the host to itself: no plan here leaves it."""
    del op
    b.call("copy_bytes", inputs, outputs, [b.type(inputs[0]).size_bytes or 0])
    return True


def bits_of(value: float, dtype: np.dtype[Any]) -> int:
    """The bits of a number, as an integer that has 64 with a sign."""
    raw = np.asarray(value, dtype).tobytes()
    return int.from_bytes(raw, "little", signed=len(raw) == 8)


def fill(b: Builder, y: int, value: float) -> None:
    """Writes one number everywhere."""
    dtype = b.type(y).dtype.numpy
    b.call("fill", [], [y], [dtype.itemsize, b.type(y).size or 0, bits_of(value, dtype)])


@rule("Pad")
def pad(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A constant, and x inside."""
    x, paddings = inputs
    borders = b.constant(paddings)
    if borders is None or len(b.shape(x)) > _MAX_RANK:
        return False
    fill(b, outputs[0], op.value)
    x0, y0 = stand_in(b, x), stand_in(b, outputs[0])
    before = borders.reshape(-1, 2)[:, 0].tolist()
    inside = tuple(slice(first, first + n) for first, n in zip(before, x0.shape, strict=True))
    if x0.size:
        copy_part(b, x, outputs[0], x0, y0[inside], x0, y0)
    return True


@rule("SliceGrad")
def slice_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Zeros, and g where the slice was."""
    from ....ops.slicing import Slice  # imports this package's neighbours

    g, y = inputs[0], outputs[0]
    if len(b.shape(y)) > _MAX_RANK:
        return False
    fill(b, y, 0)
    g0, y0 = stand_in(b, g), stand_in(b, y)
    if g0.size:
        copy_part(b, g, y, g0, Slice(op.index).compute(np, y0).reshape(g0.shape), g0, y0)
    return True


@rule("Tile")
def tile(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Copies of x beside each other: strides of zero."""
    del op
    x, times = inputs[0], b.constant(inputs[1])
    if times is None or 2 * len(b.shape(x)) > _MAX_RANK:
        return False
    x0, y0 = stand_in(b, x), stand_in(b, outputs[0])
    if not y0.size:
        return True
    pairs = list(zip(times.tolist(), x0.shape, strict=True))
    shape = [size for pair in pairs for size in pair]
    strides = [step for stride in x0.strides for step in (0, stride)]
    source = np.lib.stride_tricks.as_strided(x0, shape, strides)
    copy_part(b, x, outputs[0], source, y0.reshape(shape), x0, y0)
    return True


@rule("MatrixSetDiag")
def set_diagonal(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A copy, and the diagonal of its view."""
    x, diagonal = inputs
    if len(b.shape(x)) > _MAX_RANK:
        return False
    b.call("copy_bytes", [x], outputs, [b.type(x).size_bytes or 0])
    d0, y0 = stand_in(b, diagonal), stand_in(b, outputs[0])
    if d0.size:
        target = np.diagonal(y0, op.offset, y0.ndim - 2, y0.ndim - 1)
        copy_part(b, diagonal, outputs[0], d0, target, d0, y0)
    return True
