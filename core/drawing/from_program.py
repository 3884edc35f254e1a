"""The parts of a program: instructions and the values between them; of a plan also who runs each
instruction, and where its values lie.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from ..backends import Backend
from ..graph import Operation, Tensor
from ..passes.memory import Memory
from ..plan import Plan
from ..program import Instruction, Program
from .from_graph import (
    body_names,
    constant_text,
    loop_scopes,
    own_inputs,
    says_the_same,
    stripped,
)
from .parts import Diagram, Part, Wire, diagram
from .text import shortened

__all__ = ["plan_diagram", "program_diagram"]

Describe = Callable[[Instruction, Program], "str | None"]
_REST = "then, when its sizes are known"


def program_diagram(
    program: Program,
    depth: int | None,
    feeds: Sequence[Tensor] = (),
    fetches: Sequence[Tensor | Operation] = (),
) -> Diagram:
    """What a program looks like.

    Args:
        program: what is shown.
        depth: see `diagram`.
        feeds, fetches: what it was made for, for their names; they may be left out.
    """
    collected = _Collected(lambda instruction, program: None)
    collected.add_whole(program, None, _names(feeds), _names(fetches))
    caption = f"Program of {len(program.instructions)} instructions"
    return diagram(collected.parts, collected.wires, depth, caption)


def plan_diagram(
    plan: Plan,
    backend: Backend,
    depth: int | None,
    feeds: Sequence[Tensor] = (),
    fetches: Sequence[Tensor | Operation] = (),
) -> Diagram:
    """What a plan looks like: its program, the runner of each instruction, the arena.

    Args:
        plan: what is shown.
        backend: that runs it.
        depth: see `diagram`.
        feeds, fetches: what it was made for, for their names; they may be left out.
    """

    def describe(instruction: Instruction, program: Program) -> str:
        return backend.describe(instruction, program)

    program = plan.program
    collected = _Collected(describe)
    names = _names(fetches)
    collected.add_whole(program, plan.memory, _names(feeds), None if plan.rest else names)
    count = len(program.instructions)
    caption = f"arena of {plan.memory.arena_bytes} bytes"
    if plan.rest is not None:
        count += len(plan.rest.program.instructions)
        collected.add_rest(plan, names)
    caption = f"Plan of {count} instructions for {backend.name}, {caption}"
    return diagram(collected.parts, collected.wires, depth, caption)


def _names(items: Iterable[Tensor | Operation]) -> list[str]:
    return [item.op.name for item in items if isinstance(item, Tensor)]


class _Collected:
    """The parts and wires of programs."""

    def __init__(self, describe: Describe) -> None:
        self.parts: list[Part] = []
        self.wires: list[Wire] = []
        self._describe = describe

    def add_whole(
        self,
        program: Program,
        memory: Memory | None,
        feeds: Sequence[str],
        fetches: Sequence[str] | None,
    ) -> None:
        """Adds a program that stands for itself; with `fetches` None, results are not shown."""
        adding = _Adding(self, program, memory, (), 0)
        for position, number in enumerate(program.feeds):
            if number is not None:
                name = feeds[position] if position < len(feeds) else f"feed {position}"
                *scopes, title = name.split("/")
                adding.source(number, "placeholder", title, tuple(scopes))
        adding.state()
        adding.body()
        if fetches is not None:
            adding.results(fetches)
        self._first = adding

    def add_rest(self, plan: Plan, fetches: Sequence[str]) -> None:
        """Adds what is planned later, in a box of its own, with wires to what it takes."""
        rest, program = plan.rest, plan.program
        assert rest is not None  # noqa: S101
        given = [n for n in program.feeds if n is not None]
        given += [*program.state_in.values(), *program.fetches]
        adding = _Adding(self, rest.program, None, (_REST,), 1)
        for number, source in zip(rest.program.feeds, rest.sources, strict=True):
            if number is not None:
                adding.maker[number] = self._first.maker[given[source]]
        adding.body()
        adding.results(fetches)


class _Adding:
    """One program on its way into the picture.

    Attributes:
        maker: the key of the part that makes a value, by its number.
    """

    def __init__(
        self,
        collected: _Collected,
        program: Program,
        memory: Memory | None,
        scopes: tuple[str, ...],
        always_open: int,
        strip: tuple[str, ...] = (),
    ) -> None:
        self.maker: dict[int, Hashable] = {}
        self._to = collected
        self._program = program
        self._memory = memory
        self._scopes = scopes
        self._open = always_open
        self._strip = strip
        self._writes: dict[int, list[str]] = {}
        for variable, number in program.state_out.items():
            self._writes.setdefault(number, []).append(variable.name.rpartition("/")[2])

    def _part(
        self,
        key: Hashable,
        kind: str,
        title: str,
        scopes: Sequence[str],
        numbers: Iterable[int],
        detail: Sequence[str] = (),
        owner: str | None = None,
        tooltip: str = "",
    ) -> None:
        writes = tuple(name for n in numbers for name in self._writes.get(n, ()))
        around = (*self._scopes, *stripped(tuple(scopes), self._strip))
        part = Part(key, around, kind, title, tuple(detail), writes, owner, tooltip, self._open)
        self._to.parts.append(part)

    def source(self, number: int, kind: str, title: str, scopes: Sequence[str]) -> None:
        """A value that no instruction makes."""
        key = (id(self._program), number)
        self.maker[number] = key
        tooltip = f"%{number} {self._program.types[number]}"
        self._part(key, kind, title, scopes, [number], tooltip=tooltip)

    def state(self) -> None:
        """The variables as the run finds them."""
        for variable, number in self._program.state_in.items():
            *scopes, title = variable.name.split("/")
            self.source(number, "variable", title, scopes)

    def body(self) -> None:
        """The instructions, and the constants that they read."""
        constants = self._program.constants
        homes = self._homes()
        for number, array in constants.items():
            if number in homes:
                self.source(number, "constant", constant_text(array), homes[number])
        for instruction in self._program.instructions:
            self._instruction(instruction)

    def _homes(self) -> dict[int, Sequence[str]]:
        """The scopes that all readers of a constant share."""
        homes: dict[int, Sequence[str]] = {n: () for n in self._program.results()}
        for instruction in self._program.instructions:
            scopes = instruction.origin.node.split("/")[:-1]
            for number in instruction.inputs:
                if number in self._program.constants:
                    homes[number] = _shared(homes.get(number, scopes), scopes)
        return homes

    def _instruction(self, instruction: Instruction) -> None:
        opdef, origin = instruction.opdef, instruction.origin
        key = (id(self._program), "instruction", *instruction.outputs, id(instruction))
        *scopes, name = origin.node.split("/")
        if any(
            scopes[-1:] == [written]
            for n in instruction.outputs
            for written in self._writes.get(n, ())
        ):
            scopes.pop()  # what writes a variable needs no box of its own
        detail = [] if says_the_same(name, opdef.label) else [name]
        runner = self._to._describe(instruction, self._program)
        if opdef.bodies:
            outer = tuple(scopes)
            scopes = list(loop_scopes(outer, name))
            self._bodies(instruction, tuple(scopes), key, outer)
        tooltip = [origin.node, f"{opdef.label}({shortened(opdef.fields_text(), 300)})"]
        tooltip += [f"%{n} {self._program.types[n]} {self._place(n)}" for n in instruction.outputs]
        for number in instruction.outputs:
            self.maker[number] = key
        self._part(
            key,
            "op",
            opdef.label,
            scopes,
            instruction.outputs,
            [*detail, *([runner] if runner else [])],
            origin.owner,
            "\n".join(line.strip() for line in tooltip),
        )
        for number in instruction.inputs[: own_inputs(opdef, len(instruction.inputs))]:
            self._wire(number, key)

    def _wire(self, number: int, reader: Hashable) -> None:
        text = str(self._program.types[number])
        source = self.maker[number]
        self._to.wires.append(Wire(source, reader, (source, number), text, self._place(number)))

    def _place(self, number: int) -> str:
        """Where a value lies in the arena, if it does."""
        if self._memory is None:
            return ""
        offset = self._memory.offset.get(self._memory.root.get(number, number))
        return "" if offset is None else f"@{offset}"

    def _bodies(
        self,
        instruction: Instruction,
        scopes: tuple[str, ...],
        key: Hashable,
        outer: tuple[str, ...],
    ) -> None:
        """The bodies of a loop or branch as boxes, fed by its inputs, read by itself."""
        for name, body in zip(body_names(instruction.opdef), instruction.opdef.bodies, strict=True):
            around = (*self._scopes, *stripped(scopes, self._strip), name)
            inside = _Adding(self._to, body, None, around, self._open, outer)
            given = instruction.inputs[len(instruction.inputs) - len(body.feeds) :]
            for position, (number, outside) in enumerate(zip(body.feeds, given, strict=True)):
                if number is not None:
                    inside.source(number, "placeholder", f"input {position}", ())
                    self._wire(outside, inside.maker[number])
            inside.body()
            for number in body.fetches:
                inside._wire(number, key)

    def results(self, names: Sequence[str]) -> None:
        """What the run hands out."""
        for position, number in enumerate(self._program.fetches):
            key = (id(self._program), "fetch", position)
            title = f"fetch {position}"
            detail = names[position : position + 1]
            self._part(key, "result", title, (), (), detail, tooltip=f"%{number}")
            self._wire(number, key)


def _shared(a: Sequence[str], b: Sequence[str]) -> Sequence[str]:
    """The beginning that two lists of scopes have in common."""
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return a[:count]
