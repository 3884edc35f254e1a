"""Schedules against their formulas in plain Python, as numbers and inside a training step."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from thalweg.core import OptionError, Tensor, Trace, Variable, cast, current_session, placeholder
from thalweg.optimizers import SGD
from thalweg.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
    deserialize,
    serialize,
)
from thalweg.saving.config import custom_object_scope

STEPS = range(40)


def piecewise(step: int) -> float:
    return 0.5 if step <= 5 else 0.25 if step <= 12 else 0.125


def polynomial_cycle(step: int) -> float:
    end = 11
    while end < step:
        end += 11
    return 0.09 * math.sqrt(1 - step / end) + 0.01


def cosine(step: int) -> float:
    if step >= 20:
        return 0.1 * 0.25
    return 0.1 * (0.75 * math.cos(math.pi * step / 40) ** 2 + 0.25)  # the half-angle formula


def warm_cosine(step: int) -> float:
    if step < 6:
        return 0.01 + step / 6 * (0.2 - 0.01)
    return 0.2 * math.cos(math.pi * min(step - 6, 15) / 30) ** 2


ROWS: list[tuple[LearningRateSchedule, Callable[[int], float]]] = [
    (ExponentialDecay(0.1, 7, 0.5), lambda i: 0.1 * math.exp(i / 7 * math.log(0.5))),
    (ExponentialDecay(0.1, 7, 0.5, staircase=True), lambda i: 0.1 / 2 ** (i // 7)),
    (InverseTimeDecay(0.1, 7, 0.5), lambda i: 1.4 / (14 + i)),
    (InverseTimeDecay(0.1, 7, 0.5, staircase=True), lambda i: 0.2 / (2 + i // 7)),
    (PiecewiseConstantDecay([5, 12], [0.5, 0.25, 0.125]), piecewise),
    (PolynomialDecay(0.1, 11), lambda i: 1e-4 + (0.1 - 1e-4) * max(0, 11 - i) / 11),
    (PolynomialDecay(0.1, 11, 0.0, power=2.0), lambda i: 0.1 * (max(0, 11 - i) / 11) ** 2),
    (PolynomialDecay(0.1, 11, 0.01, power=0.5, cycle=True), polynomial_cycle),
    (CosineDecay(0.1, 20, alpha=0.25), cosine),
    (CosineDecay(0.01, 15, warmup_target=0.2, warmup_steps=6), warm_cosine),
    (
        CosineDecay(0.01, 15, warmup_target=0.2),
        lambda i: 0.2 * math.cos(math.pi * min(i, 15) / 30) ** 2,
    ),
]
IDS = [f"{type(schedule).__name__}-{i}" for i, (schedule, _) in enumerate(ROWS)]


@pytest.mark.parametrize(("schedule", "formula"), ROWS, ids=IDS)
def test_numbers(schedule: LearningRateSchedule, formula: Callable[[int], float]) -> None:
    for step in STEPS:
        rate = schedule(step)
        assert type(rate) is float
        assert rate == pytest.approx(formula(step), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(("schedule", "formula"), ROWS, ids=IDS)
def test_in_a_step(schedule: LearningRateSchedule, formula: Callable[[int], float]) -> None:
    w = Variable(0.0, dtype="float64")
    optimizer = SGD(schedule)
    with Trace().open():
        operations = optimizer.apply([1.0], [w])
    session = current_session()
    total = 0.0
    for step in range(15):
        assert optimizer.learning_rate == pytest.approx(formula(step), rel=1e-5, abs=1e-8)
        session.run(operations)
        total -= formula(step)
        assert float(session.run(w)) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize(("schedule", "formula"), ROWS, ids=IDS)
def test_round_trip(schedule: LearningRateSchedule, formula: Callable[[int], float]) -> None:
    del formula
    data = json.loads(json.dumps(serialize(schedule)))
    again = deserialize(data)
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    assert again(9) == schedule(9)


def test_on_tensors_of_any_kind() -> None:
    schedule = ExponentialDecay(0.5, 1, 0.5)
    x = placeholder("int32", [])
    assert isinstance(schedule(x), Tensor)
    assert float(current_session().run(schedule(x), {x: 2})) == 0.125
    assert float(current_session().run(schedule(Variable(3)))) == 0.0625


def test_in_a_trace_a_number_gives_a_tensor() -> None:
    with Trace().open():
        assert isinstance(ExponentialDecay(0.5, 1, 0.5)(2), Tensor)


class Halving(LearningRateSchedule):
    """As in Keras's documentation: plain arithmetic on the step."""

    def __init__(self, start: float) -> None:
        self.start = start

    def __call__(self, step: Any) -> Any:
        return self.start / (step + 1)


class Fixed(LearningRateSchedule):
    def __call__(self, step: Any) -> float:
        return 0.5


class Whole(LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        return cast(step, "int32") + 1


def test_schedules_of_users() -> None:
    assert Halving(0.5)(4) == 0.1
    for schedule, rates in ((Halving(0.5), [0.5, 0.25]), (Fixed(), [0.5] * 2), (Whole(), [1, 2])):
        w = Variable(0.0)
        optimizer = SGD(schedule)
        operations = optimizer.apply([1.0], [w])
        for rate in rates:
            assert optimizer.learning_rate == rate
            current_session().run(operations)
        assert float(current_session().run(w)) == -sum(rates)


def test_rate_with_a_schedule_cannot_be_set() -> None:
    optimizer = SGD(ExponentialDecay(0.5, 1, 0.5))
    with pytest.raises(OptionError) as caught:
        optimizer.learning_rate = 0.1
    assert str(caught.value) == (
        "SGD: the learning rate cannot change between a number and a schedule\n"
        "  expected  nothing: ExponentialDecay gives the rate\n"
        "  got       0.1\n"
        "  hint      make a new optimizer, and compile the model again"
    )
    with pytest.raises(OptionError, match="expected  a number\n"):
        SGD().learning_rate = Fixed()


def test_schedule_and_decay() -> None:
    with pytest.raises(OptionError) as caught:
        SGD(Fixed(), decay=0.5)
    assert str(caught.value) == (
        "SGD: both a decay and a schedule are given\n"
        "  expected  one of them\n"
        "  got       decay=0.5, learning_rate=Fixed"
    )


def test_state_has_no_rate_with_a_schedule() -> None:
    optimizer = SGD(Fixed())
    assert [v.name for v in optimizer.variables] == ["sgd/iteration"]


def test_serialized_with_the_optimizer() -> None:
    config = json.loads(json.dumps(SGD(CosineDecay(0.5, 10)).get_config()))
    again = SGD.from_config(config)
    assert again.learning_rate == 0.5
    assert again.get_config() == config
    keras = {
        "module": "keras.optimizers.schedules",
        "class_name": "CosineDecay",
        "config": {"initial_learning_rate": 0.25, "decay_steps": 10, "alpha": 0.0, "name": "x"},
        "registered_name": None,
    }
    assert SGD.from_config({"learning_rate": keras}).learning_rate == 0.25


def test_schedule_of_a_user_by_name() -> None:
    data = serialize(Halving(0.5))
    with pytest.raises(OptionError, match="unknown schedule 'Halving'"):
        deserialize(data)
    assert deserialize(data, {"Halving": Halving})(1) == 0.25
    with custom_object_scope({"Halving": Halving}):
        assert deserialize(data)(1) == 0.25


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ExponentialDecay(0.1, 0, 0.5),
            "ExponentialDecay: bad decay_steps\n"
            "  expected  a number, 0 < decay_steps < inf\n"
            "  got       0\n",
        ),
        (
            lambda: InverseTimeDecay(0.1, 1, -1.0),
            "InverseTimeDecay: bad decay_rate\n"
            "  expected  a number, 0 <= decay_rate < inf\n"
            "  got       -1.0\n",
        ),
        (
            lambda: CosineDecay(0.1, 1, warmup_steps=-1),
            "CosineDecay: bad warmup_steps\n"
            "  expected  a number, 0 <= warmup_steps < inf\n"
            "  got       -1\n",
        ),
        (
            lambda: PiecewiseConstantDecay([1, 2], [0.1]),
            "PiecewiseConstantDecay: lengths of boundaries and values do not fit\n"
            "  expected  3 values for 2 boundaries\n"
            "  got       1 values",
        ),
        (
            lambda: PiecewiseConstantDecay([2, 2], [0.1, 0.2, 0.3]),
            "PiecewiseConstantDecay: boundaries do not rise\n"
            "  expected  rising steps\n"
            "  got       [2, 2]",
        ),
        (
            lambda: deserialize({"class_name": "ExponentialDecya", "config": {}}),
            "schedule: unknown schedule 'ExponentialDecya'\n"
            "  expected  one of CosineDecay, ExponentialDecay, InverseTimeDecay, "
            "PiecewiseConstantDecay, PolynomialDecay\n",
        ),
    ],
)
def test_errors(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_base_has_no_formula() -> None:
    with pytest.raises(NotImplementedError, match="LearningRateSchedule"):
        LearningRateSchedule()(0)
