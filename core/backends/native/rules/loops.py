"""Loops whose bodies the engine can run: one call for all iterations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..bodies import compile_body
from ..lowering import Builder, LoopCall, rule

__all__: list[str] = []


@rule("Scan")
def scan(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """One iteration a slice."""
    from .fused import NativeFusion  # which asks all rules, this one too

    if op.has_effect:
        return False
    first, last = op.carries, op.carries + op.xs
    body = compile_body(op.bodies[0], NativeFusion(), b.passes_off)
    if body is None:
        return False
    length = b.shape(inputs[first])[0]
    per_slice = [_bytes(b, n) // max(length, 1) for n in inputs[first:last]]
    per_row = [_bytes(b, n) // max(length, 1) for n in outputs[op.carries :]]
    b.calls.append(
        LoopCall(
            "scan",
            tuple(inputs),
            tuple(outputs),
            (),
            (),
            body,
            length,
            op.reverse,
            tuple(_bytes(b, n) for n in inputs[:first]),
            tuple(per_slice),
            tuple(per_row),
        )
    )
    return True


def _bytes(b: Builder, n: int) -> int:
    return int(b.type(n).size_bytes or 0)
