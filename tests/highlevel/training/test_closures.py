"""Losses that close over a functional model's tensors: a VAE's, and a gradient penalty.

The gradient that training applies is read off a step of SGD with rate 1 and compared with central
differences of the loss in all weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, core
from thalweg.layers import Conv2D, Dense, Flatten, Lambda
from thalweg.optimizers import SGD, Adam

RNG = np.random.default_rng(19)


def applied_gradient(model: Model, x: Any, y: Any) -> list[Any]:
    """What one step at rate 1 subtracts."""
    before = model.get_weights()
    model.train_on_batch(x, y)
    return [a - b for a, b in zip(before, model.get_weights(), strict=True)]


def differences(model: Model, x: Any, y: Any, count: int = 6) -> list[list[tuple[int, float]]]:
    """Central differences of the loss, at some elements of each weight."""
    weights = [w.astype(np.float32) for w in model.get_weights()]
    found: list[list[tuple[int, float]]] = []
    step = 2e-2
    for weight in weights:
        found.append([])
        for index in RNG.choice(weight.size, min(count, weight.size), replace=False):
            kept = weight.flat[index]
            values = []
            for sign in (1, -1, 2, -2):
                weight.flat[index] = kept + sign * step
                model.set_weights(weights)
                values.append(model.test_on_batch(x, y))
            weight.flat[index] = kept
            a, b, c, d = values  # fourth order, so that a large step leaves little error
            found[-1].append((int(index), (8 * (a - b) - (c - d)) / (12 * step)))
    model.set_weights(weights)
    return found


def assert_gradient(model: Model, x: Any, y: Any) -> None:
    expected = differences(model, x, y)
    for got, wanted in zip(applied_gradient(model, x, y), expected, strict=True):
        values = np.array([value for _, value in wanted])
        ours = np.array([got.flat[index] for index, _ in wanted])
        np.testing.assert_allclose(ours, values, rtol=5e-3, atol=2e-4)


def vae(noise: bool) -> tuple[Model, Any, Any]:
    """A small variational autoencoder; without noise its loss is a function of the weights."""

    def sample(both: Any) -> Any:
        mean, log_variance = both
        scale = core.exp(log_variance * 0.5)
        return mean + scale * (core.random_normal(core.shape_of(mean)) if noise else 0.3)

    x = Input((6,))
    h = Dense(5, activation="tanh")(x)
    mean, log_variance = Dense(2, name="mean")(h), Dense(2, name="log_variance")(h)
    z = Lambda(sample)([mean, log_variance])
    return Model(x, Dense(6, activation="sigmoid")(z)), mean, log_variance


def vae_loss(mean: Any, log_variance: Any) -> Any:
    def loss(y_true: Any, y_pred: Any) -> Any:
        divergence = 1.0 + log_variance - core.square(mean) - core.exp(log_variance)
        return (
            core.reduce_sum(core.square(y_true - y_pred), axis=-1)
            - core.reduce_sum(divergence, axis=-1) * 0.5
        )

    return loss


class TestVariationalAutoencoder:
    X = RNG.random((16, 6)).astype(np.float32)

    def test_gradient(self) -> None:
        model, mean, log_variance = vae(noise=False)
        model.compile(SGD(1.0), vae_loss(mean, log_variance))
        assert_gradient(model, self.X, self.X)

    def test_value(self) -> None:
        model, mean, log_variance = vae(noise=False)
        model.compile(SGD(1.0), vae_loss(mean, log_variance))
        m, s = Model(model.input, [mean, log_variance]).predict(self.X)
        error = np.sum((self.X - model.predict(self.X)) ** 2, axis=1)
        expected = error - 0.5 * np.sum(1 + s - m**2 - np.exp(s), axis=1)
        loss = model.test_on_batch(self.X, self.X)
        np.testing.assert_allclose(loss, expected.mean(), rtol=1e-5)

    @pytest.mark.parametrize("how", ["loss", "add_loss"])
    def test_trains(self, how: str) -> None:
        """Both idioms of Keras 2: a loss that closes over tensors, and `vae.add_loss`."""
        model, mean, log_variance = vae(noise=True)
        loss = vae_loss(mean, log_variance)
        if how == "loss":
            model.compile(Adam(0.02), loss)
        else:
            model.add_loss(core.reduce_mean(loss(model.input, model.output)))
            model.compile(Adam(0.02))
        y = self.X if how == "loss" else None
        losses = model.fit(self.X, y, epochs=60, verbose=0).history["loss"]
        assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def penalty_loss(x: Any) -> Any:
    """Squared error and (|d output / d input| - 1)**2 a sample (Gulrajani et al., 2017, eq. 3)."""

    def loss(y_true: Any, y_pred: Any) -> Any:
        [slope] = core.gradients(y_pred, [x])
        axes = list(range(1, len(x.shape)))
        norm = core.sqrt(core.reduce_sum(core.square(slope), axis=axes) + 1e-8)
        return core.reduce_mean(core.square(y_true - y_pred), axis=-1) + core.square(norm - 1.0)

    return loss


def dense_critic() -> Model:
    x = Input((4,))
    return Model(x, Dense(1)(Dense(6, activation="tanh")(x)))


def convolutional_critic() -> Model:
    x = Input((5, 5, 2))
    h = Conv2D(3, 3, activation="tanh", padding="same")(x)
    h = Conv2D(2, 2, strides=2, activation="sigmoid")(h)
    return Model(x, Dense(1)(Flatten()(h)))


@pytest.mark.parametrize("build", [dense_critic, convolutional_critic])
class TestGradientPenalty:
    def data(self, model: Model) -> tuple[Any, Any]:
        x = RNG.normal(size=(8, *model.input_shape[1:])).astype(np.float32)
        return x, RNG.normal(size=(8, 1)).astype(np.float32)

    def test_gradient_of_a_gradient(self, build: Any) -> None:
        model = build()
        model.compile(SGD(1.0), penalty_loss(model.input))
        assert_gradient(model, *self.data(model))

    def test_value(self, build: Any) -> None:
        """The slope, by central differences in the input."""
        model = build()
        model.compile(SGD(1.0), penalty_loss(model.input))
        x, y = self.data(model)
        step = np.float32(1e-2)
        flat = x.reshape(8, -1)
        slopes = []
        for i in range(flat.shape[1]):
            moved = np.stack([flat, flat])
            moved[0, :, i] += step
            moved[1, :, i] -= step
            up, down = (model.predict(m.reshape(x.shape))[:, 0] for m in moved)
            slopes.append((up - down) / (2 * step))
        norm = np.sqrt(np.sum(np.square(slopes), axis=0))
        expected = (y - model.predict(x))[:, 0] ** 2 + (norm - 1) ** 2
        np.testing.assert_allclose(model.test_on_batch(x, y), expected.mean(), rtol=1e-2)

    def test_trains(self, build: Any) -> None:
        model = build()
        model.compile(SGD(0.05), penalty_loss(model.input))
        x, y = self.data(model)
        losses = model.fit(x, y, epochs=40, verbose=0).history["loss"]
        assert losses[-1] < 0.7 * losses[0]
