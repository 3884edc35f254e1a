"""The one place where a backend plugs in.

A backend says where arrays live (`allocate`, `to_host`, `from_host`), which kernels it has
(`kernel`), and how a plan becomes something callable (`compile`: the plain loop below, unless it
knows better). An instruction runs the backend's own kernel if there is one, else the op's
`compute` with the backend's array module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from ..errors import KernelError, OptionError, ThalwegError, nearest
from ..opdef import OpDef
from ..plan import Plan
from ..program import Instruction
from ..types import Array, TensorType

__all__ = ["Backend", "Executable", "get_backend", "register_backend"]

Kernel = Callable[..., Any]
Executable = Callable[[Sequence[Array], Sequence[Array]], tuple[list[Array], list[Array]]]


class Backend:
    """Where arrays live and which kernels exist.

    Attributes:
        name: as in `Session(backend=...)`.
        xp: the NumPy-like module that `compute` receives.
    """

    name: str
    xp: Any

    def allocate(self, type_: TensorType) -> Array:
        """An array of this static type with undefined contents."""
        return self.xp.empty(type_.shape, type_.dtype.numpy)

    def from_host(self, array: np.ndarray[Any, Any]) -> Array:
        """A NumPy array on the backend's device; may share memory if it can."""
        raise NotImplementedError

    def to_host(self, array: Array) -> np.ndarray[Any, Any]:
        """A backend array as a NumPy array; may share memory if it can."""
        raise NotImplementedError

    def copy(self, array: Array) -> Array:
        """A copy that shares no memory."""
        return self.xp.array(array)

    def kernel(self, opdef: OpDef, types: Sequence[TensorType]) -> Kernel | None:
        """The backend's own kernel for an op on inputs of these static types, if it has one."""
        del opdef, types
        return None

    def put(self, array: np.ndarray[Any, Any]) -> Array:
        """`from_host`, but strings, which no device holds, stay."""
        return array if array.dtype.hasobject else self.from_host(array)

    def get(self, array: Array) -> np.ndarray[Any, Any]:
        """`to_host`, but strings are there."""
        return np.asarray(array) if array.dtype.hasobject else self.to_host(array)

    def guard(self) -> Any:
        """A `with` block around every run."""
        return nullcontext()

    def compile(self, plan: Plan) -> Executable:
        """A function (feeds, variables) -> (fetches, new variable values).

        Feeds come in the order of `program.feeds` without the Nones, variables in the order of
        `state_in` and `state_out`.
        """
        return _Loop(self, plan)

    def runner(self, instruction: Instruction, types: Sequence[TensorType]) -> Kernel:
        """What executes an instruction whose inputs have these types."""
        opdef = instruction.opdef
        if _is_on_host(opdef, types):
            return partial(self._run_on_host, opdef)
        return self.kernel(opdef, types) or partial(opdef.compute, self.xp)

    def _run_on_host(self, opdef: OpDef, *inputs: Array) -> Any:
        result = opdef.compute(np, *map(self.get, inputs))
        if isinstance(result, tuple):
            return tuple(self.put(np.asarray(array)) for array in result)
        return self.put(np.asarray(result))

    def describe(self, instruction: Instruction, types: Sequence[TensorType]) -> str:
        """Who runs an instruction, for `explain()`."""
        if _is_on_host(instruction.opdef, types):
            return "compute on the host"
        own = self.kernel(instruction.opdef, types) is not None
        return f"{self.name} kernel" if own else f"compute on {self.name}"


def _is_on_host(opdef: OpDef, types: Sequence[TensorType]) -> bool:
    return opdef.runs_on_host or any(type_.dtype.is_string for type_ in types)


class _Loop:
    """The plain executor: one kernel after another, each value dropped after its last reader."""

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
            kernel = backend.runner(instruction, types)
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


_backends: dict[str, Callable[[], Backend]] = {}
_instances: dict[str, Backend] = {}


def register_backend(name: str, make: Callable[[], Backend]) -> None:
    """Makes a backend known by name; third parties use the entry-point group instead.

    Args:
        name: as in `Session(backend=name)`.
        make: called once, at first use.
    """
    _backends[name] = make
    _instances.pop(name, None)


def get_backend(name: str) -> Backend:
    """The backend of that name, made at first use.

    Raises:
        OptionError: if there is none, with the names there are.
    """
    if name not in _instances:
        if name not in _backends:
            from importlib.metadata import entry_points  # costs an import of 40 ms

            for entry in entry_points(group="thalweg.backends"):
                _backends.setdefault(entry.name, entry.load())
        if name not in _backends:
            raise OptionError(
                "backend",
                "unknown backend",
                expected="one of " + ", ".join(sorted(_backends)),
                got=repr(name),
                hint=nearest(name, _backends),
            )
        _instances[name] = _backends[name]()
    return _instances[name]
