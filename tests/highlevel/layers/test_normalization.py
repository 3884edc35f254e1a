"""Batch normalisation: whose statistics are used when, and what becomes of the moving ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import Session, Trace, group, placeholder
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import BatchNormalization, Input, Layer
from thalweg.layers.base import learning_phase

X = np.random.default_rng(0).normal(3.0, 2.0, (50, 4)).astype(np.float32)


def moving(layer: BatchNormalization) -> list[Any]:
    return layer.get_weights()[-2:]


def test_batch_statistics_in_training() -> None:
    y = BatchNormalization(epsilon=1e-6)(X, training=True)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-4)


def test_moving_statistics_follow() -> None:
    layer = BatchNormalization(momentum=0.9)
    for _ in range(2):
        layer(X, training=True)
    wide = X.astype(np.float64)
    mean, variance = moving(layer)
    np.testing.assert_allclose(mean, (1 - 0.9**2) * wide.mean(axis=0), rtol=1e-5)
    expected = 0.9**2 + (1 - 0.9**2) * wide.var(axis=0)  # biased, as in Keras
    np.testing.assert_allclose(variance, expected, rtol=1e-5)


def test_inference_changes_nothing() -> None:
    layer = BatchNormalization()
    y = layer(X)
    np.testing.assert_allclose(y, X / np.sqrt(1 + 1e-3), rtol=1e-6)
    assert [m.tolist() for m in moving(layer)] == [[0.0] * 4, [1.0] * 4]


def test_frozen_layer_is_in_inference() -> None:
    layer = BatchNormalization(trainable=False)
    np.testing.assert_array_equal(layer(X, training=True), layer(X))
    assert moving(layer)[0].tolist() == [0.0] * 4
    layer.trainable = True
    assert not np.array_equal(layer(X, training=True), X)
    assert moving(layer)[0].any()


def test_functional_model_follows_the_learning_phase(session: Session) -> None:
    layer = BatchNormalization(momentum=0.5)
    x = Input((4,))
    y = layer(x)
    [call] = layer._calls
    assert len(call.writes) == 2
    step = group(*call.writes)
    session.run(step, {x: X})
    assert moving(layer)[0].tolist() == [0.0] * 4
    phase = learning_phase()
    session.run(step, {x: X, phase: True})
    np.testing.assert_allclose(moving(layer)[0], X.mean(axis=0) / 2, rtol=1e-5)
    trained = session.run(y, {x: X, phase: True})
    np.testing.assert_allclose(trained.mean(axis=0), 0, atol=1e-5)


def test_frozen_flag_of_a_functional_model(session: Session) -> None:
    layer = BatchNormalization()
    x = Input((4,))
    y = layer(x)
    [call] = layer._calls
    [(owner, flag)] = call.flags
    assert owner is layer
    fed = {x: X, learning_phase(): True}
    assert abs(session.run(y, fed).mean()) < 1e-5
    np.testing.assert_allclose(session.run(y, {**fed, flag: False}), X / np.sqrt(1.001), rtol=1e-6)


def test_prediction_does_not_compute_batch_statistics(session: Session) -> None:
    x = Input((4,))
    y = BatchNormalization()(x)
    explained = session.explain(y, {x: X})
    assert "BatchNormTrain" not in explained
    assert "BatchNormInference" in explained


def test_training_may_be_a_tensor(session: Session) -> None:
    x, training = Input((4,)), placeholder("bool", [])
    y = BatchNormalization()(x, training=training)
    assert abs(session.run(y, {x: X, training: True}).mean()) < 1e-5
    assert abs(session.run(y, {x: X, training: False}).mean()) > 1


def test_shared_layer_composes(session: Session) -> None:
    """Two calls in one run move the statistics twice."""
    layer = BatchNormalization(momentum=0.75)
    a, b = Input((4,)), Input((4,))
    layer(a, training=True)
    layer(b, training=True)
    writes = [write for call in layer._calls for write in call.writes]
    session.run(group(*writes), {a: X, b: 2 * X})
    # Both steps start from the moving mean at the start of the run, 0.
    np.testing.assert_allclose(moving(layer)[0], 0.25 * (X + 2 * X).mean(axis=0), rtol=1e-5)


def test_inside_another_layer() -> None:
    class Block(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.norm = BatchNormalization()

        def call(self, inputs: Any) -> Any:
            return self.norm(inputs)

    block = Block()
    y = block(X, training=True)
    assert abs(y.mean()) < 1e-5
    assert moving(block.norm)[0].any()
    assert len(block.trainable_weights) == 2
    assert len(block.weights) == 4


def test_calls_in_one_trace_thread() -> None:
    """In one trace the second call sees what the first wrote."""
    layer = BatchNormalization(momentum=0.5)
    layer(X)
    with Trace().open() as trace:
        layer(X, training=True)
        layer(X, training=True)
    assert len(trace.writes) == 4


@pytest.mark.parametrize("shape", [(5, 3, 4), (5, 2, 3, 4)])
@pytest.mark.parametrize("axis", [1, -1, -2])
def test_any_axis(shape: tuple[int, ...], axis: int) -> None:
    x = np.random.default_rng(1).normal(2.0, 3.0, shape).astype(np.float32)
    y = BatchNormalization(axis=axis, epsilon=1e-6)(x, training=True)
    others = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    np.testing.assert_allclose(y.mean(axis=others), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(axis=others), 1, atol=1e-3)


def test_axis_as_keras_2_writes_it() -> None:
    assert BatchNormalization(axis=[3]).axis == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"momentum": 1.5}, "a number, 0 <= momentum <= 1"),
        ({"epsilon": 0}, "a number > 0"),
        ({"axis": [1, 2]}, "an integer"),
        ({"axis": 1.0}, "an integer"),
        ({"gamma_initializer": "won"}, "did you mean 'one'?"),
    ],
)
def test_options(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(OptionError) as error:
        BatchNormalization(**arguments)
    assert expected in str(error.value)


def test_shape_errors() -> None:
    with pytest.raises(ShapeError, match="at least 4 axes"):
        BatchNormalization(axis=3)(np.ones((2, 3)))
    layer = BatchNormalization()
    layer(np.ones((2, 3)))
    with pytest.raises(ShapeError, match="built for 3 features, not 4"):
        layer(np.ones((2, 4)))
