"""What trains: decided by `trainable` at `compile`, as in Keras 2."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, Sequential
from thalweg.layers import BatchNormalization, Dense, Flatten
from thalweg.optimizers import SGD, Adam

RNG = np.random.default_rng(14)
X = RNG.normal(size=(16, 3)).astype(np.float32)


def changed(before: list[Any], model: Any) -> list[bool]:
    return [bool((a != b).any()) for a, b in zip(before, model.get_weights(), strict=True)]


def base() -> Sequential:
    return Sequential(
        [
            Dense(4, input_shape=(3,), kernel_regularizer="l2", name="wide"),
            BatchNormalization(name="norm"),
        ],
        name="base",
    )


class TestFrozenLayers:
    def test_weights_stay(self) -> None:
        inner = base()
        model = Sequential([inner, Dense(1)])
        inner.trainable = False
        model.compile(SGD(0.1), "mse")
        before = model.get_weights()
        model.fit(X, np.ones(16), verbose=0)
        assert changed(before, model) == [False] * 6 + [True] * 2
        assert len(model.trainable_weights) == 2
        assert len(model.non_trainable_weights) == 6

    def test_normalization_uses_its_moving_statistics(self) -> None:
        """With `trainable=False` the batch does not matter: sample by sample equals together."""
        inner = base()
        inner.layers[1].set_weights([np.full(4, v) for v in (2.0, 1.0, 0.5, 4.0)])
        model = Sequential([inner, Flatten()])
        inner.trainable = False
        model.compile(SGD(0.0), "mse")
        h = X @ inner.layers[0].get_weights()[0]
        expected = 2 * (h - 0.5) / np.sqrt(4 + 1e-3) + 1
        with pytest.raises(Exception, match="no gradient for any variable"):
            model.train_on_batch(X, np.zeros((16, 4)))
        model = Sequential([inner, Dense(4, kernel_initializer="identity")])
        model.compile(SGD(0.0), "mse")
        loss = model.train_on_batch(X, np.zeros((16, 4)))
        np.testing.assert_allclose(loss, np.mean(expected**2), rtol=1e-4)

    def test_setting_a_model_sets_its_layers(self) -> None:
        inner = base()
        model = Sequential([inner, Dense(1)])
        model.trainable = False
        assert [layer.trainable for layer in (inner, *inner.layers, *model.layers)] == [False] * 5
        model.trainable = True
        inner.layers[0].trainable = False
        model.compile(SGD(0.1), "mse")
        before = model.get_weights()
        model.fit(X, np.ones(16), verbose=0)
        assert changed(before, model) == [False] * 2 + [True] * 6

    def test_regularizers_of_frozen_layers_do_not_count(self) -> None:
        inner = base()
        model = Sequential([inner, Dense(1)])
        model.compile(SGD(0.0), "mse")
        penalty = 0.01 * np.sum(inner.layers[0].get_weights()[0] ** 2)
        y = np.ones(16)
        full = model.test_on_batch(X, y)
        inner.trainable = False
        model.compile(SGD(0.0), "mse")
        np.testing.assert_allclose(full - model.test_on_batch(X, y), penalty, rtol=1e-4)

    def test_thaw_and_compile_again(self) -> None:
        inner = base()
        model = Sequential([inner, Dense(1)])
        inner.trainable = False
        model.compile(SGD(0.1), "mse")
        model.fit(X, np.ones(16), verbose=0)
        inner.trainable = True
        model.compile(SGD(0.1), "mse")
        before = model.get_weights()
        model.fit(X, np.ones(16), verbose=0)
        assert all(changed(before, model))

    def test_change_without_compile_is_noticed(self) -> None:
        model = Sequential([Dense(2, input_shape=(3,)), Dense(1)], name="net")
        model.compile(SGD(0.1), "mse")
        model.layers[0].trainable = False
        before = model.get_weights()
        with pytest.warns(UserWarning) as warned:
            model.fit(X, np.ones(16), verbose=0)
        assert str(warned[0].message) == (
            "thalweg: Sequential 'net': `trainable` was changed after compile(), which decides "
            "what trains; call compile() again for the change to count."
        )
        assert all(changed(before, model))


@pytest.mark.parametrize("shared", [True, False], ids=["one optimizer", "two optimizers"])
def test_gan_of_keras_2(shared: bool) -> None:
    """The discriminator, compiled before it is frozen, still trains alone; not in the whole."""
    first = Adam(0.01)
    judge = Sequential(
        [
            Dense(8, activation="relu", input_shape=(2,)),
            BatchNormalization(),
            Dense(1, activation="sigmoid"),
        ]
    )
    judge.compile(first, "binary_crossentropy", metrics=["accuracy"])
    maker = Sequential([Dense(8, activation="relu", input_shape=(3,)), Dense(2)])
    noise = Input((3,))
    judge.trainable = False
    whole = Model(noise, judge(maker(noise)))
    whole.compile(first if shared else Adam(0.01), "binary_crossentropy")
    real = RNG.normal(loc=2.0, size=(16, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            before, held = judge.get_weights(), maker.get_weights()
            judge.train_on_batch(real, np.ones(16))
            judge.train_on_batch(maker.predict(X), np.zeros(16))
            assert all(changed(before, judge))
            assert not any(changed(held, maker))
            before = judge.get_weights()
            whole.train_on_batch(X, np.ones(16))
            assert not any(changed(before, judge))
            assert all(changed(held, maker))
    assert int(first.iterations) == (9 if shared else 6)
