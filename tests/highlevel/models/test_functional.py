"""Functional models: what they compute, alone, shared, nested and called again."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Layer, Model, Sequential, core
from thalweg.core import Session, Tensor
from thalweg.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    Subtract,
)
from thalweg.optimizers import SGD

RNG = np.random.default_rng(5)
X = RNG.normal(size=(6, 3)).astype(np.float32)
Z = RNG.normal(size=(6, 2)).astype(np.float32)


def dense(layer: Layer, x: Any) -> Any:
    """What a Dense layer computes, in float64."""
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    return x @ kernel + bias


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


class TestSeveralInputsAndOutputs:
    def build(self, nest: str) -> tuple[Model, Layer, Layer]:
        a, b = Input((3,), name="a"), Input((2,), name="b")
        both = Concatenate()([a, b])
        first, second = Dense(1, name="first"), Dense(4, name="second")
        outputs = [first(both), second(both)]
        if nest == "list":
            return Model([a, b], outputs), first, second
        named = dict(zip(("one", "four"), outputs, strict=True))
        return Model({"p": a, "q": b}, named), first, second

    def test_lists(self) -> None:
        model, first, second = self.build("list")
        both = np.concatenate([X, Z], axis=1)
        for one, four in (model.predict([X, Z]), model([X, Z]), model.predict_on_batch((X, Z))):
            close(one, dense(first, both))
            close(four, dense(second, both))
        assert model.input_names == ["a", "b"]
        assert model.output_names == ["first", "second"]
        assert [tuple(t.shape) for t in model.inputs] == [(None, 3), (None, 2)]
        assert model.input_shape == [(None, 3), (None, 2)]
        assert model.output_shape == [(None, 1), (None, 4)]

    def test_data_by_names_of_the_inputs(self) -> None:
        model, first, _ = self.build("list")
        both = np.concatenate([X, Z], axis=1)
        close(model.predict({"b": Z, "a": X})[0], dense(first, both))
        close(model({"b": Z, "a": X})[0], dense(first, both))

    def test_dicts_in_any_order(self) -> None:
        model, first, second = self.build("dict")
        both = np.concatenate([X, Z], axis=1)
        for result in (model.predict({"q": Z, "p": X}), model({"q": Z, "p": X})):
            assert list(result) == ["one", "four"]
            close(result["one"], dense(first, both))
            close(result["four"], dense(second, both))
        assert model.input_names == ["p", "q"]
        assert model.output_names == ["one", "four"]

    def test_symbolic_call_with_a_dict(self, session: Session) -> None:
        model, first, _ = self.build("dict")
        x, z = Input((3,)), Input((2,))
        outer = Model([x, z], model({"q": z, "p": x})["one"])
        close(outer.predict([X, Z]), dense(first, np.concatenate([X, Z], axis=1)))

    def test_fit_by_name(self) -> None:
        model, _, _ = self.build("dict")
        model.compile("sgd", {"four": "mse", "one": "mae"}, metrics={"four": ["mae"]})
        y = {"four": np.zeros((6, 4)), "one": np.zeros((6, 1))}
        history = model.fit({"q": Z, "p": X}, y, verbose=0).history
        assert list(history) == ["loss", "one_loss", "four_loss", "four_mae"]
        close(history["loss"][0], history["one_loss"][0] + history["four_loss"][0])


class TestSharedLayers:
    def test_one_set_of_weights(self) -> None:
        a, b, tower = Input((3,)), Input((3,)), Dense(2, name="tower")
        model = Model([a, b], Subtract()([tower(a), tower(b)]))
        assert [w.name for w in model.weights] == ["tower/kernel", "tower/bias"]
        close(model.predict([X, X[::-1]]), dense(tower, X) - dense(tower, X[::-1]))

    def test_gradients_of_both_calls_add_up(self) -> None:
        a, b, tower = Input((3,)), Input((3,)), Dense(2, use_bias=False)
        model = Model([a, b], Add()([tower(a), tower(b)]))
        model.compile(SGD(0.1), "mse")
        [kernel] = tower.get_weights()
        y = np.ones((6, 2))
        model.train_on_batch([X, Z @ np.ones((2, 3))], y)
        total = X + Z @ np.ones((2, 3))
        gradient = total.T @ (2 * (total @ kernel - y)) / y.size
        close(tower.get_weights()[0], kernel - 0.1 * gradient)

    def test_output_names_are_numbered(self) -> None:
        a, b, tower = Input((3,)), Input((3,)), Dense(2, name="tower")
        assert Model([a, b], [tower(a), tower(b)]).output_names == ["tower", "tower_1"]


class TestNesting:
    def build(self) -> tuple[Model, Model, Sequential]:
        y = Input((3,))
        h = BatchNormalization(name="norm")(Dense(5, name="wide")(y))
        inner = Model(y, Dropout(0.5, name="drop")(h), name="inner")
        stack = Sequential([Dense(4, name="narrow", input_shape=(5,)), BatchNormalization()])
        x = Input((3,))
        return Model(x, Dense(1)(stack(inner(x)))), inner, stack

    def test_layers_and_weights(self) -> None:
        model, inner, stack = self.build()
        assert model.layers[1:3] == [inner, stack]
        assert len(model.weights) == 6 + 6 + 2
        assert len(model.trainable_weights) == 4 + 4 + 2
        assert model.count_params() == (15 + 5 + 20) + (20 + 4 + 16) + 5

    def test_training_reaches_the_inside(self) -> None:
        """Kernels change, moving statistics move as the formula says, dropout drops."""
        model, inner, stack = self.build()
        model.compile(SGD(0.1), "mse")
        wide, norm = inner.get_layer("wide"), inner.get_layer("norm")
        inside = dense(wide, X)
        before = [w.copy() for w in model.get_weights()]
        model.train_on_batch(X, np.ones((6, 1)))
        close(norm.get_weights()[2], 0.01 * inside.mean(axis=0))
        close(norm.get_weights()[3], 0.99 + 0.01 * inside.var(axis=0))
        assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
        assert (stack.layers[1].get_weights()[2] != 0).all()

    def test_inner_models_work_alone(self) -> None:
        model, inner, stack = self.build()
        close(model.layers[3](stack.predict(inner.predict(X))), model.predict(X))

    def test_prediction_and_evaluation_disturb_nothing(self) -> None:
        """Random counters and moving statistics are those of training alone."""
        losses = []
        for disturb in (False, True):
            core.set_seed(3)
            model, _, _ = self.build()
            model.compile(SGD(0.1), "mse")
            for _ in range(3):
                losses.append(model.train_on_batch(X, np.ones((6, 1))))
                if disturb:
                    model.predict(X)
                    model.evaluate(X, np.ones((6, 1)), verbose=0)
                    model(X)
        assert losses[:3] == losses[3:]
        assert len(set(losses)) == 3

    def test_model_of_a_model(self) -> None:
        """`Model(inner.input, inner.get_layer(…).output)`: the classic feature extractor."""
        model, inner, _ = self.build()
        features = Model(inner.input, inner.get_layer("wide").output)
        close(features.predict(X), dense(inner.get_layer("wide"), X))
        assert features.layers[1] is inner.layers[1]
        assert model.predict(X).shape == (6, 1)


class TestPlainOps:
    def build(self) -> tuple[Model, Layer, Layer]:
        x = Input((3,))
        first, last = Dense(3, name="first"), Dense(2, name="last")
        h = core.relu(first(x)) + x * 2.0
        return Model(x, last(h)), first, last

    def test_between_layers(self) -> None:
        model, first, last = self.build()
        expected = dense(last, np.maximum(dense(first, X), 0) + 2 * X)
        close(model.predict(X), expected)
        close(model(X), expected)

    def test_are_copied_to_other_inputs(self) -> None:
        model, _, _ = self.build()
        x = Input((3,))
        outer = Model(x, model(x * 1.0) * 1.0)
        close(outer.predict(X), model.predict(X))

    def test_gradients_flow_through_them(self) -> None:
        model, first, _ = self.build()
        model.compile(SGD(0.1), "mse")
        before = first.get_weights()
        losses = [model.train_on_batch(X, np.zeros((6, 2))) for _ in range(5)]
        assert losses[-1] < losses[0]
        assert (first.get_weights()[0] != before[0]).any()

    def test_as_output(self) -> None:
        x = Input((3,))
        model = Model(x, core.square(x))
        close(model.predict(X), X**2)
        assert model.output_names == ["Square"]

    def test_variables_of_the_user(self) -> None:
        scale = core.Variable(np.float32(3.0), name="scale")
        x = Input((3,))
        close(Model(x, x * scale).predict(X), 3 * X)


class Two(Layer):
    """A layer of two tensors that are not a list."""

    def call(self, a: Any, b: Any, factor: float = 1.0) -> Any:
        return a + b * factor


class TestArguments:
    @pytest.mark.parametrize("how", ["positional", "named"])
    def test_tensors_among_them_are_inputs(self, how: str) -> None:
        a, b, hidden = Input((2,), name="a"), Input((2,), name="b"), Dense(2, name="hidden")
        h = hidden(b)
        y = Two()(a, h, factor=3.0) if how == "positional" else Two()(a, b=h, factor=3.0)
        model = Model([a, b], y)
        assert [layer.name for layer in model.layers] == ["b", "a", "hidden", "two"]
        expected = Z + 3 * dense(hidden, Z)
        close(model.predict([Z, Z]), expected)
        close(model([Z, Z]), expected)

    def test_arrays_among_them_are_data(self) -> None:
        close(Two()(Z, Z, factor=2.0), 3 * Z)
        close(Two()(Z, b=2 * Z), 3 * Z)

    def test_training_said_at_the_call_stays(self) -> None:
        x = Input((3,))
        frozen = Model(x, BatchNormalization()(x, training=False))
        close(frozen(X, training=True), X / np.sqrt(1.001))
        noisy = Model(x, Dropout(0.5)(x, training=True))
        assert (noisy.predict(X) == 0).any()
        assert (noisy(X) == 0).any()


class TestCalls:
    def build(self) -> Model:
        x = Input((3,))
        return Model(x, Dense(2)(Dropout(0.5)(x)))

    def test_arrays_give_arrays(self) -> None:
        model = self.build()
        result = model(X)
        assert isinstance(result, np.ndarray)
        close(result, model.predict(X))
        assert (model(X, training=True) != result).any()

    def test_tensors_give_tensors(self, session: Session) -> None:
        model = self.build()
        x = core.placeholder("float32", (None, 3))
        y = model(x)
        assert isinstance(y, Tensor)
        close(session.run(y, {x: X}), model.predict(X))

    def test_data_are_converted_to_the_inputs_dtype(self) -> None:
        x = Input((2, 2))
        model = Model(x, Flatten()(x))
        pixels = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
        for result in (model(pixels), model.predict(pixels)):
            assert result.dtype == np.float32
            assert result.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]

    @pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 1, 1)])
    def test_last_axis_of_one_comes_and_goes(self, shape: tuple[int, ...]) -> None:
        x = Input((1,))
        model = Model(x, x * 2.0)
        data = X[:, 0].reshape(shape)
        close(model.predict(data), 2 * X[:, :1])
        close(model(data), 2 * X[:, :1])

    def test_images_without_channels(self) -> None:
        x = Input((2, 2, 1))
        model = Model(x, Flatten()(x))
        assert model.predict(np.ones((3, 2, 2))).shape == (3, 4)
        assert model(np.ones((3, 2, 2))).shape == (3, 4)


def test_a_base_does_not_keep_the_models_on_it() -> None:
    y = Input((3,))
    base = Model(y, Dense(4)(y))
    kept = base(Input((3,)))
    seen = []
    for _ in range(3):
        x = Input((3,))
        model = Model(x, Dense(2)(base(x)))
        seen.append(weakref.ref(base(x)))
        model.predict(X)
        del x, model
    gc.collect()
    assert [ref() for ref in seen] == [None] * 3
    assert len(base._calls) == 1
    assert base.output is y.op.graph.get_tensor_by_name(base.output.name)
    assert kept.history.layer is base
