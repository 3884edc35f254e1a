"""Recurrent cells and networks of TF1, against the same steps written in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

import thalweg.tf1 as tf

X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("f")
LENGTHS = np.array([5, 2, 0])


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        yield graph


def values_of(session: Any) -> dict[str, np.ndarray]:
    return {v.name: session.run(v).astype("d") for v in tf.global_variables()}


def basic(w: dict[str, Any], scope: str) -> Callable[..., Any]:
    def step(x: Any, s: Any) -> Any:
        h = np.tanh(np.hstack([x, s]) @ w[f"{scope}/kernel:0"] + w[f"{scope}/bias:0"])
        return h, h

    return step


def gru(w: dict[str, Any], scope: str) -> Callable[..., Any]:
    def step(x: Any, s: Any) -> Any:
        gates = np.hstack([x, s]) @ w[f"{scope}/gates/kernel:0"] + w[f"{scope}/gates/bias:0"]
        r, u = np.split(expit(gates), 2, axis=1)
        new = np.hstack([x, r * s]) @ w[f"{scope}/candidate/kernel:0"]
        h = u * s + (1 - u) * np.tanh(new + w[f"{scope}/candidate/bias:0"])
        return h, h

    return step


def lstm(w: dict[str, Any], scope: str) -> Callable[..., Any]:
    def step(x: Any, s: Any) -> Any:
        c, h = s
        z = np.hstack([x, h]) @ w[f"{scope}/kernel:0"] + w[f"{scope}/bias:0"]
        i, j, f, o = np.split(z, 4, axis=1)
        c = expit(f + 1) * c + expit(i) * np.tanh(j)
        h = expit(o) * np.tanh(c)
        return h, (c, h)

    return step


def zeros(kind: str) -> Any:
    return (np.zeros((3, 2)),) * 2 if kind == "lstm" else np.zeros((3, 2))


def along(step: Any, x: np.ndarray, state: Any, lengths: Any = None) -> tuple[np.ndarray, Any]:
    outputs = []
    for t in range(x.shape[1]):
        output, new = step(x[:, t].astype("d"), state)
        if lengths is not None:
            lives = (t < lengths)[:, None]
            output = np.where(lives, output, 0)
            if isinstance(new, tuple):
                new = tuple(np.where(lives, a, b) for a, b in zip(new, state, strict=True))
            else:
                new = np.where(lives, new, state)
        outputs.append(output)
        state = new
    return np.stack(outputs, 1), state


CELLS = {
    "basic_rnn_cell": (lambda: tf.nn.rnn_cell.BasicRNNCell(2), basic, "plain"),
    "gru_cell": (lambda: tf.nn.rnn_cell.GRUCell(2), gru, "plain"),
    "basic_lstm_cell": (lambda: tf.contrib.rnn.BasicLSTMCell(2), lstm, "lstm"),
    "lstm_cell": (lambda: tf.nn.rnn_cell.LSTMCell(2), lstm, "lstm"),
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_dynamic_rnn(name: str, lengths: Any) -> None:
    make, formula, kind = CELLS[name]
    x = tf.placeholder(tf.float32, [None, 5, 4])
    outputs, state = tf.nn.dynamic_rnn(make(), x, sequence_length=lengths, dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        step = formula(values_of(session), f"rnn/{name}")
        expected, last = along(step, X, zeros(kind), lengths)
        got, end = session.run([outputs, state], {x: X})
    np.testing.assert_allclose(got, expected, atol=1e-5)
    np.testing.assert_allclose(np.asarray(end), np.asarray(last), atol=1e-5)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_static_rnn_is_the_same(lengths: Any) -> None:
    x = tf.placeholder(tf.float32, [3, 5, 4])
    cell = tf.nn.rnn_cell.BasicLSTMCell(2)
    with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
        outputs, state = tf.nn.dynamic_rnn(cell, x, sequence_length=lengths, dtype=tf.float32)
        steps, end = tf.nn.static_rnn(
            cell, tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=lengths
        )
    assert len(tf.global_variables()) == 2
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        a, b = session.run([[outputs, *state], [tf.stack(steps, 1), *end]], {x: X})
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_both_directions(lengths: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 5, 4])
    cells = tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.GRUCell(2)
    outputs, states = tf.nn.bidirectional_dynamic_rnn(
        *cells, x, sequence_length=lengths, dtype=tf.float32
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        w = values_of(session)
        (fw, bw), (end_fw, end_bw) = session.run([outputs, states], {x: X})
    ends = np.full(3, 5) if lengths is None else lengths
    turned = X.copy()
    for row, end in enumerate(ends):
        turned[row, :end] = X[row, :end][::-1]
    expected, last = along(gru(w, "bidirectional_rnn/fw/gru_cell"), X, zeros("plain"), lengths)
    np.testing.assert_allclose(fw, expected, atol=1e-5)
    np.testing.assert_allclose(end_fw, last, atol=1e-5)
    back, last = along(gru(w, "bidirectional_rnn/bw/gru_cell"), turned, zeros("plain"), lengths)
    for row, end in enumerate(ends):
        back[row, :end] = back[row, :end][::-1].copy()
    np.testing.assert_allclose(bw, back, atol=1e-5)
    np.testing.assert_allclose(end_bw, last, atol=1e-5)


def test_static_bidirectional_joins() -> None:
    steps = tf.unstack(tf.constant(X), axis=1)
    cells = tf.nn.rnn_cell.BasicRNNCell(2), tf.nn.rnn_cell.BasicRNNCell(3)
    outputs, fw, bw = tf.nn.static_bidirectional_rnn(*cells, steps, dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got, end, start = session.run([outputs, fw, bw])
    assert [y.shape for y in got] == [(3, 5)] * 5
    np.testing.assert_array_equal(got[-1][:, :2], end)
    np.testing.assert_array_equal(got[0][:, 2:], start)


def test_cells_in_layers_have_scopes_of_their_own() -> None:
    cells = [tf.nn.rnn_cell.BasicLSTMCell(2), tf.nn.rnn_cell.GRUCell(3)]
    cell = tf.nn.rnn_cell.MultiRNNCell(cells)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)
    assert outputs.shape == (3, 5, 3) and state[0].h.shape == (3, 2)
    names = [v.name for v in tf.trainable_variables()]
    assert names[:2] == [
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel:0",
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias:0",
    ]
    assert names[2] == "rnn/multi_rnn_cell/cell_1/gru_cell/gates/kernel:0"


def test_peepholes_and_projection() -> None:
    cell = tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=2, cell_clip=0.1)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)
    assert outputs.shape == (3, 5, 2) and state.c.shape == (3, 4)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        w = {name.rpartition("lstm_cell/")[2]: v for name, v in values_of(session).items()}
        got, end = session.run([outputs, state])
    c, h = np.zeros((3, 4)), np.zeros((3, 2))
    for t in range(5):
        z = np.hstack([X[:, t], h]) @ w["kernel:0"] + w["bias:0"]
        i, j, f, o = np.split(z, 4, axis=1)
        c = expit(f + 1 + w["w_f_diag:0"] * c) * c + expit(i + w["w_i_diag:0"] * c) * np.tanh(j)
        c = np.clip(c, -0.1, 0.1)
        h = (expit(o + w["w_o_diag:0"] * c) * np.tanh(c)) @ w["projection/kernel:0"]
        np.testing.assert_allclose(got[:, t], h, atol=1e-5)
    np.testing.assert_allclose(end.c, c, atol=1e-5)


def test_wrappers() -> None:
    keep = tf.placeholder_with_default(1.0, [])
    inner = tf.nn.rnn_cell.BasicRNNCell(4)
    dropped = tf.nn.rnn_cell.DropoutWrapper(inner, output_keep_prob=keep, input_keep_prob=keep)
    cell = tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.DeviceWrapper(dropped, "/cpu:0"))
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        step = basic(values_of(session), "rnn/basic_rnn_cell")
        expected, _ = along(step, X, np.zeros((3, 4)))
        np.testing.assert_allclose(session.run(outputs), X + expected, atol=1e-5)
        some = session.run(outputs, {keep: 0.5}) - X
    assert 0.2 < (np.abs(some) < 1e-6).mean() < 0.8


def test_gradients_reach_cells() -> None:
    x = tf.placeholder(tf.float32, [3, 5, 4])
    outputs, _ = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.BasicLSTMCell(2), x, sequence_length=LENGTHS, dtype=tf.float32
    )
    loss = tf.reduce_sum(tf.square(outputs))
    kernel = tf.trainable_variables()[0]
    [slope] = tf.gradients(loss, [kernel])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run(slope, {x: X})
        value = session.run(kernel)
        for index in ((0, 0), (3, 5), (5, 7)):
            losses = []
            for sign in (1, -1):
                changed = value.copy()
                changed[index] += sign * 1e-2
                kernel.load(changed, session)
                losses.append(float(session.run(loss, {x: X})))
            kernel.load(value, session)
            assert found[index] == pytest.approx((losses[0] - losses[1]) / 2e-2, abs=2e-3)
