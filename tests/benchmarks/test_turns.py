"""Who runs when, and how much; time is made up."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.compare.turns import measure, steps_for


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[tuple[str, int]] = []

    def __call__(self) -> float:
        return self.now


class Fake:
    """Each step takes `step_s`; the first request `first_s` more; `fails_at` counts requests."""

    def __init__(self, name: str, clock: Clock, step_s: float, fails_at: int = -1) -> None:
        self.name, self.clock, self.step_s, self.left = name, clock, step_s, fails_at

    def ask(self, *, timeout_s: float = 0.0, **request: Any) -> dict[str, Any]:
        self.left -= 1
        if self.left == 0:
            raise RuntimeError(f"{self.name} fell over")
        steps = request["steps"]
        self.clock.log.append((self.name, steps))
        self.clock.now += self.step_s * steps
        return {"seconds": self.step_s * steps}


@pytest.mark.parametrize(
    ("step_s", "steps"), [(0.004, 125), (0.5, 1), (3.0, 1), (0.3, 2), (1e-6, 500_000)]
)
def test_steps_fill_a_turn(step_s: float, steps: int) -> None:
    assert steps_for(Fake("a", Clock(), step_s), 0.5) == steps


def nobody(name: str, error: Exception) -> None:
    raise AssertionError(f"{name}: {error}")


def test_they_take_turns_and_each_begins_a_round() -> None:
    clock = Clock()
    runners = {name: Fake(name, clock, step_s) for name, step_s in (("a", 0.1), ("b", 0.25))}
    times = measure(runners, 2.0, 0.5, nobody, clock)
    # 2 s each, turns of half a second
    assert times == {"a": pytest.approx([0.1] * 4), "b": pytest.approx([0.25] * 4)}
    assert clock.log[-8:] == [
        *(("a", 5), ("b", 2)),
        *(("b", 2), ("a", 5)),
        *(("a", 5), ("b", 2)),
        *(("b", 2), ("a", 5)),
    ]


def test_slow_ones_have_three_turns_all_the_same() -> None:
    clock = Clock()
    assert measure({"a": Fake("a", clock, 60.0)}, 1.0, 0.5, nobody, clock) == {"a": [60.0] * 3}


@pytest.mark.parametrize("fails_at", [1, 3, 5, 6])
def test_who_fails_is_told_and_the_others_go_on(fails_at: int) -> None:
    clock, told = Clock(), []
    runners = {"a": Fake("a", clock, 0.5), "b": Fake("b", clock, 0.5, fails_at)}
    times = measure(runners, 1.0, 0.5, lambda name, error: told.append((name, str(error))), clock)
    assert told == [("b", "b fell over")]
    assert list(times) == ["a"] and len(times["a"]) >= 3
