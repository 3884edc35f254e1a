"""Runs a program in every way there is, and compares each with what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.graph import Operation, Tensor
from thalweg.core.opdef import OpDef
from thalweg.core.ops.state import StateOp, Variable
from thalweg.core.passes import PIPELINE

from . import arena  # noqa: F401  (registers its backend)
from .eager import Cell, EagerCore
from .effects import LOG, note
from .interpreter import Interpreter, NotFed
from .programs import Load, Program, Run, Statement, Step

__all__ = [
    "CONFIGURATIONS",
    "NATIVE",
    "PASSES",
    "Configuration",
    "Inexact",
    "Report",
    "assert_equal",
    "check",
    "check_traced",
    "namespace",
    "variables_of",
    "watch_sums",
]

Array = np.ndarray[Any, Any]


class Configuration(NamedTuple):
    """A way to run programs."""

    backend: str
    passes_off: tuple[str, ...] = ()


PASSES = tuple(pass_.__name__ for pass_ in PIPELINE)
# only the engine fuses; without the other passes there is more to fuse
NATIVE = tuple(
    Configuration("native", off)
    for off in ((), ("fuse",), PASSES, (*PASSES, "fuse"))
    if extension is not None
)
CONFIGURATIONS = (
    Configuration("numpy"),
    *(Configuration("numpy", (name,)) for name in PASSES),
    Configuration("numpy", PASSES),
    Configuration("strict"),
    Configuration("arena"),
    Configuration("arena", PASSES),
    *NATIVE,
)


class Report(NamedTuple):
    """How much was compared.

    Attributes:
        runs: how many runs the program has.
        skipped: those after the numbers had become too large for exact sums.
    """

    runs: int
    skipped: int


class Inexact(Exception):
    """The order of additions would matter."""


def check(program: Program, configurations: Sequence[Configuration] = CONFIGURATIONS) -> Report:
    """Runs a program in all configurations, and by the interpreter.

    Raises:
        AssertionError: if something differs.
    """
    has_devices = any(isinstance(s, Statement) and "core.device" in s.text for s in program.steps)
    # without the pass `place`, nothing comes to a device
    ways = [way for way in configurations if not (has_devices and "place" in way.passes_off)]
    with poisoned_arenas():
        return _Check(ways).run(program)


def check_traced(program: Program) -> Report:
    """Runs a program that is one trace, and reads its text as Python does.

    Raises:
        AssertionError: if something differs.
    """
    ways = [Configuration("numpy"), Configuration("numpy", PASSES), *NATIVE[:1]]
    with poisoned_arenas():
        return _TracedCheck(ways).run(program)


@contextmanager
def poisoned_arenas() -> Iterator[None]:
    """Before each run the engine's memory is full of NaNs."""
    if extension is None:
        yield
        return
    extension.poison_arenas(True)
    try:
        yield
    finally:
        extension.poison_arenas(False)


def namespace() -> dict[str, Any]:
    """What the text of programs may name."""
    return {"np": np, "core": core, "array": np.array, "note": note}


class _Check:
    """One program, its graph, its sessions, and what they ought to hold."""

    def __init__(self, configurations: Sequence[Configuration]) -> None:
        self.graph = core.Graph()
        self.graph.seed = 7
        self.names = namespace()
        self.configurations = configurations
        self.oracles = [Interpreter(watch_sums), Interpreter(watch_sums)]
        self.done = 0
        with self.graph.as_default():
            self.sessions = {
                way: [core.Session(backend=way.backend, passes_off=way.passes_off) for _ in "01"]
                for way in configurations
            }

    def run(self, program: Program) -> Report:
        """All steps, then a look at the variables."""
        runs = sum(isinstance(step, Run) for step in program.steps)
        with self.graph.as_default():
            try:
                for position, step in enumerate(program.steps):
                    if isinstance(step, Statement):
                        exec(step.text, self.names)
                    elif isinstance(step, Load):
                        self.load(step)
                    else:
                        self.compare(step, program.steps[:position])
                        self.done += 1
            except Inexact:
                return Report(runs, runs - self.done)
            self.compare_state()
        return Report(runs, 0)

    def compare(self, run: Run, before: Sequence[Step]) -> None:
        """One run in all ways."""
        oracle = self.oracles[run.session]
        fetches = [self.node(name) for name in run.fetches]
        feeds = {self.node(name): eval(text, self.names) for name, text in run.feeds}
        if run.is_sparse:
            used = oracle.uses(fetches, feeds)
            feeds = {tensor: value for tensor, value in feeds.items() if tensor in used}
        LOG.clear()
        try:
            expected: Any = oracle.run(fetches, feeds)
        except NotFed:
            expected = core.FeedError
        except core.DataError:
            expected = core.DataError
        log = list(LOG)
        if expected is core.DataError:  # the arena's variables are overwritten in place
            self.configurations = [way for way in self.configurations if way.backend != "arena"]
        for way in self.configurations:
            session = self.sessions[way][run.session]
            LOG.clear()
            self.compare_one(f"{run} in {way}", session, fetches, feeds, expected)
            assert log == LOG, f"{run} in {way}\n  expected  {log}\n  noted     {LOG}"

    def compare_one(
        self,
        where: str,
        session: core.Session,
        fetches: list[Tensor | Operation],
        feeds: Mapping[Tensor, Array],
        expected: Sequence[Array | None] | type[core.ThalwegError],
    ) -> None:
        layout = LAYOUTS[self.done % len(LAYOUTS)]
        given = {tensor: layout(value.copy()) for tensor, value in feeds.items()}
        if isinstance(expected, type):
            try:
                session.run(fetches, given)
            except expected:
                return
            raise AssertionError(f"{where}: expected a {expected.__name__}")
        results = session.run(fetches, given)
        for fetch, result, value in zip(fetches, results, expected, strict=True):
            if value is None:
                assert result is None, where
            else:
                assert_equal(f"{where}: {fetch.name}", result, value)
        for tensor, value in given.items():
            assert_equal(f"{where}: fed to {tensor.name}", value, feeds[tensor])
        for array in (*results, *given.values()):  # nothing may depend on them any more
            if isinstance(array, np.ndarray):
                array.fill(99)

    def load(self, load: Load) -> None:
        """Sets a variable in all sessions."""
        variable, array = self.names[load.variable], eval(load.array, self.names)
        self.oracles[load.session].state[variable] = array
        for way in self.configurations:
            given = np.array(array)
            self.sessions[way][load.session].load(variable, given)
            given.fill(99)

    def compare_state(self) -> None:
        """What the runs have left in the variables of each session."""
        variables = variables_of(self.graph)
        for index, oracle in enumerate(self.oracles):
            for way in self.configurations:
                session = self.sessions[way][index]
                for variable in variables:
                    where = f"at the end, variable {variable.name} of session{index} in {way}"
                    known = variable in oracle.state
                    assert session.is_initialized(variable) == known, f"{where} is known: {known}"
                    if known:
                        assert_equal(where, session.value(variable), oracle.state[variable])

    def node(self, name: str) -> Tensor | Operation:
        """What an expression of the program stands for."""
        found = eval(name, self.names)
        return found.value() if isinstance(found, Variable) else found


class _TracedCheck(_Check):
    """A program that is one trace."""

    def __init__(self, configurations: Sequence[Configuration]) -> None:
        super().__init__(configurations)
        self.cells: list[Cell] = []

    def compare(self, run: Run, before: Sequence[Step]) -> None:
        """A run that makes all writes: its values, and what it leaves in the variables."""
        expected = self.read_as_python(run, before)
        feeds = {self.node(name): eval(text, self.names) for name, text in run.feeds}
        variables = [v for v in self.names.values() if isinstance(v, Variable)]
        for way in self.configurations:
            session = self.sessions[way][0]
            fetches = [self.node(name) for name in run.fetches]
            results = session.run([*fetches, *self.names["t"].writes], feeds)
            for name, value in zip(run.fetches, results, strict=False):
                assert_equal(f"{run} in {way}: {name}", value, expected[name])
            for variable, cell in zip(variables, self.cells, strict=True):
                where = f"{run} in {way}: {variable.name}"
                assert_equal(where, session.value(variable), cell.array)

    def read_as_python(self, run: Run, steps: Sequence[Step]) -> dict[str, Array]:
        """What the program's tensors are, if its text computes at once; cells move on."""
        names = namespace()
        feeds = [eval(text, names) for _, text in run.feeds]
        names["core"] = EagerCore(self.cells, feeds, Interpreter(watch_sums))
        for step in steps:
            if isinstance(step, Statement):
                exec(step.text, names)
        return {name: names[name].array for name in run.fetches}

    def compare_state(self) -> None:
        """Each run has done it."""


def variables_of(graph: core.Graph) -> list[Variable]:
    """All that its operations read and write, counters too."""
    ops = [op.opdef for op in graph.get_operations()]
    return list(dict.fromkeys(op.variable for op in ops if isinstance(op, StateOp)))


def assert_equal(where: str, result: Any, expected: Array) -> None:
    """To the last bit; NaNs equal each other."""
    result = np.asarray(result)
    same = (
        result.dtype == expected.dtype
        and result.shape == expected.shape
        and np.array_equal(result, expected, equal_nan=expected.dtype.kind == "f")
    )
    assert same, (
        f"{where}\n  expected  {expected.dtype} {expected.shape} {expected.tolist()}"
        f"\n  got       {result.dtype} {result.shape} {result.tolist()}"
    )


# How fed arrays lie in memory -------------------------------------------------------------------


def _by_rows(array: Array) -> Array:
    return np.array(array, order="C")


def _by_columns(array: Array) -> Array:
    return np.array(array, order="F")


def _backwards(array: Array) -> Array:
    """The last element first in memory."""
    turned = (slice(None, None, -1),) * array.ndim
    return np.array(array[turned])[turned] if array.ndim else array


LAYOUTS: tuple[Callable[[Array], Array], ...] = (_by_rows, _by_columns, _backwards)


# Exact arithmetic -------------------------------------------------------------------------------

SUMS = {"CombineRows", "Cumsum", "MatMul", "ReduceSum", "ScatterRows", "SumTo"}
# (the smallest fraction, the largest number) of which a few products sum up exactly
EXACT = {np.dtype("float32"): (2.0**-3, 2.0**8), np.dtype("float64"): (2.0**-12, 2.0**12)}


def watch_sums(opdef: OpDef, inputs: Sequence[Array]) -> None:
    """Stops where the order of additions could show.

    Raises:
        Inexact: if numbers are so large, or so fine, that a sum of their products is rounded.
    """
    if opdef.label in SUMS:
        for array in inputs:
            if array.dtype in EXACT:
                fraction, largest = EXACT[array.dtype]
                scaled = array / fraction
                if not (np.abs(array) <= largest).all() or (scaled != np.rint(scaled)).any():
                    raise Inexact
