"""Ctrl-C, and other signals whose handlers raise, end a run of the engine that takes long."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session, get_threads, set_threads
from thalweg.core.backends.native import extension
from thalweg.core.function import GraphFunction

pytestmark = [
    pytest.mark.skipif(extension is None, reason="the engine is not built here"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timers"),
]

SOON_S = 0.2
AFTER_S = 0.1  # a run has begun then


class Alarm(Exception):
    """What the handler raises."""


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with core.Graph().as_default() as context:
        yield context.graph


@pytest.fixture(autouse=True)
def _timer() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = get_threads()
    set_threads(request.param)
    yield request.param
    set_threads(before)


def delay_of_alarm(run: Callable[[], Any], attempts: int = 5) -> float:
    """Seconds from a signal to the exception that it raises in `run`: the least of some.

    Other processes may keep this one waiting.
    """
    rung: list[float] = []

    def handler(*_: Any) -> None:
        rung.append(time.perf_counter())
        raise Alarm

    signal.signal(signal.SIGALRM, handler)
    delays = []
    for _ in range(attempts):
        with pytest.raises(Alarm):
            signal.setitimer(signal.ITIMER_REAL, AFTER_S)
            start = time.perf_counter()
            run()
        delays.append(time.perf_counter() - start - AFTER_S)
        if delays[-1] < SOON_S:
            break
    assert len(rung) == len(delays)
    return min(delays)


def endless(v: Any) -> Any:
    return core.while_loop(lambda y: y > -1, lambda y: [core.cos(y)], [v])[0]


def test_a_while_without_end(threads: int) -> None:
    y = endless(core.placeholder_with_default(np.float32(1), []))
    session = Session(strict=True)
    assert delay_of_alarm(lambda: session.run(y)) < SOON_S


def test_a_long_scan_in_blocks(threads: int) -> None:
    x, w = core.placeholder("float32", [None, 1, 1]), core.constant(np.eye(256, dtype="f"))
    start = core.zeros([64, 256])
    y = core.scan(lambda h, row: (core.tanh(core.matmul(h, w) + row), ()), start, x)[0]
    session = Session(strict=True)
    feeds = {x: np.zeros((3_000_000, 1, 1), "f")}  # minutes
    session.run(y, {x: np.zeros((2, 1, 1), "f")})
    assert delay_of_alarm(lambda: session.run(y, feeds)) < SOON_S


def test_many_steps_one_after_the_other(threads: int) -> None:
    x = core.placeholder("float32", [700, 700])
    y = x
    for _ in range(400):
        y = core.matmul(y, x)
    session = Session(strict=True)
    compiled = session.make_callable(core.reduce_sum(y), [x])
    eye = np.eye(700, dtype="f")
    start = time.perf_counter()
    assert compiled(eye) == 700
    if time.perf_counter() - start < 2 * (AFTER_S + SOON_S):
        pytest.skip("this processor is too fast for it")
    assert delay_of_alarm(lambda: compiled(eye)) < SOON_S


def test_variables_are_as_before_and_the_session_goes_on() -> None:
    count, other = core.Variable(np.zeros(1000, "f")), core.Variable(np.float32(1))
    step = [count.assign_add(core.ones([1000])), endless(other.assign_add(1.0))]
    session = Session(strict=True)
    assert delay_of_alarm(lambda: session.run(step)) < SOON_S
    assert not session.value(count).any() and session.value(other) == 1
    assert session.run(count.assign_add(core.ones([1000]))).tolist() == [1] * 1000
    assert session.run(other * 2) == 2


def test_of_runs_in_one_call_the_complete_ones_count() -> None:
    n = core.placeholder("int64", [1])
    many, one = core.Variable(np.zeros(1000, "f")), core.Variable(np.float32(0))
    looped = core.while_loop(lambda i: i < n[0], lambda i: [i + 1], [np.int64(0)])[0]
    more = core.cast(looped > 0, "float32")
    fetches = [one.assign_add(more).op, many.assign_add(core.zeros([1000]) + more).op]
    session, function = Session(strict=True), GraphFunction(fetches, [n])
    lengths = np.array([10, 20, 30, 1 << 62])  # the last one takes for ever

    def run() -> None:
        for _ in session.call_many(function, [lengths], [], 4, keeps_all=False):
            pass

    assert delay_of_alarm(run) < SOON_S
    value = session.value(one)
    assert value > 0 and value % 3 == 0
    assert session.value(many).tolist() == [value] * 1000


def test_a_handler_that_does_not_raise_changes_nothing() -> None:
    calls: list[int] = []
    signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
    n = core.placeholder("int64", [])
    y = core.while_loop(lambda i: i < n, lambda i: [i + 1], [np.int64(0)])[0]
    session = Session(strict=True)
    iterations = 1_000_000
    start = time.perf_counter()
    while not calls:
        signal.setitimer(signal.ITIMER_REAL, AFTER_S)
        assert session.run(y, {n: iterations}) == iterations
        signal.setitimer(signal.ITIMER_REAL, 0)
        iterations *= 2
        assert time.perf_counter() - start < 60


def test_a_handler_may_run_the_engine() -> None:
    x = core.placeholder("float32", [64, 64])
    product, y = core.matmul(x, x), endless(core.placeholder_with_default(np.float32(1), []))
    session = Session(strict=True)
    found: list[Any] = []

    def handler(*_: Any) -> None:
        found.append(session.run(product, {x: np.eye(64, dtype="f")}))
        raise Alarm

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, AFTER_S)
    with pytest.raises(Alarm):
        session.run(y)
    np.testing.assert_array_equal(found, [np.eye(64)])


def test_a_run_of_another_thread_is_not_interrupted() -> None:
    n = core.placeholder("int64", [])
    y = core.while_loop(lambda i: i < n, lambda i: [i + 1], [np.int64(0)])[0]
    session, iterations, found = Session(strict=True), 2_000_000, queue.Queue[Any]()
    thread = threading.Thread(target=lambda: found.put(session.run(y, {n: iterations})))
    thread.start()
    assert delay_of_alarm(lambda: time.sleep(9)) < SOON_S
    assert found.get() == iterations
    thread.join()


PROGRAM = """
import signal
import numpy as np
import thalweg.core as core

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
count = core.Variable(np.zeros(4, "f"))
add = count.assign_add(core.ones([4]))
step = [add, core.while_loop(lambda y: y > -1, lambda y: [core.cos(y)], [add[0]])[0]]
session = core.Session(strict=True)
for _ in range(3):
    try:
        print("runs", flush=True)
        session.run(step)
    except KeyboardInterrupt:
        print("stopped", flush=True)
print(session.value(count).tolist(), session.run(add).tolist(), flush=True)
"""


def test_ctrl_c() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    ) as process:
        output, delays = process.stdout, []
        assert output is not None
        watchdog = threading.Timer(60, process.kill)  # an endless loop is what is tested
        watchdog.start()
        for _ in range(3):
            assert output.readline() == "runs\n"
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            start = time.perf_counter()
            assert output.readline() == "stopped\n"
            delays.append(time.perf_counter() - start)
        assert output.read() == "[0.0, 0.0, 0.0, 0.0] [1.0, 1.0, 1.0, 1.0]\n"
        watchdog.cancel()
    assert min(delays) < SOON_S
    assert process.returncode == 0
