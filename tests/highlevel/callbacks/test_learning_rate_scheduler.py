from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from thalweg.callbacks import LearningRateScheduler
from thalweg.core.errors import OptionError

LOGS = [{"loss": 1.0}] * 3


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (lambda epoch: 1 / (epoch + 1), [1, 1 / 2, 1 / 3]),
        (lambda epoch, rate: rate / 2, [0.05, 0.025, 0.0125]),
        (lambda epoch, rate=9.0: rate / 2, [0.05, 0.025, 0.0125]),
        (lambda epoch, *, drop=0.5: drop**epoch, [1, 0.5, 0.25]),
        (functools.partial(lambda drop, epoch: drop**epoch, 0.5), [1, 0.5, 0.25]),
        (lambda epoch: np.float32(0.5), [0.5] * 3),
        (lambda epoch: np.array(0.5), [0.5] * 3),
        (lambda epoch: 1, [1.0] * 3),
        (lambda epoch: 0.0, [0.0] * 3),
    ],
)
def test_rates(run, schedule, rates) -> None:
    hooks = run(LearningRateScheduler(schedule), LOGS)
    assert hooks.history.history["learning_rate"] == pytest.approx(rates)
    assert all(type(rate) is float for rate in hooks.history.history["learning_rate"])


def test_the_epoch_goes_on_where_training_goes_on(run) -> None:
    seen = []
    run(LearningRateScheduler(lambda epoch: seen.append(epoch) or 0.1), LOGS, first=5)
    assert seen == [5, 6, 7]


def test_it_says_the_rate(run, capsys) -> None:
    run(LearningRateScheduler(lambda epoch: 0.25, verbose=1), LOGS[:1])
    assert capsys.readouterr().out == "Epoch 1: learning rate set to 0.25\n"


def test_a_type_error_of_the_schedule_is_its_own(run) -> None:
    calls = []

    def broken(epoch: int, rate: float) -> float:
        calls.append(epoch)
        return rate + "0.1"  # type: ignore[operator]

    with pytest.raises(TypeError, match="unsupported operand"):
        run(LearningRateScheduler(broken), LOGS)
    assert calls == [0]


@pytest.mark.parametrize("result", [None, "0.1", True, -0.1, math.nan, math.inf, [0.1, 0.2]])
def test_what_is_no_rate(run, model, result) -> None:
    with pytest.raises(OptionError) as info:
        run(LearningRateScheduler(lambda epoch: result), LOGS)
    text = (
        "LearningRateScheduler: the schedule gave no learning rate for epoch 0\n"
        "  expected  a finite number >= 0\n"
        f"  got       {result!r}"
    )
    if result is None:
        text += "\n  hint      does the function return on every path?"
    assert str(info.value) == text
    assert model.optimizer.learning_rate == 0.1


def test_what_is_no_schedule() -> None:
    with pytest.raises(OptionError) as info:
        LearningRateScheduler(0.1)
    assert str(info.value) == (
        "LearningRateScheduler: the schedule cannot be called\n"
        "  expected  a function of (epoch, rate) or (epoch)\n"
        "  got       0.1"
    )

    def wide(epoch, rate, momentum):
        return rate

    with pytest.raises(OptionError) as info:
        LearningRateScheduler(wide)
    assert str(info.value) == (
        "LearningRateScheduler: the schedule takes other arguments\n"
        "  expected  a function of (epoch, rate) or (epoch)\n"
        "  got       wide(epoch, rate, momentum)"
    )
