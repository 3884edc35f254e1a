"""From instructions to calls of kernels: the rules, and the builder that they write to.

A rule belongs to one op. It looks at the op's attributes and at the types, and either writes the
calls that compute the outputs, or returns False before it has written any: then the op's `compute`
runs. Rules are in `rules/`, a file a family, and are found by the decorator:

    @rule("MatMul")
    def matmul(b: Builder, op: MatMul, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
        ...
        b.call("gemm", [x, y], [out], ints=[…])
        return True

Values are named by their numbers in the program; all of them lie in memory densely, in C order, and
their sizes are known. `temporary` gives memory for what one rule's calls hand each other, such as
packed weights: calls that depend on variables and constants alone run once, and again only when a
variable has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...program import Instruction, Program
from ...types import TensorType
from .extension import extension

__all__ = [
    "ALIGNMENT",
    "BranchCall",
    "Builder",
    "KernelCall",
    "LoopCall",
    "WhileCall",
    "find_rule",
    "lower_instruction",
    "rule",
]

ALIGNMENT = 64  # bytes

Rule = Callable[["Builder", Any, Sequence[int], Sequence[int]], bool]

_rules: dict[str, Rule] = {}


def rule(*labels: str) -> Callable[[Rule], Rule]:
    """Decorator: this function lowers the ops of these names."""

    def register(function: Rule) -> Rule:
        for label in labels:
            _rules[label] = function
        return function

    return register


def find_rule(label: str) -> Rule | None:
    """The rule for an op's name, if there is one."""
    return _rules.get(label)


@dataclass
class KernelCall:
    """One call of a kernel.

    Attributes:
        kernel: its name in the engine.
        inputs: values it reads; negative numbers are temporaries.
        outputs: values it writes.
        ints, reals: as the kernel's comment lists them.
        is_kept: whether its results are kept for later runs, if they are the same at each.
        instruction: what it is for.
    """

    kernel: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ints: tuple[int, ...]
    reals: tuple[float, ...]
    is_kept: bool = field(default=True, kw_only=True)
    instruction: Instruction | None = field(default=None, compare=False, kw_only=True)

    def add_to(self, executor: Any, buffers: list[int]) -> None:
        """Makes it a step of the engine's executor; `buffers` are places of inputs and outputs."""
        executor.add(self.kernel, buffers, self.ints, self.reals)


@dataclass
class LoopCall(KernelCall):
    """A body run once for each slice of some inputs, in one block of rows or in several.

    The body's external arrays are the loop's carries, slices and constants, its new carries and
    rows of results, and what its prelude makes.

    Attributes:
        bodies: what runs (`CompiledBody`): for a block; and for the last, if that is smaller.
        length, is_reversed: how often, and in which order.
        blocks: of rows.
        carries: how many.
        step_bytes: of each external array, from one iteration to the next.
        block_bytes: of each external array, from one block to the next.
        carry_bytes: of all blocks.
    """

    bodies: tuple[Any, ...] = ()
    length: int = 0
    is_reversed: bool = False
    blocks: int = 1
    carries: int = 0
    step_bytes: tuple[int, ...] = ()
    block_bytes: tuple[int, ...] = ()
    carry_bytes: tuple[int, ...] = ()

    def add_to(self, executor: Any, buffers: list[int]) -> None:
        """Makes it a step."""
        executor.add_loop(
            buffers,
            [body.parts for body in self.bodies],
            (self.length, self.blocks, self.is_reversed),
            (self.carries, len(self.inputs)),
            list(self.step_bytes),
            list(self.block_bytes),
            list(self.carry_bytes),
        )


@dataclass
class WhileCall(KernelCall):
    """A body run as long as a condition, another one, holds.

    Both bodies' external arrays are the loop's carries and constants; then whether it holds, or
    the new carries; and what a prelude makes.

    Attributes:
        condition, body: `CompiledBody` each.
        carry_bytes: of each carry.
    """

    condition: Any = None
    body: Any = None
    carry_bytes: tuple[int, ...] = ()

    def add_to(self, executor: Any, buffers: list[int]) -> None:
        """Makes it a step."""
        constants = len(self.inputs) - len(self.carry_bytes)
        parts = self.condition.parts, self.body.parts
        executor.add_while(buffers, *parts, constants, list(self.carry_bytes))


@dataclass
class BranchCall(KernelCall):
    """One of two bodies, by the first input; or the only one, of all inputs.

    Attributes:
        bodies: `CompiledBody` each; the first runs where the condition holds.
    """

    bodies: tuple[Any, ...] = ()

    def add_to(self, executor: Any, buffers: list[int]) -> None:
        """Makes it a step."""
        conditions = len(self.bodies) - 1
        executor.add_branch(
            buffers, [body.parts for body in self.bodies], len(buffers) - conditions
        )


class Builder:
    """Collects the calls for a program's instructions.

    Args:
        program: planned; all sizes that rules ask for are known.
        passes_off: names of passes that plans of bodies leave out.
        fixed: of a loop's body, the feeds that are the same at all iterations, such as a weight;
            None for a plan, whose fixed values are the variables that it does not write.
        may_round: whether operands of large products may be rounded to bfloat16.

    Attributes:
        is_body: whether it is a loop's body, in which work done in advance pays many times a run.
    """

    def __init__(
        self,
        program: Program,
        passes_off: frozenset[str] = frozenset(),
        fixed: Iterable[int] | None = None,
        may_round: bool = False,
    ) -> None:
        self.program = program
        self.may_round = may_round
        self.passes_off = passes_off
        self.is_body = fixed is not None
        self._given = None if fixed is None else set(fixed)
        self.calls: list[KernelCall] = []
        self.temporaries: list[int] = []  # their bytes; temporary i is value -1 - i
        self._temporary_types: dict[int, TensorType] = {}  # of those that stand for a value
        self._fixed: set[int] | None = None  # see `is_fixed`
        self.constants: dict[int, np.ndarray[Any, Any]] = {}  # temporaries filled beforehand

    def type(self, value: int) -> TensorType:
        """The type of a value of the program, or of a `stand_in`; its sizes are known."""
        return self._temporary_types[value] if value < 0 else self.program.types[value]

    def shape(self, value: int) -> tuple[int, ...]:
        """The sizes of a value."""
        return tuple(int(size or 0) for size in self.type(value).dims())

    def constant(self, value: int) -> np.ndarray[Any, Any] | None:
        """The value itself, where the plan knows it."""
        return self.program.constants.get(value)

    def is_float32(self, *values: int) -> bool:
        """Whether all of these are float32."""
        return all(self.type(n).dtype == "float32" for n in values)

    def is_fixed(self, *values: int) -> bool:
        """Whether all of these follow from constants and fixed values alone.

        What does is computed once, see `Lowered.hoisted`.
        """
        if self._fixed is None:
            program = self.program
            read_only = (n for v, n in program.state_in.items() if v not in program.state_out)
            self._fixed = {*program.constants, *(read_only if self._given is None else self._given)}
            for instruction in program.instructions:
                if instruction.inputs and self._fixed.issuperset(instruction.inputs):
                    self._fixed.update(instruction.outputs)
        return self._fixed.issuperset(values)

    def temporary(self, size_bytes: int) -> int:
        """Memory that lasts until this rule's calls have run: a number to use like a value's."""
        self.temporaries.append(max(int(size_bytes), 1))
        return -len(self.temporaries)

    def stand_in(self, type_: TensorType) -> int:
        """A temporary that other rules may take for a value of this type; its sizes are known."""
        number = self.temporary(type_.size_bytes or 0)
        self._temporary_types[number] = type_
        return number

    def table(self, array: np.ndarray[Any, Any]) -> int:
        """A constant array that the calls read, such as a list of offsets."""
        number = self.temporary(array.nbytes)
        self.constants[number] = np.ascontiguousarray(array)
        return number

    def call(
        self,
        kernel: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        ints: Sequence[int] = (),
        reals: Sequence[float] = (),
        is_kept: bool = True,
    ) -> None:
        """Appends a call; see `KernelCall`."""
        self.calls.append(
            KernelCall(
                kernel,
                tuple(inputs),
                tuple(outputs),
                tuple(map(int, ints)),
                tuple(map(float, reals)),
                is_kept=is_kept,
            )
        )


def lower_instruction(builder: Builder, instruction: Instruction) -> bool:
    """Writes the calls for an instruction; False if the engine has none for it."""
    function = _rules.get(instruction.opdef.label)
    if function is None or extension is None:
        return False
    types = [builder.program.types[n] for n in (*instruction.inputs, *instruction.outputs)]
    if not all(type_.is_static and type_.dtype.is_numeric for type_ in types):
        return False
    return function(builder, instruction.opdef, instruction.inputs, instruction.outputs)
