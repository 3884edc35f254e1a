"""Loops and branches whose bodies the engine can run: one call for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..bodies import CompiledBody, compile_body
from ..lowering import BranchCall, Builder, LoopCall, WhileCall, rule
from ..rows import block_size, find_rows, with_rows

__all__: list[str] = []


@rule("Scan")
def scan(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """One iteration a slice."""
    if op.has_effect:
        return False
    first, last = op.carries, op.carries + op.xs
    length = b.shape(inputs[first])[0]
    taken_apart = {*range(first, last), *range(len(inputs) + first, len(inputs) + len(outputs))}
    sizes = [int(b.type(n).size_bytes or 0) for n in (*inputs, *outputs)]
    per_step = [
        size // max(length, 1) if i in taken_apart else size for i, size in enumerate(sizes)
    ]
    blocks, per_block, bodies = _in_blocks(b, op, per_step)
    if not bodies:
        constants = range(last, len(inputs))
        whole = compile_body(op.bodies[0], _fusion(), b.passes_off, constants)
        if whole is None:
            return False
        blocks, per_block, bodies = 1, per_step, [whole]
    b.calls.append(
        LoopCall(
            "scan",
            tuple(inputs),
            tuple(outputs),
            (),
            (),
            tuple(bodies),
            length,
            op.reverse,
            blocks,
            op.carries,
            tuple(size if i in taken_apart else 0 for i, size in enumerate(per_step)),
            tuple(per_block),
            tuple(sizes[:first]),
        )
    )
    return True


@rule("While")
def while_(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """As many iterations as its condition wants; of what they make only the last is kept."""
    if op.has_effect or len(outputs) > op.carries:
        return False
    constants = range(op.carries, len(inputs))
    condition, body = (compile_body(p, _fusion(), b.passes_off, constants) for p in op.bodies)
    if condition is None or body is None:
        return False
    sizes = tuple(int(b.type(n).size_bytes or 0) for n in outputs)
    b.calls.append(
        WhileCall("while", tuple(inputs), tuple(outputs), (), (), condition, body, sizes)
    )
    return True


@rule("Cond", "Call")
def branch(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """One of two bodies, or the only one."""
    if op.has_effect:
        return False
    bodies = [compile_body(p, _fusion(), b.passes_off, ()) for p in op.bodies]
    if None in bodies:
        return False
    b.calls.append(BranchCall("branch", tuple(inputs), tuple(outputs), (), (), tuple(bodies)))
    return True


def _in_blocks(
    b: Builder, op: Any, per_step: Sequence[int]
) -> tuple[int, list[int], list[CompiledBody]]:
    """How many blocks of rows, the bytes of each array in one, and the bodies; none if none."""
    body, first, last = op.bodies[0], op.carries, op.carries + op.xs
    rows = find_rows(body, first, op.xs)
    size = 0 if rows is None else block_size(body, rows)
    if rows is None or size >= rows.count:
        return 0, [], []
    blocks = -(-rows.count // size)
    with_them = rows.feeds(body)
    shared = [i for i in range(last, len(body.feeds)) if i not in with_them]
    bodies: list[CompiledBody] = []
    for count in dict.fromkeys([size, rows.count - (blocks - 1) * size]):
        program = with_rows(body, rows, count)
        if program is None:
            return 0, [], []
        compiled = compile_body(program, _fusion(), b.passes_off, shared)
        if compiled is None:
            return 0, [], []
        bodies.append(compiled)
    has_rows = {*with_them, *range(len(body.feeds), len(per_step))}
    per_block = [
        bytes_ // rows.count * size if i in has_rows else 0 for i, bytes_ in enumerate(per_step)
    ]
    return blocks, per_block, bodies


def _fusion() -> Any:
    from .fused import NativeFusion  # which asks all rules, these too

    return NativeFusion()
