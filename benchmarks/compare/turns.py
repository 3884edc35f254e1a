"""Workers take turns, so that whatever else the machine does hits them all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

__all__ = ["Runner", "measure", "steps_for"]


class Runner(Protocol):
    """A worker, or what stands in for one."""

    def ask(self, *, timeout_s: float = ..., **request: Any) -> dict[str, Any]:
        """Answers a request."""


def steps_for(runner: Runner, turn_s: float) -> int:
    """How many steps fill a turn: doubled until a quarter of it is reached, then by proportion."""
    runner.ask(do="run", steps=1)  # compiles
    steps = 1
    while True:
        seconds = runner.ask(do="run", steps=steps)["seconds"]
        if seconds >= turn_s / 4 or steps >= 4096:
            break
        steps *= 2
    return max(1, round(steps * turn_s / max(seconds, 1e-9)))


def measure(
    runners: Mapping[str, Runner],
    seconds: float,
    turn_s: float,
    failed: Callable[[str, Exception], None],
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, list[float]]:
    """The seconds a step of each runner, one figure a turn.

    Args:
        runners: by name.
        seconds: how long all of it may last for each runner; three rounds are made in any case.
        turn_s: how long one turn lasts.
        failed: told of a runner that fails; the others go on without it.
        clock: tells the time.
    """
    steps, times = {}, {}
    for name, runner in runners.items():
        try:
            steps[name] = steps_for(runner, turn_s)
            runner.ask(do="run", steps=steps[name])  # with data of that size, not counted
            times[name] = []
        except Exception as error:
            failed(name, error)
    start, rounds = clock(), 0
    while times and (rounds < 3 or clock() - start < seconds * len(times)):
        order = list(times)
        shift = rounds % len(order)
        for name in order[shift:] + order[:shift]:  # everyone follows everyone's end of turn
            try:
                answer = runners[name].ask(do="run", steps=steps[name])
                times[name].append(answer["seconds"] / steps[name])
            except Exception as error:
                failed(name, error)
                del times[name]
        rounds += 1
    return times
