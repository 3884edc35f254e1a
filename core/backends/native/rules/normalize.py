"""Batch and layer normalization: `kernels/normalize.cpp`, and element-wise where it is that."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ....opdef import REGISTRY
from ....program import Program
from ..lowering import Builder, rule
from .elementwise import chain_of
from .matmul import NO_ACTIVATION

__all__ = ["call_normalization", "call_normalization_grad", "fold_normalization"]


def call_normalization(
    b: Builder,
    op: Any,
    inputs: Sequence[int],
    outputs: Sequence[int],
    activation: int = NO_ACTIVATION,
) -> bool:
    """By the batch's own mean and variance, through an activation."""
    ints = _sizes(b, *inputs, *outputs)
    if ints is None:
        return False
    b.call("batch_norm_train", inputs, outputs, [*ints, activation], [op.epsilon])
    return True


def call_normalization_grad(
    b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int], offset: int | None = None
) -> bool:
    """Through all inputs; where an offset is given, first through a rectifier of the result."""
    operands = [*inputs, *([] if offset is None else [offset])]
    ints = _sizes(b, *operands, *outputs)
    if ints is None:
        return False
    b.call("batch_norm_gradient", operands, outputs, [*ints, offset is not None], [op.epsilon])
    return True


@rule("BatchNormTrain")
def train(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Alone."""
    return call_normalization(b, op, inputs, outputs)


@rule("BatchNormTrainGrad")
def gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Alone."""
    return call_normalization_grad(b, op, inputs, outputs)


def _sizes(b: Builder, x: int, *others: int) -> list[int] | None:
    """Rows, channels and bytes of an element, if all are float32 or all are float64."""
    size_bytes = _float_bytes(b, x, *others)
    shape = b.shape(x)
    return None if size_bytes is None else [prod(shape[:-1]), shape[-1], size_bytes]


def _float_bytes(b: Builder, *values: int) -> int | None:
    """Bytes of an element, if all are float32 or all are float64."""
    names = {b.type(n).dtype.name for n in values}
    return {"float32": 4, "float64": 8}.get(names.pop()) if len(names) == 1 else None


@rule("BatchNormInference")
def inference(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """(x - mean) * factor + offset; the factor depends on variables alone and is kept."""
    if _float_bytes(b, *inputs) is None:
        return False
    x, scale, offset, mean, variance = inputs
    if not b.type(x).size:
        return True
    once = Program(types=list(b.program.types))
    once.fetches = [factor := _factor(once, op.epsilon, scale, variance)]
    each = Program(types=once.types)
    centered = each.emit(REGISTRY["Subtract"](), x, mean)
    scaled = each.emit(REGISTRY["Multiply"](), centered, factor)
    each.fetches = [each.emit(REGISTRY["Add"](), scaled, offset)]
    first, second = chain_of(once), chain_of(each)
    if first is None or second is None:
        return False
    kept = b.temporary(b.type(scale).size_bytes or 0)
    b.call("elementwise", first.buffers, [kept], first.ints, first.reals)
    buffers = [kept if n == factor else n for n in second.buffers]
    b.call("elementwise", buffers, outputs, second.ints, second.reals)
    return True


def _factor(program: Program, epsilon: float, scale: int, variance: int) -> int:
    """What each channel is multiplied by: scale / sqrt(variance + epsilon)."""
    constant = np.asarray(epsilon, program.types[variance].dtype.numpy)
    added = program.emit(REGISTRY["Add"](), variance, program.constant(constant))
    return program.emit(REGISTRY["Divide"](), scale, program.emit(REGISTRY["Sqrt"](), added))


def fold_normalization(
    b: Builder, op: Any, vectors: Sequence[int], weights: int, bias: int | None
) -> tuple[int, int] | None:
    """Weights and bias of a product that gives what `BatchNormInference` makes of another's.

    (x w + bias - mean) * factor + offset = x (w * factor) + (offset + (bias - mean) * factor).

    Args:
        b: the builder, which gets the calls that compute them.
        op: the normalization.
        vectors: its scale, offset, mean and variance.
        weights: (..., channels), of the product.
        bias: (channels,), of the product; None if it has none.

    Returns:
        The values to use in their place; None if no call was written.
    """
    if not b.is_float32(weights, *vectors) or not b.type(weights).size:
        return None
    scale, offset, mean, variance = vectors
    once = Program(types=list(b.program.types))
    factor = _factor(once, op.epsilon, scale, variance)
    multiply, subtract, add = (REGISTRY[name]() for name in ("Multiply", "Subtract", "Add"))
    if bias is None:
        shift = once.emit(subtract, offset, once.emit(multiply, mean, factor))
    else:
        moved = once.emit(multiply, once.emit(subtract, bias, mean), factor)
        shift = once.emit(add, offset, moved)
    once.fetches = [factor, shift]
    each = Program(types=once.types)
    each.fetches = [each.emit(multiply, weights, factor)]
    first, second = chain_of(once), chain_of(each)
    if first is None or second is None:
        return None
    kept, new_bias = b.stand_in(b.type(scale)), b.stand_in(b.type(scale))
    new_weights = b.stand_in(b.type(weights))
    b.call("elementwise", first.buffers, [kept, new_bias], first.ints, first.reals)
    buffers = [kept if n == factor else n for n in second.buffers]
    b.call("elementwise", buffers, [new_weights], second.ints, second.reals)
    return new_weights, new_bias


@rule("LayerNorm")
def layer_norm(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Each example by its own mean and variance."""
    size_bytes = _float_bytes(b, *inputs, *outputs)
    if size_bytes is None:
        return False
    shape = b.shape(inputs[0])
    sizes = prod(shape[: -op.axes]), prod(shape[-op.axes :]), size_bytes
    b.call("layer_norm", inputs, outputs, sizes, [op.epsilon])
    return True
