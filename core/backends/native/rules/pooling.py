"""Pooling and its gradients: `kernels/pooling.cpp`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ....ops.windows import Windows
from ..lowering import Builder, rule
from .convolution import three

__all__ = ["pooling_ints"]

_BYTES = {"float32": 4, "float64": 8}


def pooling_ints(b: Builder, op: Any, images: int) -> list[int] | None:
    """The windows, as the kernel reads them; None if the images are of another dtype."""
    name = b.type(images).dtype.name
    if name not in _BYTES:
        return None
    batch, *sizes, channels = b.shape(images)
    w = Windows(tuple(sizes), op.pool_size, op.strides, op.dilations, op.padding)
    axes = (
        three(sizes, 1),
        three(w.positions, 1),
        three(op.pool_size, 1),
        three(op.strides, 1),
        three(op.dilations, 1),
        three([first for first, _ in w.pads], 0),
    )
    return [_BYTES[name], batch, channels, *itertools.chain(*axes)]


def _call(b: Builder, kernel: str, ints: list[int] | None, inputs: Any, outputs: Any) -> bool:
    if ints is None:
        return False
    b.call(kernel, inputs, outputs, ints)
    return True


@rule("MaxPool")
def max_pool(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The largest of each window."""
    return _call(b, "max_pool", pooling_ints(b, op, inputs[0]), inputs, outputs)


@rule("MaxPoolGrad")
def max_pool_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """To the first maximum of each window."""
    return _call(b, "max_pool_gradient", pooling_ints(b, op, inputs[0]), inputs, outputs)


@rule("MaxPoolGradGrad")
def max_pool_gradient_gradient(
    b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]
) -> bool:
    """What lies at the first maximum of each window."""
    return _call(b, "max_pool_gradient_gradient", pooling_ints(b, op, inputs[0]), inputs, outputs)


@rule("MaxPoolArgmax")
def max_pool_places(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Where that is."""
    ints = pooling_ints(b, op, inputs[0])
    if ints is not None:
        ints.append(op.is_in_batch)
    return _call(b, "max_pool_places", ints, inputs, outputs)


@rule("AvgPool")
def mean_pool(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The mean of each window's real cells."""
    return _call(b, "mean_pool", pooling_ints(b, op, inputs[0]), inputs, outputs)


@rule("AvgPoolGrad")
def mean_pool_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Shared out."""
    return _call(b, "mean_pool_gradient", pooling_ints(b, op, outputs[0]), inputs[:1], outputs)
