"""The plain executor of a plan, for every backend that has none of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from ..errors import KernelError, ThalwegError
from ..ops.loops import BodyOp
from ..plan import Plan
from ..program import Instruction
from ..types import Array, TensorType
from .base import Backend, Kernel
from .sized import SizedProgram

__all__ = ["Interpreter"]


class Interpreter:
    """One kernel after another, each value dropped after its last reader.

    Args:
        backend: whose kernels run.
        plan: its instructions are run; not its rest.
    """

    def __init__(self, backend: Backend, plan: Plan) -> None:
        program = plan.program
        self._backend = backend
        self._instructions = program.instructions
        self._feed_slots = [n for n in program.feeds if n is not None]
        self._state_slots = list(program.state_in.values())
        self._values = {n: backend.put(a) for n, a in program.constants.items()}
        self._steps = []
        slot_of: dict[int, int] = {}  # host operands have a second slot with the NumPy array
        next_slot = len(program.types)
        for instruction, dying in zip(program.instructions, plan.memory.dies_after, strict=True):
            slots = list(instruction.inputs)
            for index in instruction.opdef.host_inputs:
                number = slots[index]
                if number not in slot_of:
                    slot_of[number] = next_slot
                    self._values[next_slot] = program.constants[number]
                    next_slot += 1
                slots[index] = slot_of[number]
            types = [program.types[n] for n in instruction.inputs]
            kernel = _body_runner(backend, plan, instruction) or backend.runner(instruction, types)
            outputs = instruction.outputs
            self._steps.append(
                (
                    kernel,
                    _getter(slots),
                    outputs[0] if len(outputs) == 1 else outputs,
                    tuple(dying),
                )
            )
        self._slot_count = next_slot
        detached = plan.memory.detached
        self._fetches = [(n, n in detached) for n in program.fetches]
        self._state = [(n, n in detached) for n in program.state_out.values()]

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
            [self._result(values[n], shared) for n, shared in self._fetches],
            [self._result(values[n], shared) for n, shared in self._state],
        )

    def _result(self, value: Array, is_shared: bool) -> Array:
        if not is_shared:
            return value
        return value.copy() if value.dtype.hasobject else self._backend.copy(value)

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


def _body_runner(backend: Backend, plan: Plan, instruction: Instruction) -> Kernel | None:
    opdef = instruction.opdef
    if not isinstance(opdef, BodyOp):
        return None
    bodies = [SizedProgram(body, backend, plan.passes_off) for body in opdef.bodies]
    types = [plan.program.types[n] for n in instruction.outputs]
    run = partial(opdef.execute, _Bodies(backend, bodies, types))
    return run if len(types) != 1 else lambda *arrays: run(*arrays)[0]
