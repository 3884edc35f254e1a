"""How passes rewrite: one walk forwards through the instructions, one back to drop dead ones.

A rule sees each instruction with its inputs already rewritten, and returns the values that
replace its outputs, or None to keep it. What a rule emits carries the origin (node, layer, line)
of the instruction it replaces: rules cannot forget it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..opdef import OpDef
from ..ops.loops import BodyOp
from ..program import Instruction, Origin, Program
from ..types import TensorType

__all__ = ["Rewriter", "Rule", "drop_dead", "rewrite"]


class Rewriter:
    """The program being made, and what rules may ask about it.

    Attributes:
        program: the new program.
        producer: the instruction that makes a value, if one does.
    """

    def __init__(self, old: Program) -> None:
        self.program = old.emptied()
        self.producer: dict[int, Instruction] = {}
        self.origin = Origin("")

    def emit(self, opdef: OpDef, *inputs: int) -> int:
        """Adds an instruction and returns its first output."""
        return self.emit_many(opdef, *inputs)[0]

    def emit_many(self, opdef: OpDef, *inputs: int) -> tuple[int, ...]:
        """Adds an instruction and returns its outputs."""
        outputs = self.program.emit_many(opdef, *inputs, origin=self.origin)
        self._note(self.program.instructions[-1])
        return outputs

    def keep(self, instruction: Instruction) -> tuple[int, ...]:
        """Adds an instruction as it is."""
        self.program.instructions.append(instruction)
        self._note(instruction)
        return instruction.outputs

    def constant(self, array: np.ndarray[Any, Any]) -> int:
        """Adds a constant."""
        return self.program.constant(array)

    def type(self, number: int) -> TensorType:
        """The type of a value."""
        return self.program.types[number]

    def made_by(self, number: int, label: str) -> Instruction | None:
        """The instruction that makes a value, if its op is called `label`."""
        instruction = self.producer.get(number)
        return instruction if instruction and instruction.opdef.label == label else None

    def is_constant(self, number: int, scalar: float) -> bool:
        """True for a constant all of whose elements equal `scalar`."""
        array = self.program.constants.get(number)
        return array is not None and array.size > 0 and bool((array == scalar).all())

    def _note(self, instruction: Instruction) -> None:
        for number in instruction.outputs:
            self.producer[number] = instruction


Rule = Callable[[Rewriter, Instruction], "tuple[int, ...] | None"]


def rewrite(program: Program, rule: Rule, about: str | None = None) -> Program:
    """Applies `rule` to each instruction in order, then drops what nothing needs.

    Args:
        program: is left as it is.
        rule: what stands in an instruction's place; None for itself.
        about: the label of an op without which the rule changes nothing: most programs have none,
            and are returned at once.
    """
    if about is not None and all(i.opdef.label != about for i in program.instructions):
        return program
    rewriter = Rewriter(program)
    replaced: dict[int, int] = {}
    for old in program.instructions:
        instruction = old
        if not replaced.keys().isdisjoint(old.inputs):
            inputs = tuple([replaced.get(n, n) for n in old.inputs])
            instruction = Instruction(old.opdef, inputs, old.outputs, old.origin)
        rewriter.origin = old.origin
        new = rule(rewriter, instruction)
        if new is None:
            rewriter.keep(instruction)
        elif new != old.outputs:
            replaced.update(zip(old.outputs, new, strict=True))
    result = rewriter.program
    result.fetches = [replaced.get(n, n) for n in program.fetches]
    result.state_out = {v: replaced.get(n, n) for v, n in program.state_out.items()}
    return drop_dead(result)


def drop_dead(program: Program) -> Program:
    """Drops instructions, constants, reads and feeds that no result needs."""
    program.state_out = {v: n for v, n in program.state_out.items() if program.state_in.get(v) != n}
    alive = set(program.results())
    kept = []
    for instruction in reversed(program.instructions):
        if instruction.opdef.has_effect or not alive.isdisjoint(instruction.outputs):
            if instruction.opdef.bodies:
                instruction = _narrow(instruction, alive)
            kept.append(instruction)
            alive.update(instruction.inputs)
    program.instructions = kept[::-1]
    program.constants = {n: a for n, a in program.constants.items() if n in alive}
    program.state_in = {v: n for v, n in program.state_in.items() if n in alive}
    program.feeds = [n if n in alive else None for n in program.feeds]
    return program


def _narrow(instruction: Instruction, alive: set[int]) -> Instruction:
    """A loop or branch without the inputs and results that nobody needs."""
    old: BodyOp = instruction.opdef  # type: ignore[assignment]
    op, inputs, outputs = old.narrowed([n in alive for n in instruction.outputs])
    if len(inputs) == len(instruction.inputs) and len(outputs) == len(instruction.outputs):
        return instruction
    return Instruction(
        op.with_bodies([drop_dead(body) for body in op.bodies]),
        tuple(instruction.inputs[i] for i in inputs),
        tuple(instruction.outputs[i] for i in outputs),
        instruction.origin,
    )
