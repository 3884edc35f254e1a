"""`thalweg.backend` in the programs that use it: functions of models, losses, layers, sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import backend as K
from thalweg import layers, models
from thalweg.core import Graph, Session, set_session
from thalweg.core.errors import OptionError


@pytest.fixture(autouse=True)
def fresh() -> Any:
    with Graph().as_default():
        before = K.get_session()
        set_session(Session())
        yield
        set_session(before)


@pytest.fixture
def model() -> Any:
    keras.utils.set_random_seed(3)
    model = models.Sequential(
        [
            layers.Dense(50, activation="relu", input_shape=(6,)),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "mse")
    return model


X = np.random.default_rng(0).uniform(-1, 1, (8, 6)).astype(np.float32)


def test_layers_inside_a_model(model: Any) -> None:
    """What a layer gives, while training and not, as visualizations ask for it."""
    inside = K.function([model.input, K.learning_phase()], [model.layers[1].output])
    kernel, bias = model.layers[0].get_weights()
    expected = np.maximum(X @ kernel + bias, 0)
    np.testing.assert_allclose(inside([X, 0])[0], expected, rtol=1e-5, atol=1e-6)
    [dropped] = inside([X, 1])
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], 2 * expected[kept], rtol=1e-5, atol=1e-6)
    assert 0.3 < np.mean(kept[expected > 0]) < 0.7


def test_the_gradient_of_a_filter(model: Any) -> None:
    loss = K.mean(model.layers[0].output[:, 3])
    [slopes] = K.gradients(loss, model.input)
    loss_value, slopes_value = K.function([model.input], [loss, slopes])([X])
    kernel, bias = model.layers[0].get_weights()
    active = (X @ kernel[:, 3] + bias[3] > 0)[:, None]
    np.testing.assert_allclose(slopes_value, active * kernel[:, 3] / len(X), rtol=1e-5)
    assert loss_value.shape == ()


def test_functions_update() -> None:
    x, total = K.placeholder((None,)), K.variable([0.0, 0.0])
    add = K.function([x], K.sum(x), updates=[(total, total + x), K.update_add(K.variable(1), 1)])
    assert add([[1, 2]]) == 3.0
    assert add([[3, 4]]) == 7.0
    np.testing.assert_array_equal(K.get_value(total), [4, 6])
    with pytest.raises(OptionError, match="1 values in a list"):
        add([[1, 2], [3, 4]])


def test_losses_metrics_and_layers() -> None:
    class Product(keras.Layer):
        def __init__(self, units: int, **kwargs: Any) -> None:
            self.units = units
            super().__init__(**kwargs)

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(
                name="kernel", shape=(input_shape[1], self.units), initializer="uniform"
            )
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            return K.dot(x, self.kernel)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape[0], self.units)

    def loss(y_true: Any, y_pred: Any) -> Any:
        return K.mean(K.square(y_pred - y_true), axis=-1)

    def largest(y_true: Any, y_pred: Any) -> Any:
        return K.max(K.abs(y_pred - y_true))

    model = models.Sequential([Product(2, input_shape=(6,))])
    model.compile("sgd", loss, metrics=[largest])
    y = np.zeros((8, 2), np.float32)
    error = X @ model.get_weights()[0]
    values = model.evaluate(X, y, batch_size=8, verbose=0)
    np.testing.assert_allclose(values, [np.mean(error**2), np.abs(error).max()], rtol=1e-5)
    before = values[0]
    model.fit(X, y, epochs=20, verbose=0)
    assert model.evaluate(X, y, verbose=0)[0] < before


def test_learning_rates(model: Any) -> None:
    assert K.get_value(model.optimizer.lr) == pytest.approx(0.001)
    K.set_value(model.optimizer.lr, 0.25)
    assert float(model.optimizer.learning_rate) == 0.25


def test_sessions(model: Any) -> None:
    session = K.get_session()
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(session.run(model.output, {model.input: X}), expected)
    fed = {model.input: X, K.learning_phase(): 0}
    np.testing.assert_array_equal(session.run(model.output, fed), expected)
    other = Session()
    K.set_session(other)
    assert K.get_session() is other


def test_values() -> None:
    x = K.variable(np.ones((2, 3)), name="mine")
    assert (K.dtype(x), K.int_shape(x), K.ndim(x), K.count_params(x)) == ("float32", (2, 3), 2, 6)
    assert K.int_shape(K.placeholder(ndim=2)) == (None, None)
    assert K.dtype(K.variable([1, 2])) == "int64"
    y = K.variable([5.0])
    K.batch_set_value([(x, np.zeros((2, 3))), (y, [7.0])])
    first, second = K.batch_get_value([x, y])
    assert not first.any() and second.tolist() == [7.0]
    for made, expected in (
        (K.zeros((2,)), [0, 0]),
        (K.ones((2,)), [1, 1]),
        (K.eye(2), [[1, 0], [0, 1]]),
        (K.zeros_like(y), [0]),
        (K.ones_like(y), [1]),
        (K.identity(y), [7]),
    ):
        np.testing.assert_array_equal(K.eval(made), expected)
    with pytest.raises(OptionError, match="sparse"):
        K.placeholder((2,), sparse=True)


def test_what_is_random() -> None:
    assert K.eval(K.dropout(K.ones((100, 100)), 0.25)).mean() == pytest.approx(1, abs=0.05)
    rows = K.eval(K.dropout(K.ones((100, 3)), 0.5, noise_shape=(100, 1)))
    assert (rows == rows[:, :1]).all() and 0 < rows.mean() < 2
    assert K.eval(K.random_binomial((100, 100), 0.2)).mean() == pytest.approx(0.2, abs=0.02)
    drawn = K.eval(K.random_normal((100, 100), 3.0, 2.0))
    assert (drawn.mean(), drawn.std()) == (pytest.approx(3, abs=0.1), pytest.approx(2, abs=0.1))
    drawn = K.eval(K.random_uniform((100, 100), 3.0, 4.0))
    assert 3 <= drawn.min() < 3.01 and 3.99 < drawn.max() < 4
    start = K.random_uniform_variable((50,), -1, 1)
    np.testing.assert_array_equal(K.eval(start), K.eval(start))
    assert K.eval(K.random_normal_variable((500,), 0, 1)).std() == pytest.approx(1, abs=0.15)


def test_phases() -> None:
    chosen = K.in_train_phase(K.constant(1.0), lambda: K.constant(2.0))
    value = K.function([K.learning_phase()], chosen)
    assert (value([1]), value([0])) == (1.0, 2.0)
    assert K.in_train_phase(1.0, 2.0, training=True) == 1.0
    assert K.in_test_phase(1.0, lambda: 2.0, training=1) == 2.0
    assert K.eval(K.switch(K.constant(True), lambda: K.constant(3.0), 4.0)) == 3.0


def test_what_remains_of_the_functions_of_tensors() -> None:
    """Those that Keras 2 has no longer, or gives in another form, against NumPy."""
    x = X[:, :4]
    np.testing.assert_allclose(
        K.eval(K.logsumexp(x, axis=1)), np.log(np.exp(x).sum(1)), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(K.eval(K.slice(x, [1, 0], [2, 3])), x[1:3, :3])
    np.testing.assert_array_equal(
        K.eval(K.in_top_k(np.float32([[0.1, 0.9], [0.8, 0.2]]), [1, 1], 1)), [True, False]
    )
    signal, kernel = X[None, :, :3], np.ones((2, 3, 1), np.float32)
    separable = K.separable_conv1d(signal, kernel, np.full((1, 3, 1), 2, np.float32))
    sums = signal.sum(-1, keepdims=True)
    np.testing.assert_allclose(
        K.eval(separable), 2 * (sums[:, :-1] + sums[:, 1:]), rtol=1e-5, atol=1e-6
    )
    volume = np.full((1, 1, 1, 1, 1), 3.0, np.float32)
    spread = K.conv3d_transpose(volume, np.ones((2, 2, 2, 1, 1), np.float32), (1, 2, 2, 2, 1))
    np.testing.assert_array_equal(K.eval(spread), np.full((1, 2, 2, 2, 1), 3.0))
    with pytest.raises(OptionError, match="initial state"):
        K.rnn(lambda now, states: (now, states), signal, [])


def test_settings() -> None:
    assert (K.backend(), K.image_data_format(), K.floatx()) == (
        "tensorflow",
        "channels_last",
        "float32",
    )
    K.set_image_data_format("channels_last")
    K.set_image_dim_ordering("tf")
    with pytest.raises(OptionError, match='data_format="channels_first"'):
        K.set_image_data_format("channels_first")
    with pytest.raises(OptionError, match="channels_last"):
        K.set_image_dim_ordering("th")
    with pytest.raises(OptionError, match="float32"):
        K.set_floatx("float64")
    assert K.cast_to_floatx([1, 2]).dtype == np.float32


def test_programs_for_keras_find_it() -> None:
    from thalweg.cli.names import translation

    assert translation("keras.backend") == ("thalweg.backend",)
    assert translation("tensorflow.keras.backend") == ("thalweg.backend",)
