"""`gradients_of`: at once on arrays, graph on tensors, traced once for each set of types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import core, gradients_of

X = np.array([1.0, -2.0, 3.0], "f")


def test_arguments() -> None:
    found = gradients_of(lambda a, b: a * a * b)(X, 2.0)
    np.testing.assert_allclose(found[0], 4 * X)
    assert float(found[1]) == pytest.approx(float((X * X).sum()))


def test_structures_and_integers() -> None:
    def function(inputs: Any, power: int) -> Any:
        return {"a": inputs["x"] ** power, "b": inputs["y"][0]}

    found = gradients_of(function)({"x": X, "y": [X, np.arange(2)]}, 2)
    np.testing.assert_allclose(found[0]["x"], 2 * X)
    assert found[0]["y"][0].tolist() == [1, 1, 1] and found[0]["y"][1] is None
    assert found[1] is None


def test_orders() -> None:
    third = gradients_of(gradients_of(gradients_of(lambda x: x**4)))
    np.testing.assert_allclose(third(X), 24 * X)


def test_tensors_build_graph() -> None:
    x = core.placeholder("float32", [3])
    slope = gradients_of(core.square)(x)
    assert isinstance(slope, core.Tensor)
    np.testing.assert_allclose(core.Session().run(slope, {x: X}), 2 * X)


def test_a_training_loop_of_ones_own() -> None:
    """Gradient descent by hand finds the line that the data lie on; nothing is traced twice."""
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])
    traced = []

    def loss(x: Any, y: Any) -> Any:
        traced.append(1)
        return core.reduce_mean(core.square(model(x) - y))

    step = gradients_of(loss, lambda: model.trainable_weights, with_value=True)
    data = np.random.default_rng(0).normal(size=(64, 2)).astype("f")
    target = data @ np.array([[2.0], [-1.0]], "f") + 0.5
    session = core.current_session()
    for _ in range(200):
        value, slopes = step(data, target)
        for weight, slope in zip(model.trainable_weights, slopes, strict=True):
            session.load(weight, session.value(weight) - 0.1 * slope)
    assert float(value) < 1e-6 and len(traced) == 1
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(kernel.ravel(), [2, -1], atol=1e-3)
    np.testing.assert_allclose(bias, [0.5], atol=1e-3)


def test_nothing_to_differentiate() -> None:
    with pytest.raises(core.DtypeError, match="nothing to differentiate"):
        gradients_of(lambda n: core.constant(1.0))(3)
