"""`Sequential`: growing and shrinking, early and late input shapes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, Sequential
from thalweg.core.errors import OptionError
from thalweg.layers import BatchNormalization, Dense, Dropout, Flatten, InputLayer
from thalweg.optimizers import SGD

RNG = np.random.default_rng(6)
X = RNG.normal(size=(8, 3)).astype(np.float32)


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return re.sub(r"(test_\w+\.py):.*", r"\1", str(error.value))


@pytest.mark.parametrize(
    "first",
    [
        [Dense(2, input_shape=(3,))],
        [Dense(2, input_dim=3)],
        [Dense(2, batch_input_shape=(None, 3))],
        [InputLayer((3,)), Dense(2)],
    ],
    ids=["input_shape", "input_dim", "batch_input_shape", "InputLayer"],
)
def test_ways_to_declare_the_input(first: list[Any]) -> None:
    stack = [type(layer).from_config(layer.get_config()) for layer in first]
    model = Sequential(stack)
    assert model.built
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 2)
    assert [type(layer) for layer in model.layers] == [Dense]


def test_input_tensor_first() -> None:
    model = Sequential([Input((3,)), Dense(2)])
    assert model.output_shape == (None, 2)
    assert len(model.layers) == 1


def test_model_first() -> None:
    x = Input((3,))
    base = Model(x, Dense(4)(x))
    model = Sequential([base, Dense(2)])
    assert model.output_shape == (None, 2)
    np.testing.assert_allclose(
        model.predict(X), model.layers[1](base.predict(X)), rtol=1e-5, atol=1e-6
    )


def test_sequential_in_sequential() -> None:
    inner = Sequential([Dense(4, activation="relu"), Dropout(0.5)])
    model = Sequential([inner, Dense(2)])
    model.compile("sgd", "mse")
    losses = {model.train_on_batch(X, np.zeros((8, 2))) for _ in range(2)}
    assert len(losses) == 2
    assert inner.layers[0].get_weights()[0].shape == (3, 4)


def test_add_and_pop() -> None:
    model = Sequential()
    model.add(Dense(4, input_shape=(3,), name="a"))
    model.add(Dense(2, name="b"))
    kernel = model.layers[0].get_weights()[0]
    popped = model.pop()
    assert popped.name == "b"
    assert model.output_shape == (None, 4)
    model.add(Dense(5, name="c"))
    assert [layer.name for layer in model.layers] == ["a", "c"]
    assert model.predict(X).shape == (8, 5)
    assert (model.layers[0].get_weights()[0] == kernel).all()


def test_add_after_compile_trains_the_new_layer() -> None:
    model = Sequential([Dense(4, input_shape=(3,))])
    model.compile(SGD(0.1, momentum=0.9), "mse")
    model.train_on_batch(X, np.zeros((8, 4)))
    model.add(Dense(1))
    before = model.get_weights()
    model.train_on_batch(X, np.ones((8, 1)))
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_pop_of_everything() -> None:
    model = Sequential([Dense(2, input_shape=(3,))], name="empty")
    model.pop()
    assert model.layers == []
    with pytest.raises(OptionError) as error:
        model.pop()
    assert message(error) == (
        "Sequential: there is no layer to remove\n  node      layer Sequential 'empty'"
    )
    with pytest.raises(OptionError, match=r"^Sequential: has no layers\n"):
        model.predict(X)
    model.add(Dense(1))
    assert model.predict(X).shape == (8, 1)


class TestLate:
    """Without a declared input shape, the first data make the weights."""

    def build(self) -> Sequential:
        return Sequential([Flatten(), Dense(4), BatchNormalization(), Dropout(0.5), Dense(1)])

    def test_before(self) -> None:
        model = self.build()
        assert not model.built
        assert model.weights == []

    def test_fit(self) -> None:
        model = self.build()
        model.compile("sgd", "mse", metrics=["mae"])
        history = model.fit(X.reshape(8, 3, 1), np.ones(8), verbose=0).history
        assert list(history) == ["loss", "mae"]
        assert model.input_shape == (None, 3, 1)

    def test_call_on_arrays_makes_a_model_that_trains(self) -> None:
        """Moving statistics and dropout work, though the first call only computed."""
        model = self.build()
        model(X[:2])
        model.compile(SGD(0.0), "mse")
        losses = {model.train_on_batch(X, np.ones(8)) for _ in range(3)}
        assert len(losses) == 3
        assert (model.layers[2].get_weights()[2] != 0).all()

    def test_call_on_a_tensor(self) -> None:
        model = self.build()
        x = Input((3,))
        outer = Model(x, model(x))
        outer.compile(SGD(0.1), "mse")
        outer.train_on_batch(X, np.ones(8))
        assert (model.layers[2].get_weights()[2] != 0).all()
        np.testing.assert_array_equal(model.predict(X), outer.predict(X))

    def test_build(self) -> None:
        model = self.build()
        model.build((None, 3))
        assert model.count_params() == 12 + 4 + 16 + 5

    def test_generator(self) -> None:
        model = self.build()
        model.compile("sgd", "mse")
        model.fit(iter([(X, np.ones(8))]), verbose=0)
        assert model.predict(iter([X])).shape == (8, 1)


class TestErrors:
    def test_equal_names(self) -> None:
        with pytest.raises(OptionError) as error:
            Sequential([Dense(2, name="same"), Dense(2, name="same")], name="twins")
        assert message(error) == (
            "Sequential: two layers are called 'same'\n"
            "  node      layer Sequential 'twins'\n"
            "  hint      give one of them another name="
        )

    def test_class_for_object(self) -> None:
        with pytest.raises(OptionError) as error:
            Sequential([Dense], name="classes")
        assert message(error) == (
            "Sequential: not a layer\n"
            "  expected  a Layer object\n"
            "  got       <class 'thalweg.layers.core.Dense'>\n"
            "  node      layer Sequential 'classes'\n"
            "  hint      Dense(…) makes one"
        )

    def test_input_in_the_middle(self) -> None:
        with pytest.raises(OptionError) as error:
            Sequential([Dense(2), Input((3,))], name="late")
        assert message(error) == (
            "Sequential: an input can only come first\n  node      layer Sequential 'late'"
        )


def test_names_of_keras_2() -> None:
    model = Sequential([Dense(3, activation="softmax", input_shape=(3,))])
    assert (model.predict_classes(X) == model.predict(X).argmax(axis=1)).all()
    assert (model.predict_proba(X) == model.predict(X)).all()
    binary = Sequential([Dense(1, activation="sigmoid", input_shape=(3,))])
    assert (binary.predict_classes(X) == (binary.predict(X) > 0.5)).all()


def test_frozen_from_the_start() -> None:
    model = Sequential([Dense(2, input_shape=(3,))], trainable=False)
    model.add(Dense(1))
    assert [layer.trainable for layer in model.layers] == [False, False]
    assert model.trainable_weights == []
