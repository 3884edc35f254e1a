"""merge: equal ops on equal inputs are computed once."""

from __future__ import annotations

from typing import Any

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
        if not instruction.opdef.is_pure:
            return None
        where = instruction.origin.device  # a value of another device is another value
        key = (instruction.opdef, where, *[same.get(n, n) for n in instruction.inputs])
        known = seen.setdefault(key, instruction.outputs)
        return None if known == instruction.outputs else known

    return rewrite(program, rule)
