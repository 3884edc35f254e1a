"""A Program: the flat, typed list of pure instructions that passes rewrite.

Values are numbered. A value is a feed, a constant, a variable's value at the start of the run,
or an output of one instruction; instructions stand in an order in which they can run. What a run
leaves in variables is part of the result, so nothing in a program has side effects, and any
instruction whose outputs nobody needs may go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .errors import GraphError, Site, ThalwegError
from .opdef import OpDef, infer_types
from .ops.state import Variable
from .types import MAX_VALUE_SIZE, TensorType, as_dtype

__all__ = ["Instruction", "Origin", "Program", "verify"]


class Origin(NamedTuple):
    """Where an instruction came from; every rewrite carries it along."""

    node: str
    owner: str | None = None
    site: Site | None = None
    device: str | None = None


@dataclass(slots=True)
class Instruction:
    """One application of an op: `outputs = opdef(inputs)`."""

    opdef: OpDef
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    origin: Origin


@dataclass(eq=False)
class Program:
    """Instructions, and what goes in and out.

    Attributes:
        types: the type of each value, by number.
        feeds: numbers of the fed values, in the order of the caller's feeds; None for a feed
            that nothing needs.
        constants: values fixed at planning.
        state_in: variables whose value at the start of the run is read.
        instructions: in an order in which they can run.
        fetches: values handed out, in the order of the caller's fetches.
        state_out: what the run leaves in variables.
        device: where feeds, constants and results are; None is the session's device.
        places: the devices of values that are elsewhere.
    """

    types: list[TensorType] = field(default_factory=list)
    feeds: list[int | None] = field(default_factory=list)
    constants: dict[int, np.ndarray[Any, Any]] = field(default_factory=dict)
    state_in: dict[Variable, int] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    fetches: list[int] = field(default_factory=list)
    state_out: dict[Variable, int] = field(default_factory=dict)
    device: str | None = None
    places: dict[int, str | None] = field(default_factory=dict)

    def emptied(self) -> Program:
        """A program of the same inputs, so far without instructions and results.

        Values keep their numbers, so what refers to them needs no renaming.
        """
        return Program(
            types=list(self.types),
            feeds=list(self.feeds),
            constants=dict(self.constants),
            state_in=dict(self.state_in),
            device=self.device,
            places=dict(self.places),
        )

    def value(self, type_: TensorType) -> int:
        """Numbers a new value."""
        self.types.append(type_)
        return len(self.types) - 1

    def constant(self, array: np.ndarray[Any, Any]) -> int:
        """Adds a constant; small integers carry their value in the type."""
        number = self.value(TensorType(as_dtype(array.dtype), array.shape))
        self.set_constant(number, array)
        return number

    def set_constant(self, number: int, array: np.ndarray[Any, Any]) -> None:
        """Makes a value a constant."""
        dtype = as_dtype(array.dtype)
        value = None
        if not dtype.is_float and not dtype.is_string and array.ndim <= 1:
            value = tuple(array.reshape(-1).tolist()) if array.size <= MAX_VALUE_SIZE else None
        self.types[number] = TensorType(dtype, array.shape, value)
        self.constants[number] = array

    @property
    def is_on_host(self) -> bool:
        """Whether all of it runs in the session's memory, if that is the host's."""
        home = (None, "cpu:0", self.device)
        return all(place in home for place in self.places.values()) and all(
            instruction.origin.device in home for instruction in self.instructions
        )

    def emit(self, opdef: OpDef, *inputs: int, origin: Origin | None = None) -> int:
        """Adds an instruction and returns its first output."""
        return self.emit_many(opdef, *inputs, origin=origin)[0]

    def emit_many(
        self, opdef: OpDef, *inputs: int, origin: Origin | None = None
    ) -> tuple[int, ...]:
        """Adds an instruction, infers its types, and returns its outputs.

        Raises:
            ShapeError, DtypeError: what `infer` raises, completed from the origin.
        """
        origin = origin or Origin(opdef.label)
        try:
            types = infer_types(opdef, [self.types[i] for i in inputs])
        except ThalwegError as error:
            raise error.at(node=origin.node, layer=origin.owner, site=origin.site) from None
        outputs = tuple(self.value(type_) for type_ in types)
        self.instructions.append(Instruction(opdef, inputs, outputs, origin))
        return outputs

    def result_types(self, feeds: Sequence[TensorType]) -> list[TensorType]:
        """The types of the fetches for feeds of these types."""
        types = list(self.types)
        for number, type_ in zip(self.feeds, feeds, strict=True):
            if number is not None:
                types[number] = type_
        for instruction in self.instructions:
            inferred = infer_types(instruction.opdef, [types[n] for n in instruction.inputs])
            for number, type_ in zip(instruction.outputs, inferred, strict=True):
                types[number] = type_
        return [types[n] for n in self.fetches]

    def compute(self, xp: Any, feeds: Sequence[Any]) -> list[Any]:
        """The fetches, instruction by instruction: what a plan's results must equal."""
        values: dict[int, Any] = {n: xp.asarray(a) for n, a in self.constants.items()}
        values.update({n: a for n, a in zip(self.feeds, feeds, strict=True) if n is not None})
        for instruction in self.instructions:
            result = instruction.opdef.compute(xp, *(values[n] for n in instruction.inputs))
            results = result if isinstance(result, tuple) else (result,)
            values.update(zip(instruction.outputs, results, strict=True))
        return [values[n] for n in self.fetches]

    def alive(self, results: Iterable[int]) -> set[int]:
        """The values that must be made for `results` and for what has effects."""
        found = set(results)
        for instruction in reversed(self.instructions):
            if instruction.opdef.has_effect or not found.isdisjoint(instruction.outputs):
                found.update(instruction.inputs)
        return found

    def needed_feeds(self, results: Iterable[int]) -> set[int]:
        """The positions of the feeds that must be fed for `results`."""
        alive = self.alive(results)
        return {position for position, n in enumerate(self.feeds) if n in alive}

    def part(self, feeds: Sequence[int], fetches: Sequence[int]) -> Program:
        """The same program with some of its feeds and fetches, by position."""
        new = self.emptied()
        new.feeds = [self.feeds[i] for i in feeds]
        new.instructions = list(self.instructions)
        new.fetches = [self.fetches[i] for i in fetches]
        return new

    def results(self) -> Iterable[int]:
        """Values that must exist when the run ends."""
        yield from self.fetches
        yield from self.state_out.values()

    def __str__(self) -> str:
        return print_program(self)


def print_program(program: Program, indent: str = "") -> str:
    """The program as text, one line a value; bodies of loops and branches are set in."""
    lines: list[str] = []
    for position, number in enumerate(program.feeds):
        if number is not None:
            lines.append(f"%{number} = feed {position}  {program.types[number]}")
    for variable, number in program.state_in.items():
        lines.append(f"%{number} = variable '{variable.name}'  {program.types[number]}")
    for number, array in program.constants.items():
        text = repr(array.tolist()) if array.size <= 4 else "…"
        lines.append(f"%{number} = constant {text}  {program.types[number]}")
    for instruction in program.instructions:
        outputs = ", ".join(f"%{n}" for n in instruction.outputs)
        inputs = ", ".join(f"%{n}" for n in instruction.inputs)
        attributes = instruction.opdef.fields_text()
        attributes = f" [{attributes}]" if attributes else ""
        types = ", ".join(str(program.types[n]) for n in instruction.outputs)
        place = instruction.origin.device
        lines.append(
            f"{outputs} = {instruction.opdef.label}({inputs}){attributes}  {types}"
            f"{f'  on {place}' if place else ''}  # {instruction.origin.node}"
        )
        for number, body in enumerate(instruction.opdef.bodies):
            lines += [f"  body {number}", print_program(body, "    ")]
    if program.fetches:
        lines.append("fetch " + ", ".join(f"%{n}" for n in program.fetches))
    for variable, number in program.state_out.items():
        lines.append(f"commit '{variable.name}' <- %{number}")
    return "\n".join(indent + line for text in lines for line in text.split("\n"))


def verify(program: Program) -> None:
    """Checks a program's invariants; tests run it after every pass.

    Raises:
        GraphError: if a value is used before it is made, made twice, or has a type that its
            instruction would not infer.
    """
    known: set[int] = {n for n in program.feeds if n is not None}
    known.update(program.constants)
    known.update(program.state_in.values())
    for instruction in program.instructions:
        problem = None
        if not known.issuperset(instruction.inputs):
            problem = "reads a value that does not exist yet"
        elif not known.isdisjoint(instruction.outputs):
            problem = "makes a value that exists already"
        else:
            inferred = infer_types(
                instruction.opdef, [program.types[n] for n in instruction.inputs]
            )
            for n, type_ in zip(instruction.outputs, inferred, strict=True):
                if not program.types[n].accepts(type_):
                    problem = f"makes {type_}, not {program.types[n]}"
        if problem:
            raise GraphError("Program", f"an instruction {problem}", node=instruction.origin.node)
        known.update(instruction.outputs)
        for body in instruction.opdef.bodies:
            verify(body)
    if not known.issuperset(program.results()):
        raise GraphError("Program", "a result is never made")
