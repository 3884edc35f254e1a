"""Recurrent layers besides their numbers, which fidelity/test_recurrent.py holds against Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import core, layers
from thalweg.models import load_model

X = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("f")


class Leaky(layers.Layer):
    """A user's cell, as Keras's guides write one."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))

    def call(self, inputs: Any, states: Any) -> Any:
        new = states[0] * 0.5 + core.matmul(inputs, self.kernel)
        return new * 2.0, [new]


def test_a_cell_of_ones_own() -> None:
    layer = layers.RNN(Leaky(2), return_sequences=True, return_state=True)
    outputs, state = layer(X)
    [kernel] = layer.get_weights()
    h = np.zeros((4, 2))
    for t in range(6):
        h = h * 0.5 + X[:, t] @ kernel
        np.testing.assert_allclose(outputs[:, t], 2 * h, atol=1e-5)
    np.testing.assert_allclose(state, h, atol=1e-5)


@pytest.mark.parametrize("cell", [layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell])
def test_cells_take_one_step(cell: Any) -> None:
    one = cell(3)
    states = [np.zeros((4, 3), "f")] * len(np.atleast_1d(one.state_size))
    output, new = one(X[:, 0], states)
    assert output.shape == (4, 3) and len(new) == len(states)
    layer = layers.RNN(one)
    np.testing.assert_allclose(layer(X[:, :1]), output, atol=1e-6)


def test_length_may_differ_from_batch_to_batch() -> None:
    x = layers.Input((None, 3))
    model = keras.Model(x, layers.LSTM(2, return_sequences=True)(x))
    for time in (2, 6):
        got = model.predict(X[:, :time], verbose=0)
        assert got.shape == (4, time, 2)
    np.testing.assert_allclose(got[:, :2], model.predict(X[:, :2], verbose=0), atol=1e-6)


def test_dropout_is_one_mask_a_sequence() -> None:
    """An input of ones through a kernel of ones: every step sees the same number of units."""
    core.set_seed(1)
    layer = layers.SimpleRNN(
        1,
        activation="linear",
        dropout=0.5,
        return_sequences=True,
        kernel_initializer="ones",
        recurrent_initializer="zeros",
    )
    outputs = layer(np.ones((8, 5, 10), "f"), training=True)[..., 0]
    assert (outputs == outputs[:, :1]).all() and len(np.unique(outputs)) > 1
    assert (layer(np.ones((8, 5, 10), "f"))[..., 0] == 10).all()


def test_stateful_layers_are_the_same_as_one_long_sequence() -> None:
    model = keras.Sequential(
        [layers.GRU(3, stateful=True, return_sequences=True, batch_input_shape=(4, None, 3))]
    )
    whole = keras.Sequential([layers.GRU(3, return_sequences=True, batch_input_shape=(4, None, 3))])
    whole.set_weights(model.get_weights())
    assert len(model.weights) == 3  # states are none of them
    parts = [model.predict_on_batch(X[:, :2]), model.predict_on_batch(X[:, 2:])]
    expected = whole.predict_on_batch(X)
    np.testing.assert_allclose(np.concatenate(parts, 1), expected, atol=1e-6)
    model.reset_states()
    np.testing.assert_allclose(model.predict_on_batch(X), expected, atol=1e-6)
    layer = model.layers[0]
    layer.reset_states([np.ones((4, 3))])
    assert core.current_session().value(layer.states[0]).tolist() == np.ones((4, 3)).tolist()


def test_evaluating_moves_the_states_too() -> None:
    model = keras.Sequential([layers.SimpleRNN(2, stateful=True, batch_input_shape=(4, 6, 3))])
    model.compile("sgd", "mse")
    state = model.layers[0].states[0]
    values = []
    for run in (model.evaluate, model.fit):
        run(X, np.zeros((4, 2)), batch_size=4, verbose=0)
        values.append(core.current_session().value(state))
    assert np.abs(values[0]).max() > 0 and not np.array_equal(values[0], values[1])


def test_errors() -> None:
    with pytest.raises(core.ShapeError) as error:
        layers.LSTM(2, stateful=True)(layers.Input((6, 3)))
    assert "must know the size of the batch" in str(error.value)
    assert "batch_input_shape" in str(error.value)
    with pytest.raises(core.ShapeError, match="takes sequences"):
        layers.GRU(2)(layers.Input((3,)))
    with pytest.raises(core.ShapeError, match="wrong number of initial states"):
        layers.LSTM(3)(X, initial_state=[np.zeros((4, 3))])
    with pytest.raises(core.OptionError, match="not a cell"):
        layers.RNN(layers.Dense(3))
    with pytest.raises(core.OptionError, match="wraps a recurrent layer"):
        layers.Bidirectional(layers.Dense(3))
    with pytest.raises(core.OptionError, match="keeps no states"):
        layers.GRU(3).reset_states()
    with pytest.raises(core.OptionError, match="both layers run in one direction"):
        layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(3))


def test_masks_travel_and_end_where_they_must() -> None:
    x = layers.Input((5, 3))
    masked = layers.Masking()(x)
    y = layers.Dense(4, activation="relu")(masked)
    assert y.mask is not None and y.mask is masked.mask
    assert layers.add([y, y]).mask is not None
    assert layers.concatenate([y, layers.Dense(2)(x)]).mask is not None
    assert layers.LSTM(2)(y).mask is None
    assert layers.LSTM(2, return_sequences=True)(y).mask is masked.mask
    with pytest.warns(UserWarning, match=r"'flat' \(Flatten\) does not support masks"):
        assert layers.Flatten(name="flat")(y).mask is None


def test_masks_pass_through_models() -> None:
    x = layers.Input((5, 3))
    inner = keras.Model(x, layers.Dense(2)(layers.Masking()(x)))
    z = layers.Input((5, 3))
    y = inner(z)
    assert y.mask is not None
    model = keras.Sequential(
        [layers.Embedding(9, 3, mask_zero=True, input_shape=(None,)), layers.LSTM(2)]
    )
    padded, short = np.array([[1, 2, 0, 0]]), np.array([[1, 2]])
    np.testing.assert_allclose(model.predict(padded), model.predict(short), atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LSTM(2, return_sequences=True, recurrent_dropout=0.1),
        lambda: layers.GRU(2, reset_after=False),
        lambda: layers.Bidirectional(layers.LSTM(2, name="lstm"), merge_mode="sum"),
        lambda: layers.TimeDistributed(layers.Dense(2, name="inner")),
        lambda: layers.RNN([layers.GRUCell(2, name="a"), layers.LSTMCell(3, name="b")]),
    ],
)
def test_files_bring_them_back(make: Any, tmp_path: Path) -> None:
    model = keras.Sequential([layers.Masking(input_shape=(6, 3)), make()])
    model.compile("adam", "mse")
    target = np.zeros(model.predict(X, verbose=0).shape)
    model.fit(X, target, epochs=1, verbose=0)
    path = tmp_path / "model.h5"
    model.save(path)
    again = load_model(path)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert again.train_on_batch(X, target) == model.train_on_batch(X, target)
    names = [w.name for w in model.weights]
    assert [w.name for w in again.weights] == names


def test_names_of_weights_are_those_of_tf_keras() -> None:
    model = keras.Sequential(
        [
            layers.LSTM(2, return_sequences=True, input_shape=(6, 3), name="lstm"),
            layers.Bidirectional(layers.GRU(2, name="gru"), name="both"),
        ]
    )
    assert [w.name for w in model.weights] == [
        "lstm/lstm_cell/kernel",
        "lstm/lstm_cell/recurrent_kernel",
        "lstm/lstm_cell/bias",
        *(f"both/forward_gru/gru_cell/{n}" for n in ("kernel", "recurrent_kernel", "bias")),
        *(f"both/backward_gru/gru_cell/{n}" for n in ("kernel", "recurrent_kernel", "bias")),
    ]


def test_an_lstm_learns_to_remember() -> None:
    """The sign of the first step, ten steps later."""
    keras.utils.set_random_seed(3)
    random = np.random.default_rng(4)
    x = random.normal(size=(512, 10, 2)).astype("f")
    y = (x[:, 0, 0] > 0).astype("f")
    model = keras.Sequential([layers.LSTM(12, input_shape=(10, 2)), layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, epochs=25, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] > 0.93
