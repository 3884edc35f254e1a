"""A Plan: a program for concrete sizes, optimised, with its memory laid out. Immutable.

`specialize` types the program anew with the sizes of the feeds; integers computed from sizes
become constants, so no shape arithmetic is left to run. What sizes that depend on data keep from
being planned is the plan's `rest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import ShapeError
from .ops.state import Variable
from .passes import run_passes
from .passes.ahead import ahead
from .passes.fuse import Fusion, fuse
from .passes.memory import Memory, delay_writes, plan_memory
from .program import Program, print_program
from .segments import Rest, cut
from .types import Shape, TensorType

__all__ = ["Plan", "make_plan", "specialize"]


@dataclass(frozen=True)
class Plan:
    """What a backend compiles.

    Attributes:
        program: instructions with static types.
        memory: lifetimes, sharing and the arena.
        rest: what is planned when sizes that depend on data are known; then all results are its.
        passes_off: names of passes that were left out.
    """

    program: Program
    memory: Memory = field(repr=False)
    rest: Rest | None = None
    passes_off: frozenset[str] = frozenset()

    @property
    def writes(self) -> list[Variable]:
        """The variables that the run sets."""
        return list((self.rest.program if self.rest else self.program).state_out)

    def __str__(self) -> str:
        text = f"{print_program(self.program)}\narena {self.memory.arena_bytes} bytes"
        if self.rest is None:
            return text
        return f"{text}\nthen, when its sizes are known\n{print_program(self.rest.program)}"


def make_plan(
    program: Program,
    shapes: Sequence[Shape | TensorType | None],
    off: Iterable[str] = (),
    given: Mapping[int, np.ndarray[Any, Any]] | None = None,
    fusion: Fusion | None = None,
) -> Plan:
    """Plans a program for feeds of the given shapes.

    Args:
        program: sizes open.
        shapes: one for each feed, or its type; ignored where the program does not need it.
        off: names of passes to leave out.
        given: values of feeds, by position, that become constants.
        fusion: which instructions the backend can run as one.

    Raises:
        ShapeError, DtypeError: what only sizes can tell.
    """
    off = frozenset(off)
    special = run_passes(specialize(program, shapes, given), off)
    if fusion is not None and fusion.keeps_fixed and ahead.__name__ not in off:
        special = ahead(special)
    divided = cut(special)
    first, rest = (special, None) if divided is None else divided
    if fusion is not None and fuse.__name__ not in off:
        first = fuse(first, fusion)
    if rest is None:
        first = delay_writes(first)
    return Plan(first, plan_memory(first), rest, off)


def specialize(
    program: Program,
    shapes: Sequence[Shape | TensorType | None],
    given: Mapping[int, np.ndarray[Any, Any]] | None = None,
) -> Program:
    """The same program with the real sizes of its feeds in every type.

    Args:
        program: sizes open.
        shapes: of the feeds; or types, which may know a value too.
        given: values of feeds, by position, that become constants.
    """
    new = _with_feeds(program, shapes, given or {})
    renamed: dict[int, int] = {}
    for instruction in program.instructions:
        inputs = tuple([renamed.get(n, n) for n in instruction.inputs])
        opdef = instruction.opdef
        if opdef.bodies:
            opdef = _with_sizes(opdef, [new.types[n] for n in inputs])
        outputs = new.emit_many(opdef, *inputs, origin=instruction.origin)
        if outputs and new.types[outputs[0]].value is not None and not opdef.has_effect:
            values = [new.types[n].known_value for n in outputs]
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                new.instructions.pop()
                outputs = tuple(map(new.constant, known))
        renamed.update(zip(instruction.outputs, outputs, strict=True))
    new.fetches = [renamed.get(n, n) for n in program.fetches]
    new.state_out = {v: renamed.get(n, n) for v, n in program.state_out.items()}
    _check_state(new)
    return new


def _with_sizes(opdef: Any, types: Sequence[TensorType]) -> Any:
    """An op whose bodies, if it has any, know their inputs' sizes."""
    if not opdef.bodies:
        return opdef
    inner = opdef.body_types(types)
    return opdef.with_bodies([specialize(*pair) for pair in zip(opdef.bodies, inner, strict=True)])


def _with_feeds(
    program: Program,
    shapes: Sequence[Shape | TensorType | None],
    given: Mapping[int, np.ndarray[Any, Any]],
) -> Program:
    new = program.emptied()
    for position, (number, shape) in enumerate(zip(program.feeds, shapes, strict=True)):
        if number is None:
            continue
        if position in given:
            new.feeds[position] = None
            new.set_constant(number, given[position])
        elif isinstance(shape, TensorType):
            new.types[number] = shape
        else:
            new.types[number] = TensorType(program.types[number].dtype, shape)
    return new


def _check_state(program: Program) -> None:
    for variable, number in program.state_out.items():
        if not variable.type.accepts(program.types[number]):
            raise ShapeError(
                "assign",
                "the value does not fit the variable",
                expected=f"{variable.type}, the type of '{variable.name}'",
                got=str(program.types[number]),
                site=variable.site,
            )
