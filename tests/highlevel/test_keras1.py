"""Programs of 2015 to 2017: Keras 1's names of arguments make the layers that today's make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import keras1, layers, models
from thalweg.core.errors import OptionError

Make = Callable[[], Any]

# As Keras 1.2 documents them, and what Keras 2 says they are.
CALLS: list[tuple[Make, Make]] = [
    (
        lambda: layers.Convolution2D(8, 3, 5, border_mode="same", subsample=(2, 2)),
        lambda: layers.Conv2D(8, (3, 5), padding="same", strides=(2, 2)),
    ),
    (lambda: layers.Convolution2D(8, 3, 3), lambda: layers.Conv2D(8, (3, 3))),
    (
        lambda: layers.Conv2D(nb_filter=8, nb_row=2, nb_col=3, init="he_normal", bias=False),
        lambda: layers.Conv2D(8, (2, 3), kernel_initializer="he_normal", use_bias=False),
    ),
    (
        lambda: layers.Convolution2D(8, 3, 3, dim_ordering="th", W_regularizer="l2"),
        lambda: layers.Conv2D(8, (3, 3), data_format="channels_first", kernel_regularizer="l2"),
    ),
    (
        lambda: layers.Convolution1D(nb_filter=8, filter_length=3, subsample_length=2),
        lambda: layers.Conv1D(8, 3, strides=2),
    ),
    (
        lambda: layers.Convolution3D(4, 1, 2, 3, border_mode="same"),
        lambda: layers.Conv3D(4, (1, 2, 3), padding="same"),
    ),
    (
        lambda: layers.SeparableConv2D(4, 3, 3, border_mode="same"),
        lambda: layers.SeparableConv2D(4, (3, 3), padding="same"),
    ),
    (
        lambda: layers.MaxPooling2D((2, 2), border_mode="same", dim_ordering="tf"),
        lambda: layers.MaxPooling2D((2, 2), padding="same", data_format="channels_last"),
    ),
    (
        lambda: layers.AveragePooling1D(pool_length=3, stride=2),
        lambda: layers.AveragePooling1D(3, 2),
    ),
    (
        lambda: layers.GlobalMaxPooling2D(dim_ordering="th"),
        lambda: layers.GlobalMaxPooling2D("channels_first"),
    ),
    (lambda: layers.UpSampling1D(length=3), lambda: layers.UpSampling1D(3)),
    (
        lambda: layers.ZeroPadding2D((1, 1), dim_ordering="default"),
        lambda: layers.ZeroPadding2D((1, 1)),
    ),
    (
        lambda: layers.Dense(output_dim=4, init="uniform", b_constraint="maxnorm"),
        lambda: layers.Dense(4, kernel_initializer="uniform", bias_constraint="maxnorm"),
    ),
    (
        lambda: layers.LSTM(
            4,
            inner_init="orthogonal",
            inner_activation="hard_sigmoid",
            forget_bias_init="one",
            dropout_W=0.2,
            dropout_U=0.3,
            U_regularizer="l1",
            consume_less="gpu",
        ),
        lambda: layers.LSTM(
            4,
            recurrent_initializer="orthogonal",
            recurrent_activation="hard_sigmoid",
            unit_forget_bias=True,
            dropout=0.2,
            recurrent_dropout=0.3,
            recurrent_regularizer="l1",
            implementation=2,
        ),
    ),
    (
        lambda: layers.Embedding(9, 4, init="normal", W_constraint="nonneg"),
        lambda: layers.Embedding(
            9, 4, embeddings_initializer="normal", embeddings_constraint="nonneg"
        ),
    ),
    (lambda: layers.Dropout(p=0.3), lambda: layers.Dropout(0.3)),
    (lambda: layers.SpatialDropout2D(p=0.3), lambda: layers.SpatialDropout2D(0.3)),
    (lambda: layers.GaussianNoise(sigma=0.3), lambda: layers.GaussianNoise(0.3)),
    (
        lambda: layers.BatchNormalization(mode=0, axis=1, gamma_init="zero"),
        lambda: layers.BatchNormalization(axis=1, gamma_initializer="zero"),
    ),
    (lambda: layers.PReLU(init="one"), lambda: layers.PReLU("one")),
]


@pytest.mark.filterwarnings("ignore:thalweg. arguments of Keras 1")
@pytest.mark.parametrize("number", range(len(CALLS)))
def test_a_layer_is_made_as_today(number: int) -> None:
    old, new = (make() for make in CALLS[number])
    assert type(old) is type(new)
    first, second = ({**layer.get_config(), "name": None} for layer in (old, new))
    assert first == second


@pytest.mark.filterwarnings("ignore:thalweg. arguments of Keras 1")
@pytest.mark.parametrize("make", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_sequences_have_two_sizes(make: Any) -> None:
    """`input_dim` is that of a step; of other layers it is the whole sample."""
    assert make(3, input_dim=4, input_length=5)._arguments["input_shape"] == (5, 4)
    model = models.Sequential([make(3, input_dim=4), layers.Dense(2)])
    assert model.input_shape == (None, None, 4)
    assert model.predict(np.zeros((2, 7, 4)), verbose=0).shape == (2, 2)
    given = make(3, input_dim=1, input_shape=(5, 4))
    assert given._arguments["input_shape"] == (5, 4)
    assert models.Sequential([layers.Dense(3, input_dim=4)]).input_shape == (None, 4)


def test_every_layer_of_the_table_is_called() -> None:
    called = {type(new()).__name__ for _, new in CALLS}
    alike = {  # of one entry with others
        *("SimpleRNN", "GRU", "Conv2DTranspose", "GaussianDropout"),
        *("SpatialDropout1D", "SpatialDropout3D", "MaxPooling1D", "AveragePooling2D"),
        *("MaxPooling3D", "AveragePooling3D", "GlobalMaxPooling3D", "GlobalAveragePooling2D"),
        *("GlobalAveragePooling3D", "ZeroPadding3D", "Cropping2D", "Cropping3D"),
        *("UpSampling2D", "UpSampling3D"),
    }
    assert set(keras1._NAMES) == called | alike


def test_the_warning_says_how_it_is_read() -> None:
    with pytest.warns(UserWarning, match="read as") as caught:
        layers.Convolution2D(8, 3, 5, border_mode="same")
    assert str(caught[0].message) == (
        "thalweg: arguments of Keras 1, read as Conv2D(8, (3, 5), padding='same')"
    )
    assert caught[0].filename == __file__


@pytest.mark.filterwarnings("error")
def test_todays_arguments_stay() -> None:
    assert layers.Conv2D(8, 3, 2).strides == (2, 2)
    assert layers.Convolution2D(8, 3, strides=2).strides == (2, 2)
    with pytest.raises(OptionError, match="has no argument 'mode'"):
        layers.BatchNormalization(mode=1)

    class Mine(layers.Layer):  # whose arguments are its own affair
        def __init__(self, init: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.init = init

    assert Mine(init=3).init == 3


def test_an_argument_under_both_names() -> None:
    with pytest.raises(OptionError, match="units is given twice"):
        layers.Dense(output_dim=3, units=4)


class Batches:
    """Two batches of four samples."""

    batch_size = 4

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return np.zeros((4, 3)), np.zeros((4, 1))


@pytest.mark.filterwarnings("ignore:thalweg. .* Keras 1's")
@pytest.mark.filterwarnings("ignore:thalweg. fit.* has no effect")
def test_fits() -> None:
    model = keras.Sequential([layers.Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    x, y = Batches()[0]
    assert len(model.fit(x, y, nb_epoch=3, verbose=0).epoch) == 3
    history = model.fit_generator(
        Batches(), samples_per_epoch=8, nb_epoch=2, verbose=0, max_q_size=3, nb_worker=1
    )
    assert history.params["steps"] == 2 and len(history.epoch) == 2
    assert len(model.fit_generator(Batches(), 1, 3, verbose=0).epoch) == 3
    assert model.evaluate_generator(Batches(), val_samples=8) == pytest.approx(0)
    assert model.predict_generator(Batches(), val_samples=4, verbose=0).shape == (4, 1)
    assert isinstance(models.Model(input=model.input, output=model.output), keras.Model)


def test_samples_without_a_size() -> None:
    model = keras.Sequential([layers.Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    with pytest.raises(OptionError, match="samples_per_epoch is Keras 1's") as caught:
        model.fit_generator(iter([Batches()[0]] * 9), samples_per_epoch=8, verbose=0)
    assert "steps_per_epoch=8 / samples of a batch" in str(caught.value)


MODES: list[tuple[dict[str, Any], Callable[[np.ndarray, np.ndarray], np.ndarray]]] = [
    ({}, lambda a, b: a + b),
    ({"mode": "sum"}, lambda a, b: a + b),
    ({"mode": "mul"}, lambda a, b: a * b),
    ({"mode": "ave"}, lambda a, b: (a + b) / 2),
    ({"mode": "max"}, np.maximum),
    ({"mode": "min"}, np.minimum),
    ({"mode": "concat"}, lambda a, b: np.concatenate([a, b], -1)),
    ({"mode": "concat", "concat_axis": 1}, lambda a, b: np.concatenate([a, b], 1)),
    ({"mode": "dot", "dot_axes": 2}, lambda a, b: np.einsum("nij,nkj->nik", a, b)),
    ({"mode": "dot", "dot_axes": (1, 1)}, lambda a, b: np.einsum("nij,nik->njk", a, b)),
    ({"mode": "dot", "dot_axes": ((2,), (2,))}, lambda a, b: np.einsum("nij,nkj->nik", a, b)),
    (
        {"mode": "cos", "dot_axes": 2},
        lambda a, b: np.einsum(
            "nij,nkj->nik",
            a / np.linalg.norm(a, axis=2, keepdims=True),
            b / np.linalg.norm(b, axis=2, keepdims=True),
        ),
    ),
    ({"mode": lambda x: x[0] - x[1], "output_shape": lambda s: s[0]}, lambda a, b: a - b),
    ({"mode": lambda x, k: x[0] * k, "arguments": {"k": 3.0}}, lambda a, b: a * 3),
]


@pytest.mark.parametrize(("options", "expected"), MODES)
def test_merge(options: dict[str, Any], expected: Callable[..., np.ndarray]) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 4, 3, 3)).astype("float32")
    x, y = keras.Input((3, 3)), keras.Input((3, 3))
    with pytest.warns(UserWarning, match="is Keras 1's; today it is"):
        model = keras.Model([x, y], layers.merge([x, y], name="both", **options))
    np.testing.assert_allclose(
        model.predict([a, b], verbose=0), expected(a, b), rtol=1e-5, atol=1e-6
    )
    assert model.layers[-1].name == "both"
    with pytest.warns(UserWarning, match="is Keras 1's"):
        layer = layers.Merge(**options)
    np.testing.assert_allclose(layer([a, b]), expected(a, b), rtol=1e-5, atol=1e-6)


def test_a_sequential_model_of_merged_ones_trains() -> None:
    left = models.Sequential([layers.Dense(8, input_dim=4, activation="relu")])
    right = models.Sequential([layers.Dense(8, input_dim=2, activation="relu")])
    model = models.Sequential()
    with pytest.warns(
        UserWarning, match=r"Merge\(mode='concat'\) is Keras 1's; today .*Concatenate"
    ):
        model.add(layers.Merge([left, right], mode="concat"))
    model.add(layers.Dense(1))
    assert model.input_shape == [(None, 4), (None, 2)]
    assert model.output_shape == (None, 1)
    assert len(model.trainable_weights) == 6
    model.compile(keras.optimizers.Adam(0.01), "mse")
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(64, 4)), rng.normal(size=(64, 2))
    y = x[:, :1] - z[:, 1:]
    before = left.get_weights()[0].copy()
    losses = model.fit([x, z], y, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 4
    assert not np.array_equal(left.get_weights()[0], before)  # the weights are those of the model
    hidden = np.concatenate([left.predict(x, verbose=0), right.predict(z, verbose=0)], 1)
    kernel, bias = model.layers[-1].get_weights()
    found = model.predict([x, z], verbose=0)
    np.testing.assert_allclose(found, hidden @ kernel + bias, rtol=1e-4, atol=1e-5)


def test_errors_of_merge() -> None:
    with pytest.raises(OptionError, match="did you mean 'concat'"):
        layers.Merge(mode="concatenate")
    with (
        pytest.warns(UserWarning),
        pytest.raises(OptionError, match="not a model with a known input shape"),
    ):
        layers.Merge([models.Sequential([layers.Dense(2)])])


def test_regularizers_of_keras_1() -> None:
    from thalweg import regularizers

    weight = np.float32([1, -2])
    assert float(regularizers.l1l2()(weight)) == pytest.approx(0.01 * 3 + 0.01 * 5)
    assert float(regularizers.activity_l1l2(l1=0.0, l2=1.0)(weight)) == 5
    assert regularizers.activity_l1 is regularizers.l1
    assert regularizers.activity_l2 is regularizers.l2
