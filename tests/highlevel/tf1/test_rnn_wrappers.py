"""Cells around cells, against the cell inside and masks read off from what was dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError

cells, more = tf.nn.rnn_cell, tf.contrib.rnn
X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("f")


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        yield


class Copy(tf.nn.rnn_cell.RNNCell):
    """Its output is its input, and its state is that too."""

    state_size = output_size = 4

    def call(self, inputs: Any, state: Any) -> Any:
        return inputs, inputs


def run_along(cell: Any, x: Any = X) -> tuple[np.ndarray, Any]:
    outputs = tf.nn.dynamic_rnn(cell, tf.constant(x), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(outputs)


def test_parts_lose_different_units() -> None:
    ones = np.ones((3, 50, 4), "f")
    cell = cells.DropoutWrapper(Copy(), 0.5, 0.5, seed=1)
    outputs, _ = run_along(cell, ones)
    assert set(np.unique(outputs)) == {0.0, 4.0}
    assert (outputs > 0).mean() == pytest.approx(0.25, abs=0.06)  # 0.5, were both masks one
    steps = [outputs[:, t].tobytes() for t in range(50)]
    assert len(set(steps)) > 10


def test_variational_dropout_keeps_its_units() -> None:
    ones = np.ones((3, 20, 64), "f")
    size = {"input_size": 64, "dtype": tf.float32}
    for options in ({"input_keep_prob": 0.5}, {"output_keep_prob": tf.constant(0.5)}):
        inner = Copy()
        inner.state_size = inner.output_size = 64  # type: ignore[misc]
        cell = cells.DropoutWrapper(inner, variational_recurrent=True, **size, **options)
        outputs = tf.nn.dynamic_rnn(cell, tf.constant(ones), dtype=tf.float32)[0]
        with tf.Session() as session:
            first, second = session.run(outputs), session.run(outputs)
        assert (first == first[:1, :1]).all()  # one mask for all samples and steps of a run
        assert (first != second).any()
        assert set(np.unique(first)) == {0.0, 2.0}
        assert 0.2 < (first > 0).mean() < 0.8


def test_state_dropout_spares_the_cell_of_an_lstm() -> None:
    for variational in (False, True):
        inner = cells.BasicLSTMCell(200, name=f"lstm{variational}")
        cell = cells.DropoutWrapper(
            inner, state_keep_prob=0.5, variational_recurrent=variational, dtype=tf.float32
        )
        _, state = run_along(cells.MultiRNNCell([cell]))
        assert (state[0].c != 0).all()
        assert 0.3 < (state[0].h == 0).mean() < 0.7


def test_errors() -> None:
    with pytest.raises(OptionError) as caught:
        cells.DropoutWrapper(Copy(), variational_recurrent=True)
    assert str(caught.value) == (
        "DropoutWrapper: dtype is missing\n  expected  dtype=… with variational_recurrent"
    )
    with pytest.raises(OptionError, match="input_size is missing"):
        cells.DropoutWrapper(Copy(), 0.5, variational_recurrent=True, dtype=tf.float32)
    with pytest.raises(GraphError, match="dropout_state_filter_visitor is not supported"):
        cells.DropoutWrapper(Copy(), dropout_state_filter_visitor=lambda state: True)
    with pytest.raises(GraphError, match=r"collect outputs in a tf\.TensorArray"):
        tf.nn.raw_rnn(Copy(), lambda *_: None)


def test_projections() -> None:
    cell = more.OutputProjectionWrapper(cells.BasicRNNCell(3), 2, activation=tf.sigmoid)
    cell = more.InputProjectionWrapper(cell, 6)
    assert (cell.state_size, cell.output_size) == (3, 2)
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        w = {v.name: session.run(v) for v in tf.global_variables()}
        got = session.run(outputs)
    outer = "rnn/input_projection_wrapper"
    middle = f"{outer}/output_projection_wrapper"
    inner = f"{middle}/basic_rnn_cell"
    names = {f"{scope}/{part}:0" for scope in (outer, middle, inner) for part in ("kernel", "bias")}
    assert set(w) == names
    h = np.zeros((3, 3))
    for t in range(5):
        x = X[:, t] @ w[f"{outer}/kernel:0"] + w[f"{outer}/bias:0"]
        h = np.tanh(np.hstack([x, h]) @ w[f"{inner}/kernel:0"] + w[f"{inner}/bias:0"])
        y = h @ w[f"{middle}/kernel:0"] + w[f"{middle}/bias:0"]
        np.testing.assert_allclose(got[:, t], 1 / (1 + np.exp(-y)), atol=1e-5)


def test_embedding() -> None:
    cell = more.EmbeddingWrapper(Copy(), 7, 4)
    words = np.array([[[1], [6]], [[0], [1]]], np.int32)
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.constant(words), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        [table] = tf.global_variables()
        assert table.name == "rnn/embedding_wrapper/embedding:0"
        rows, got = session.run([table, outputs])
    np.testing.assert_array_equal(got, rows[words[..., 0]])


def test_block_cell_is_an_lstm() -> None:
    cell = more.LSTMBlockCell(3, use_peephole=True)
    _, state = tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)
    assert state.c.shape == (3, 3)
    assert {v.name for v in tf.global_variables()} == {
        f"rnn/lstm_cell/{part}:0" for part in ("kernel", "bias", "w_f_diag", "w_i_diag", "w_o_diag")
    }
