"""Sequences of labels: `kernels/sequences.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ..lowering import Builder, rule
from .elementwise import type_code

__all__: list[str] = []

_LOGARITHM = 1  # of the kernel softmax


def _codes(b: Builder, *values: int) -> list[int] | None:
    """The engine's numbers of their types; None if it lacks one."""
    codes = [code for n in values if (code := type_code(b, n)) is not None]
    return codes if len(codes) == len(values) else None


def _ctc(b: Builder, op: Any, inputs: Sequence[int]) -> tuple[list[int], list[int]] | None:
    """The call's ints, and the four inputs with log-probabilities in the place of the logits."""
    labels, logits, *lengths = inputs[:4]
    types = _codes(b, labels, *lengths)
    if types is None or b.type(logits).dtype.size_bytes not in (4, 8):
        return None
    times, batch, classes = b.shape(logits)
    size = b.type(logits).dtype.size_bytes
    log_y = b.temporary(prod(b.shape(logits)) * size)
    b.call("softmax", [logits], [log_y], [size, times * batch, classes, _LOGARITHM])
    ints = [size, times, batch, classes, b.shape(labels)[1], op.blank % classes, *types]
    return ints, [labels, log_y, *lengths]


@rule("CTCLoss")
def ctc_loss(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The sum over all paths."""
    found = _ctc(b, op, inputs)
    if found is None:
        return False
    ints, operands = found
    b.call("ctc_loss", operands, outputs, ints)
    return True


@rule("CTCLossGrad")
def ctc_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The paths' shares."""
    found = _ctc(b, op, inputs)
    if found is None:
        return False
    ints, operands = found
    b.call("ctc_gradient", [*operands, *inputs[4:]], outputs, ints)
    return True


@rule("EditDistance")
def edit_distance(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Of each pair."""
    codes = _codes(b, inputs[0], *inputs[2:])
    if codes is None:
        return False
    ints = [*b.shape(inputs[0]), b.shape(inputs[1])[1], *codes, op.normalize]
    b.call("edit_distance", inputs, outputs, ints)
    return True
