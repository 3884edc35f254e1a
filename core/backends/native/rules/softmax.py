"""Softmax and its losses: `kernels/softmax.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..lowering import Builder, rule
from .operands import as_indices

__all__: list[str] = []

_PLAIN, _LOGARITHM = 0, 1
_BYTES = {"float32": 4, "float64": 8}


def _sizes(b: Builder, values: Sequence[int]) -> list[int] | None:
    """Element bytes, rows and classes of these, which have one shape; None if not of this kind."""
    names = {b.type(n).dtype.name for n in values}
    shapes = {b.shape(n) for n in values}
    if len(names) != 1 or len(shapes) != 1 or not names <= _BYTES.keys():
        return None
    [shape], [name] = shapes, names
    size = b.type(values[0]).size or 0
    return [_BYTES[name], size // max(shape[-1], 1), shape[-1]]


@rule("Softmax", "LogSoftmax")
def softmax(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Over the last axis."""
    sizes = _sizes(b, [*inputs, *outputs])
    if sizes is None:
        return False
    form = _LOGARITHM if op.label == "LogSoftmax" else _PLAIN
    b.call("softmax", inputs, outputs, [*sizes, form])
    return True


@rule("SoftmaxGrad", "LogSoftmaxGrad")
def softmax_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Of either form."""
    sizes = _sizes(b, [*inputs, *outputs])
    if sizes is None:
        return False
    form = _LOGARITHM if op.label == "LogSoftmaxGrad" else _PLAIN
    b.call("softmax_gradient", inputs, outputs, [*sizes, form])
    return True


@rule("SoftmaxCrossEntropy")
def cross_entropy(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """With a distribution as label."""
    del op
    sizes = _sizes(b, [*inputs, outputs[1]])
    if sizes is None:
        return False
    b.call("cross_entropy", inputs, outputs, [*sizes, _PLAIN])
    return True


@rule("SparseSoftmaxCrossEntropy")
def sparse_cross_entropy(
    b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]
) -> bool:
    """With the number of a class as label."""
    del op
    sizes = _sizes(b, [inputs[1], outputs[1]])
    if sizes is None:
        return False
    labels, label_bytes = as_indices(b, inputs[0])
    b.call("sparse_cross_entropy", [labels, inputs[1]], outputs, [*sizes, _PLAIN, label_bytes])
    return True


@rule("SubtractOneHot")
def subtract_one_hot(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """x less 1 at the label."""
    del op
    sizes = _sizes(b, [inputs[0], outputs[0]])
    if sizes is None:
        return False
    labels, label_bytes = as_indices(b, inputs[1])
    b.call("subtract_one_hot", [inputs[0], labels], outputs, [*sizes, _PLAIN, label_bytes])
    return True
