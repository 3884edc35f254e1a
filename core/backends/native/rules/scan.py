"""Recurrences along an axis: `kernels/scan.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ....types import normalize_axis
from ..lowering import Builder, rule
from .elementwise import TYPE_CODES
from .operands import as_indices, number_code

__all__: list[str] = []


def _lines(b: Builder, op: Any, x: int) -> list[int] | None:
    """Element type, sizes around the axis, and the direction; None for what is no number."""
    code, shape = number_code(b, x), b.shape(x)
    if code is None:
        return None
    axis = normalize_axis(op.axis, len(shape), op.label)
    return [code, prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]), op.reverse]


@rule("Cumsum", "RunningPosition", "RunningLogsumexp")
def scan(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Of one tensor."""
    lines = _lines(b, op, inputs[0])
    if lines is None:
        return False
    if op.label == "Cumsum":
        b.call("cumulative_sum", inputs, outputs, [*lines, op.exclusive])
    elif op.label == "RunningPosition":
        b.call("running_position", inputs, outputs, [*lines, op.is_largest])
    else:
        b.call("running_logsumexp", inputs, outputs, lines)
    return True


@rule("ExclusiveScan")
def exclusive_scan(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """b + a y."""
    lines = _lines(b, op, inputs[0])
    if lines is None:
        return False
    b.call("exclusive_scan", inputs, outputs, lines, [op.initial])
    return True


@rule("GroupedScan")
def grouped_scan(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The same along the rows of each id, which a stable order brings together."""
    x, y, ids = inputs
    code, count = number_code(b, x), b.type(ids).size or 0
    if code is None:
        return False
    index, index_bytes = as_indices(b, ids)
    order = b.temporary(4 * count)
    b.call("argsort", [index], [order], [TYPE_CODES[f"int{8 * index_bytes}"], 1, count, 1, False])
    ints = [code, count, (b.type(x).size or 0) // max(count, 1), op.reverse, index_bytes]
    b.call("grouped_scan", [x, y, index, order], outputs, ints, [op.initial])
    return True
