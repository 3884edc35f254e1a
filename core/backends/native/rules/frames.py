"""Parts whose place only the run knows, and mirrors: `kernels/gather.cpp`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ....types import normalize_axis
from ..lowering import Builder, rule
from .operands import as_indices, number_code

__all__: list[str] = []

_ZEROS, _OUTERMOST, _AROUND, _PART, _WHOLE = range(5)  # edges, of gather.cpp
_MAX_AXES = 12


class _Cut(NamedTuple):
    """An axis whose entry i is entry i + sign * offsets[number] of x's."""

    number: int
    sign: int = 1


def _frame(b: Builder, edge: int, x: int, offsets: int, y: int, cuts: Mapping[int, _Cut]) -> bool:
    """One call; the axes before and behind those that are cut count as one each."""
    old, new = b.shape(x), b.shape(y)
    first, last = (min(cuts), max(cuts) + 1) if cuts else (len(old), len(old))
    axes = [(prod(old[:first]), prod(new[:first]), -1, 1)]
    for axis in range(first, last):
        axes.append((old[axis], new[axis], *cuts.get(axis, (-1, 1))))
    if len(axes) > _MAX_AXES:
        return False
    index, index_bytes = as_indices(b, offsets)
    entry = prod(old[last:]) * b.type(x).dtype.size_bytes
    ints = [edge, entry, index_bytes, len(axes), *(n for axis in axes for n in axis)]
    b.call("frame", [x, index], [y], ints)
    return True


@rule("Frame")
def frame(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Over the last axes but the channels."""
    x, offsets, sizes = inputs
    count, rank = b.shape(sizes)[0], len(b.shape(x))
    first = rank - op.skip - count
    cuts = {first + number: _Cut(number) for number in range(count)}
    return _frame(b, _OUTERMOST if op.kind == "crop" else _ZEROS, x, offsets, outputs[0], cuts)


@rule("DynamicSlice", "DynamicSliceGrad")
def dynamic_slice(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A part of x; or zeros, and x as a part of them."""
    (x, begin), y = inputs[:2], outputs[0]
    rank, is_slice = len(b.shape(x)), op.label == "DynamicSlice"
    axes = range(rank) if op.axes is None else [axis % rank for axis in op.axes]
    cuts = {
        axis: _Cut(number, 1 if is_slice else -1)
        for number, axis in enumerate(axes)
        if b.shape(x)[axis] != b.shape(y)[axis]
    }
    return _frame(b, _PART if is_slice else _WHOLE, x, begin, y, cuts)


@rule("Roll")
def roll(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A call for each time that an axis occurs once more."""
    (x, shift), rank = inputs, len(b.shape(inputs[0]))
    rounds: list[dict[int, _Cut]] = [{}]
    for number, axis in enumerate(op.axes):
        if axis % rank in rounds[-1]:
            rounds.append({})
        rounds[-1][axis % rank] = _Cut(number, -1)
    if rank >= _MAX_AXES:
        return False
    for number, cuts in enumerate(rounds, start=1):
        y = outputs[0] if number == len(rounds) else b.stand_in(b.type(x))
        _frame(b, _AROUND, x, shift, y, cuts)
        x = y
    return True


@rule("ReverseSequence")
def reverse_sequence(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Along the time, as far as each entry's length."""
    x, lengths = inputs
    shape = b.shape(x)
    time, batch = (normalize_axis(axis, len(shape)) for axis in (op.seq_axis, op.batch_axis))
    first, second = sorted((time, batch))
    index, index_bytes = as_indices(b, lengths)
    row = prod(shape[second + 1 :]) * b.type(x).dtype.size_bytes
    ints = [row, prod(shape[:first]), shape[first], prod(shape[first + 1 : second]), shape[second]]
    b.call("reverse_sequence", [x, index], outputs, [*ints, time < batch, index_bytes])
    return True


@rule("MirrorPad")
def mirror_pad(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Axis by axis, entries picked by number."""
    return _mirror(b, op, inputs, outputs[0], is_gradient=False)


@rule("MirrorPadGrad")
def mirror_pad_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Axis by axis, entries added where they were picked."""
    return _mirror(b, op, inputs, outputs[0], is_gradient=True)


def _mirror(b: Builder, op: Any, inputs: Sequence[int], y: int, *, is_gradient: bool) -> bool:
    from ....ops.pad import MirrorPad  # imports this package's neighbours

    x, borders, code = inputs[0], b.constant(inputs[1]), number_code(b, inputs[0])
    if borders is None or (is_gradient and code is None):
        return False
    pairs = borders.reshape(-1, 2)
    axes = [axis for axis, pair in enumerate(pairs) if pair.any()]
    item = b.type(x).dtype.size_bytes
    if not axes:
        b.call("copy_bytes", [x], [y], [b.type(x).size_bytes or 0])
    for axis in axes:
        shape = list(b.shape(x))
        inside = shape[axis] - int(pairs[axis].sum()) * is_gradient
        picked = MirrorPad(op.on_edge).compute(np, np.arange(inside), pairs[axis])
        new = [*shape[:axis], inside if is_gradient else len(picked), *shape[axis + 1 :]]
        made = y if axis == axes[-1] else b.stand_in(b.type(x).with_shape(tuple(new)))
        before, after, table = prod(shape[:axis]), prod(shape[axis + 1 :]), b.table(picked)
        if is_gradient:
            ints = [code or 0, 1, before, inside, after, len(picked), 8]
            b.call("scatter_rows", [x, table], [made], ints)
        else:
            ints = [1, before, inside, after * item, len(picked), 8, False]
            b.call("gather", [x, table], [made], ints)
        x = made
    return True
