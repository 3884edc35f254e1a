"""Threads that run at once: the results are those of some serial order of the runs.

Every run also counts a variable up, if it writes, or reads it, if it does not. So it tells its
place in the order in which the session let the runs through, and the interpreter repeats them in
that order.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import thalweg.core as core

from .checker import Inexact, assert_equal, namespace, variables_of, watch_sums
from .effects import FAILS, LOG
from .interpreter import Interpreter, NotFed
from .programs import Run, Statement
from .stateful import write_program

THREADS = 16
RUNS = 12  # of each thread

Array = np.ndarray[Any, Any]


@dataclass
class Job:
    """A run that may be repeated.

    Attributes:
        fetches: its fetches, the counter last.
        feeds: arrays by tensor.
        writes: whether it changes variables.
        call: the same as a callable.
    """

    fetches: list[Any]
    feeds: dict[Any, Array]
    writes: bool
    call: Any


@dataclass
class World:
    """A session, the runs that happen in it, and what they gave."""

    session: core.Session
    oracle: Interpreter
    variables: list[core.Variable]
    clock: core.Variable
    jobs: list[Job]
    done: list[tuple[Job, list[Any]]] = field(default_factory=list)

    def run_one(self, choices: random.Random) -> None:
        """What a thread does."""
        job = choices.choice(self.jobs) if choices.random() < 0.9 else self.new_job(choices)
        feeds = {tensor: array.copy() for tensor, array in job.feeds.items()}
        if choices.random() < 0.5:
            results = self.session.run(job.fetches, feeds)
        else:
            results = job.call(*feeds.values())
        self.done.append((job, results))

    def new_job(self, choices: random.Random) -> Job:
        """Something that is built while other threads build and run."""
        variable = choices.choice(self.variables)
        with self.clock.graph.as_default():
            fetch = core.add(variable, core.ones_like(variable))
            return self.job([fetch], {})

    def job(self, fetches: list[Any], feeds: dict[Any, Array]) -> Job:
        writes = self.oracle.writes(fetches, feeds)
        fetches = [*fetches, self.clock.assign_add(1) if writes else self.clock.value()]
        call = self.session.make_callable(fetches, list(feeds))
        return Job(fetches, feeds, writes, call)

    def check(self) -> int:
        """Repeats all runs one after the other; returns how many."""
        time = {True: {}, False: {}}
        for job, results in self.done:
            time[job.writes].setdefault(int(results[-1]), []).append((job, results))
        written = time[True]
        assert sorted(written) == list(range(1, len(written) + 1)), "writing runs overlapped"
        count = 0
        for now in range(len(written) + 1):
            for job, results in [*written.get(now, []), *time[False].get(now, [])]:
                expected = self.oracle.run(job.fetches, job.feeds)
                count += 1
                for fetch, result, value in zip(job.fetches, results, expected, strict=True):
                    if value is not None:
                        assert_equal(f"{fetch.name} at time {now}", result, value)
        for variable in variables_of(self.clock.graph):
            if variable in self.oracle.state:
                value = self.oracle.state[variable]
                assert_equal(variable.name, self.session.value(variable), value)
        return count


def worlds_of(seed: int) -> Iterator[World]:
    """Two sessions, on two backends, that run the same program."""
    program = write_program(seed)
    graph = core.Graph()
    graph.seed = 7
    names = namespace()
    with graph.as_default():
        clock = core.Variable(np.zeros((), np.int64), name="clock")
        for step in program.steps:
            if isinstance(step, Statement):
                exec(step.text.replace(f"note({FAILS}", "note(0"), names)  # none fails
        variables = [value for value in names.values() if isinstance(value, core.Variable)]
        for backend in ("numpy", "arena"):
            session = core.Session(graph=graph, backend=backend)
            oracle = Interpreter(watch_sums)
            if not all(isinstance(v.initial_value, np.ndarray) for v in variables):
                session.run(variables)  # initial values that depend on the time they are computed
                oracle.run([v.value() for v in variables])
            world = World(session, oracle, [*variables, clock], clock, [])
            for run in program.steps:
                if isinstance(run, Run):
                    fetches = [eval(name, names) for name in run.fetches]
                    fetches = [f.value() if isinstance(f, core.Variable) else f for f in fetches]
                    feeds = {tensor(names[name]): eval(text, names) for name, text in run.feeds}
                    try:
                        Interpreter().run(fetches, feeds)
                    except NotFed:
                        continue
                    world.jobs.append(world.job(fetches, feeds))
            yield world


def tensor(value: Any) -> Any:
    return value.value() if isinstance(value, core.Variable) else value


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_threads(seed: int, restless: None) -> None:
    worlds = [world for number in (2 * seed, 2 * seed + 1) for world in worlds_of(number)]
    ready = threading.Barrier(THREADS)

    def work(thread: int) -> None:
        choices = random.Random(1000 * seed + thread)
        ready.wait()
        for _ in range(RUNS):
            choices.choice(worlds).run_one(choices)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, thread) for thread in range(THREADS)]:
            done.result()
    LOG.clear()
    checked = 0
    for world in worlds:
        try:
            checked += world.check()
        except Inexact:
            pass
    assert checked
