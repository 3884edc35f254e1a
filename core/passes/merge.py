"""merge: equal ops on equal inputs are computed once."""

from __future__ import annotations

from typing import Any

from ..ops.loops import Scan
from ..ops.source import Literal
from ..program import Instruction, Program
from .rewrite import Rewriter, rewrite

__all__ = ["merge"]


def merge(program: Program) -> Program:
    """Lets one instruction serve for all equal ones, and one constant for all equal ones."""
    seen: dict[tuple[Any, ...], tuple[int, ...]] = {}
    first: dict[Literal, int] = {}
    same: dict[int, int] = {}
    for number, array in program.constants.items():
        if array.nbytes <= 64:  # sizes and factors: these are what repeats
            same[number] = first.setdefault(Literal(array), number)

    def rule(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
        if isinstance(instruction.opdef, Scan):
            return _without_twins(rewriter, instruction)
        if not instruction.opdef.is_pure:
            return None
        where = instruction.origin.device  # a value of another device is another value
        key = (instruction.opdef, where, *[same.get(n, n) for n in instruction.inputs])
        known = seen.setdefault(key, instruction.outputs)
        return None if known == instruction.outputs else known

    return rewrite(program, rule)


def _without_twins(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
    """A scan whose body hands out one value twice puts it together once."""
    op: Scan = instruction.opdef  # type: ignore[assignment]
    first: dict[int, int] = {}
    stacked = zip(
        op.bodies[0].fetches[op.carries :], instruction.outputs[op.carries :], strict=True
    )
    same = [first.setdefault(fetch, output) for fetch, output in stacked]
    if len(first) == len(same):
        return None
    rewriter.keep(instruction)
    return (*instruction.outputs[: op.carries], *same)
