"""Reductions: `kernels/reduce.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ....types import normalize_axes, normalize_axis
from ..lowering import Builder, rule
from .elementwise import TYPE_CODES

__all__: list[str] = []

_SUM, _PRODUCT, _MAXIMUM, _MINIMUM = range(4)
_REDUCTIONS = {
    "ReduceSum": _SUM,
    "ReduceMean": _SUM,
    "ReduceProd": _PRODUCT,
    "ReduceMax": _MAXIMUM,
    "ReduceMin": _MINIMUM,
    "ReduceAny": _MAXIMUM,
    "ReduceAll": _MINIMUM,
}
_TYPES = {name: code for name, code in TYPE_CODES.items() if name != "float16"}


def _spans(axes: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring axes as pairs (first, behind the last)."""
    spans: list[tuple[int, int]] = []
    for axis in sorted(axes):
        if spans and spans[-1][1] == axis:
            spans[-1] = (spans[-1][0], axis + 1)
        else:
            spans.append((axis, axis + 1))
    return spans


def _reduce(
    b: Builder,
    reduction: int,
    axes: Sequence[int],
    x: int,
    y: int,
    divisor: float = 1.0,
    as_shape: Sequence[int] | None = None,
) -> bool:
    """One call a span of neighbouring axes, the last ones first; x may have another shape."""
    type_ = b.type(x)
    if type_.dtype.name not in _TYPES:
        return False
    shape = list(b.shape(x) if as_shape is None else as_shape)
    if type_.size == 0 and b.type(y).size and reduction in (_MAXIMUM, _MINIMUM):
        return False  # what nothing gives depends on the op
    code = _TYPES[type_.dtype.name]
    spans = _spans([axis for axis in axes if shape[axis] != 1]) or [(0, 0)]
    source = x
    for first, last in reversed(spans):
        outer, length, inner = (
            prod(part) for part in (shape[:first], shape[first:last], shape[last:])
        )
        shape[first:last] = [1] * (last - first)
        is_end = (first, last) == spans[0]
        target = y if is_end else b.temporary(prod(shape) * type_.dtype.size_bytes)
        ints = [reduction, code, outer, length, inner]
        b.call("reduce", [source], [target], ints, [divisor if is_end else 1.0])
        source = target
    return True


@rule(*_REDUCTIONS)
def reduction(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Along the op's axes."""
    shape = b.shape(inputs[0])
    axes = normalize_axes(op.axis, len(shape), op.label)
    divisor = float(prod(shape[axis] for axis in axes)) if op.label == "ReduceMean" else 1.0
    return _reduce(b, _REDUCTIONS[op.label], axes, inputs[0], outputs[0], divisor)


@rule("SumTo")
def sum_to(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Along the axes that broadcasting has added or stretched."""
    del op
    shape, target = b.shape(inputs[0]), b.shape(outputs[0])
    added = len(shape) - len(target)
    stretched = [i + added for i, size in enumerate(target) if size == 1 and shape[i + added] != 1]
    return _reduce(b, _SUM, [*range(added), *stretched], inputs[0], outputs[0])


@rule("TileGrad")
def tile_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Each axis becomes two, (multiple, size), of which the first is summed."""
    del op
    multiples = b.constant(inputs[1])
    if multiples is None:
        return False
    pairs = list(zip(multiples.tolist(), b.shape(outputs[0]), strict=True))
    shape = [size for pair in pairs for size in pair]
    axes = range(0, len(shape), 2)
    return _reduce(b, _SUM, axes, inputs[0], outputs[0], as_shape=shape)


@rule("Argmax", "Argmin")
def position(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Along one axis."""
    type_, index = b.type(inputs[0]), b.type(outputs[0])
    if type_.dtype.name not in _TYPES or index.dtype.size_bytes not in (4, 8):
        return False
    shape = b.shape(inputs[0])
    axis = normalize_axis(op.axis, len(shape), op.label)
    sizes = prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
    ints = [index.dtype.size_bytes, _TYPES[type_.dtype.name], *sizes, op.label == "Argmax"]
    b.call("argument", inputs, outputs, ints)
    return True
