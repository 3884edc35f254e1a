"""The plain executor of a plan, for every backend that has none of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from ..errors import KernelError, ThalwegError
from ..ops.loops import BodyOp
from ..ops.transfer import Transfer
from ..plan import Plan
from ..program import Instruction
from ..types import Array, TensorType
from .base import Backend, Kernel, device_backend
from .sized import SizedProgram

__all__ = ["Interpreter", "body_runner"]


class Interpreter:
    """One kernel after another, each value dropped after its last reader.

    Args:
        backend: whose kernels run.
        plan: its instructions are run; not its rest.
    """

    def __init__(self, backend: Backend, plan: Plan) -> None:
        program = plan.program
        self._backend = backend
        self._plan = plan
        self._feed_slots = [n for n in program.feeds if n is not None]
        self._state_slots = list(program.state_in.values())
        self._values = {n: backend.put(a) for n, a in program.constants.items()}
        self._host_slots: dict[int, int] = {}  # host operands have a second slot: a NumPy array
        self._instructions: list[Instruction] = []
        self._steps: list[tuple[Kernel, Callable[[list[Any]], Any], Any, tuple[int, ...]]] = []
        for instruction, dying in zip(program.instructions, plan.memory.dies_after, strict=True):
            if not self._is_done(instruction):
                self._add_step(instruction, tuple(dying))
        self._slot_count = len(program.types) + len(self._host_slots)
        self._fetches = [self._kept(n) for n in program.fetches]
        self._state = [self._kept(n) for n in program.state_out.values()]

    def _at(self, device: str | None) -> Backend:
        """The backend of a device."""
        if device in (None, self._plan.program.device):
            return self._backend
        return device_backend(str(device))

    def _is_done(self, instruction: Instruction) -> bool:
        """Moves constants to their devices once, before any run."""
        opdef = instruction.opdef
        if not isinstance(opdef, Transfer):
            return False
        array = self._plan.program.constants.get(instruction.inputs[0])
        if array is not None:
            self._values[instruction.outputs[0]] = self._at(opdef.target).put(array)
        return array is not None

    def _add_step(self, instruction: Instruction, dying: tuple[int, ...]) -> None:
        slots = list(instruction.inputs)
        for index in instruction.opdef.host_inputs:
            slots[index] = self._host_slot(slots[index])
        outputs = instruction.outputs
        output: Any = outputs[0] if len(outputs) == 1 else outputs
        self._instructions.append(instruction)
        self._steps.append((self._kernel(instruction), _getter(slots), output, dying))

    def _host_slot(self, number: int) -> int:
        if number not in self._host_slots:
            slot = len(self._plan.program.types) + len(self._host_slots)
            self._host_slots[number] = slot
            self._values[slot] = self._plan.program.constants[number]
        return self._host_slots[number]

    def _kernel(self, instruction: Instruction) -> Kernel:
        opdef = instruction.opdef
        if isinstance(opdef, Transfer):
            return _mover(self._at(opdef.source), self._at(opdef.target))
        backend = self._at(instruction.origin.device)
        if isinstance(opdef, BodyOp):
            kernel = body_runner(backend, self._plan, instruction, opdef)
        else:
            types = [self._plan.program.types[n] for n in instruction.inputs]
            kernel = backend.runner(instruction, types, in_place=self._is_in_place(instruction))
        return kernel if backend is self._backend else _guarded(kernel, backend)

    def _is_in_place(self, instruction: Instruction) -> bool:
        """True for an op that may write its result into the variable that it replaces.

        Only there: other arrays may be views that look larger than they are.
        """
        return instruction.opdef.in_place and instruction.outputs[0] in self._plan.memory.in_place

    def _kept(self, number: int) -> tuple[int, Backend | None]:
        """A result, and who copies it if it shares memory with something that stays."""
        is_shared = number in self._plan.memory.detached
        return number, self._at(self._plan.program.places.get(number)) if is_shared else None

    def __call__(
        self, feeds: Sequence[Array], state: Sequence[Array]
    ) -> tuple[list[Array], list[Array]]:
        """Feeds and variables in the program's order -> fetches, new values of variables."""
        values: list[Any] = [None] * self._slot_count
        for number, value in self._values.items():
            values[number] = value
        for number, value in zip(self._feed_slots, feeds, strict=True):
            values[number] = value
        for number, value in zip(self._state_slots, state, strict=True):
            values[number] = value
        position = 0
        with self._backend.guard():
            try:
                for kernel, inputs, output, dying in self._steps:
                    result = kernel(*inputs(values))
                    if isinstance(output, int):
                        values[output] = result
                    else:
                        for number, value in zip(output, result, strict=True):
                            values[number] = value
                    for number in dying:
                        values[number] = None
                    position += 1
            except ThalwegError as error:
                origin = self._instructions[position].origin
                raise error.at(
                    node=origin.node, layer=origin.owner, site=origin.site
                ) from error.__cause__
            except Exception as error:
                raise self._failed(position, error) from error
        return (
            [_handed_out(values[n], copier) for n, copier in self._fetches],
            [_as_state(_handed_out(values[n], copier)) for n, copier in self._state],
        )

    def _failed(self, position: int, error: Exception) -> KernelError:
        instruction = self._instructions[position]
        origin = instruction.origin
        return KernelError(
            instruction.opdef.label,
            f"its kernel failed: {type(error).__name__}: {error}",
            node=origin.node,
            layer=origin.owner,
            site=origin.site,
        )


def _getter(slots: list[int]) -> Callable[[list[Any]], tuple[Any, ...]]:
    if len(slots) >= 2:
        return itemgetter(*slots)
    if not slots:
        return lambda values: ()
    [slot] = slots
    return lambda values: (values[slot],)


class _Bodies:
    """Runs the bodies of one instruction on a backend. Implements `ops.loops.Runner`."""

    def __init__(
        self, backend: Backend, bodies: Sequence[SizedProgram], types: Sequence[TensorType]
    ) -> None:
        self.xp = backend.xp
        self.types = types
        self.host = backend.get
        self.copy = backend.copy
        self._bodies = bodies

    def call(self, body: int, arrays: Sequence[Any]) -> list[Any]:
        """Runs a body."""
        return self._bodies[body](arrays)[0]


def body_runner(backend: Backend, plan: Plan, instruction: Instruction, opdef: BodyOp) -> Kernel:
    """What executes an instruction whose op has bodies; they are planned for its backend."""
    bodies = [SizedProgram(body, backend, plan.passes_off) for body in opdef.bodies]
    types = [plan.program.types[n] for n in instruction.outputs]
    run = partial(opdef.execute, _Bodies(backend, bodies, types))
    return run if len(types) != 1 else lambda *arrays: run(*arrays)[0]


def _mover(source: Backend, target: Backend) -> Kernel:
    if source is target:
        return lambda array: array
    return lambda array: target.put(source.get(array))


def _guarded(kernel: Kernel, backend: Backend) -> Kernel:
    def run(*arrays: Any) -> Any:
        with backend.guard():
            return kernel(*arrays)

    return run


def _as_state(value: Array) -> Array:
    """An array in the order of its axes: kernels give scalars, and views such as reversed ones."""
    return np.asarray(value, order="C") if isinstance(value, np.generic | np.ndarray) else value


def _handed_out(value: Array, copier: Backend | None) -> Array:
    if copier is None:
        return value
    return value.copy() if value.dtype.hasobject else copier.copy(value)
