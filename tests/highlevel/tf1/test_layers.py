"""tf.layers: names, sharing, losses and updates as TensorFlow 1.15's; values by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import DtypeError, GraphError, OptionError, ShapeError

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def names() -> list[str]:
    return [variable.name for variable in tf.global_variables()]


def values(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


class TestNames:
    def test_layers_without_names_are_numbered(self) -> None:
        first = tf.layers.dense(X, 2)
        second = tf.layers.dense(X, 2, activation=tf.nn.relu)
        assert names() == ["dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0"]
        assert (first.name, second.name) == ("dense/BiasAdd:0", "dense_1/Relu:0")

    def test_names_and_scopes(self) -> None:
        with tf.variable_scope("net"):
            y = tf.layers.dense(X, 2, use_bias=False, name="fc")
            tf.layers.dense(X, 2, use_bias=False)
        assert names() == ["net/fc/kernel:0", "net/dense/kernel:0"]
        assert y.name == "net/fc/MatMul:0"
        with tf.name_scope("ops"):
            z = tf.layers.dense(X, 2, use_bias=False, name="out")
        assert names()[-1] == "out/kernel:0"
        assert z.name == "ops/out/MatMul:0"

    def test_reuse_by_name(self) -> None:
        a = tf.layers.dense(X, 2, name="fc")
        b = tf.layers.dense(X, 2, name="fc", reuse=True)
        c = tf.layers.dense(X, 2, name="fc", reuse=tf.AUTO_REUSE)
        assert names() == ["fc/kernel:0", "fc/bias:0"]
        found = values([a, b, c])
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_array_equal(found[0], found[2])
        with pytest.raises(GraphError, match="the variable 'fc/kernel' already exists"):
            tf.layers.dense(X, 2, name="fc")
        with pytest.raises(GraphError, match="there is no variable 'other/kernel'"):
            tf.layers.dense(X, 2, name="other", reuse=True)

    def test_reuse_by_scope(self) -> None:
        def net(x: Any) -> Any:
            return tf.layers.dense(tf.layers.dense(x, 5), 2)

        with tf.variable_scope("net"):
            a = net(X)
        with tf.variable_scope("net", reuse=True):
            b = net(X)
        assert names() == [
            "net/dense/kernel:0", "net/dense/bias:0", "net/dense_1/kernel:0", "net/dense_1/bias:0",
        ]  # fmt: skip
        found = values([a, b])
        np.testing.assert_array_equal(found[0], found[1])

    def test_a_layer_object_shares_its_variables(self) -> None:
        layer = tf.layers.Dense(2, name="shared")
        a, b = layer(X), layer.apply(X)
        assert names() == ["shared/kernel:0", "shared/bias:0"]
        assert layer.variables == layer.weights == [layer.kernel, layer.bias]
        assert layer.trainable_variables == layer.trainable_weights == layer.weights
        assert layer.non_trainable_variables == layer.non_trainable_weights == []
        assert (layer.name, layer.scope_name, layer.built) == ("shared", "shared", True)
        assert layer.count_params() == 8
        assert layer.graph is tf.get_default_graph()
        assert layer.outputs == [a, b]
        found = values([a, b])
        np.testing.assert_array_equal(found[0], found[1])

    def test_names_of_objects(self) -> None:
        assert [tf.layers.Dense(1).name for _ in range(2)] == ["dense", "dense_1"]
        with tf.variable_scope("inside"):
            assert tf.layers.Dense(1).name == "dense"
        assert tf.layers.BatchNormalization().name == "batch_normalization"

    def test_a_scope_given_to_a_call(self) -> None:
        with tf.variable_scope("given") as scope:
            pass
        layer = tf.layers.Dense(2)
        layer(X, scope=scope)
        assert names() == ["given/kernel:0", "given/bias:0"]

    def test_before_the_first_call(self) -> None:
        layer = tf.layers.Dense(2)
        with pytest.raises(GraphError, match="the layer has no scope yet"):
            layer.scope_name  # noqa: B018
        with pytest.raises(GraphError, match="the layer has no variables yet"):
            layer.count_params()
        assert layer.dtype is None
        layer(np.float64(X))
        assert layer.dtype == layer.kernel.dtype == tf.float64


class TestDense:
    def test_values(self) -> None:
        layer = tf.layers.Dense(2, tf.nn.tanh, bias_initializer=tf.constant_initializer(0.5))
        y = layer(X)
        found, kernel = values([y, layer.kernel])
        np.testing.assert_allclose(found, np.tanh(X @ kernel + 0.5), rtol=1e-6)
        limit = np.sqrt(6 / (3 + 2))
        assert abs(kernel).max() <= limit

    def test_more_axes(self) -> None:
        x = np.random.default_rng(1).normal(size=(2, 5, 3)).astype(np.float32)
        layer = tf.layers.Dense(4)
        y = layer(x)
        assert y.shape == (2, 5, 4)
        found, kernel = values([y, layer.kernel])
        np.testing.assert_allclose(found, np.einsum("bti,io->bto", x, kernel), rtol=1e-5)

    def test_unknown_batch(self) -> None:
        x = tf.placeholder(tf.float32, [None, 3])
        y = tf.layers.dense(x, 2, kernel_initializer=tf.ones_initializer())
        assert y.shape == (None, 2)
        np.testing.assert_allclose(values(y, {x: X})[:, 0], X.sum(1), rtol=1e-5)

    def test_keras_names_of_functions(self) -> None:
        layer = tf.layers.Dense(
            2, "relu", kernel_initializer="ones", kernel_regularizer="l2", bias_initializer="ones"
        )
        y = layer(X)
        np.testing.assert_allclose(values(y)[:, 0], np.maximum(X.sum(1) + 1, 0), rtol=1e-5)
        assert len(layer.losses) == 1
        assert tf.layers.Dense(1, "linear").activation is None

    def test_constraints_and_trainable(self) -> None:
        layer = tf.layers.Dense(
            2, kernel_constraint=tf.nn.relu, bias_constraint=tf.abs, trainable=False
        )
        layer(X)
        assert layer.kernel.constraint is tf.nn.relu
        assert layer.bias.constraint is tf.abs
        assert tf.trainable_variables() == layer.trainable_weights == []
        assert layer.non_trainable_weights == layer.weights == [layer.kernel, layer.bias]

    def test_inputs_that_do_not_fit(self) -> None:
        layer = tf.layers.Dense(2, name="fc")
        with pytest.raises(ShapeError) as caught:
            layer(np.ones(3, np.float32))
        assert str(caught.value) == (
            "Dense: the input does not fit the layer\n"
            "  expected  2 axes or more\n"
            "  got       float32 (3,)\n"
            "  node      layer Dense 'fc'"
        )
        with pytest.raises(ShapeError, match="a size that the variables depend on is not known"):
            layer(tf.placeholder(tf.float32, [2, None]))
        layer(X)
        with pytest.raises(ShapeError) as caught:
            layer(np.ones((2, 4), np.float32))
        assert "expected  size 3 on axis -1\n  got       float32 (2, 4)" in str(caught.value)

    def test_unknown_arguments(self) -> None:
        with pytest.raises(OptionError, match="Dense: unknown argument\n  got       unitz"):
            tf.layers.Dense(2, unitz=3)


class TestLosses:
    def test_regularizers(self) -> None:
        def net(reuse: Any) -> Any:
            return tf.layers.dense(
                X, 2, kernel_initializer=tf.ones_initializer(), name="fc", reuse=reuse,
                kernel_regularizer=tf.nn.l2_loss, bias_regularizer=tf.nn.l2_loss,
            )  # fmt: skip

        net(None)
        net(True)
        losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        assert [loss.op.name for loss in losses] == [
            "fc/kernel/Regularizer/L2Loss",
            "fc/bias/Regularizer/L2Loss",
        ]
        assert values(losses) == [3.0, 0.0]

    def test_regularizer_of_the_scope(self) -> None:
        with tf.variable_scope("net", regularizer=tf.nn.l2_loss):
            layer = tf.layers.Dense(2, use_bias=False)
            layer(X)
        assert tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES) == layer.losses
        assert len(layer.losses) == 1

    def test_activity_regularizer_is_a_mean_over_samples(self) -> None:
        layer = tf.layers.Dense(
            2,
            kernel_initializer=tf.ones_initializer(),
            activity_regularizer=lambda y: tf.reduce_sum(y**2),
        )
        y = layer(X)
        [loss] = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        found, output = values([loss, y])
        np.testing.assert_allclose(found, (output**2).sum() / 4, rtol=1e-6)
        layer(X)
        assert len(layer.losses) == 2


class TestDropout:
    def test_off(self) -> None:
        for training in (False, 0, None):
            flag = False if training is None else training
            np.testing.assert_array_equal(values(tf.layers.dropout(X, training=flag)), X)

    def test_on(self) -> None:
        ones = np.ones((100, 100), np.float32)
        y = values(tf.layers.dropout(ones, 0.2, training=True))
        assert sorted(set(y.ravel().tolist())) == [0.0, 1.25]
        assert abs((y > 0).mean() - 0.8) < 0.02

    def test_fed(self) -> None:
        training = tf.placeholder_with_default(False, [])
        y = tf.layers.dropout(np.ones((10, 10), np.float32), 0.5, training=training)
        with tf.Session() as session:
            assert session.run(y).all()
            assert not session.run(y, {training: True}).all()

    def test_noise_shape_and_seed(self) -> None:
        ones = np.ones((50, 4), np.float32)
        y = values(tf.layers.dropout(ones, 0.5, [None, 1], training=True))
        assert (y == y[:, :1]).all()
        assert 0 < y.mean() < 2
        a, b = (tf.layers.dropout(ones, 0.5, seed=3, training=1) for _ in range(2))
        first, second = values([a, b])
        np.testing.assert_array_equal(first, second)
        layer = tf.layers.Dropout(0.5, noise_shape=tf.constant([50, 1]))
        assert values(layer(ones, training=True)).shape == (50, 4)


class TestFlatten:
    def test_shapes(self) -> None:
        x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        assert tf.layers.flatten(x).shape == (2, 12)
        np.testing.assert_array_equal(values(tf.layers.flatten(x)), x.reshape(2, 12))
        first = tf.layers.flatten(x, data_format="channels_first")
        np.testing.assert_array_equal(values(first), x.transpose(0, 2, 1).reshape(2, 12))
        fed = tf.placeholder(tf.float32, [None, 3, None])
        y = tf.layers.Flatten()(fed)
        assert y.shape == (None, None)
        assert values(y, {fed: x}).shape == (2, 12)
        unknown = tf.placeholder(tf.float32, None)
        assert values(tf.layers.flatten(unknown), {unknown: x}).shape == (2, 12)
        assert values(tf.layers.flatten(np.ones(3, np.float32))).shape == (3, 1)

    def test_formats(self) -> None:
        with pytest.raises(OptionError) as caught:
            tf.layers.flatten(X, data_format="NHWC")
        assert str(caught.value) == (
            "Flatten: unknown data_format\n"
            "  expected  'channels_last' or 'channels_first'\n"
            "  got       'NHWC'"
        )


class TestBatchNormalization:
    def test_training(self) -> None:
        layer = tf.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
        y = layer(X, training=True)
        assert [v.name for v in layer.weights] == [
            "batch_normalization/gamma:0", "batch_normalization/beta:0",
            "batch_normalization/moving_mean:0", "batch_normalization/moving_variance:0",
        ]  # fmt: skip
        assert layer.trainable_weights == [layer.gamma, layer.beta] == tf.trainable_variables()
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        assert updates == layer.updates
        assert len(updates) == 2
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            output, _ = session.run([y, updates])
            mean, variance = session.run([layer.moving_mean, layer.moving_variance])
        np.testing.assert_allclose(
            output, (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3), rtol=1e-4, atol=1e-6
        )
        np.testing.assert_allclose(mean, 0.1 * X.mean(0), rtol=1e-5)
        np.testing.assert_allclose(variance, 0.9 + 0.1 * X.var(0), rtol=1e-5)

    def test_the_fused_kernel_keeps_the_unbiased_variance(self) -> None:
        x = np.random.default_rng(2).normal(size=(2, 3, 3, 5)).astype(np.float32)
        unbiased = x.reshape(-1, 5).var(0, ddof=1)
        biased = x.reshape(-1, 5).var(0)
        for fused, expected in ((None, unbiased), (True, unbiased), (False, biased)):
            with tf.Graph().as_default(), tf.Session() as session:
                layer = tf.layers.BatchNormalization(momentum=0.0, fused=fused)
                layer(x, training=True)
                session.run(layer.updates)
                np.testing.assert_allclose(session.run(layer.moving_variance), expected, rtol=1e-5)

    def test_inference(self) -> None:
        y = tf.layers.batch_normalization(
            X, epsilon=0.0, name="bn",
            moving_mean_initializer=tf.constant_initializer(2.0),
            moving_variance_initializer=tf.constant_initializer(4.0),
            gamma_initializer=tf.constant_initializer(3.0),
            beta_initializer=tf.constant_initializer(1.0),
        )  # fmt: skip
        assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
        np.testing.assert_allclose(values(y), (X - 2) / 2 * 3 + 1, rtol=1e-5)

    def test_a_fed_flag(self) -> None:
        training = tf.placeholder(tf.bool, [])
        y = tf.layers.batch_normalization(X, momentum=0.5, training=training)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        mean = tf.global_variables()[2]
        with tf.Session() as session:
            still, _ = session.run([y, updates], {training: False})
            np.testing.assert_allclose(still, X / np.sqrt(1.001), rtol=1e-5)
            assert not session.run(mean).any()
            moved, _ = session.run([y, updates], {training: True})
            np.testing.assert_allclose(moved.mean(0), 0, atol=1e-6)
            np.testing.assert_allclose(session.run(mean), X.mean(0) / 2, rtol=1e-5)

    def test_the_usual_training_step(self) -> None:
        y = tf.layers.batch_normalization(tf.layers.dense(X, 2), training=True)
        loss = tf.reduce_mean((y - 1.0) ** 2)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
        [mean] = [v for v in tf.global_variables() if v.op.name.endswith("moving_mean")]
        with tf.Session() as session:
            first = session.run(loss)
            for _ in range(10):
                session.run(step)
            assert session.run(loss) < first / 5
            assert session.run(mean).any()

    def test_other_axes_and_options(self) -> None:
        x = np.random.default_rng(3).normal(size=(2, 3, 4, 4)).astype(np.float32)
        y = tf.layers.batch_normalization(
            x, axis=1, center=False, scale=False, epsilon=1e-6, training=True
        )
        mean, variance = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
        np.testing.assert_allclose(values(y), (x - mean) / np.sqrt(variance), rtol=1e-3, atol=1e-5)
        assert len(tf.global_variables()) == 2
        with pytest.raises(OptionError, match="axis does not fit the input"):
            tf.layers.batch_normalization(x, axis=4)
        with pytest.raises(OptionError, match="axis does not fit the input"):
            tf.layers.batch_normalization(x, axis=[1, 2])
        with pytest.raises(GraphError, match="renorm is not supported"):
            tf.layers.batch_normalization(x, renorm=True)
        with pytest.raises(ShapeError, match="the rank of the input is not known"):
            tf.layers.batch_normalization(tf.placeholder(tf.float32, None))

    def test_reuse_and_regularizers(self) -> None:
        for reuse in (None, True):
            tf.layers.batch_normalization(
                X, name="bn", reuse=reuse, gamma_regularizer=tf.nn.l2_loss, training=True
            )
        assert len(tf.global_variables()) == 4
        assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 1
        assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 4


def test_layers_of_a_program() -> None:
    class Gate(tf.layers.Layer):
        def build(self, input_shape: Any) -> None:
            assert [list(shape) for shape in input_shape] == [[4, 3], [4, 3]]
            self.weight = self.add_weight("weight", [3], initializer=tf.ones_initializer())

        def call(self, inputs: Any, factor: float = 1.0) -> Any:
            a, b = inputs
            self.add_loss(tf.reduce_sum(a))
            return a * self.weight + b * factor

    gate = Gate()
    y = gate([tf.constant(X), X], factor=2.0)
    assert gate.name == "gate"
    assert names() == ["gate/weight:0"]
    assert len(gate.inputs) == 2
    np.testing.assert_allclose(values(y), 3 * X, rtol=1e-6)
    assert tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES) == gate.losses
    assert tf.layers.Layer()(X).shape == (4, 3)


def test_input_specs() -> None:
    class Picky(tf.layers.Layer):
        def __init__(self, **spec: Any) -> None:
            super().__init__()
            self.input_spec = tf.layers.InputSpec(**spec)

    for spec in ({"ndim": 2}, {"shape": [None, 3]}, {"max_ndim": 2}, {"dtype": tf.float32}):
        assert Picky(**spec)(X).shape == (4, 3)
    for spec, text in (
        ({"ndim": 3}, "3 axes"),
        ({"min_ndim": 3}, "3 axes or more"),
        ({"max_ndim": 1}, "1 axes or fewer"),
        ({"shape": [5, None]}, "size 5 on axis 0"),
        ({"axes": {-1: 7}}, "size 7 on axis -1"),
    ):
        with pytest.raises(ShapeError, match=f"expected  {text}\n"):
            Picky(**spec)(X)
    with pytest.raises(DtypeError, match="expected  float64\n"):
        Picky(dtype="float64")(X)
    unknown = tf.placeholder(tf.float32, None)
    assert Picky(ndim=5)(unknown).shape is None
