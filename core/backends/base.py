"""The one place where a backend plugs in.

A backend says where arrays live (`allocate`, `to_host`, `from_host`), which kernels it has
(`kernel`), and how a plan becomes something callable (`compile`: the plain loop of
`interpreter.py`, unless it knows better). An instruction runs the backend's own kernel if there is
one, else the op's `compute` with the backend's array module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from ..errors import OptionError, nearest
from ..opdef import OpDef
from ..passes.fuse import Fusion
from ..plan import Plan
from ..program import Instruction, Program
from ..types import Array, TensorType

__all__ = ["Backend", "Executable", "device_backend", "get_backend", "register_backend"]

Kernel = Callable[..., Any]
Executable = Callable[[Sequence[Array], Sequence[Array]], tuple[list[Array], list[Array]]]


class Backend:
    """Where arrays live and which kernels exist.

    Attributes:
        name: as in `Session(backend=...)`.
        xp: the NumPy-like module that `compute` receives.
        fusion: which instructions it can run as one; None if it fuses nothing.
    """

    name: str
    xp: Any
    fusion: Fusion | None = None

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

    @property
    def plan_key(self) -> str:
        """By which compiled plans are kept."""
        return self.name

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
        from .interpreter import Interpreter  # which needs this module

        return Interpreter(self, plan)

    def runner(
        self, instruction: Instruction, types: Sequence[TensorType], *, in_place: bool = False
    ) -> Kernel:
        """What executes an instruction whose inputs have these types.

        Args:
            instruction: the instruction.
            types: of its inputs.
            in_place: whether it may write over its input, if its op can (`OpDef.in_place`).
        """
        opdef = instruction.opdef
        if _is_on_host(opdef, types):
            return partial(self._run_on_host, opdef)
        options = {"in_place": True} if in_place else {}
        return self.kernel(opdef, types) or partial(opdef.compute, self.xp, **options)

    def _run_on_host(self, opdef: OpDef, *inputs: Array) -> Any:
        host = opdef.host_inputs  # those are on the host already
        arrays = (x if i in host else self.get(x) for i, x in enumerate(inputs))
        result = opdef.compute(np, *arrays)
        if isinstance(result, tuple):
            return tuple(self.put(_host_array(array)) for array in result)
        return self.put(_host_array(result))

    def describe(self, instruction: Instruction, program: Program) -> str:
        """Who runs an instruction of a planned program, for `explain()`."""
        types = [program.types[n] for n in instruction.inputs]
        if _is_on_host(instruction.opdef, types):
            return "compute on the host"
        own = self.kernel(instruction.opdef, types) is not None
        return f"{self.name} kernel" if own else f"compute on {self.name}"


def _host_array(value: Any) -> np.ndarray[Any, Any]:
    """A scalar as an array; NumPy's own strings would lose zeros at the end of bytes."""
    return np.asarray(value, object if isinstance(value, bytes) else None)


def _is_on_host(opdef: OpDef, types: Sequence[TensorType]) -> bool:
    return opdef.runs_on_host or any(type_.dtype.is_string for type_ in types)


_backends: dict[str, Callable[..., Backend]] = {}
_instances: dict[tuple[str, int], Backend] = {}
_KINDS = {"cpu": "numpy", "gpu": "cupy"}  # of devices; others are named like their backends


def register_backend(name: str, make: Callable[..., Backend]) -> None:
    """Makes a backend known by name; third parties use the entry-point group instead.

    Args:
        name: as in `Session(backend=name)`.
        make: called once a device, at first use: `make()`, or `make(1)` for the second device.
    """
    _backends[name] = make
    for key in [key for key in _instances if key[0] == name]:
        del _instances[key]


def device_backend(device: str) -> Backend:
    """The backend of a device, `"gpu:0"`.

    Raises:
        OptionError, DeviceError: if there is no such device, and why.
    """
    kind, _, index = device.partition(":")
    return get_backend(_KINDS.get(kind, kind), int(index or 0))


def get_backend(name: str, index: int = 0) -> Backend:
    """The backend of that name, made at first use.

    Args:
        name: as it was registered.
        index: which of its devices.

    Raises:
        OptionError: if there is none, with the names there are.
        DeviceError: if it has no such device, and why.
    """
    if (name, index) not in _instances:
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
        make = _backends[name]
        _instances[name, index] = make(index) if index else make()
    return _instances[name, index]
