"""Orders, and searches in them: `kernels/sort.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ....types import normalize_axis
from ..lowering import Builder, rule
from .elementwise import type_code
from .operands import number_code

__all__: list[str] = []


@rule("Argsort")
def argsort(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Along any axis."""
    code, shape = number_code(b, inputs[0]), b.shape(inputs[0])
    if code is None:
        return False
    axis = normalize_axis(op.axis, len(shape), op.label)
    sizes = prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
    b.call("argsort", inputs, outputs, [code, *sizes, op.is_descending])
    return True


@rule("TopK")
def top_k(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Of the last axis."""
    del op
    code, shape = number_code(b, inputs[0]), b.shape(inputs[0])
    if code is None:
        return False
    ints = [code, prod(shape[:-1]), shape[-1], b.shape(outputs[0])[-1]]
    b.call("top_k", inputs[:1], outputs, ints)
    return True


@rule("Searchsorted")
def searchsorted(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By halving."""
    code, size_bytes = type_code(b, inputs[0]), op.dtype.size_bytes
    if code is None or not op.dtype.is_integer or size_bytes < 4:
        return False
    *batch, length = b.shape(inputs[0])
    ints = [code, prod(batch), length, b.shape(inputs[1])[-1], op.is_right, size_bytes]
    b.call("searchsorted", inputs, outputs, ints)
    return True


@rule("IsIn")
def is_in(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By a search in what is sorted."""
    del op
    code = type_code(b, inputs[0])
    if code is None:
        return False
    b.call(
        "is_in", inputs, outputs, [code, b.type(inputs[0]).size or 0, b.type(inputs[1]).size or 0]
    )
    return True
