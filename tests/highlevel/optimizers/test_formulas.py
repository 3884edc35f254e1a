"""Every optimizer against its paper's formula, written for one number in plain Python.

Where a formula has another well-known form, that one is used here. Rates are powers of two, which
float32 holds exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from thalweg.core import Session, Trace, Variable, current_session, placeholder
from thalweg.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Nadam,
    Optimizer,
    RMSprop,
)

RATE = 0.125
Numbers = Iterator[float]  # gradients in, weights out
Formula = Callable[[float, Numbers], Numbers]


def sgd(w: float, gradients: Numbers) -> Numbers:
    for g in gradients:
        w -= RATE * g
        yield w


def momentum(w: float, gradients: Numbers) -> Numbers:
    speed = 0.0
    for g in gradients:
        speed = 0.9 * speed - RATE * g
        w += speed
        yield w


def nesterov(w: float, gradients: Numbers) -> Numbers:
    """Sutskever et al., equations 3 and 4; what is stored is the point looked ahead to."""
    speed = 0.0
    for g in gradients:
        speed = 0.9 * speed - RATE * g
        w += speed
        yield w + 0.9 * speed


def adam(w: float, gradients: Numbers) -> Numbers:
    """Algorithm 1; epsilon hat is its epsilon times the root that it is taken out of."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_corrected, v_corrected = m / (1 - 0.9**t), v / (1 - 0.999**t)
        w -= RATE * m_corrected / (math.sqrt(v_corrected) + 1e-7 / math.sqrt(1 - 0.999**t))
        yield w


def amsgrad(w: float, gradients: Numbers) -> Numbers:
    m = v = largest = 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.8 * m + 0.2 * g
        v = 0.9 * v + 0.1 * g**2
        largest = max(largest, v)
        rate = RATE * math.sqrt(1 - 0.9**t) / (1 - 0.8**t)
        w -= rate * m / (math.sqrt(largest) + 0.25)
        yield w


def adamw(w: float, gradients: Numbers) -> Numbers:
    """Algorithm 2: the decay's part does not enter the moments."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        step = RATE * (m / (1 - 0.9**t)) / math.sqrt(v / (1 - 0.999**t))
        w = (1 - RATE * 0.5) * w - step
        yield w


def adadelta(w: float, gradients: Numbers) -> Numbers:
    squares = steps = 0.0
    for g in gradients:
        squares = 0.95 * squares + 0.05 * g**2
        step = math.sqrt((steps + 1e-7) / (squares + 1e-7)) * g
        steps = 0.95 * steps + 0.05 * step**2
        w -= RATE * step
        yield w


def adagrad(w: float, gradients: Numbers) -> Numbers:
    past = [0.1 + 1e-7]
    for g in gradients:
        past.append(g**2)
        w -= RATE * g / math.sqrt(math.fsum(past))
        yield w


def rmsprop(w: float, gradients: Numbers) -> Numbers:
    mean = 0.0
    for g in gradients:
        mean = 0.9 * mean + 0.1 * g**2
        w -= RATE * g / math.sqrt(mean + 1e-7)
        yield w


def rmsprop_centered(w: float, gradients: Numbers) -> Numbers:
    """Graves's equations 38 to 41."""
    n = mean = delta = 0.0
    for g in gradients:
        n = 0.95 * n + 0.05 * g**2
        mean = 0.95 * mean + 0.05 * g
        delta = 0.5 * delta - RATE * g / math.sqrt(n - mean**2 + 0.25)
        w += delta
        yield w


def rmsprop_momentum(w: float, gradients: Numbers) -> Numbers:
    mean = moved = 0.0
    for g in gradients:
        mean = 0.9 * mean + 0.1 * g**2
        moved = 0.9 * moved + RATE * g / math.sqrt(mean + 1e-7)
        w -= moved
        yield w


def adamax(w: float, gradients: Numbers) -> Numbers:
    """u_t written out as the largest of all gradients, each faded by its age."""
    m, seen = 0.0, []
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        seen.append(abs(g))
        largest = max(size * 0.75 ** (t - i) for i, size in enumerate(seen, start=1))
        w -= RATE * (m / (1 - 0.9**t)) / (largest + 0.25)
        yield w


def nadam(fade: float) -> Formula:
    """Dozat's algorithm 8, whose products are multiplied out; the bias is corrected apart."""

    def formula(w: float, gradients: Numbers) -> Numbers:
        m = v = 0.0
        mu = [math.nan] + [0.9 * (1 - 0.5 * 0.96 ** (fade * t)) for t in range(1, 20)]
        for t, g in enumerate(gradients, start=1):
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            now, ahead = g / (1 - math.prod(mu[1 : t + 1])), m / (1 - math.prod(mu[1 : t + 2]))
            step = (1 - mu[t]) * now + mu[t + 1] * ahead
            w -= RATE * step / (math.sqrt(v / (1 - 0.999**t)) + 1e-7)
            yield w

    return formula


def ftrl(w: float, gradients: Numbers) -> Numbers:
    """Algorithm 1 of McMahan et al.: w is what z stands for, found by cases."""
    n, z = 0.1, 0.0
    for g in gradients:
        z += g - (math.sqrt(n + g**2) - math.sqrt(n)) / RATE * w
        n += g**2
        if abs(z) <= 0.5:
            w = 0.0
        else:
            w = -(z - math.copysign(0.5, z)) / ((0.25 + math.sqrt(n)) / RATE + 2 * 0.125)
        yield w


ROWS: list[tuple[str, Callable[[], Optimizer], Formula]] = [
    ("sgd", lambda: SGD(RATE), sgd),
    ("momentum", lambda: SGD(RATE, 0.9), momentum),
    ("nesterov", lambda: SGD(RATE, momentum=0.9, nesterov=True), nesterov),
    ("adam", lambda: Adam(RATE), adam),
    ("amsgrad", lambda: Adam(RATE, 0.8, 0.9, epsilon=0.25, amsgrad=True), amsgrad),
    ("adamw", lambda: AdamW(RATE, weight_decay=0.5, epsilon=0.0), adamw),
    ("adadelta", lambda: Adadelta(RATE), adadelta),
    ("adagrad", lambda: Adagrad(RATE), adagrad),
    ("adamax", lambda: Adamax(RATE, beta_2=0.75, epsilon=0.25), adamax),
    ("nadam", lambda: Nadam(RATE), nadam(1)),
    ("nadam of keras 2", lambda: Nadam(RATE, schedule_decay=0.004), nadam(0.004)),
    (
        "ftrl",
        lambda: Ftrl(
            RATE, l1_regularization_strength=0.5, l2_regularization_strength=0.125, beta=0.25
        ),
        ftrl,
    ),
    ("rmsprop", lambda: RMSprop(RATE), rmsprop),
    ("rmsprop momentum", lambda: RMSprop(RATE, momentum=0.9), rmsprop_momentum),
    (
        "rmsprop centered",
        lambda: RMSprop(RATE, rho=0.95, momentum=0.5, epsilon=0.25, centered=True),
        rmsprop_centered,
    ),
]


def data(dtype: str) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """Weights of three shapes, and ten gradients of each."""
    generator = np.random.default_rng(7)

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        return np.asarray(generator.normal(size=shape), dtype)

    shapes: list[tuple[int, ...]] = [(2, 3), (4,), ()]
    return [draw(s) for s in shapes], [[3 * draw(s) for s in shapes] for _ in range(10)]


def expected(formula: Formula, start: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    """The weights after the last gradient, number by number."""
    result = np.empty(start.shape)
    for index in np.ndindex(start.shape):
        *_, result[index] = formula(float(start[index]), iter([float(g[index]) for g in gradients]))
    return result


@pytest.mark.parametrize("steps", [1, 10])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize(("name", "make", "formula"), ROWS, ids=[row[0] for row in ROWS])
def test_steps(
    name: str,
    make: Callable[[], Optimizer],
    formula: Formula,
    dtype: str,
    tolerance: float,
    steps: int,
    session: Session,
) -> None:
    starts, gradients = data(dtype)
    variables = [Variable(start, name=f"w{i}") for i, start in enumerate(starts)]
    feeds = [placeholder(dtype, start.shape) for start in starts]
    with Trace().open():
        operations = make().apply(feeds, variables)
    for row in gradients[:steps]:
        session.run(operations, dict(zip(feeds, row, strict=True)))
    for i, variable in enumerate(variables):
        wanted = expected(formula, starts[i], [row[i] for row in gradients[:steps]])
        found = session.value(variable)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def test_rmsprop_as_in_keras_documentation() -> None:
    w = Variable(10.0)
    train = RMSprop(learning_rate=0.1).minimize(w.value() * w.value() / 2.0, [w])
    current_session().run(train)
    assert f"{float(current_session().run(w)):.6f}" == "9.683772"


@pytest.mark.parametrize(
    ("make", "after"),
    [
        (lambda: SGD(0.125, decay=0.5), [0.125, 0.125 / 1.5, 0.125 / 2.0, 0.125 / 2.5]),
        (lambda: SGD(lr=0.25), [0.25] * 4),
    ],
)
def test_keras_2_spellings(make: Callable[[], Any], after: list[float]) -> None:
    """lr= is the rate; decay= divides it by 1 + decay * steps done."""
    w = Variable(0.0)
    optimizer = make()
    operations = optimizer.apply([1.0], [w])
    total = 0.0
    for rate in after:
        current_session().run(operations)
        total -= rate
        assert float(current_session().run(w)) == pytest.approx(total, rel=1e-6)
    assert optimizer.lr == after[0]


def test_nadam_tells_keras_its_product() -> None:
    mu = [0.9 * (1 - 0.5 * 0.96**t) for t in range(1, 8)]
    assert [float(p) for p in Nadam().derived_state(0)] == [1.0]
    assert float(Nadam().derived_state(7)[0]) == pytest.approx(math.prod(mu), rel=1e-6)
    assert float(Nadam().derived_state(10**12)[0]) == 0.0
