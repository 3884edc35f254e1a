"""tf.train: the formulas against TensorFlow's own numbers and against plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError

START = [1.0, -2.0, 0.5]
RATES = (0.1, 0.1, 0.05)
# w after three steps at those rates down sum(w**4 / 4) + w[0] * w[1], in float64, as computed by
# tf.compat.v1.train of TensorFlow 2.21, which rounds momentum and the like to float32; the slots.
MAKERS: dict[str, tuple[Callable[[Any], Any], tuple[float, ...], list[str]]] = {
    "GradientDescent": (
        lambda rate: tf.train.GradientDescentOptimizer(rate),
        (1.090426066, -1.160823309, 0.4705246626),
        [],
    ),
    "Momentum": (
        lambda rate: tf.train.MomentumOptimizer(rate, 0.9),
        (1.170418819, -0.2779851126, 0.4493718248),
        ["momentum"],
    ),
    "Nesterov": (
        lambda rate: tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
        (0.9802428837, -0.1533297653, 0.4282646156),
        ["momentum"],
    ),
    "Adam": (
        lambda rate: tf.train.AdamOptimizer(rate),
        (1.234268941, -1.752342015, 0.2645957248),
        ["m", "v"],
    ),
    "Adadelta": (
        lambda rate: tf.train.AdadeltaOptimizer(rate),
        (1.000112842, -1.999887153, 0.499887163),
        ["accum", "accum_update"],
    ),
    "Adagrad": (
        lambda rate: tf.train.AdagradOptimizer(rate),
        (1.157692689, -1.812251791, 0.4238504422),
        ["accumulator"],
    ),
    "RMSProp": (
        lambda rate: tf.train.RMSPropOptimizer(rate),
        (1.143944107, -1.508324561, 0.4678138129),
        ["momentum", "rms"],
    ),
    "RMSProp with momentum": (
        lambda rate: tf.train.RMSPropOptimizer(rate, 0.8, 0.5, 1e-3),
        (1.23843235, -1.393372944, 0.4472083324),
        ["momentum", "rms"],
    ),
    "centered RMSProp": (
        lambda rate: tf.train.RMSPropOptimizer(rate, centered=True, momentum=0.5),
        (1.217100568, -1.196959987, 0.4517844717),
        ["mg", "momentum", "rms"],
    ),
}


@pytest.mark.parametrize("name", MAKERS)
def test_three_steps_equal_tensorflows(name: str) -> None:
    make, expected, slots = MAKERS[name]
    w = tf.Variable(START, dtype=tf.float64, name="w")
    rate = tf.placeholder(tf.float64, [])
    optimizer = make(rate)
    step = optimizer.minimize(tf.reduce_sum(w**4 / 4) + w[0] * w[1])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in RATES:
            session.run(step, feed_dict={rate: value})
        np.testing.assert_allclose(session.run(w), expected, rtol=3e-6)
    assert optimizer.get_slot_names() == slots
    for slot in slots:
        assert optimizer.get_slot(w, slot).get_shape().as_list() == [3]
        assert optimizer.get_slot(w, slot) in tf.global_variables()
    assert tf.trainable_variables() == [w]
    assert optimizer.get_slot(w, "nothing") is None


def one_step(optimizer: Any) -> float:
    """w after one step from 1.0 with gradient 3.0."""
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.Variable(1.0)
        session.run(optimizer.apply_gradients([(tf.constant(3.0), w)]))
        return float(session.run(w))


def test_one_step_by_hand() -> None:
    train = tf.train
    assert one_step(train.GradientDescentOptimizer(0.1)) == pytest.approx(1 - 0.3)
    assert one_step(train.MomentumOptimizer(0.1, 0.9)) == pytest.approx(1 - 0.3)
    nesterov = train.MomentumOptimizer(0.1, 0.9, use_nesterov=True)
    assert one_step(nesterov) == pytest.approx(1 - 0.1 * (3 + 0.9 * 3))
    assert one_step(train.AdamOptimizer(0.1)) == pytest.approx(1 - 0.1)
    assert one_step(train.AdagradOptimizer(0.1)) == pytest.approx(1 - 0.3 / math.sqrt(9.1))
    assert one_step(train.RMSPropOptimizer(0.1)) == pytest.approx(1 - 0.3 / math.sqrt(0.9 + 0.9))
    step = 3 * math.sqrt(1e-8) / math.sqrt(0.05 * 9 + 1e-8)
    assert one_step(train.AdadeltaOptimizer(1.0)) == pytest.approx(1 - step)


@pytest.mark.parametrize("name", MAKERS)
def test_initializing_again_restarts_the_optimizer(name: str) -> None:
    w = tf.Variable(START, dtype=tf.float64)
    step = MAKERS[name][0](0.1).minimize(tf.reduce_sum(w**4))
    initialize = tf.global_variables_initializer()
    with tf.Session() as session:
        session.run(step)
        first = session.run(w)
        session.run(step)
        session.run(initialize)
        session.run(step)
        np.testing.assert_array_equal(session.run(w), first)


def test_names_as_in_tensorflow() -> None:
    w, b = tf.Variable([1.0], name="w"), tf.Variable([1.0], name="b")
    loss = tf.reduce_sum(w * w + b)
    optimizer = tf.train.AdamOptimizer()
    step = optimizer.minimize(loss)
    assert step.name == "Adam"
    assert optimizer.get_name() == "Adam"
    made = ["beta1_power:0", "beta2_power:0", "w/Adam:0", "w/Adam_1:0", "b/Adam:0", "b/Adam_1:0"]
    assert [v.name for v in tf.global_variables()[2:]] == made
    assert [v.name for v in optimizer.variables()] == sorted(made)
    assert optimizer.get_slot(w, "m").name == "w/Adam:0"
    assert optimizer.get_slot(b, "v").name == "b/Adam_1:0"
    with tf.variable_scope("second"):
        again = tf.train.AdamOptimizer()
        assert again.minimize(loss).name == "second/Adam"
    assert again.get_slot(w, "m").name == "second/w/Adam:0"
    third = tf.train.AdamOptimizer()
    assert third.minimize(loss).name == "Adam_1"
    assert third.get_slot(w, "m").name == "w/Adam_2:0"
    named = tf.train.GradientDescentOptimizer(0.1, name="descent").minimize(w * w, name="train")
    assert named.name == "train"
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP)[-1] is named
    ftrl = tf.train.FtrlOptimizer(0.1, accum_name="squares")
    ftrl.minimize(loss, global_step=tf.train.create_global_step())
    assert ftrl.get_slot_names() == ["accum", "linear"]
    assert ftrl.get_slot(w, "accum").name == "w/squares:0"
    assert ftrl.get_slot(w, "linear").name == "w/Ftrl:0"


def test_learning_rates_of_all_kinds() -> None:
    def after(rate: Any, feeds: Any = None) -> float:
        w = tf.Variable(1.0, trainable=False)
        step = tf.train.GradientDescentOptimizer(rate).minimize(3 * w, var_list=[w])
        with tf.Session() as session:
            session.run(step, feeds)
            return float(session.run(w))

    fed = tf.placeholder(tf.float32, [])
    variable = tf.Variable(0.1, trainable=False)
    kinds = (
        0.1,
        np.float64(0.1),
        tf.constant(0.1),
        variable,
        lambda: 0.1,
        tf.constant(0.1, "float64"),
    )
    for kind in kinds:
        assert after(kind) == pytest.approx(0.7)
    assert after(fed, {fed: 0.1}) == pytest.approx(0.7)


def test_global_step_counts_and_rates_fall() -> None:
    w = tf.Variable(1.0)
    batch = tf.Variable(0, trainable=False)
    rate = tf.train.exponential_decay(0.1, batch * 64, 128, 0.5, staircase=True)
    step = tf.train.MomentumOptimizer(rate, 0.9).minimize(w * w, global_step=batch)
    with tf.Session() as session:
        rates = [session.run([rate, step])[0] for _ in range(5)]
        assert session.run(batch) == 5
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.05, 0.05, 0.025])


def test_exponential_decay() -> None:
    with tf.Session() as session:
        smooth = session.run(tf.train.exponential_decay(1.0, 5, 10, 0.25))
        stairs = session.run(tf.train.exponential_decay(1.0, 25, 10.0, 0.25, True, name="rate"))
    assert (smooth, stairs) == (0.5, 0.0625)


def test_gradients_may_be_changed_between() -> None:
    v, w, unused = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3.0)
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(10 * v + 20 * w)
    assert [variable for _, variable in pairs] == [v, w, unused]
    assert pairs[2][0] is None
    clipped = [(tf.clip_by_value(g, -1.0, 1.0), x) for g, x in pairs if g is not None]
    with tf.Session() as session:
        session.run(optimizer.apply_gradients([*clipped, pairs[2]]))
        assert session.run([v, w, unused]) == [0.0, 1.0, 3.0]


def test_var_list_grad_loss_and_two_dtypes() -> None:
    v = tf.Variable([1.0, 1.0])
    w = tf.Variable([1.0, 1.0], dtype=tf.float64)
    loss = tf.cast(v, tf.float64) * w
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    weights = tf.constant([1.0, 0.5], tf.float64)
    with tf.Session() as session:
        session.run(optimizer.minimize(loss, var_list=[w], grad_loss=weights))
        assert session.run([v, w])[1].tolist() == [0.0, 0.5]
        assert session.run(v).tolist() == [1.0, 1.0]
        session.run(tf.global_variables_initializer())
        session.run(optimizer.minimize(loss))
        v_value, w_value = session.run([v, w])
        assert v_value.tolist() == w_value.tolist() == [0.0, 0.0]
        assert (v_value.dtype, w_value.dtype) == (np.float32, np.float64)


def test_a_step_waits_for_what_it_depends_on() -> None:
    w = tf.Variable(1.0)
    mean = tf.Variable(0.0, trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, mean.assign(7.0))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.GradientDescentOptimizer(0.1).minimize(w * w)
    with tf.Session() as session:
        session.run(step)
        assert session.run([w, mean]) == [pytest.approx(0.8), 7.0]


def test_loss_and_step_in_one_run_see_the_old_value() -> None:
    w = tf.Variable(2.0)
    loss = w * w
    step = tf.train.GradientDescentOptimizer(0.25).minimize(loss)
    with tf.Session() as session:
        assert session.run([step, loss, w]) == [None, 4.0, 2.0]
        assert session.run([loss, step, w]) == [1.0, None, 1.0]


def test_constraints_hold_after_a_step() -> None:
    w = tf.Variable([1.0, -1.0], constraint=lambda x: tf.maximum(x, 0.0))
    with tf.Session() as session:
        session.run(tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(w)))
        assert session.run(w).tolist() == [0.5, 0.0]


def test_nothing_to_optimize() -> None:
    loss = tf.constant(1.0, name="loss")
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    with pytest.raises(GraphError) as caught:
        optimizer.minimize(loss)
    assert str(caught.value) == (
        "GradientDescent: there is nothing to optimize\n"
        "  expected  trainable variables in the graph of the loss, or var_list=[…]\n"
        "  got       none\n"
        "  node      'loss'"
    )
    tf.Variable(1.0, name="w")
    with pytest.raises(GraphError) as caught:
        optimizer.minimize(loss)
    assert str(caught.value).startswith(
        "GradientDescent: the loss depends on none of the variables\n"
        "  expected  a loss computed from 'w:0'\n"
        "  got       float32 ()\n"
        "  node      'loss'\n"
        "  made at   test_train.py:"
    )
    with pytest.raises(GraphError) as caught:
        optimizer.apply_gradients([(None, tf.Variable(1.0))])
    assert str(caught.value) == (
        "GradientDescent: there are no gradients\n"
        "  expected  pairs (gradient, variable) with a gradient\n"
        "  got       none"
    )


def test_hyperparameters_are_numbers() -> None:
    with pytest.raises(OptionError) as caught:
        tf.train.MomentumOptimizer(0.1, tf.constant(0.9))
    assert str(caught.value).startswith(
        "Momentum: momentum is not a number\n"
        "  expected  a Python number; only the learning rate may be a tensor\n"
    )
    with pytest.raises(OptionError, match="initial_accumulator_value is not positive"):
        tf.train.AdagradOptimizer(0.1, 0.0)
    with pytest.raises(OptionError, match="Optimizer: the name is empty"):
        tf.train.GradientDescentOptimizer(0.1, name="")
