"""A whole program lowered: calls and left-over instructions in order, and what may run once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import KernelError
from ...plan import Plan
from ...program import Instruction, Program
from .lowering import ALIGNMENT, Builder, KernelCall, lower_instruction

__all__ = ["Item", "Lowered"]

_MAX_FILL = 1 << 16  # bytes of zeros or ones that are kept rather than written at every run


@dataclass
class Item:
    """What one instruction became.

    Attributes:
        instruction: the instruction.
        calls: its kernel calls; None if the engine has none for it.
    """

    instruction: Instruction
    calls: list[KernelCall] | None


class Lowered:
    """The items of a plan.

    Args:
        plan: its sizes are known.
        strict: whether an instruction that the engine has no kernel for is an error.
        fixed: feeds that are the same at every run; None for a whole plan, where the variables are
            that no run writes.
        may_round: whether operands of large products may be rounded to bfloat16.

    Attributes:
        plan: the same.
        items: in the plan's order, without views, which need no work.
        hoisted: calls that depend on constants and fixed values alone.
        hoisted_values: the values and temporaries that these make, and their bytes.
        passing: the temporaries among them that hoisted calls alone read.
        constants: arrays by value or temporary.

    Raises:
        KernelError: if `strict`, for the first such instruction.
    """

    def __init__(
        self,
        plan: Plan,
        strict: bool = False,
        fixed: Iterable[int] | None = None,
        may_round: bool = False,
    ) -> None:
        self.plan = plan
        program = plan.program
        builder = Builder(program, plan.passes_off, fixed, may_round)
        self.items: list[Item] = []
        for instruction in program.instructions:
            if instruction.opdef.is_view and self.is_plain(*instruction.outputs):
                continue
            first = len(builder.calls)
            is_native = lower_instruction(builder, instruction)
            if strict and not is_native:
                raise _no_kernel(*_lacking(plan.program, instruction))
            calls = builder.calls[first:] if is_native else None
            for call in calls or ():
                call.instruction = instruction
            self.items.append(Item(instruction, calls))
        self._sizes = builder.temporaries
        self.constants: dict[int, np.ndarray[Any, Any]] = dict(builder.constants)
        for n, array in program.constants.items():
            self.constants[n] = np.ascontiguousarray(array)
        self.hoisted: list[KernelCall] = []
        self.hoisted_values: dict[int, int] = {}
        self.passing: set[int] = set()
        self._hoist(self._unwritten() if fixed is None else fixed)

    def is_plain(self, *values: int) -> bool:
        """Whether these are numbers in a known amount, so that they can lie in the arena."""
        types = [self.plan.program.types[n] for n in values]
        return all(type_.is_static and type_.dtype.is_numeric for type_ in types)

    def root(self, value: int) -> int:
        """The value whose memory a value shares."""
        return value if value < 0 else self.plan.memory.root.get(value, value)

    def size_bytes(self, value: int) -> int:
        """Bytes of a value or temporary."""
        if value < 0:
            return self._sizes[-1 - value]
        return int(self.plan.program.types[value].size_bytes or 0)

    def _unwritten(self) -> set[int]:
        """The variables that a run of the plan leaves as they are."""
        program = self.plan.program
        written = {v for v in program.state_out}
        if self.plan.rest is not None:
            written.update(self.plan.rest.program.state_out)
        return {n for v, n in program.state_in.items() if v not in written}

    def _hoist(self, given: Iterable[int]) -> None:
        fixed = {*given, *self.constants}
        results = {self.root(n) for n in self.plan.program.results()}
        for item in self.items:
            calls = self._fixed_calls(item.calls or [], fixed, results)
            for call in calls:
                made = self._roots(call.outputs)
                fixed |= made
                self.hoisted_values.update({n: self.size_bytes(n) for n in made})
            self.hoisted += calls
            if calls and item.calls is not None:
                item.calls = [call for call in item.calls if call not in calls]
        read = {n for item in self.items for call in item.calls or () for n in call.inputs}
        self.passing = {n for n in self.hoisted_values if n < 0 and n not in read}

    def _roots(self, values: Sequence[int]) -> set[int]:
        return {self.root(n) for n in values}

    def _fixed_calls(
        self, calls: Sequence[KernelCall], fixed: set[int], results: set[int]
    ) -> list[KernelCall]:
        """Those of one instruction's calls that give the same at every run.

        A value that several calls put together is fixed only if all of them are.
        """
        loose = set(results)
        while True:
            known, found = set(fixed), []
            for call in calls:
                outputs = self._roots(call.outputs)
                is_small = all(self.size_bytes(n) <= _MAX_FILL for n in call.outputs)
                # what has no inputs is cheap to make again
                is_worth_it = call.is_kept and (call.inputs or is_small)
                if is_worth_it and self._roots(call.inputs) <= known and not outputs & loose:
                    known |= outputs
                    found.append(call)
            more = {n for c in calls if c not in found for n in self._roots(c.outputs)} - loose
            if not more:
                return found
            loose |= more

    def place_temporaries(self, start: int) -> tuple[dict[int, int], int]:
        """Offsets of the temporaries behind the arena, and the end of it all.

        One instruction's last only until the next one's, so all share one area.
        """
        offsets: dict[int, int] = {}
        end = start
        for item in self.items:
            at = start
            for call in item.calls or ():
                for value in (*call.inputs, *call.outputs):
                    if value < 0 and value not in offsets and not self._is_kept(value):
                        offsets[value] = at
                        at += -(-self.size_bytes(value) // ALIGNMENT) * ALIGNMENT
            end = max(end, at)
        return offsets, end

    def _is_kept(self, value: int) -> bool:
        return value in self.hoisted_values or value in self.constants


def _lacking(program: Program, instruction: Instruction) -> tuple[Program, Instruction]:
    """What the engine has no kernel for: the instruction, or the first one like that in a body."""
    for body in instruction.opdef.bodies:
        for inner in body.instructions:
            if not inner.opdef.is_view and not lower_instruction(Builder(body), inner):
                return _lacking(body, inner)
    return program, instruction


def _no_kernel(program: Program, instruction: Instruction) -> KernelError:
    origin = instruction.origin
    types = ", ".join(str(program.types[n]) for n in instruction.inputs)
    return KernelError(
        instruction.opdef.label,
        "the engine has no kernel for it, and the session is strict",
        got=types,
        node=origin.node,
        layer=origin.owner,
        site=origin.site,
        hint="Session(strict=False) runs its compute on NumPy",
    )
