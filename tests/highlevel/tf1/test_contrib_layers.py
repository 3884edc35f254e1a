"""tf.contrib.layers: names, collections, regularizers and initializers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
layers = tf.contrib.layers


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


def test_fully_connected() -> None:
    y = layers.fully_connected(X, 2, weights_regularizer=layers.l2_regularizer(0.5))
    z = layers.linear(y, 1, scope="out", biases_initializer=None)
    assert [v.name for v in tf.global_variables()] == [
        "fully_connected/weights:0", "fully_connected/biases:0", "out/weights:0",
    ]  # fmt: skip
    assert tf.model_variables() == tf.global_variables()
    weights = tf.global_variables()[0]
    found, w, [loss], _ = run([y, weights, tf.losses.get_regularization_losses(), z])
    np.testing.assert_allclose(found, np.maximum(X @ w, 0), rtol=1e-5)
    assert loss == pytest.approx(0.25 * (w**2).sum(), rel=1e-5)


def test_reuse_and_collections() -> None:
    for reuse in (None, True):
        layers.fully_connected(
            X, 2, scope="fc", reuse=reuse, outputs_collections="outputs",
            variables_collections={"weights": [tf.GraphKeys.WEIGHTS]},
        )  # fmt: skip
    assert len(tf.model_variables()) == 2
    assert [v.op.name for v in tf.get_collection(tf.GraphKeys.WEIGHTS)] == ["fc/weights"]
    assert len(tf.get_collection("outputs")) == 2
    total = layers.apply_regularization(layers.l1_regularizer(1.0))
    assert total in tf.losses.get_regularization_losses()
    weights = tf.global_variables()[0]
    value, w = run([total, weights])
    assert value == pytest.approx(abs(w).sum(), rel=1e-5)


def test_batch_norm() -> None:
    training = tf.placeholder(tf.bool, [])
    y = layers.fully_connected(
        X, 2, activation_fn=None, normalizer_fn=layers.batch_norm,
        normalizer_params={"is_training": training, "decay": 0.5, "scale": True},
    )  # fmt: skip
    assert [v.op.name for v in tf.global_variables()] == [
        "fully_connected/weights",
        "fully_connected/BatchNorm/gamma", "fully_connected/BatchNorm/beta",
        "fully_connected/BatchNorm/moving_mean", "fully_connected/BatchNorm/moving_variance",
    ]  # fmt: skip
    assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 2
    np.testing.assert_allclose(run(y, {training: True}).mean(0), 0, atol=1e-5)


def test_batch_norm_that_updates_in_place() -> None:
    y = layers.batch_norm(X, decay=0.0, updates_collections=None, scope="bn")
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
    mean = tf.global_variables()[1]
    assert mean.op.name == "bn/moving_mean"
    with tf.Session() as session:
        session.run(y)
        np.testing.assert_allclose(session.run(mean), X.mean(0), rtol=1e-4)


def test_dropout_flatten_and_one_hot() -> None:
    ones = np.ones((50, 4), np.float32)
    assert set(run(layers.dropout(ones, 0.5)).ravel().tolist()) == {0.0, 2.0}
    np.testing.assert_array_equal(run(layers.dropout(ones, 0.5, is_training=False)), ones)
    assert layers.flatten(np.ones((2, 3, 4), np.float32)).shape == (2, 12)
    np.testing.assert_array_equal(run(layers.one_hot_encoding([1, 0], 3)), np.eye(3)[[1, 0]])


def test_regularizers() -> None:
    w = np.float32([1, -2])
    assert run(layers.l1_regularizer(0.5)(w)) == 1.5
    assert run(layers.l2_regularizer(0.5)(w)) == 1.25
    assert run(layers.l1_l2_regularizer(0.5, 0.5)(w)) == 2.75
    assert layers.l1_regularizer(0.0)(w) is None
    assert layers.l2_regularizer(0.0)(w) is None
    assert layers.sum_regularizer([layers.l1_regularizer(0.0), None])(w) is None
    assert run(layers.apply_regularization(layers.l2_regularizer(0.0), [w])) == 0.0
    for scale in (1, -0.5, float("nan")):
        with pytest.raises(OptionError, match="not a scale"):
            layers.l2_regularizer(scale)


def test_initializers() -> None:
    uniform = run(layers.xavier_initializer()([300, 100]))
    limit = np.sqrt(6 / 400)
    assert 0.99 * limit < abs(uniform).max() <= limit
    normal = run(layers.xavier_initializer_conv2d(uniform=False)([5, 5, 40, 60]))
    # 1.3 makes up for the truncation, roughly: 1 / 0.8796² = 1.29
    assert normal.std() == pytest.approx(np.sqrt(2 / (25 * 100)), rel=0.02)
    he = run(layers.variance_scaling_initializer(uniform=True)([200, 50]))
    assert abs(he).max() <= np.sqrt(3 * 2 / 200)
    out = run(layers.variance_scaling_initializer(1.0, "FAN_OUT", True)([10, 300]))
    assert abs(out).max() <= np.sqrt(3 / 300)
    assert run(layers.variance_scaling_initializer()([])).shape == ()
    with pytest.raises(OptionError, match="unknown mode"):
        layers.variance_scaling_initializer(mode="FAN")


def test_convolution_and_pooling() -> None:
    x = np.random.default_rng(1).normal(size=(2, 6, 6, 3)).astype(np.float32)
    y = layers.conv2d(x, 4, 3)
    z = layers.conv2d(y, 5, [3, 3], stride=2, padding="VALID", scope="second", activation_fn=None)
    assert [v.op.name for v in tf.model_variables()] == [
        "Conv/weights", "Conv/biases", "second/weights", "second/biases",
    ]  # fmt: skip
    assert (y.shape, z.shape) == ((2, 6, 6, 4), (2, 2, 2, 5))
    found, weights = run([y, tf.model_variables()[0]])
    expected = run(tf.nn.relu(tf.nn.conv2d(x, weights, [1, 1, 1, 1], "SAME")))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    largest = layers.max_pool2d(x, 2)
    means = layers.avg_pool2d(x, 2, outputs_collections="pools")
    assert tf.get_collection("pools") == [means]
    blocks = x.reshape(2, 3, 2, 3, 2, 3)
    np.testing.assert_allclose(run(largest), blocks.max((2, 4)), rtol=1e-6)
    np.testing.assert_allclose(run(means), blocks.mean((2, 4)), rtol=1e-5, atol=1e-6)


def test_channels_second() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 6, 6)).astype(np.float32)
    y = layers.conv2d(x, 4, 3, data_format="NCHW", normalizer_fn=layers.batch_norm,
                      normalizer_params={"data_format": "NCHW"})  # fmt: skip
    assert y.shape == (2, 4, 6, 6)
    assert run(y).min() == 0.0
    assert layers.max_pool2d(x, 2, data_format="NCHW").shape == (2, 3, 3, 3)
    with pytest.raises(OptionError, match="unknown data_format"):
        layers.conv2d(x, 4, 3, data_format="channels_first")
    with pytest.raises(GraphError, match="batch_weights is not supported"):
        layers.batch_norm(x, batch_weights=1.0)
