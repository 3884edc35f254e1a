"""`train_on_batch`, `test_on_batch`, `predict_on_batch`."""

from __future__ import annotations

import numpy as np

from thalweg import Sequential
from thalweg.layers import Dense
from thalweg.optimizers import SGD

RNG = np.random.default_rng(12)
X = RNG.normal(size=(12, 4)).astype(np.float32)
Y = RNG.normal(size=(12, 2)).astype(np.float32)


def compiled(rate: float = 0.0, **options: object) -> Sequential:
    model = Sequential([Dense(2, input_shape=(4,))])
    model.compile(SGD(rate), "mse", **options)
    return model


def errors(model: Sequential) -> np.ndarray:
    return np.mean((model.predict(X) - Y) ** 2, axis=1)


def test_loss_alone_is_a_float() -> None:
    model = compiled()
    for result in (model.train_on_batch(X, Y), model.test_on_batch(X, Y)):
        assert isinstance(result, float)
        np.testing.assert_allclose(result, errors(model).mean(), rtol=1e-5)


def test_list_and_dict() -> None:
    model = compiled(metrics=["mae"])
    loss, mae = model.train_on_batch(X, Y)
    assert model.train_on_batch(X, Y, return_dict=True) == {"loss": loss, "mae": mae}
    assert model.test_on_batch(X, Y, return_dict=True) == {"loss": loss, "mae": mae}
    assert model.metrics_names == ["loss", "mae"]
    assert [metric.name for metric in model.metrics] == ["loss", "mean_absolute_error"]


def test_training_happens_once() -> None:
    model = compiled(0.5)
    kernel, bias = model.get_weights()
    gradient = 2 * (model.predict(X) - Y) / Y.size
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(
        model.get_weights()[0], kernel - 0.5 * X.T @ gradient, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        model.get_weights()[1], bias - 0.5 * gradient.sum(axis=0), rtol=1e-4, atol=1e-6
    )
    before = model.get_weights()
    model.test_on_batch(X, Y)
    assert (model.get_weights()[0] == before[0]).all()


def test_means_since_the_last_reset() -> None:
    model = compiled()
    each = errors(model)
    np.testing.assert_allclose(model.train_on_batch(X[:8], Y[:8]), each[:8].mean(), rtol=1e-5)
    together = model.train_on_batch(X[8:], Y[8:], reset_metrics=False)
    np.testing.assert_allclose(together, each.mean(), rtol=1e-5)
    np.testing.assert_allclose(model.test_on_batch(X[:4], Y[:4]), each[:4].mean(), rtol=1e-5)
    model.reset_metrics()
    alone = model.test_on_batch(X[4:8], Y[4:8], reset_metrics=False)
    np.testing.assert_allclose(alone, each[4:8].mean(), rtol=1e-5)


def test_weights() -> None:
    model = compiled(weighted_metrics=["mse"], metrics=["mse"])
    weight = np.linspace(0.5, 2, 12)
    each = errors(model)
    loss, plain, weighted = model.train_on_batch(X, Y, sample_weight=weight)
    np.testing.assert_allclose(loss, (each * weight).mean(), rtol=1e-5)
    np.testing.assert_allclose(plain, each.mean(), rtol=1e-5)
    np.testing.assert_allclose(weighted, (each * weight).sum() / weight.sum(), rtol=1e-5)
    assert model.metrics_names == ["loss", "mse", "weighted_mse"]


def test_class_weight() -> None:
    model = Sequential([Dense(3, activation="softmax", input_shape=(4,))])
    model.compile(SGD(0.0), "sparse_categorical_crossentropy")
    y = RNG.integers(0, 3, 12)
    values = -np.log(model.predict(X)[np.arange(12), y]) * np.array([1.0, 3.0, 1.0])[y]
    result = model.train_on_batch(X, y, class_weight={1: 3.0})
    np.testing.assert_allclose(result, values.mean(), rtol=1e-5)
    one_hot = Sequential(model.layers)
    one_hot.compile(SGD(0.0), "categorical_crossentropy")
    result = one_hot.train_on_batch(X, np.eye(3)[y], class_weight={1: 3.0})
    np.testing.assert_allclose(result, values.mean(), rtol=1e-5)


def test_predict_on_batch() -> None:
    model = compiled()
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X))
