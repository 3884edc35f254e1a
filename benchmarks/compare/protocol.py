"""A worker is a process that lives long and answers one line of JSON with another.

The parent asks `start`, then `run` as often as it likes, at last `end`; between its turns a worker
is stopped by a signal, so that threads which wait in a loop take nothing from the others. What a
framework prints goes to the worker's log: the channel is a private copy of standard output.

This module needs only the standard library and NumPy: workers import it in other environments.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

__all__ = ["Handler", "Task", "Worker", "WorkerFailed", "decode", "encode", "environment", "serve"]

ROOT = Path(__file__).resolve().parents[2]
# Settings for older OpenBLAS builds, which slow the current ones.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "THALWEG_ISA", "THALWEG_NATIVE")

Task = Mapping[str, Any]


class Handler(Protocol):
    """What a worker does."""

    def start(self, task: Task) -> dict[str, Any]:
        """Builds what the task describes; returns what the parent compares with others."""

    def run(self, steps: int) -> float:
        """Runs that many steps and returns their seconds."""


# --- values in lines ------------------------------------------------------------------------------


def encode(array: np.ndarray) -> dict[str, Any]:
    """A float32 array as JSON's values, bit by bit."""
    array = np.ascontiguousarray(array, np.float32)
    return {"shape": array.shape, "base64": base64.b64encode(array.tobytes()).decode()}


def decode(value: Mapping[str, Any]) -> np.ndarray:
    """The array that was encoded."""
    data = np.frombuffer(base64.b64decode(value["base64"]), np.float32)
    return data.reshape(value["shape"])


# --- in the worker --------------------------------------------------------------------------------


def confine(threads: int) -> None:
    """This process uses the first so many of its processors."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def end_with_parent() -> None:
    """A worker that is stopped cannot see its parent go, so the system ends it (on Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def serve(make: Callable[[], Handler]) -> None:
    """Answers requests until there are no more.

    Args:
        make: makes the handler; it imports the framework, after the processors are chosen.
    """
    end_with_parent()
    os.setpgrp()  # signals to the group reach the processes that a framework starts, too
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    handler: Handler | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "start":
                confine(request["task"]["threads"])
                handler = make()
                answer = handler.start(request["task"])
            elif request["do"] == "run" and handler is not None:
                answer = {"seconds": handler.run(request["steps"])}
            elif request["do"] == "end":
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                answer = {"peak_bytes": peak * (1 if sys.platform == "darwin" else 1024)}
            else:
                answer = {"error": f"not a request now: {request}"}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


# --- in the parent --------------------------------------------------------------------------------


class WorkerFailed(Exception):
    """A worker said that it cannot, died, or took too long."""


def environment(threads: int, **more: str) -> dict[str, str]:
    """The variables that a worker sees: as many threads for whatever library it uses."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    count = str(threads)
    libraries = ("OMP", "MKL", "OPENBLAS", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    limits = {
        f"{name}{'' if name.startswith('TF') else '_NUM'}_THREADS": count for name in libraries
    }
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    return {**kept, **limits, **quiet, **more}


class Worker:
    """A worker as its parent sees it.

    Args:
        command: starts the process.
        log: file that takes what it prints.
        env: its environment; ours if None.
    """

    def __init__(
        self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
            )
        self._rest = b""

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def wait(self, timeout_s: float) -> int:
        """Waits for its end; minus the signal if one ended it."""
        return self._process.wait(timeout_s)

    def ask(self, timeout_s: float = 600.0, **request: Any) -> dict[str, Any]:
        """Wakes the worker, sends it a request, waits for its answer, and stops it again.

        Raises:
            WorkerFailed: with the worker's own words, or the last lines of its log.
        """
        if self._process.poll() is not None:
            raise WorkerFailed(f"the process has ended; {self._last_words()}")
        self._signal(signal.SIGCONT)
        try:
            line = self._exchange(json.dumps(request).encode() + b"\n", timeout_s)
        except BrokenPipeError:
            raise WorkerFailed(f"the process has ended; {self._last_words()}") from None
        self._signal(signal.SIGSTOP)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(answer["error"])
        return answer

    def _exchange(self, request: bytes, timeout_s: float) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerFailed("it has no pipes")
        stdin.write(request)
        stdin.flush()
        until = time.monotonic() + timeout_s
        while b"\n" not in self._rest:
            if not select.select([stdout], [], [], max(0.0, until - time.monotonic()))[0]:
                self.close()
                raise WorkerFailed(f"no answer within {timeout_s:g} s")
            piece = os.read(stdout.fileno(), 1 << 16)
            if not piece:
                raise WorkerFailed(f"the process has ended; {self._last_words()}")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _signal(self, number: signal.Signals) -> None:
        """To the worker and to all processes that it has started."""
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:  # it has not made its group yet, or all are gone
            self._process.send_signal(number)

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"its log ends: {' | '.join(lines[-3:])}" if lines else "its log is empty"

    def close(self) -> None:
        """Ends the process and those that it started, whatever they do."""
        self._signal(signal.SIGKILL)  # stopped processes too, and those that outlive the worker
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
