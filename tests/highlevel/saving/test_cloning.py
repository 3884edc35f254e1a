"""clone_model: the same layers again, with weights of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from model_entries import Scaled, message, numbers, same_outputs

from thalweg import core, regularizers
from thalweg.core import Tensor
from thalweg.core.errors import GraphError, OptionError
from thalweg.layers import Activation, Dense, Dropout, Input, Lambda, Layer
from thalweg.models import Model, Sequential, clone_model


def test_sequential() -> None:
    old = Sequential([Dense(3, input_shape=(4,), name="a"), Dropout(0.5), Dense(2)], name="s")
    new = clone_model(old)
    assert new.name == "s"
    assert [layer.name for layer in new.layers] == [layer.name for layer in old.layers]
    assert not set(new.weights) & set(old.weights)
    assert not np.array_equal(new.get_weights()[0], old.get_weights()[0])
    same_outputs(old, new, numbers(2, 4))


def test_shared_and_nested() -> None:
    i = Input((3,))
    inner = Model(i, Dense(3)(i))
    x = Input((3,))
    model = Model(x, inner(inner(x)))
    new = clone_model(model)
    assert len(new.layers) == 2
    assert new.layers[1] is not inner
    assert not set(new.weights) & set(model.weights)
    same_outputs(model, new, numbers(2, 3))


def test_clone_function() -> None:
    old = Sequential([Input((4,)), Dense(3), Dense(2)])

    def doubled(layer: Layer) -> Layer:
        config = layer.get_config()
        return Dense.from_config({**config, "units": 2 * config["units"]})

    assert clone_model(old, clone_function=doubled).output_shape == (None, 4)


def test_input_tensors() -> None:
    old = Sequential([Dense(3, input_shape=(4,))])
    x = Input((4,))
    new = clone_model(old, input_tensors=Activation("relu")(x))
    new.set_weights(old.get_weights())
    given = numbers(5, 4)
    got = core.current_session().run(new.output, {x: given})
    np.testing.assert_array_equal(got, old.predict(np.maximum(given, 0)))
    with pytest.raises(OptionError, match=r"wrong number of input tensors\n  expected  1: "):
        clone_model(old, [x, x])


def test_unregistered_classes_and_functions() -> None:
    def square(x: Tensor) -> Any:
        return core.square(x)

    old = Sequential([Input((4,)), Scaled(2.0), Activation(square), Lambda(square)])
    assert clone_model(old).predict(np.ones((1, 4))).tolist() == [[16.0] * 4]


def test_operation_between_layers() -> None:
    x = Input((3,))
    with pytest.raises(GraphError, match="belongs to none of them"):
        clone_model(Model(x, Dense(2)(x + 1.0)))


def test_subclass() -> None:
    class Called(Model):
        """With a call of its own."""

        def call(self, inputs: Tensor, training: Any = None) -> Tensor:
            return inputs

    with pytest.raises(OptionError) as error:
        clone_model(Called(name="mine"))
    assert message(error) == (
        "clone_model: a model with a call() of its own cannot be cloned\n"
        "  node      layer Called 'mine'\n"
        "  hint      make another one of its class"
    )


def test_regularizers_and_constraints_stay() -> None:
    head = Dense(2, kernel_regularizer=regularizers.L2(0.5), kernel_constraint="non_neg")
    new = clone_model(Sequential([Input((3,)), head]))
    assert new.layers[0].kernel_regularizer.l2 == 0.5
    assert new.layers[0].kernel.constraint is not None
