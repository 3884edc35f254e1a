"""Random numbers: `kernels/random.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..lowering import Builder, rule

__all__: list[str] = []

_UNIFORM = {"float32": "random_uniform", "float64": "random_uniform64"}


@rule("RandomBits")
def bits(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Words of a stream."""
    if op.dtype.name != "uint32":
        return False
    b.call("random_bits", inputs[:1], outputs, [b.type(outputs[0]).size or 0])
    return True


@rule("RandomUniform")
def uniform(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Floats of their upper bits."""
    kernel = _UNIFORM.get(op.dtype.name)
    if kernel is None:
        return False
    b.call(kernel, inputs[:1], outputs, [b.type(outputs[0]).size or 0])
    return True


@rule("FoldIn")
def fold_in(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A new key."""
    del op
    if b.type(inputs[1]).dtype.name != "int64":
        return False
    b.call("fold_in", inputs, outputs)
    return True
