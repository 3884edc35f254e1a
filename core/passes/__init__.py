"""The passes: plain functions Program -> Program, run in one visible order.

`PIPELINE` runs twice: on a program whose sizes are open, when a set of fetches is first seen, and
on the same program with real sizes, when it is planned for them. Each pass may be switched off
by name; results must not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..program import Instruction, Program
from .fold import fold
from .merge import merge
from .place import place
from .simplify import simplify
from .sparse import sparse
from .sums import sum_outside

__all__ = ["PIPELINE", "run_passes"]

# simplify comes first: log(softmax(constant)) must become safe before fold computes it
PIPELINE: tuple[Callable[[Program], Program], ...] = (
    simplify,
    fold,
    sparse,
    sum_outside,
    merge,
    place,
)


def run_passes(program: Program, off: Iterable[str] = ()) -> Program:
    """Applies `PIPELINE`, without the passes named in `off`."""
    for pass_ in PIPELINE:
        if pass_.__name__ not in off:
            program = _apply(pass_, program)
    return program


def _apply(pass_: Callable[[Program], Program], program: Program) -> Program:
    """One pass, on the bodies of loops and branches first; `place` enters them by itself."""
    if pass_ is place:
        return place(program)
    for position, instruction in enumerate(program.instructions):
        opdef: Any = instruction.opdef
        if opdef.bodies:
            new = opdef.with_bodies([_apply(pass_, body) for body in opdef.bodies])
            program.instructions[position] = Instruction(
                new, instruction.inputs, instruction.outputs, instruction.origin
            )
    return pass_(program)
