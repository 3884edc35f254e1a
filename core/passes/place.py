"""place: says where each instruction runs, and moves values there.

`with device(...)` marks operations. An unmarked one follows the first of its inputs that is a
variable of a device's, else it runs where the program's feeds are: on the session's device. What
it reads from elsewhere passes through a `Transfer`; fetches come back, and variables go home.
"""

from __future__ import annotations

from typing import Any

from ..ops.transfer import Transfer
from ..program import Instruction, Program

__all__ = ["place"]


def place(program: Program) -> Program:
    """Inserts transfers; a program without marks is left as it is."""
    if not _is_marked(program):
        return program
    return _Placement(program).run()


def _is_marked(program: Program) -> bool:
    return (
        bool(program.places)
        or any(v.device for v in (*program.state_in, *program.state_out))
        or any(
            instruction.origin.device not in (None, program.device)
            for instruction in program.instructions
        )
    )


class _Placement:
    """One program being placed; devices are absolute, None is the session's."""

    def __init__(self, old: Program) -> None:
        self.old = old
        self.new = old.emptied()
        self.home = old.device
        self.where: dict[int, str | None] = {
            n: old.places.get(n, self.home) for n in old.feeds if n is not None
        }
        for variable, number in old.state_in.items():
            self.where[number] = variable.device or self.home
        self.of_variables = {n for v, n in old.state_in.items() if v.device}
        self.moved: dict[tuple[int, str | None], int] = {}

    def run(self) -> Program:
        """The placed program."""
        new = self.new
        for instruction in self.old.instructions:
            self._place(instruction)
        new.fetches = [self._at(n, self.home, None) for n in self.old.fetches]
        new.state_out = {
            v: self._at(n, v.device or self.home, None) for v, n in self.old.state_out.items()
        }
        new.places = {n: device for n, device in self.where.items() if device != self.home}
        return new

    def _place(self, instruction: Instruction) -> None:
        opdef: Any = instruction.opdef
        if isinstance(opdef, Transfer):
            target = opdef.target
            self.moved[instruction.inputs[0], target] = instruction.outputs[0]
            self.new.instructions.append(instruction)
        else:
            target = self._device_of(instruction)
            host = opdef.host_inputs
            inputs = tuple(
                n if position in host else self._at(n, target, instruction)
                for position, n in enumerate(instruction.inputs)
            )
            if opdef.bodies:
                for body in opdef.bodies:
                    body.device = target
                opdef = opdef.with_bodies([place(body) for body in opdef.bodies])
            origin = instruction.origin._replace(device=target)
            self.new.instructions.append(Instruction(opdef, inputs, instruction.outputs, origin))
        self.where.update(dict.fromkeys(instruction.outputs, target))

    def _device_of(self, instruction: Instruction) -> str | None:
        if instruction.origin.device:
            return instruction.origin.device
        for number in instruction.inputs:
            if number in self.of_variables:
                return self.where[number]
        return self.home

    def _at(self, number: int, target: str | None, reader: Instruction | None) -> int:
        """The value on a device, moved there once."""
        source = self.where.get(number, self.home)
        if source == target:
            return number
        found = self.moved.get((number, target))
        if found is None:
            origin = None if reader is None else reader.origin._replace(device=target)
            found = self.new.emit(Transfer(source, target), number, origin=origin)
            self.moved[number, target] = found
            self.where[found] = target
        return found
