"""Rows picked and put by index, and reduced by it: `kernels/gather.cpp`, `kernels/combine.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ....program import Instruction
from ....types import normalize_axis
from ..lowering import Builder, rule
from .move import bits_of
from .operands import as_indices, number_code

__all__ = ["is_first_axis", "list_rows"]

_SUM, _PRODUCT, _MAXIMUM, _MINIMUM = range(4)  # of combine.cpp
_SEGMENTS = {
    "SegmentSum": _SUM,
    "SegmentProd": _PRODUCT,
    "SegmentMax": _MAXIMUM,
    "SegmentMin": _MINIMUM,
}
_KINDS = {"add": _SUM, "multiply": _PRODUCT, "maximum": _MAXIMUM, "minimum": _MINIMUM}


def _row_bytes(b: Builder, value: int, first: int) -> int:
    """Bytes of what the axes from `first` on hold."""
    return prod(b.shape(value)[first:]) * b.type(value).dtype.size_bytes


# Picked -------------------------------------------------------------------------------------------


@rule("Gather")
def gather(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Rows of one table, or of several with the same indices or their own."""
    params, indices = inputs
    picked = b.shape(indices)
    seen = op.seen(b.shape(params), len(picked))
    _, batch = op.axes(len(b.shape(params)), len(picked))
    index, index_bytes = as_indices(b, indices)
    row = seen.after * b.type(params).dtype.size_bytes
    ints = [seen.batch, seen.before, seen.size, row, prod(picked[batch:]), index_bytes, False]
    b.call("gather", [params, index], outputs, ints)
    return True


@rule("SpreadSegments")
def spread_segments(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Rows, or zeros."""
    del op
    x, ids = inputs
    index, index_bytes = as_indices(b, ids)
    ints = [1, 1, b.shape(x)[0], _row_bytes(b, x, 1), b.type(ids).size or 0, index_bytes, True]
    b.call("gather", [x, index], outputs, ints)
    return True


def _along(b: Builder, op: Any, value: int) -> list[int]:
    """The sizes before the op's axis, of it, again, and after it."""
    shape = b.shape(value)
    axis = normalize_axis(op.axis, len(shape), op.label)
    return [prod(shape[:axis]), shape[axis], shape[axis], prod(shape[axis + 1 :])]


@rule("PickAlong")
def pick_along(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Entries of each line."""
    ints = [b.type(inputs[0]).dtype.size_bytes, *_along(b, op, inputs[0])]
    b.call("pick_along", inputs, outputs, ints)
    return True


@rule("AddAlong")
def add_along(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Added to zeros."""
    code = number_code(b, inputs[0])
    if code is None:
        return False
    b.call("add_along", inputs, outputs, [code, *_along(b, op, inputs[0])])
    return True


@rule("OneHot")
def one_hot(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Two numbers."""
    [y], dtype = outputs, b.type(outputs[0]).dtype
    shape = b.shape(y)
    axis = op.axis % len(shape)
    index, index_bytes = as_indices(b, inputs[0])
    ints = [dtype.size_bytes, prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]), index_bytes]
    ints += [bits_of(value, dtype.numpy) for value in (op.on_value, op.off_value)]
    b.call("one_hot", [index], [y], ints)
    return True


@rule("FlatIndex")
def flat_index(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Of vectors of indices."""
    sizes, shape = b.constant(inputs[1]), b.shape(inputs[0])
    if sizes is None:
        return False
    index, index_bytes = as_indices(b, inputs[0])
    ints = [index_bytes, prod(shape[:-1]), prod(shape[op.batch_dims : -1]), shape[-1]]
    b.call("flat_index", [index], outputs, [*ints, *sizes[op.batch_dims :].tolist()])
    return True


# Put ----------------------------------------------------------------------------------------------


@rule("ScatterRows")
def scatter_rows(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Rows added to those of a table of zeros."""
    rows, indices = inputs[:2]
    code, picked = number_code(b, rows), b.shape(indices)
    if code is None:
        return False
    seen = op.seen(b.shape(outputs[0]), len(picked))
    _, batch = op.axes(len(b.shape(outputs[0])), len(picked))
    index, index_bytes = as_indices(b, indices)
    b.call("scatter_rows", [rows, index], outputs, [code, *seen, prod(picked[batch:]), index_bytes])
    return True


def is_first_axis(b: Builder, made: Instruction) -> bool:
    """Whether a ScatterRows adds rows to those of a table that the engine can take."""
    op: Any = made.opdef
    shape, indices = b.shape(made.outputs[0]), made.inputs[1]
    first, batch = op.axes(len(shape), len(b.shape(indices)))
    fits = max(shape[0], b.type(indices).size or 0) < 2**31
    return bool(first == batch == 0 and fits and b.type(made.outputs[0]).dtype.size_bytes >= 4)


def list_rows(b: Builder, made: Instruction) -> int:
    """Which rows of a ScatterRows belong to each row of the table: a temporary."""
    size, indices = b.shape(made.outputs[0])[0], made.inputs[1]
    count = b.type(indices).size or 0
    lists = b.temporary(4 * (size + count))
    index, index_bytes = as_indices(b, indices)
    b.call("list_rows", [index], [lists], [size, count, index_bytes])
    return lists


@rule("PutRows")
def put_rows(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Over those of a copy, or of the tensor itself."""
    tensor, indices, rows = inputs
    index, index_bytes = as_indices(b, indices)
    size, count = prod(b.shape(tensor)[: op.axes]), b.type(indices).size or 0
    ints = [size, _row_bytes(b, tensor, op.axes), count, index_bytes]
    b.call("put_rows", [tensor, index, rows], outputs, ints)
    return True


@rule("ArrayWrite")
def array_write(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """One element of a copy."""
    if op.grows:
        return False
    array, index, value = inputs
    place, index_bytes = as_indices(b, index)
    ints = [b.shape(array)[0], _row_bytes(b, array, 1), index_bytes]
    b.call("array_write", [array, place, value], outputs, ints)
    return True


# Combined -----------------------------------------------------------------------------------------


def _empty(op: Any, dtype: np.dtype[Any]) -> float:
    """What a segment without members has."""
    if op.label in ("SegmentMax", "SegmentMin"):
        empty: float = op.empty(dtype, -1 if op.label == "SegmentMax" else 1)
        return empty  # an integer of 64 bits stays one
    return 1 if op.label == "SegmentProd" else 0


@rule(*_SEGMENTS)
def segment_reduce(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A row a segment."""
    data, ids, _ = inputs
    code, dtype = number_code(b, data), b.type(data).dtype.numpy
    if code is None:
        return False
    index, index_bytes = as_indices(b, ids)
    shape = b.shape(outputs[0])
    ints = [code, _SEGMENTS[op.label], shape[0], prod(shape[1:]), b.type(ids).size or 0]
    ints += [index_bytes, bits_of(_empty(op, dtype), dtype)]
    b.call("segment_reduce", [data, index], outputs, ints)
    return True


@rule("SegmentCount", "CountClasses")
def count_ids(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """How often each occurs; a class may not be negative."""
    index, index_bytes = as_indices(b, inputs[0])
    is_strict = op.label == "CountClasses"
    ints = [b.shape(outputs[0])[0], b.type(inputs[0]).size or 0, index_bytes, is_strict]
    b.call("count_ids", [index], outputs, ints)
    return True


@rule("CombineRows", "KeepLastRows")
def combine_rows(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """For each row, what all rows of its index make; or itself, if it is the last of them."""
    rows, indices = inputs[:2]
    size, count, rank = b.constant(inputs[2]), b.type(indices).size or 0, len(b.shape(indices))
    kind = "last" if op.label == "KeepLastRows" else op.kind
    code = number_code(b, rows)
    if size is None or (code is None and kind != "last"):
        return False
    index, index_bytes = as_indices(b, indices)
    if kind == "last":
        ints = [_row_bytes(b, rows, rank), op.label == "CombineRows", int(size), 0]
        b.call("last_rows", [rows, index], outputs, [*ints, count, index_bytes])
    else:
        width = prod(b.shape(rows)[rank:])
        ints = [code or 0, _KINDS[kind], int(size), width, count, index_bytes]
        b.call("combine_rows", [rows, index], outputs, ints)
    return True
