"""A backend that takes memory plans at their word, and punishes whoever reads what is dead.

Every value lies where the plan says: at its offset in one arena, in the place of the input that it
overwrites, or in the memory of the value whose view it is. A place is filled with NaNs before a
value is written to it and after its last reader. So a lifetime, an offset or a reuse that is wrong
by one instruction shows in the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from thalweg.core.backends import SizedProgram, register_backend
from thalweg.core.backends.numpy import NumpyBackend
from thalweg.core.ops.loops import BodyOp
from thalweg.core.ops.transfer import Transfer
from thalweg.core.plan import Plan
from thalweg.core.program import Instruction
from thalweg.core.types import TensorType

__all__ = ["ArenaBackend"]

Array = np.ndarray[Any, Any]
POISON = 0xFF  # in all bytes: NaN as a float, -1 as an integer


class ArenaBackend(NumpyBackend):
    """NumPy's arrays, in the memory that the plan laid out."""

    name = "arena"

    def compile(self, plan: Plan) -> Any:
        """Each run has an arena of its own, as if leased; parts on other devices have none."""
        program = plan.program
        if program.places or any(isinstance(i.opdef, Transfer) for i in program.instructions):
            return super().compile(plan)
        kernels = [self._kernel(plan, instruction) for instruction in program.instructions]

        def execute(feeds: Sequence[Array], state: Sequence[Array]) -> Any:
            with self.guard():
                return _Execution(plan, kernels, feeds, state).run()

        return execute

    def _kernel(self, plan: Plan, instruction: Instruction) -> Any:
        opdef = instruction.opdef
        if not isinstance(opdef, BodyOp):
            return self.runner(instruction, [plan.program.types[n] for n in instruction.inputs])
        bodies = [SizedProgram(body, self, plan.passes_off) for body in opdef.bodies]
        types = [plan.program.types[n] for n in instruction.outputs]
        return partial(opdef.execute, _Bodies(bodies, types))


class _Bodies:
    """Runs the bodies of one instruction. Implements `ops.loops.Runner`."""

    xp = np

    def __init__(self, bodies: Sequence[SizedProgram], types: Sequence[TensorType]) -> None:
        self.types = types
        self._bodies = bodies

    def call(self, body: int, arrays: Sequence[Any]) -> list[Any]:
        return self._bodies[body](arrays)[0]

    def host(self, array: Any) -> Array:
        return np.asarray(array)

    def copy(self, array: Any) -> Array:
        return np.array(array)


class _Execution:
    """One run of one plan.

    Attributes:
        arrays: the living values, at their places.
        cell: the piece of memory in which a value lies, called by the value that first had it.
        tenants: the living values of each cell.
    """

    def __init__(
        self, plan: Plan, kernels: list[Any], feeds: Sequence[Array], state: Sequence[Array]
    ) -> None:
        self.kernels = kernels
        self.program = program = plan.program
        self.memory = plan.memory
        self.arena = np.full(plan.memory.arena_bytes, POISON, np.uint8)
        self.arrays: dict[int, Array] = {}
        self.cell: dict[int, int] = {}
        self.tenants: dict[int, set[int]] = {}
        self.bytes: dict[int, Array] = {}  # of each cell that may be poisoned
        numbers = [n for n in program.feeds if n is not None]
        for number, array in zip(numbers, feeds, strict=True):
            self.settle(number, number, np.asarray(array, order="C"))
        for number, array in program.constants.items():
            self.settle(number, number, np.asarray(array, order="C"))
        for (variable, number), array in zip(program.state_in.items(), state, strict=True):
            assert array.flags.c_contiguous
            self.settle(number, number, array)
            if variable in program.state_out:  # its old buffer is garbage once it is read
                self.bytes[number] = _bytes(array)

    def run(self) -> tuple[list[Array], list[Array]]:
        """All instructions, then the fetches and what variables become."""
        program = self.program
        for instruction, kernel, dying in zip(
            program.instructions, self.kernels, self.memory.dies_after, strict=True
        ):
            self.step(instruction, kernel, set(dying))
            for number in dying:
                self.bury(number)
        fetches = [self.result(n) for n in program.fetches]
        state = [self.result(n) for n in program.state_out.values()]
        self.arena.fill(POISON)
        outside = [*fetches, *state]
        for position, array in enumerate(outside):
            for other in (self.arena, *outside[:position]):
                assert not np.shares_memory(array, other), "a result shares memory"
        return fetches, state

    def step(self, instruction: Instruction, kernel: Any, dying: set[int]) -> None:
        """Runs an instruction; its results go to their places."""
        program = self.program
        inputs = [self.arrays[n] for n in instruction.inputs]
        places = {
            n: self.place(n, program.types[n], dying)
            for n in instruction.outputs
            if _has_place(program.types[n])
        }
        result = kernel(*inputs)
        results = [np.array(array) for array in (result if isinstance(result, tuple) else [result])]
        for number, array in zip(instruction.outputs, results, strict=True):
            label = instruction.opdef.label
            if number not in places:
                assert number not in self.memory.offset, f"{label}: no size for the arena"
                self.settle(number, number, array)
                continue
            place = places[number]
            assert (array.shape, array.dtype) == (place.shape, place.dtype), label
            if number in self.memory.root:
                assert array.tobytes() == place.tobytes(), f"{label} is not a view"
            else:
                place[...] = array

    def place(self, number: int, type_: TensorType, dying: set[int]) -> Array:
        """Where an output goes; poisoned, unless an input is there that it may overwrite."""
        memory = self.memory
        if number in memory.root:
            root = memory.root[number]
            return self.settle(number, self.cell[root], _array(self.home(root), type_))
        if number in memory.reused:
            cell = self.cell[memory.reused[number]]
            assert self.tenants[cell] <= dying, "overwrites what is still to be read"
            return self.settle(number, cell, _array(self.home(memory.reused[number]), type_))
        if number in memory.offset:
            start = memory.offset[number]
            home = self.arena[start : start + (type_.size_bytes or 0)]
            assert len(home) == type_.size_bytes, "the arena is too small"
        else:
            home = np.empty(type_.size_bytes or 0, np.uint8)
        home.fill(POISON)
        self.bytes[number] = home
        return self.settle(number, number, _array(home, type_))

    def settle(self, number: int, cell: int, array: Array) -> Array:
        self.arrays[number] = array
        self.cell[number] = cell
        self.tenants.setdefault(cell, set()).add(number)
        return array

    def home(self, number: int) -> Array:
        """The bytes of a value that may be dead, if others live in its memory."""
        cell = self.cell[number]
        return _bytes(self.arrays[min(self.tenants[cell])])

    def bury(self, number: int) -> None:
        """After its last reader."""
        cell = self.cell[number]
        del self.arrays[number]
        self.tenants[cell].remove(number)
        if not self.tenants[cell] and cell in self.bytes:
            self.bytes[cell].fill(POISON)

    def result(self, number: int) -> Array:
        array = self.arrays[number]
        return np.array(array, order="C") if number in self.memory.detached else array


def _has_place(type_: TensorType) -> bool:
    """False for strings, and for sizes that only the instruction knows."""
    return type_.is_static and not type_.dtype.is_string


def _bytes(array: Array) -> Array:
    return array.reshape(-1).view(np.uint8)


def _array(home: Array, type_: TensorType) -> Array:
    return home.view(type_.dtype.numpy).reshape(type_.dims())


register_backend("arena", ArenaBackend)
