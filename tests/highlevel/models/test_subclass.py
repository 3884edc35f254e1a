"""Subclassed models: layers as attributes, and a `call`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, Sequential, core
from thalweg.core import Session
from thalweg.core.errors import GraphError, OptionError, ShapeError
from thalweg.layers import BatchNormalization, Dense, Dropout
from thalweg.optimizers import SGD

RNG = np.random.default_rng(7)
X = RNG.normal(size=(16, 3)).astype(np.float32)
Y = RNG.integers(0, 2, 16)


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return re.sub(r"(test_\w+\.py):.*", r"\1", str(error.value))


class Net(Model):
    """Layers as attributes, in a list, and a model among them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.first = Dense(4, activation="relu", name="first")
        self.blocks = [Dense(4, name=f"block_{i}") for i in range(2)]
        self.stack = Sequential([BatchNormalization(name="norm"), Dropout(0.5)], name="stack")
        self.head = Dense(2, activation="softmax", name="head")

    def call(self, inputs: Any, training: Any = None) -> Any:
        h = self.first(inputs)
        for block in self.blocks:
            h = h + block(h)
        return self.head(self.stack(h, training=training))


def test_compile_before_data() -> None:
    model = Net()
    model.compile(SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.weights == []
    history = model.fit(X, Y, epochs=20, verbose=0, validation_split=0.25).history
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history["loss"][-1] < history["loss"][0]
    assert [w.name for w in model.weights] == [
        "net/first/kernel", "net/first/bias",
        "net/block_0/kernel", "net/block_0/bias", "net/block_1/kernel", "net/block_1/bias",
        "net/stack/norm/gamma", "net/stack/norm/beta",
        "net/stack/norm/moving_mean", "net/stack/norm/moving_variance",
        "net/head/kernel", "net/head/bias",
    ]  # fmt: skip
    assert len(model.trainable_weights) == 10
    assert [layer.name for layer in model.layers] == [
        "first", "block_0", "block_1", "stack", "head",
    ]  # fmt: skip


def test_every_method_agrees() -> None:
    model = Net()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    predicted = model.predict(X)
    np.testing.assert_allclose(model(X), predicted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.predict_on_batch(X), predicted)
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(loss, -np.log(predicted[np.arange(16), Y]).mean(), rtol=1e-5)
    assert accuracy == np.mean(predicted.argmax(axis=1) == Y)
    assert model.test_on_batch(X, Y) == [loss, accuracy]


def test_training_argument() -> None:
    model = Net()
    model.compile(SGD(0.0), "sparse_categorical_crossentropy")
    losses = {model.train_on_batch(X, Y) for _ in range(3)}
    assert len(losses) == 3
    norm = model.stack.get_layer("norm")
    assert (norm.get_weights()[2] != 0).any()
    tested = {model.test_on_batch(X, Y) for _ in range(3)}
    assert len(tested) == 1
    assert (model(X, training=True) != model(X)).any()


def test_one_run_a_batch(session: Session) -> None:
    model = Net()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(X, Y)
    before = session.run_count
    model.fit(X, Y, batch_size=4, verbose=0)
    assert session.run_count - before == 4


class Pair(Model):
    """Two inputs, two outputs, a loss of its own."""

    def __init__(self, nest: str) -> None:
        super().__init__()
        self.nest = nest
        self.left, self.right = Dense(2, name="left"), Dense(1, name="right")

    def call(self, inputs: Any) -> Any:
        a, b = (inputs["a"], inputs["b"]) if self.nest == "dict" else inputs
        left, right = self.left(a), self.right(b)
        self.add_loss(core.reduce_mean(core.square(left)) * 0.5)
        return {"left": left, "right": right} if self.nest == "dict" else (left, right)


class TestSeveralInputsAndOutputs:
    A, B = X, X[:, :2]

    def test_lists(self) -> None:
        model = Pair("list")
        model.compile(SGD(0.1), ["mse", "mae"], loss_weights=[1.0, 2.0])
        y = [np.zeros((16, 2)), np.ones((16, 1))]
        left, right = model.predict([self.A, self.B])
        logs = model.test_on_batch([self.A, self.B], y, return_dict=True)
        assert list(logs) == ["loss", "output_1_loss", "output_2_loss"]
        first, second = np.mean(left**2), np.mean(np.abs(right - 1))
        expected = [1.5 * first + 2 * second, first, second]
        np.testing.assert_allclose(list(logs.values()), expected, rtol=1e-5)
        history = model.fit([self.A, self.B], y, epochs=10, verbose=0).history
        assert history["loss"][-1] < history["loss"][0]

    def test_dicts(self) -> None:
        model = Pair("dict")
        model.compile(SGD(0.1), {"right": "mae", "left": "mse"})
        y = {"left": np.zeros((16, 2)), "right": np.ones((16, 1))}
        history = model.fit({"a": self.A, "b": self.B}, y, verbose=0).history
        assert list(history) == ["loss", "left_loss", "right_loss"]
        assert list(model.predict({"a": self.A, "b": self.B})) == ["left", "right"]

    def test_generator_of_lists(self) -> None:
        model = Pair("list")
        model.compile("sgd", "mse")
        y = [np.zeros((16, 2)), np.ones((16, 1))]
        model.fit(iter([([self.A, self.B], y)]), verbose=0)
        assert [p.shape for p in model.predict([self.A, self.B])] == [(16, 2), (16, 1)]


def test_only_a_loss_of_its_own() -> None:
    class Norm(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(2)

        def call(self, inputs: Any) -> Any:
            h = self.dense(inputs)
            self.add_loss(core.reduce_mean(core.square(h)))
            return h

    model = Norm()
    model.compile(SGD(0.1))
    losses = model.fit(X, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_nested_in_a_functional_model() -> None:
    inner = Net(name="inner")
    x = Input((3,))
    model = Model(x, Dense(1)(inner(x)))
    model.compile(SGD(0.1), "mse")
    before = model.get_weights()
    model.train_on_batch(X, np.ones((16, 1)))
    assert len(before) == 14
    # ReLU may leave a unit without gradient; everything else moves
    changed = [(a != b).any() for a, b in zip(before, model.get_weights(), strict=True)]
    assert all(changed)
    np.testing.assert_allclose(model.layers[2](inner.predict(X)), model.predict(X), rtol=1e-5)


class TestBuild:
    def test_by_shape(self) -> None:
        model = Net()
        model.build((None, 3))
        assert model.built
        assert len(model.weights) == 12
        assert model.predict(X).shape == (16, 2)

    @pytest.mark.parametrize("nest", ["list", "dict"])
    def test_by_several_shapes(self, nest: str) -> None:
        shapes: Any = [(None, 3), (None, 2)]
        model = Pair(nest)
        model.build(shapes if nest == "list" else dict(zip("ab", shapes, strict=True)))
        assert [tuple(w.shape) for w in model.weights] == [(3, 2), (2,), (2, 1), (1,)]

    def test_own_build(self) -> None:
        class Scaled(Model):
            def build(self, input_shape: Any) -> None:
                self.scale = self.add_weight(name="scale", shape=(input_shape[-1],))
                super().build(input_shape)

            def call(self, inputs: Any) -> Any:
                return inputs * self.scale

        model = Scaled()
        assert model.predict(X).tolist() == np.zeros((16, 3)).tolist()
        assert [w.name for w in model.weights] == ["scaled/scale"]


def test_frozen_at_compile_even_if_built_later() -> None:
    """The layers that train are chosen at `compile`, though weights come with the data."""
    model = Net()
    model.blocks[0].trainable = False
    model.stack.trainable = False
    model.compile(SGD(0.5), "sparse_categorical_crossentropy")
    model.blocks[0].trainable = True
    model.stack.trainable = True
    with pytest.warns(UserWarning, match=r"`trainable` was changed after compile"):
        model.fit(X, Y, verbose=0, epochs=0)
    model.predict(X)
    frozen, norm = model.blocks[0].get_weights(), model.stack.get_weights()
    model.train_on_batch(X, Y)
    assert all((a == b).all() for a, b in zip(frozen, model.blocks[0].get_weights(), strict=True))
    assert all((a == b).all() for a, b in zip(norm, model.stack.get_weights(), strict=True))


def test_output_names_before_data() -> None:
    assert Net().output_names == ["output"]


class TestErrors:
    def test_no_call(self) -> None:
        model = Model(name="nothing")
        with pytest.raises(GraphError) as error:
            model.predict(X)
        assert message(error) == (
            "Model: a subclass must define call(inputs)\n"
            "  node      layer Model 'nothing'\n"
            "  made at   test_subclass.py"
        )

    def test_other_features_later(self) -> None:
        model = Net()
        model.predict(X)
        with pytest.raises(ShapeError) as error:
            model.predict(X[:, :2])
        assert message(error).startswith(
            "Dense: the input has another size than the layer was built for\n"
            "  expected  size 3 on axis -1\n"
            "  got       float32 (None, 2)\n"
            "  node      layer Dense 'first'\n"
        )

    def test_load_before_data(self) -> None:
        with pytest.raises(OptionError) as error:
            Net(name="fresh").load_weights("nowhere.h5")
        assert message(error) == (
            "load_weights: the model has no weights yet\n"
            "  node      layer Net 'fresh'\n"
            "  hint      declare the input shape (Input, input_shape=…), or call the model on data"
        )
