"""A Plan: a program for concrete sizes, optimised, with its memory laid out. Immutable.

`specialize` types the program anew with the sizes of the feeds; integers computed from sizes
become constants, so no shape arithmetic is left to run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .errors import GraphError, ShapeError
from .passes import run_passes
from .passes.memory import Memory, plan_memory
from .program import Program, print_program
from .types import Shape, TensorType

__all__ = ["Plan", "make_plan", "specialize"]


@dataclass(frozen=True)
class Plan:
    """What a backend compiles.

    Attributes:
        program: instructions with static types.
        memory: lifetimes, sharing and the arena.
    """

    program: Program
    memory: Memory = field(repr=False)

    def __str__(self) -> str:
        return f"{print_program(self.program)}\narena {self.memory.arena_bytes} bytes"


def make_plan(program: Program, shapes: Sequence[Shape | None], off: Iterable[str] = ()) -> Plan:
    """Plans a program for feeds of the given shapes.

    Args:
        program: sizes open.
        shapes: one for each feed; ignored where the program does not need it.
        off: names of passes to leave out.

    Raises:
        ShapeError, DtypeError: what only sizes can tell.
        GraphError: if a size would depend on data.
    """
    special = run_passes(specialize(program, shapes), off)
    _check_host_inputs(special)
    return Plan(special, plan_memory(special))


def specialize(program: Program, shapes: Sequence[Shape | None]) -> Program:
    """The same program with the real sizes of its feeds in every type."""
    new = Program()
    new.feeds = list(program.feeds)
    new.constants = dict(program.constants)
    new.state_in = dict(program.state_in)
    # Values keep their numbers up to here, so that results need no renaming.
    new.types = list(program.types)
    for number, shape in zip(program.feeds, shapes, strict=True):
        if number is not None:
            new.types[number] = TensorType(program.types[number].dtype, shape)
    renamed: dict[int, int] = {}
    for instruction in program.instructions:
        inputs = tuple(renamed.get(n, n) for n in instruction.inputs)
        outputs = new.emit_many(instruction.opdef, *inputs, origin=instruction.origin)
        values = [new.types[n].known_value for n in outputs]
        if outputs and all(value is not None for value in values):
            new.instructions.pop()
            outputs = tuple(new.constant(value) for value in values if value is not None)
        renamed.update(zip(instruction.outputs, outputs, strict=True))
    new.fetches = [renamed.get(n, n) for n in program.fetches]
    new.state_out = {v: renamed.get(n, n) for v, n in program.state_out.items()}
    for variable, number in new.state_out.items():
        if not variable.type.accepts(new.types[number]):
            raise ShapeError(
                "assign",
                "the value does not fit the variable",
                expected=f"{variable.type}, the type of '{variable.name}'",
                got=str(new.types[number]),
                site=variable.site,
            )
    return new


def _check_host_inputs(program: Program) -> None:
    for instruction in program.instructions:
        for index in instruction.opdef.host_inputs:
            if instruction.inputs[index] not in program.constants:
                raise GraphError(
                    instruction.opdef.label,
                    "a size depends on data",
                    expected="sizes computed from shapes, constants and fed integers",
                    node=instruction.origin.node,
                    layer=instruction.origin.owner,
                    site=instruction.origin.site,
                    hint="feed the size through a placeholder, or use a fixed one",
                )
