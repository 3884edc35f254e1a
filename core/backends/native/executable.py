"""A plan as the engine runs it: native segments, and what has no kernel in between.

Values that the plan computes lie in one arena, where `passes/memory.py` has put them; feeds,
variables and results are arrays of Python's. A variable that the plan replaces at its end is
written in place; every other result is a fresh array. Instructions without a kernel get views of
the same memory, and what they return is copied there.

Calls that depend only on constants, and on variables that the plan does not write, make the
prologue: packed weights, folded batch normalisations. It runs at first use, and again only when one
of its variables has changed.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import KernelError, ThalwegError
from ...ops.loops import BodyOp
from ...plan import Plan
from ...program import Instruction
from ...types import Array
from ..base import Backend, Kernel
from ..interpreter import body_runner
from .assembly import ADDRESS, ARENA, address_of, aligned, assemble, round_up
from .failures import StepFailed
from .lowered import Lowered
from .lowering import ALIGNMENT, KernelCall

__all__ = ["NativeExecutable"]

MAX_CALL_S = 0.05  # of repeated runs, before Python can look at signals again


class _Part(NamedTuple):
    """Steps first .. last-1 of the executor; or one instruction without a kernel."""

    first: int
    last: int
    instruction: Instruction | None = None
    kernel: Kernel | None = None


class NativeExecutable:
    """A compiled plan. Implements `Executable`.

    Args:
        backend: whose kernels run what the engine has none for.
        plan: all of it runs on the host.
        strict: whether an instruction without a kernel is an error.
        may_round: whether operands of large products may be rounded to bfloat16.

    Raises:
        KernelError: if `strict`, and the engine lacks a kernel.
    """

    def __init__(
        self, backend: Backend, plan: Plan, strict: bool = False, may_round: bool = False
    ) -> None:
        self._backend = backend
        self._plan = plan
        program = plan.program
        self._lowered = Lowered(plan, strict, may_round=may_round)
        feeds = [n for n in program.feeds if n is not None]
        self._state = list(program.state_in.values())
        self._in_place = self._find_in_place()
        self._boxed_feeds = {n: i for i, n in enumerate(feeds) if not self._lowered.is_plain(n)}
        self._boxed_state = {
            n: i for i, n in enumerate(self._state) if not self._lowered.is_plain(n)
        }
        self._given = [i for i, n in enumerate(feeds) if n not in self._boxed_feeds]
        self._external = {feeds[i]: k for k, i in enumerate(self._given)}
        self._state_given = [i for i, n in enumerate(self._state) if n not in self._boxed_state]
        for i in self._state_given:
            self._external[self._state[i]] = len(self._external)
        self._fresh: list[tuple[int, Any, Any]] = []
        for n in dict.fromkeys(program.results()):
            if self._is_fresh(n):
                self._external[n] = len(self._external)
                type_ = program.types[n]
                self._fresh.append((n, type_.shape, type_.dtype.numpy))
        self._prologue = _Prologue(self._lowered, self._state) if self._lowered.hoisted else None
        for n in self._prologue.values if self._prologue else ():
            self._external[n] = len(self._external)
        for n, position in self._in_place.items():
            self._external[n] = self._external[self._state[position]]
        self._external.update(self._made_in_results())
        self._executor, self._parts = self._make_executor()
        self._is_native = all(part.instruction is None for part in self._parts)
        results = set(program.results()) - set(self._in_place)
        self._is_simple = self._is_native and results <= {n for n, _, _ in self._fresh}

    def _find_in_place(self) -> dict[int, int]:
        """Results that are written over the variable they replace -> its position in the state."""
        memory = self._plan.memory
        position = {n: i for i, n in enumerate(self._state)}
        results = self._plan.program.state_out.values()
        return {n: position[memory.reused[n]] for n in results if n in memory.in_place}

    def _is_fresh(self, n: int) -> bool:
        """Whether a result is computed into an array made for it."""
        elsewhere = n in self._external or n in self._in_place or n in self._lowered.constants
        return not elsewhere and self._lowered.root(n) == n and self._lowered.is_plain(n)

    def _made_in_results(self) -> dict[int, int]:
        """Values that one instruction reads and may overwrite by a result: they lie in its array.

        So an initial value of 400 MB, drawn and then scaled, takes 400 MB and not 800: pages of the
        arena that nothing touches do not exist.
        """
        program, memory = self._plan.program, self._plan.memory
        readers = Counter(n for i in program.instructions for n in i.inputs)
        apart = {n for i in program.instructions if not i.opdef.may_alias for n in i.outputs}
        apart -= {*memory.root, *memory.root.values(), *memory.reused, *memory.reused.values()}
        apart -= set(program.results())
        made: dict[int, int] = {}
        fresh = {n for n, _, _ in self._fresh}
        for instruction in program.instructions:
            for out, candidates in instruction.opdef.reuse.items():
                n = instruction.outputs[out]
                inputs = [candidates] if isinstance(candidates, int) else candidates
                for source in (instruction.inputs[i] for i in inputs):
                    is_ours = source in apart and source not in self._external
                    types = program.types[source], program.types[n]
                    same = types[0].dtype == types[1].dtype and types[0].size == types[1].size
                    if n in fresh and is_ours and same and readers[source] == 1:
                        made[source] = self._external[n]
                        break
        return made

    # Layout -------------------------------------------------------------------------------------

    def _make_executor(self) -> tuple[Any, list[_Part]]:
        start = round_up(self._plan.memory.arena_bytes)
        offsets, end = self._lowered.place_temporaries(start)
        calls: list[KernelCall] = []
        parts: list[_Part] = []
        for item in self._lowered.items:
            if item.calls is None:
                instruction = item.instruction
                parts.append(_Part(0, 0, instruction, self._kernel(instruction)))
                continue
            for call in item.calls:
                calls.append(call)
                if parts and parts[-1].instruction is None:
                    parts[-1] = parts[-1]._replace(last=len(calls))
                else:
                    parts.append(_Part(len(calls) - 1, len(calls)))
        executor = assemble(
            calls, lambda value: self._place(value, offsets), end, self._steps_before_writes(calls)
        )
        return executor, parts

    def _steps_before_writes(self, calls: Sequence[KernelCall]) -> int:
        """How many of these have run when the first variable is written over."""
        written = {self._lowered.root(n) for n in self._in_place}
        writes = (not written.isdisjoint(map(self._lowered.root, c.outputs)) for c in calls)
        return next((k for k, is_write in enumerate(writes) if is_write), len(calls))

    def _place(self, value: int, offsets: dict[int, int]) -> tuple[int, int]:
        root = self._lowered.root(value)
        if root in self._lowered.constants:
            return ADDRESS, address_of(self._lowered.constants[root])
        if root in self._external:
            return self._external[root], 0
        return ARENA, offsets[root] if root < 0 else self._plan.memory.offset[root]

    def _kernel(self, instruction: Instruction) -> Kernel:
        if isinstance(instruction.opdef, BodyOp):
            return body_runner(self._backend, self._plan, instruction, instruction.opdef)
        types = [self._plan.program.types[n] for n in instruction.inputs]
        in_place = instruction.opdef.in_place and instruction.outputs[0] in self._in_place
        return self._backend.runner(instruction, types, in_place=in_place)

    # Running ------------------------------------------------------------------------------------

    def __call__(
        self, feeds: Sequence[Array], state: Sequence[Array]
    ) -> tuple[list[Array], list[Array]]:
        """Feeds and variables in the program's order -> fetches, new values of variables."""
        arrays = [np.ascontiguousarray(feeds[i]) for i in self._given]
        arrays += [state[i] for i in self._state_given]
        made: dict[int, Any] = {}
        for n, shape, dtype in self._fresh:
            made[n] = array = np.empty(shape, dtype)
            arrays.append(array)
        if self._prologue is not None:
            arrays += self._prologue.arrays_for(state)
        if self._is_simple:
            try:
                self._executor.run(arrays)
            except StepFailed as failure:
                raise _step_error(failure.instruction, failure) from None
        else:
            self._run_parts(arrays, made, feeds, state)
        return self._results(made, state)

    def _results(
        self, made: dict[int, Any], state: Sequence[Array]
    ) -> tuple[list[Array], list[Array]]:
        """Fetches and new values of variables, of what a run has made and written in place."""
        for n, position in self._in_place.items():
            made[n] = state[position].view()  # another object: who knew the old one sees a change
        program, shared = self._plan.program, self._plan.memory.detached
        fetches, new = (
            [np.array(made[n], order="C") if n in shared else made[n] for n in values]
            for values in (program.fetches, program.state_out.values())
        )
        return fetches, new

    @property
    def can_repeat(self) -> bool:
        """Whether `repeat` can take it: all of it runs in the engine, and it reads no strings."""
        return self._is_simple and not self._boxed_feeds and not self._boxed_state

    def repeat(
        self,
        feeds: Sequence[Array],
        state: Sequence[Array],
        are_cut: Sequence[bool],
        *,
        count: int,
        keeps_all: bool,
    ) -> tuple[int, list[Array], list[Array], BaseException | None]:
        """Several runs in one call, each with what the one before made of the variables.

        Args:
            feeds: arrays; of those that are cut, the parts for all runs one after another.
            state: the variables.
            are_cut: which feeds are.
            count: how many runs; fewer are done if they take long (`MAX_CALL_S`).
            keeps_all: whether to return the fetches of all runs, one after another, or the last.

        Returns:
            How many runs are done; fetches; new values of variables; and what stopped the next.

        Raises:
            KernelError: if not even one could be done; or what a handler of a signal has raised.
        """
        strides: list[int] = []
        arrays: list[Any] = []
        for i in self._given:
            arrays.append(np.ascontiguousarray(feeds[i]))
            strides.append(arrays[-1].nbytes // count if are_cut[i] else 0)
        arrays += [state[i] for i in self._state_given]
        strides += [0] * len(self._state_given)
        made: dict[int, Any] = {}
        kept = set(self._plan.program.fetches) if keeps_all else set()
        for n, shape, dtype in self._fresh:
            array = np.empty((count, *shape) if n in kept else shape, dtype)
            arrays.append(array)
            strides.append(array.nbytes // count if n in kept else 0)
            made[n] = array
        if self._prologue is not None:
            arrays += self._prologue.arrays_for(state)
            strides += [0] * len(self._prologue.values)
        spares = self._spares()
        turns = [
            (self._external[self._state[i]], self._external[n], len(arrays) + k)
            for k, (n, positions) in enumerate(spares.items())
            for i in positions
        ]
        spare_arrays = {n: np.empty_like(made[n]) for n in spares}
        run = self._executor.begin([*arrays, *spare_arrays.values()])
        done, failure = run.repeat(strides, turns, count, MAX_CALL_S)
        error: BaseException | None = failure
        if isinstance(failure, StepFailed):
            error = _step_error(failure.instruction, failure)
        if error is not None and not done:
            raise error
        if done % 2 == 0:
            made.update(spare_arrays)
        for n in kept:
            made[n] = made[n][:done].reshape(-1, *made[n].shape[2:])
        return done, *self._results(made, state), error

    def _spares(self) -> dict[int, list[int]]:
        """Results that need two places in turn -> positions of the variables that they become."""
        program = self._plan.program
        position = {variable: i for i, variable in enumerate(program.state_in)}
        spares: dict[int, list[int]] = {}
        for variable, n in program.state_out.items():
            if n not in self._in_place and variable in position:
                spares.setdefault(n, []).append(position[variable])
        return spares

    def _run_parts(
        self,
        arrays: Sequence[Array],
        made: dict[int, Any],
        feeds: Sequence[Array],
        state: Sequence[Array],
    ) -> None:
        """Segments and instructions in turn; adds the results that are not written directly."""
        run = self._executor.begin(arrays)
        memory = _Memory(self._plan, self._lowered, self._external, arrays, run.memory())
        if self._prologue is not None:
            kept = arrays[len(arrays) - len(self._prologue.values) :]
            memory.kept = dict(zip(self._prologue.values, kept, strict=True))
        memory.boxed.update({n: feeds[i] for n, i in self._boxed_feeds.items()})
        memory.boxed.update({n: state[i] for n, i in self._boxed_state.items()})
        with self._backend.guard():
            for part in self._parts:
                if part.instruction is not None:
                    self._run_instruction(part, memory)
                    continue
                try:
                    run.steps(part.first, part.last)
                except StepFailed as failure:
                    raise _step_error(failure.instruction, failure) from None
        for n in self._plan.program.results():
            if n not in made and n not in self._in_place:
                made[n] = memory.read(n)

    def _run_instruction(self, part: _Part, memory: _Memory) -> None:
        instruction, kernel = part.instruction, part.kernel
        if instruction is None or kernel is None:
            return
        try:
            inputs: Any = map(memory.read, instruction.inputs)
            if instruction.opdef.runs_on_host:  # it may be the user's, and keep what it is given
                inputs = map(_owned, inputs)
            result = kernel(*inputs)
        except ThalwegError as error:
            at = instruction.origin
            raise error.at(node=at.node, layer=at.owner, site=at.site) from error.__cause__
        except Exception as error:
            raise _kernel_error(instruction, error) from error
        results = result if len(instruction.outputs) != 1 else (result,)
        for number, value in zip(instruction.outputs, results, strict=True):
            memory.write(number, value)


class _Prologue:
    """What follows from unwritten variables alone, computed when they change.

    Arrays that were computed never change: a run of one session goes on with its own while another
    session's variables, or later ones, give others.
    """

    def __init__(self, lowered: Lowered, state: Sequence[int]) -> None:
        self._lowered = lowered
        self.values = [n for n in lowered.hoisted_values if n not in lowered.passing]
        self._sizes = [lowered.hoisted_values[n] for n in self.values]
        read = {lowered.root(n) for call in lowered.hoisted for n in call.inputs}
        self._positions = [i for i, n in enumerate(state) if n in read]
        order = [*(state[i] for i in self._positions), *self.values]
        self._external = {n: k for k, n in enumerate(order)}
        self._offsets, arena_bytes = self._place_passing()
        self._executor = assemble(lowered.hoisted, self._place, arena_bytes)
        self._kept: list[tuple[list[Any], list[Array]]] = []  # variables, by weak references
        self._lock = threading.Lock()

    def _place(self, value: int) -> tuple[int, int]:
        root = self._lowered.root(value)
        if root in self._lowered.constants:
            return ADDRESS, address_of(self._lowered.constants[root])
        return (ARENA, self._offsets[root]) if root in self._offsets else (self._external[root], 0)

    def _place_passing(self) -> tuple[dict[int, int], int]:
        """Offsets of what later calls of the prologue read, and nothing else; and the end of it.

        An instruction's calls hand them on to each other, so they seldom wait: the memory is
        used anew as soon as none does.
        """
        calls, passing = self._lowered.hoisted, self._lowered.passing
        last = {n: k for k, call in enumerate(calls) for n in (*call.outputs, *call.inputs)}
        offsets: dict[int, int] = {}
        waiting: set[int] = set()
        at, end = 0, ALIGNMENT
        for k, call in enumerate(calls):
            for n in call.outputs:
                if n in passing and n not in offsets:
                    offsets[n] = at
                    waiting.add(n)
                    at += round_up(self._lowered.hoisted_values[n])
            end = max(end, at)
            waiting = {n for n in waiting if last[n] > k}
            if not waiting:
                at = 0
        return offsets, end

    def arrays_for(self, state: Sequence[Array]) -> list[Array]:
        """One array for each of `values`, for these variables; those of the last two are kept."""
        current = [state[i] for i in self._positions]
        with self._lock:
            for references, arrays in self._kept:
                if all(seen() is array for seen, array in zip(references, current, strict=True)):
                    return arrays
            arrays = [aligned(size) for size in self._sizes]
            try:
                self._executor.run([*current, *arrays])
            except StepFailed as failure:
                raise _step_error(failure.instruction, failure) from None
            self._kept = [*self._kept[-1:], ([weakref.ref(a) for a in current], arrays)]
            return arrays


class _Memory:
    """The values of one run, as arrays for instructions that the engine has no kernel for."""

    def __init__(
        self,
        plan: Plan,
        lowered: Lowered,
        external: dict[int, int],
        arrays: Sequence[Array],
        arena: memoryview,
    ) -> None:
        self._plan = plan
        self._lowered = lowered
        self._external = external
        self._arrays = arrays
        self._arena = np.frombuffer(arena, np.uint8)
        self.boxed: dict[int, Any] = {}  # strings, and what has got its size from data
        self.kept: dict[int, Any] = {}

    def read(self, n: int) -> Any:
        """A value; a view of the run's memory if it lies there."""
        if n in self.boxed:
            return self.boxed[n]
        constant = self._plan.program.constants.get(n)
        if constant is not None:
            return constant
        type_, root = self._plan.program.types[n], self._lowered.root(n)
        if root in self.boxed:
            return self.boxed[root].reshape(type_.shape)
        if root in self._lowered.constants:
            return self._lowered.constants[root].reshape(type_.shape)
        if root in self.kept:
            raw = self.kept[root]
        elif root in self._external:
            return self._arrays[self._external[root]].reshape(type_.shape)
        else:
            start = self._plan.memory.offset[root]
            raw = self._arena[start : start + (type_.size_bytes or 0)]
        return raw[: type_.size_bytes].view(type_.dtype.numpy).reshape(type_.shape)

    def write(self, n: int, value: Any) -> None:
        """Copies a value to where the plan wants it."""
        if not self._lowered.is_plain(n):
            self.boxed[n] = value
        elif not _is_same(value, place := self.read(n)):
            np.copyto(place, value)


def _owned(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _is_same(value: Any, place: np.ndarray[Any, Any]) -> bool:
    """Whether a value was computed where it belongs already."""
    is_array = isinstance(value, np.ndarray) and value.flags.c_contiguous
    return is_array and address_of(value) == address_of(place)


def _step_error(instruction: Instruction, failure: StepFailed) -> ThalwegError:
    """In the op's own words, if it has some for this."""
    at = instruction.origin
    error = instruction.opdef.failure(str(failure)) or _kernel_error(instruction, failure)
    return error.at(node=at.node, layer=at.owner, site=at.site)


def _kernel_error(instruction: Instruction, error: Exception) -> KernelError:
    origin = instruction.origin
    kind = "" if isinstance(error, StepFailed) else f"{type(error).__name__}: "
    return KernelError(
        instruction.opdef.label,
        f"its kernel failed: {kind}{error}",
        node=origin.node,
        layer=origin.owner,
        site=origin.site,
    )
