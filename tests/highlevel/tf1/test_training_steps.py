"""Learning rates, moving averages, the global step, and optimizers of one's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import DtypeError, GraphError, OptionError

RATE, STEPS = 0.5, 10


def cosine(step: float, alpha: float = 0.0) -> float:
    done = min(step, STEPS) / STEPS
    return RATE * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * done)) + alpha)


def restarts(step: float, t_mul: float, m_mul: float, alpha: float) -> float:
    length, height = float(STEPS), 1.0
    while step >= length - 1e-9:
        step, length, height = step - length, length * t_mul, height * m_mul
    wave = height * 0.5 * (1 + math.cos(math.pi * step / length))
    return RATE * ((1 - alpha) * wave + alpha)


def polynomial(step: float, end: float, power: float, cycle: bool) -> float:
    steps = float(STEPS)
    if cycle:
        steps *= max(math.ceil(step / steps), 1)
    return (RATE - end) * (1 - min(step, steps) / steps) ** power + end


def linear_cosine(step: float, periods: float, alpha: float, beta: float) -> float:
    done = min(step, STEPS) / STEPS
    wave = 0.5 * (1 + math.cos(2 * math.pi * periods * done))
    return RATE * ((alpha + 1 - done) * wave + beta)


train = tf.train
DECAYS: dict[str, tuple[Callable[[Any], Any], Callable[[float], float]]] = {
    "exponential": (
        lambda s: train.exponential_decay(RATE, s, STEPS, 0.5), lambda s: RATE * 0.5 ** (s / STEPS)
    ),
    "exponential stairs": (
        lambda s: train.exponential_decay(RATE, s, STEPS, 0.5, staircase=True),
        lambda s: RATE * 0.5 ** (s // STEPS),
    ),
    "natural": (
        lambda s: train.natural_exp_decay(RATE, s, STEPS, 0.5),
        lambda s: RATE * math.exp(-0.5 * s / STEPS),
    ),
    "natural stairs": (
        lambda s: train.natural_exp_decay(RATE, s, STEPS, 0.5, True),
        lambda s: RATE * math.exp(-0.5 * (s // STEPS)),
    ),
    "inverse": (
        lambda s: train.inverse_time_decay(RATE, s, STEPS, 0.5),
        lambda s: RATE / (1 + 0.5 * s / STEPS),
    ),
    "piecewise": (
        lambda s: train.piecewise_constant(s, [5, 12], [1.0, 0.5, 0.25]),
        lambda s: 1.0 if s <= 5 else 0.5 if s <= 12 else 0.25,
    ),
    "polynomial": (
        lambda s: train.polynomial_decay(RATE, s, STEPS, 0.1, 2.0),
        lambda s: polynomial(s, 0.1, 2.0, False),
    ),
    "polynomial cycle": (
        lambda s: train.polynomial_decay(RATE, s, STEPS, 0.1, cycle=True),
        lambda s: polynomial(s, 0.1, 1.0, True),
    ),
    "cosine": (lambda s: train.cosine_decay(RATE, s, STEPS, 0.1), lambda s: cosine(s, 0.1)),
    "restarts": (
        lambda s: train.cosine_decay_restarts(RATE, s, STEPS, 2.0, 0.5, 0.1),
        lambda s: restarts(s, 2.0, 0.5, 0.1),
    ),
    "equal restarts": (
        lambda s: train.cosine_decay_restarts(RATE, s, STEPS, t_mul=1.0),
        lambda s: restarts(s, 1.0, 1.0, 0.0),
    ),
    "linear cosine": (
        lambda s: train.linear_cosine_decay(RATE, s, STEPS, 1.5, 0.2, 0.05),
        lambda s: linear_cosine(s, 1.5, 0.2, 0.05),
    ),
    "quiet linear cosine": (
        lambda s: train.noisy_linear_cosine_decay(RATE, s, STEPS, initial_variance=0.0),
        lambda s: linear_cosine(s, 0.5, 0.0, 0.001),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DECAYS)
@pytest.mark.parametrize("dtype", [tf.int32, tf.int64, tf.float32])
def test_decays(name: str, dtype: Any) -> None:
    make, expected = DECAYS[name]
    step = tf.placeholder(dtype, [])
    rate = make(step)
    assert rate.dtype == tf.float32
    with tf.Session() as session:
        for value in (0, 1, 5, 6, 9, 13, 20, 29, 33):
            found = session.run(rate, {step: value})
            assert found == pytest.approx(expected(value), rel=2e-5, abs=2e-6), value


def test_noise() -> None:
    rate = train.noisy_linear_cosine_decay(RATE, 3, STEPS)
    with tf.Session() as session:
        assert len({float(session.run(rate)) for _ in range(5)}) == 5


def test_names_of_decays() -> None:
    assert train.exponential_decay(1.0, 1, 2, 0.5).name.startswith("ExponentialDecay/")
    assert train.cosine_decay(1.0, 1, 2, name="mine").name.startswith("mine/")


def test_wrong_decays() -> None:
    with pytest.raises(OptionError, match="values do not fit the boundaries"):
        train.piecewise_constant(1, [1, 2], [0.1, 0.2])
    with pytest.raises(OptionError, match="exponential_decay: global_step is missing"):
        train.exponential_decay(0.1, None, 10, 0.5)
    assert train.piecewise_constant_decay is train.piecewise_constant


# Moving averages --------------------------------------------------------------------------------


def test_averages_follow_variables() -> None:
    v, w = tf.Variable([0.0, 10.0], name="v"), tf.Variable(1.0, name="w", trainable=False)
    ema = train.ExponentialMovingAverage(0.9)
    raised = v.assign_add([1.0, 1.0])
    with tf.control_dependencies([raised]):
        step = ema.apply()
    assert step.name == "ExponentialMovingAverage"
    average = ema.average(v)
    assert average.name == "v/ExponentialMovingAverage:0"
    assert ema.average(w) is None
    assert tf.moving_average_variables() == [v]
    assert average in tf.global_variables()
    assert average not in tf.trainable_variables()
    expected = np.array([0.0, 10.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for i in range(1, 4):
            session.run(step)
            expected = 0.9 * expected + 0.1 * np.array([i, 10.0 + i])
        np.testing.assert_allclose(session.run(average), expected, rtol=1e-6)


def test_averages_are_quick_at_first() -> None:
    v = tf.Variable(0.0)
    count = tf.placeholder(tf.int32, [])
    ema = train.ExponentialMovingAverage(0.99, num_updates=count)
    with tf.control_dependencies([v.assign(1.0)]):
        step = ema.apply([v])
    with tf.Session() as session:
        session.run(step, {count: 0})
        assert session.run(ema.average(v)) == pytest.approx(0.9)
        session.run(ema.average(v).assign(0.0))
        session.run(step, {count: 100000})
        assert session.run(ema.average(v)) == pytest.approx(0.01)


@pytest.mark.parametrize("debias", [False, True])
def test_averages_of_tensors_begin_with_zero(debias: bool) -> None:
    x = tf.placeholder(tf.float32, [2], name="x")
    ema = train.ExponentialMovingAverage(0.5, zero_debias=debias)
    step = ema.apply([x])
    average = ema.average(x)
    assert average.op.name == "x/ExponentialMovingAverage"
    with tf.Session() as session:
        session.run(step, {x: [2.0, 4.0]})
        session.run(step, {x: [2.0, 8.0]})
        expected = np.array([1.5, 5.0])
        found = session.run(average)
    np.testing.assert_allclose(found, expected / 0.75 if debias else expected, rtol=1e-6)


def test_names_to_restore() -> None:
    v = tf.Variable(0.0, name="v")
    fixed = tf.Variable(0.0, name="fixed", trainable=False)
    ema = train.ExponentialMovingAverage(0.9, name="avg")
    assert ema.name == "avg"
    assert ema.average_name(v) == "v/avg"
    assert ema.variables_to_restore() == {"v/avg": v, "fixed": fixed}
    assert ema.variables_to_restore([fixed]) == {"fixed/avg": fixed, "v": v}
    ema.apply([v])
    restored = ema.variables_to_restore()
    assert restored["v/avg"] is v
    assert restored["fixed"] is fixed


def test_wrong_averages() -> None:
    v = tf.Variable(0.0)
    ema = train.ExponentialMovingAverage(0.9)
    ema.apply([v])
    with pytest.raises(GraphError, match="has an average already"):
        ema.apply([v])
    with pytest.raises(DtypeError, match="is no float"):
        ema.apply([tf.Variable(1)])


# The global step --------------------------------------------------------------------------------


def test_global_step() -> None:
    assert train.get_global_step() is None
    with tf.name_scope("ops"):
        step = train.get_or_create_global_step()
    assert (step.name, step.dtype, step.trainable) == ("global_step:0", tf.int64, False)
    assert train.get_global_step() is train.get_or_create_global_step() is step
    assert tf.get_collection(tf.GraphKeys.GLOBAL_STEP) == [step]
    assert step in tf.global_variables()
    with pytest.raises(GraphError, match="create_global_step: the graph has a global step"):
        train.create_global_step()
    other = tf.Graph()
    assert train.get_global_step(other) is None
    assert train.create_global_step(other).graph is other
    with tf.Session() as session:
        session.run(step.assign_add(5))
        assert train.global_step(session, step) == 5


def test_global_step_by_name() -> None:
    step = tf.Variable(0, name="global_step", trainable=False)
    assert train.get_global_step() is step
    with tf.Graph().as_default():
        tensor = tf.constant(3, name="global_step")
        assert train.get_global_step() is tensor


def test_what_cannot_count_steps() -> None:
    for wrong in (tf.Variable(1.0), tf.Variable([1]), 3):
        with pytest.raises(GraphError, match="cannot count steps"):
            train.assert_global_step(wrong)
    for _ in range(2):
        tf.add_to_collection(tf.GraphKeys.GLOBAL_STEP, tf.Variable(0))
    with pytest.raises(GraphError, match="get_global_step: there are several"):
        train.get_global_step()


# Optimizers -------------------------------------------------------------------------------------


def minimized(optimizer: Any, steps: int, **options: Any) -> tuple[float, np.ndarray]:
    w = tf.Variable([1.0, -2.0, 0.05])
    loss = tf.reduce_sum((w - [0.5, -1.0, 0.0]) ** 2)
    step = optimizer.minimize(loss, **options)
    with tf.Session() as session:
        for _ in range(steps):
            session.run(step)
        value, weights = session.run([loss, w])
        return float(value), weights


def test_optimizers_that_shrink_weights() -> None:
    loss, weights = minimized(train.FtrlOptimizer(0.5), 200)
    assert loss < 1e-3
    strong = train.FtrlOptimizer(0.5, l1_regularization_strength=1.5)
    _, weights = minimized(strong, 200)
    assert weights[2] == 0.0
    _, weights = minimized(train.ProximalGradientDescentOptimizer(0.1, 0.5), 100)
    np.testing.assert_allclose(weights, [0.25, -0.75, 0.0], atol=1e-3)
    assert weights[2] == 0.0
    _, weights = minimized(train.ProximalAdagradOptimizer(0.5, l1_regularization_strength=0.5), 300)
    np.testing.assert_allclose(weights, [0.25, -0.75, 0.0], atol=1e-2)
    step = train.create_global_step()
    optimizer = train.AdagradDAOptimizer(0.5, step, l1_regularization_strength=0.1)
    loss, _ = minimized(optimizer, 100, global_step=step)
    assert loss < 0.1
    assert optimizer.get_slot_names() == [
        "gradient_accumulator", "gradient_squared_accumulator",
    ]  # fmt: skip


def test_hyperparameters() -> None:
    for make, text in (
        (lambda: train.FtrlOptimizer(0.1, learning_rate_power=0.5), "-learning_rate_power is neg"),
        (lambda: train.FtrlOptimizer(0.1, l1_regularization_strength=-1.0), "is negative"),
        (lambda: train.ProximalAdagradOptimizer(0.1, 0.0), "is not positive"),
        (lambda: train.FtrlOptimizer(0.1, "power"), "bad operand|is not a number"),
    ):
        with pytest.raises((OptionError, TypeError), match=text):
            make()


def test_an_optimizer_of_a_program() -> None:
    class Heavy(train.Optimizer):
        def __init__(self, rate: float) -> None:
            super().__init__(False, "Heavy")
            self._lr = rate
            self._order: list[str] = []

        def _create_slots(self, var_list: Any) -> None:
            self._order.append("slots")
            for v in var_list:
                self._zeros_slot(v, "speed", self._name)
            self._create_non_slot_variable(0.0, "count", var_list[0])

        def _prepare(self) -> None:
            self._order.append("prepare")
            self._lr_t = tf.convert_to_tensor(self._lr)

        def _apply_dense(self, grad: Any, var: Any) -> Any:
            speed = self.get_slot(var, "speed")
            new = speed.assign(0.5 * speed + grad)
            return tf.group(var.assign_sub(self._lr_t * new), new)

        def _finish(self, update_ops: Any, name_scope: str) -> Any:
            count = self._get_non_slot_variable("count", tf.get_default_graph())
            return tf.group(*update_ops, count.assign_add(1.0), name=name_scope)

    optimizer = Heavy(0.25)
    w = tf.Variable(1.0, name="w")
    step = optimizer.minimize(w * w, global_step=train.create_global_step())
    assert optimizer._order == ["slots", "prepare"]
    assert step.name == "Heavy"
    assert [v.name for v in optimizer.variables()] == ["count:0", "w/Heavy:0"]
    with tf.Session() as session:
        session.run(step)
        assert session.run(w) == 0.5
        session.run(step)
        assert session.run(w) == pytest.approx(0.5 - 0.25 * (1.0 + 1.0))
        assert session.run(["count:0", "global_step:0"]) == [2.0, 2]
    with pytest.raises(NotImplementedError):
        train.Optimizer(False, "None").apply_gradients([(tf.constant(1.0), w)])


def test_wrong_arguments_of_optimizers() -> None:
    w = tf.Variable(1.0)
    optimizer = train.GradientDescentOptimizer(0.1)
    with pytest.raises(OptionError, match="gate_gradients has another value"):
        optimizer.minimize(w * w, gate_gradients=7)
    with pytest.raises(DtypeError, match="the loss is no float"):
        optimizer.minimize(tf.constant(1))
    assert optimizer.minimize(w * w, gate_gradients=optimizer.GATE_GRAPH).name == "GradientDescent"
