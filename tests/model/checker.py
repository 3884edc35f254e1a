"""Runs a program in every way there is, and compares each with what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import thalweg.core as core
from thalweg.core.graph import Operation, Tensor
from thalweg.core.opdef import OpDef
from thalweg.core.ops.state import StateOp, Variable
from thalweg.core.passes import PIPELINE

from . import arena  # noqa: F401  (registers its backend)
from .eager import Cell, EagerCore
from .effects import LOG, note
from .interpreter import Interpreter, NotFed
from .programs import Load, Program, Run, Statement, Step

__all__ = ["CONFIGURATIONS", "Configuration", "Report", "Inexact", "assert_equal", "check", "check_traced", "namespace", "variables_of", "watch_sums"]

Array = np.ndarray[Any, Any]


class Configuration(NamedTuple):
    """A way to run programs."""

    backend: str
    passes_off: tuple[str, ...] = ()


PASSES = tuple(pass_.__name__ for pass_ in PIPELINE)
CONFIGURATIONS = (
    Configuration("numpy"),
    *(Configuration("numpy", (name,)) for name in PASSES),
    Configuration("numpy", PASSES),
    Configuration("strict"),
    Configuration("arena"),
    Configuration("arena", PASSES),
)


class Report(NamedTuple):
    """How much was compared.

    Attributes:
        runs: how many runs.
        skipped: runs after the numbers had become too large for exact sums.
    """

    runs: int
    skipped: int


class Inexact(Exception):
    """The order of additions would matter."""


def namespace() -> dict[str, Any]:
    """What the text of programs may name."""
    return {"np": np, "core": core, "array": np.array, "note": note}


def check(program: Program, configurations: Sequence[Configuration] = CONFIGURATIONS) -> Report:
    """Runs the program in all configurations.

    Raises:
        AssertionError: if one of them differs from the interpreter.
    """
    has_devices = any(isinstance(s, Statement) and "core.device" in s.text for s in program.steps)
    ways = [way for way in configurations if not (has_devices and "place" in way.passes_off)]
    return _Check(ways).run(program)


def check_traced(program: Program) -> Report:
    """Runs a program that is one trace, and reads its text as Python does.

    Raises:
        AssertionError: if a value differs.
    """
    runs = [step for step in program.steps if isinstance(step, Run)]
    ways = [Configuration("numpy"), Configuration("numpy", PASSES)]
    check_ = _Check(ways)
    cells: list[Cell] = []
    done = 0
    with check_.graph.as_default(), np.errstate(all="ignore"):
        for position, step in enumerate(program.steps):
            if isinstance(step, Statement):
                exec(step.text, check_.names)
                continue
            assert isinstance(step, Run)
            try:
                expected = _read_as_python(program.steps[:position], step, cells)
            except Inexact:
                return Report(len(runs), len(runs) - done)
            check_.compare_with(step, expected, cells)
            done += 1
    return Report(len(runs), 0)


def _read_as_python(steps: Sequence[Step], run: Run, cells: list[Cell]) -> dict[str, Array]:
    names: dict[str, Any] = {"np": np, "array": np.array}
    feeds = [eval(text, dict(names)) for _, text in run.feeds]
    names["core"] = EagerCore(cells, feeds, Interpreter(watch_sums))
    for step in steps:
        if isinstance(step, Statement):
            exec(step.text, names)
    return {name: names[name].array for name in run.fetches}


class _Check:
    def __init__(self, configurations: Sequence[Configuration]) -> None:
        self.graph = core.Graph()
        self.names = namespace()
        self.configurations = configurations
        self.oracles = [Interpreter(watch_sums), Interpreter(watch_sums)]
        with self.graph.as_default():
            self.sessions = {
                way: [core.Session(backend=way.backend, passes_off=way.passes_off) for _ in "01"]
                for way in configurations
            }
        self.runs = 0

    def run(self, program: Program) -> Report:
        self.graph.seed = 7
        total = sum(isinstance(step, Run) for step in program.steps)
        with self.graph.as_default(), np.errstate(all="ignore"):
            try:
                for step in program.steps:
                    if isinstance(step, Statement):
                        exec(step.text, self.names)
                    elif isinstance(step, Load):
                        self.load(step)
                    else:
                        self.compare(step)
                        self.runs += 1
            except Inexact:
                return Report(total, total - self.runs)
            self.compare_state()
        return Report(total, 0)

    def compare(self, run: Run) -> None:
        """One run in all ways."""
        oracle = self.oracles[run.session]
        fetches = [self.node(name) for name in run.fetches]
        feeds = {self.node(name): eval(text, self.names) for name, text in run.feeds}
        if run.is_sparse:
            used = oracle.uses(fetches, feeds)
            feeds = {tensor: value for tensor, value in feeds.items() if tensor in used}
        LOG.clear()
        try:
            expected = oracle.run(fetches, feeds)
        except NotFed:
            expected = None
        log = list(LOG)
        for way in self.configurations:
            session = self.sessions[way][run.session]
            LOG.clear()
            self.compare_one(f"{run} in {way}", session, fetches, feeds, expected)
            assert log == LOG, f"{run} in {way}\n  noted     {LOG}\n  expected  {log}"

    def compare_one(
        self,
        where: str,
        session: core.Session,
        fetches: list[Tensor | Operation],
        feeds: Mapping[Tensor, Array],
        expected: Sequence[Array | None] | None,
    ) -> None:
        given = {tensor: np.array(value) for tensor, value in feeds.items()}
        if expected is None:
            try:
                session.run(fetches, given)
            except core.FeedError:
                return
            raise AssertionError(f"{where}: a placeholder is needed and not fed")
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

    def compare_with(self, run: Run, expected: Mapping[str, Array], cells: list[Cell]) -> None:
        """A run of a trace: its values, and what it leaves in the variables."""
        feeds = {self.node(name): eval(text, self.names) for name, text in run.feeds}
        variables = [v for v in self.names.values() if isinstance(v, Variable)]
        for way in self.configurations:
            session = self.sessions[way][0]
            fetches = [self.node(name) for name in run.fetches]
            results = session.run([*fetches, *self.names["t"].writes], feeds)
            for name, value in zip(run.fetches, results, strict=False):
                assert_equal(f"{run} in {way}: {name}", value, expected[name])
            for variable, cell in zip(variables, cells, strict=True):
                assert_equal(f"{run} in {way}: {variable.name}", session.value(variable), cell.array)

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
                    assert session.is_initialized(variable) == (variable in oracle.state), where
                    if variable in oracle.state:
                        assert_equal(where, session.value(variable), oracle.state[variable])

    def node(self, name: str) -> Tensor | Operation:
        found = eval(name, self.names)
        return found.value() if isinstance(found, Variable) else found


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


# Exact arithmetic -------------------------------------------------------------------------------

SUMS = {"ReduceSum", "MatMul", "SumTo", "Cumsum"}
# (the smallest fraction, the largest number) of which a few products sum up exactly
EXACT = {np.dtype("float32"): (2.0**-3, 2.0**8), np.dtype("float64"): (2.0**-12, 2.0**12)}


def watch_sums(opdef: OpDef, inputs: Sequence[Array]) -> None:
    """Stops where the order of additions could show."""
    if opdef.label in SUMS:
        for array in inputs:
            if array.dtype in EXACT:
                fraction, largest = EXACT[array.dtype]
                scaled = array / fraction
                if not (np.abs(array) <= largest).all() or (scaled != np.rint(scaled)).any():
                    raise Inexact
