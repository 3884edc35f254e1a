"""Programs that meet their sizes at run time: the rest of a plan, and the bodies of loops.

A `SizedProgram` is planned when it is called with arrays of new sizes, and keeps the plan for the
next time. Feeds that decide sizes by their values become constants of the plan, and join its key.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..plan import Plan, make_plan
from ..program import Program
from ..segments import Rest
from ..types import Array
from .base import Backend, Executable, device_backend

__all__ = ["SizedProgram", "executable"]

MAX_PLANS = 64  # kept a program: sizes that depend on data take many values


class SizedProgram:
    """A program, and what a backend made of it for each set of sizes.

    Args:
        program: its feeds may have any sizes that its types allow; it reads no variables.
        backend: of the device where its feeds and results are.
        passes_off: names of passes to leave out.
    """

    def __init__(
        self, program: Program, backend: Backend, passes_off: frozenset[str] = frozenset()
    ) -> None:
        self._program = program
        self._backend = backend
        self._passes_off = passes_off
        host = {
            instruction.inputs[position]
            for instruction in program.instructions
            for position in instruction.opdef.host_inputs
        }
        self._deciding = {
            i: _backend_at(program.places.get(n), backend)
            for i, n in enumerate(program.feeds)
            if n in host
        }
        self._made: OrderedDict[Any, tuple[Executable, list[int]]] = OrderedDict()
        self._lock = threading.RLock()

    def __call__(self, feeds: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Runs it: one array a feed -> fetches, new values of variables."""
        given = {i: np.array(home.get(feeds[i])) for i, home in self._deciding.items()}
        values = [(array.shape, array.tobytes()) for array in given.values()]
        key = (*[array.shape for array in feeds], *values)
        found = self._made.get(key)
        if found is None:
            found = self._make(key, feeds, given)
        execute, positions = found
        return execute([feeds[i] for i in positions], ())

    def _make(
        self, key: Any, feeds: Sequence[Array], given: dict[int, np.ndarray[Any, Any]]
    ) -> tuple[Executable, list[int]]:
        shapes = [tuple(array.shape) for array in feeds]
        plan = make_plan(self._program, shapes, self._passes_off, given, self._backend.fusion)
        positions = [i for i, n in enumerate(plan.program.feeds) if n is not None]
        made = executable(plan, self._backend), positions
        with self._lock:
            self._made[key] = made
            if len(self._made) > MAX_PLANS:
                self._made.popitem(last=False)
        return made


def _backend_at(device: str | None, default: Backend) -> Backend:
    return default if device is None else device_backend(device)


def executable(plan: Plan, backend: Backend) -> Executable:
    """A function (feeds, variables) -> (fetches, new variable values) that also runs the rest."""
    first = backend.compile(plan)
    if plan.rest is None:
        return first
    return _Continued(first, plan.rest, backend, plan.passes_off)


class _Continued:
    """A plan, and then what its results let plan."""

    def __init__(
        self, first: Executable, rest: Rest, backend: Backend, passes_off: frozenset[str]
    ) -> None:
        self._first = first
        self._sources = rest.sources
        self._rest = SizedProgram(rest.program, backend, passes_off)

    def __call__(
        self, feeds: Sequence[Array], state: Sequence[Array]
    ) -> tuple[list[Array], list[Array]]:
        made, _ = self._first(feeds, state)
        values = [*feeds, *state, *made]
        return self._rest([values[i] for i in self._sources])
