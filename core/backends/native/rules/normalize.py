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

__all__: list[str] = []


@rule("BatchNormTrain")
def train(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By the batch's own mean and variance."""
    return _call(b, "batch_norm_train", op, inputs, outputs)


@rule("BatchNormTrainGrad")
def gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Through all three inputs."""
    return _call(b, "batch_norm_gradient", op, inputs, outputs)


def _call(b: Builder, kernel: str, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    if not b.is_float32(*inputs, *outputs):
        return False
    shape = b.shape(inputs[0])
    b.call(kernel, inputs, outputs, [prod(shape[:-1]), shape[-1]], [op.epsilon])
    return True


@rule("BatchNormInference")
def inference(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """(x - mean) * factor + offset; the factor depends on variables alone and is kept."""
    if not b.is_float32(*inputs):
        return False
    x, scale, offset, mean, variance = inputs
    once = Program(types=list(b.program.types))
    epsilon = once.constant(np.asarray(op.epsilon, np.float32))
    root = once.emit(REGISTRY["Sqrt"](), once.emit(REGISTRY["Add"](), variance, epsilon))
    factor = once.emit(REGISTRY["Divide"](), scale, root)
    once.fetches = [factor]
    each = Program(types=once.types)
    centered = each.emit(REGISTRY["Subtract"](), x, mean)
    scaled = each.emit(REGISTRY["Multiply"](), centered, factor)
    each.fetches = [each.emit(REGISTRY["Add"](), scaled, offset)]
    if not b.shape(x)[-1] or not b.type(x).size:
        return True
    first, second = chain_of(once), chain_of(each)
    if first is None or second is None:
        return False
    kept = b.temporary(b.type(scale).size_bytes or 0)
    b.call("elementwise", first.buffers, [kept], first.ints, first.reals)
    buffers = [kept if n == factor else n for n in second.buffers]
    b.call("elementwise", buffers, outputs, second.ints, second.reals)
    return True


@rule("LayerNorm")
def layer_norm(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Each example by its own mean and variance."""
    if not b.is_float32(*inputs, *outputs):
        return False
    shape = b.shape(inputs[0])
    sizes = prod(shape[: -op.axes]), prod(shape[-op.axes :])
    b.call("layer_norm", inputs, outputs, sizes, [op.epsilon])
    return True
