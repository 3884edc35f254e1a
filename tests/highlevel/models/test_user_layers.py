"""Layers that a user writes, in models."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Layer, Model, Sequential, core
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import Dense
from thalweg.optimizers import SGD
from thalweg.regularizers import L2

X = np.random.default_rng(8).normal(size=(8, 3)).astype(np.float32)


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return re.sub(r"(test_\w+\.py):.*", r"\1", str(error.value))


class Linear(Layer):
    """The example of every Keras tutorial, with a counter of training steps."""

    def __init__(self, units: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer="glorot_uniform",
            regularizer="l2",
        )
        self.steps = self.add_weight(name="steps", shape=(), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs: Any, training: Any = None) -> Any:
        self.steps.assign_add(1.0)
        return core.matmul(inputs, self.kernel)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Block(Layer):
    """A layer made of layers, with a loss and a variable of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.inner = [Linear(4), Dense(3)]
        self.scale = core.Variable(np.float32(1.0), name="scale")

    def call(self, inputs: Any) -> Any:
        for layer in self.inner:
            inputs = layer(inputs)
        self.add_loss(core.reduce_mean(core.square(inputs)))
        return inputs * self.scale


def test_training_and_state() -> None:
    x = Input((3,))
    layer = Linear(2)
    model = Model(x, layer(x))
    model.compile(SGD(0.1), "mse")
    [kernel, _] = layer.get_weights()
    y = np.ones((8, 2))
    loss = model.train_on_batch(X, y)
    predicted = X @ kernel
    np.testing.assert_allclose(
        loss, np.mean((predicted - y) ** 2) + 0.01 * np.sum(kernel**2), rtol=1e-5
    )
    gradient = X.T @ (2 * (predicted - y)) / y.size + 0.02 * kernel
    np.testing.assert_allclose(layer.get_weights()[0], kernel - 0.1 * gradient, rtol=1e-4)
    model.predict(X)
    model.evaluate(X, y, verbose=0)
    assert layer.get_weights()[1] == 1


def test_config_round_trip() -> None:
    layer = Linear(5, name="mine", trainable=False)
    copy = Linear.from_config(layer.get_config())
    assert (copy.units, copy.name, copy.trainable) == (5, "mine", False)


def test_layer_of_layers() -> None:
    block = Block(name="block")
    model = Sequential([Input((3,)), block, Dense(1)])
    assert [w.name for w in block.weights] == [
        "scale",
        "block/linear/kernel",
        "block/linear/steps",
        "block/dense/kernel",
        "block/dense/bias",
    ]
    model.compile(SGD(0.1), "mse")
    losses = [model.train_on_batch(X, np.ones((8, 1))) for _ in range(5)]
    assert losses[-1] < losses[0]
    assert block.scale in model.trainable_weights
    assert block.inner[0].get_weights()[1] == 5
    block.trainable = False
    assert not block.inner[0].trainable
    assert len(model.trainable_weights) == 2


def test_losses_of_a_model() -> None:
    x = Input((3,))
    hidden = Dense(2, kernel_regularizer="l2", activity_regularizer="l2")(x)
    model = Model(x, Block()(hidden))
    model.add_loss(core.reduce_mean(hidden))
    # the block's own loss and Linear's kernel, the activity, the kernel, what was added
    assert len(model.losses) == 5
    assert all(loss.shape == () for loss in model.losses)


def test_activity_counts_by_sample() -> None:
    """Keras divides an activity's loss by the batch; 72 / 4 is what it prints for this model."""
    model = Sequential(
        [Dense(2, input_shape=(3,), kernel_initializer="ones", activity_regularizer=L2(1.0))]
    )
    model.compile("sgd", "mse")
    x = np.ones((4, 3))
    assert model.evaluate(x, np.full((4, 2), 3.0), verbose=0) == 18


class TestErrors:
    def test_add_loss_outside_of_call(self) -> None:
        with pytest.raises(OptionError) as error:
            Linear(name="mine").add_loss(1.0)
        assert message(error) == (
            "add_loss: called outside of call()\n"
            "  node      layer Linear 'mine'\n"
            "  made at   test_user_layers.py\n"
            "  hint      in a layer's call, or on a functional model: model.add_loss(tensor)"
        )

    def test_loss_that_is_no_scalar(self) -> None:
        x = Input((3,))
        model = Model(x, Dense(2, name="last")(x), name="model")
        with pytest.raises(ShapeError) as error:
            model.add_loss(model.output)
        assert message(error) == (
            "add_loss: the loss is not a scalar\n"
            "  got       float32 (None, 2)\n"
            "  node      'last/BiasAdd', layer Model 'model'\n"
            "  made at   test_user_layers.py\n"
            "  hint      reduce_mean(loss) makes one number of it"
        )

    def test_weight_of_unknown_size(self) -> None:
        with pytest.raises(ShapeError) as error:
            Linear(name="mine")(Input((None,)))
        assert message(error) == (
            "Linear: a weight needs known sizes\n"
            "  got       kernel (None, 2)\n"
            "  node      layer Linear 'mine'\n"
            "  made at   test_user_layers.py\n"
            "  hint      give the sizes of all axes but the batch: Input((28, 28, 1))"
        )
