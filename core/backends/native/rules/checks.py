"""What is wrong in arrays: `kernels/checks.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..lowering import Builder, rule
from .elementwise import TYPE_CODES
from .move import stand_in

__all__: list[str] = []


@rule("CountNonFinite")
def count_non_finite(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Counts, and the first."""
    del op
    type_ = b.type(inputs[0])
    if type_.dtype.name not in ("float32", "float64"):
        return False
    b.call("count_non_finite", inputs, outputs, [TYPE_CODES[type_.dtype.name], type_.size or 0])
    return True


@rule("FirstFailure")
def first_failure(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The operands are seen in the shape that they broadcast to."""
    del op
    holds, *operands = inputs
    shape = b.shape(holds)
    ints = [b.type(operands[0]).dtype.size_bytes, b.type(holds).size or 0, len(shape), *shape]
    for n in operands:
        strides = np.broadcast_to(stand_in(b, n), shape).strides
        ints += [stride // b.type(n).dtype.size_bytes for stride in strides]
    b.call("first_failure", inputs, outputs, ints)
    return True
