"""Workers answer, are stopped between their turns, and fail with their own words."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.compare.protocol import Worker, WorkerFailed, decode, encode, environment

FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]
TASK = {"threads": 1, "outputs": [[0.5, -1.0]], "step_s": 0.001}

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")


@pytest.fixture
def worker(tmp_path: Path) -> Any:
    with Worker(FAKE, tmp_path / "log") as made:
        yield made


def state(process: int) -> str:
    """`T` for a process that is stopped, `Z` for one that has ended and that nobody waits for."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not is_so() and time.monotonic() < until:
        time.sleep(0.001)
    assert is_so()


def test_it_answers_line_by_line(worker: Worker, tmp_path: Path) -> None:
    answer = worker.ask(do="start", task=TASK)
    np.testing.assert_array_equal(decode(answer["before"]), np.array(TASK["outputs"], "f"))
    assert worker.ask(do="run", steps=3) == {"seconds": 0.003}
    assert worker.ask(do="end")["peak_bytes"] > 1_000_000
    assert "words that the framework prints" in (tmp_path / "log").read_text(encoding="utf-8")


def test_it_is_stopped_between_turns(worker: Worker) -> None:
    worker.ask(do="start", task=TASK)
    wait_for(lambda: state(worker.pid) == "T")
    assert worker.ask(do="run", steps=1) == {"seconds": 0.001}


def test_what_it_has_started_is_stopped_and_ended_with_it(tmp_path: Path) -> None:
    with Worker(FAKE, tmp_path / "log") as worker:
        child = worker.ask(do="start", task={**TASK, "has_child": True})["child"]
        wait_for(lambda: state(child) == "T")
    wait_for(lambda: not Path(f"/proc/{child}").exists() or state(child) == "Z")


def test_it_uses_as_many_processors_as_threads(worker: Worker) -> None:
    worker.ask(do="start", task=TASK)
    assert len(os.sched_getaffinity(worker.pid)) == 1


def test_its_error_is_told_and_it_goes_on(worker: Worker) -> None:
    with pytest.raises(WorkerFailed, match=r"^ValueError: no such network$"):
        worker.ask(do="start", task={**TASK, "fault": True})
    with pytest.raises(WorkerFailed, match=r"^not a request now: "):
        worker.ask(do="dance")
    assert "before" in worker.ask(do="start", task=TASK)


def test_the_last_words_of_a_worker_that_dies_are_told(worker: Worker) -> None:
    worker.ask(do="start", task={**TASK, "dies": True})
    for _ in range(2):
        with pytest.raises(
            WorkerFailed, match=r"the process has ended; its log ends: .*about to die"
        ):
            worker.ask(do="run", steps=1)


def test_a_worker_that_takes_too_long_is_ended(worker: Worker) -> None:
    worker.ask(do="start", task={**TASK, "step_s": 30})
    with pytest.raises(WorkerFailed, match=r"no answer within 0.1 s"):
        worker.ask(do="run", steps=1, timeout_s=0.1)
    assert not Path(f"/proc/{worker.pid}").exists()


def test_a_stopped_worker_ends_with_its_parent(tmp_path: Path) -> None:
    """The system ends it when the thread that started it is gone."""
    made: list[Worker] = []

    def start() -> None:
        made.append(Worker(FAKE, tmp_path / "log"))
        made[0].ask(do="start", task=TASK)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    with made[0] as worker:
        assert worker.wait(timeout_s=10) == -9


def test_arrays_travel_bit_by_bit() -> None:
    array = np.array([[0.1, -0.0, np.inf], [1e-45, 3.4e38, np.nan]], np.float32)
    again = decode(encode(array[:, ::-1]))
    np.testing.assert_array_equal(again.view("u4"), array[:, ::-1].copy().view("u4"))


def test_the_environment_limits_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "1")
    made = environment(3, KERAS_BACKEND="jax")
    assert "OPENBLAS_CORETYPE" not in made and "OPENBLAS_L2_SIZE" not in made
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        assert made[name] == "3"
    assert made["KERAS_BACKEND"] == "jax" and made["PATH"] == os.environ["PATH"]
