"""Configurations of models in Keras 2's layout: what is in them, and that models come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from layer_rows import ROWS, Row, double
from model_entries import (
    again,
    dense_entry,
    functional,
    message,
    numbers,
    same_outputs,
)

from thalweg import core
from thalweg.core import Tensor
from thalweg.core.errors import GraphError, OptionError
from thalweg.layers import (
    Activation,
    Add,
    Concatenate,
    Dense,
    Dropout,
    Input,
    InputLayer,
    Lambda,
    Layer,
    LeakyReLU,
)
from thalweg.models import Model, Sequential, model_from_config
from thalweg.saving.config import (
    custom_object_scope,
    register_keras_serializable,
)


@pytest.fixture(autouse=True)
def clean_registry() -> Iterator[None]:
    with custom_object_scope():
        yield


class TestLayout:
    def test_functional_model(self) -> None:
        x = Input((4,), name="pixels")
        hidden = Dense(3, activation="relu", name="hidden")(x)
        joined = Concatenate(name="joined")([hidden, x])
        model = Model(x, joined, name="small")
        config = model.get_config()
        assert config == {
            "name": "small",
            "trainable": True,
            "layers": [
                {
                    "class_name": "InputLayer",
                    "config": {
                        "batch_input_shape": [None, 4],
                        "dtype": "float32",
                        "sparse": False,
                        "name": "pixels",
                    },
                    "name": "pixels",
                    "inbound_nodes": [],
                },
                {
                    "class_name": "Dense",
                    "config": hidden.history.layer.get_config(),
                    "name": "hidden",
                    "inbound_nodes": [[["pixels", 0, 0, {}]]],
                },
                {
                    "class_name": "Concatenate",
                    "config": joined.history.layer.get_config(),
                    "name": "joined",
                    "inbound_nodes": [[["hidden", 0, 0, {}], ["pixels", 0, 0, {}]]],
                },
            ],
            "input_layers": [["pixels", 0, 0]],
            "output_layers": [["joined", 0, 0]],
        }
        assert json.loads(json.dumps(config)) == config

    def test_text_names_class_and_layout(self) -> None:
        text = json.loads(Sequential([Dense(1, input_shape=(2,))], name="s").to_json(indent=1))
        assert text["class_name"] == "Sequential"
        assert text["keras_version"].startswith("2.")
        assert text["backend"] == "tensorflow"
        entries = text["config"]["layers"]
        assert [entry["class_name"] for entry in entries] == ["InputLayer", "Dense"]
        assert all(set(entry) == {"class_name", "config"} for entry in entries)

    def test_shared_layer_has_a_node_for_each_call(self) -> None:
        a, b = Input((3,), name="a"), Input((3,), name="b")
        shared = Dense(2, name="shared")
        model = Model([a, b], Add(name="sum")([shared(a), shared(b)]))
        entries = {entry["name"]: entry for entry in model.get_config()["layers"]}
        assert entries["shared"]["inbound_nodes"] == [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]
        assert entries["sum"]["inbound_nodes"] == [[["shared", 0, 0, {}], ["shared", 1, 0, {}]]]
        same_outputs(model, again(model), numbers(5, 3), numbers(5, 3) + 1)

    def test_calls_outside_of_the_model_are_left_out(self) -> None:
        x = Input((3,), name="x")
        shared = Dense(3, name="shared")
        elsewhere = shared(x)
        model = Model(x, shared(Activation("tanh", name="act")(x)))
        entries = {entry["name"]: entry for entry in model.get_config()["layers"]}
        assert entries["shared"]["inbound_nodes"] == [[["act", 0, 0, {}]]]
        assert elsewhere.shape == (None, 3)
        same_outputs(model, again(model), numbers(5, 3))

    def test_calls_of_a_model_inside_count_from_one(self) -> None:
        i = Input((3,), name="i")
        inner = Model(i, Dense(3, name="d")(i), name="inner")
        x = Input((3,), name="x")
        model = Model(x, inner(inner(x)))
        entries = {entry["name"]: entry for entry in model.get_config()["layers"]}
        assert entries["inner"]["class_name"] == "Model"
        assert entries["inner"]["inbound_nodes"] == [[["x", 0, 0, {}]], [["inner", 1, 0, {}]]]
        assert model.get_config()["output_layers"] == [["inner", 2, 0]]
        copied = again(model)
        assert len(copied.layers) == 2
        same_outputs(model, copied, numbers(5, 3))

    def test_models_inside_models(self) -> None:
        deferred = Sequential([Dense(4), LeakyReLU(0.2)], name="deferred")
        ready = Sequential([Dense(3, input_shape=(4,)), Dropout(0.1)], name="ready")
        i = Input((3,))
        middle = Model(i, ready(deferred(i)), name="middle")
        model = Sequential([Input((3,)), middle, Dense(2)])
        copied = again(model)
        assert copied.layers[0].layers[1].layers[1].negative_slope == 0.2
        same_outputs(model, copied, numbers(5, 3))

    def test_several_inputs_and_outputs(self) -> None:
        a, b = Input((3,), name="a"), Input((3,), name="b", dtype="int32")
        total = Add(name="sum")([a, core_cast(b)])
        model = Model([a, b], [total, Dense(1, name="one")(a)])
        copied = again(model, {"Cast": Cast})
        assert copied.input_names == ["a", "b"]
        assert copied.output_names == ["sum", "one"]
        assert copied.inputs[1].dtype == "int32"
        same_outputs(model, copied, numbers(4, 3), np.ones((4, 3), np.int32))

    def test_dicts_of_inputs_and_outputs(self) -> None:
        a, b = Input((3,), name="a"), Input((3,), name="b")
        model = Model({"left": a, "right": b}, {"sum": Add()([a, b]), "a": Dense(2)(a)})
        copied = again(model)
        assert copied.input_names == ["left", "right"]
        assert copied.output_names == ["sum", "a"]
        copied.set_weights(model.get_weights())
        given = {"left": numbers(4, 3), "right": numbers(4, 3) * 2}
        for name, value in model.predict(given).items():
            np.testing.assert_array_equal(copied.predict(given)[name], value)

    def test_arguments_of_calls(self) -> None:
        x = Input((8,), name="x")
        always = Dropout(0.5, name="always")(x, training=True)
        never = Dropout(0.5, name="never")(x, training=False)
        blend = Blend(name="blend")
        model = Model(x, [always, never, blend(x, never, factor=0.25)])
        entries = {entry["name"]: entry for entry in model.get_config()["layers"]}
        assert entries["always"]["inbound_nodes"] == [[["x", 0, 0, {"training": True}]]]
        assert entries["never"]["inbound_nodes"] == [[["x", 0, 0, {"training": False}]]]
        assert entries["blend"]["inbound_nodes"] == [
            [["x", 0, 0, {"other": ["never", 0, 0], "factor": 0.25}]]
        ]
        copied = again(model, {"Blend": Blend})
        ones = np.ones((4, 8), np.float32)
        dropped, kept, blended = copied.predict(ones)
        assert (dropped == 0).any()
        np.testing.assert_array_equal(kept, ones)
        np.testing.assert_array_equal(blended, 1.25 * ones)

    def test_layer_with_several_outputs(self) -> None:
        x = Input((4,), name="x")
        low, high = Halves(name="halves")(x)
        model = Model(x, Concatenate(name="swapped")([high, low]))
        entries = {entry["name"]: entry for entry in model.get_config()["layers"]}
        assert entries["swapped"]["inbound_nodes"] == [[["halves", 0, 1, {}], ["halves", 0, 0, {}]]]
        copied = again(model, {"Halves": Halves})
        assert copied.predict(np.float32([[1, 2, 3, 4]])).tolist() == [[3, 4, 1, 2]]

    def test_input_that_no_output_needs(self) -> None:
        a, b = Input((3,), name="a"), Input((3,), name="b")
        copied = again(Model([a, b], Dense(2)(a)))
        assert copied.input_names == ["a", "b"]

    def test_frozen_layers(self) -> None:
        model = Sequential([Dense(2, input_shape=(3,)), Dense(2, trainable=False)])
        copied = again(model)
        assert [layer.trainable for layer in copied.layers] == [True, False]
        model.trainable = False
        copied = again(model)
        assert not copied.trainable_weights
        copied.trainable = True
        assert len(copied.trainable_weights) == 4

    def test_unbuilt_sequential(self) -> None:
        copied = again(Sequential([Dense(2, name="a"), Dense(1)], name="late"))
        assert copied.name == "late"
        assert not copied.built
        assert copied.predict(numbers(2, 5)).shape == (2, 1)

    def test_names_with_slashes(self) -> None:
        config = functional(dense_entry("block/conv"))
        model = model_from_config(config)
        assert model.layers[1].name == "block/conv"
        assert again(model).layers[1].name == "block/conv"
        assert model.predict(numbers(2, 3)).shape == (2, 2)

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
    def test_every_layer(self, row: Row) -> None:
        inputs = [Input(shape[1:]) for shape in row.shapes]
        model = Model(inputs, row.make()(inputs[0] if len(inputs) == 1 else inputs))
        copied = again(model, {"double": double})
        assert copied.layers[-1].get_config() == model.layers[-1].get_config()
        same_outputs(model, copied, *(numbers(*shape) for shape in row.shapes))


class Cast(Layer):
    """Floats of whatever comes."""

    def call(self, inputs: Tensor) -> Tensor:
        return core.cast(inputs, "float32")


def core_cast(x: Tensor) -> Any:
    return Cast(name="floats")(x)


class Blend(Layer):
    """inputs + factor * other."""

    def call(self, inputs: Tensor, other: Tensor, factor: float = 1.0) -> Tensor:
        return inputs + factor * other


class Halves(Layer):
    """Both halves of the last axis."""

    def call(self, inputs: Tensor) -> list[Tensor]:
        return list(core.split(inputs, 2, axis=-1))


class TestRefusedModels:
    def test_operation_between_layers(self) -> None:
        x = Input((3,), name="x")
        model = Model(x, Dense(2)(core.tanh(x)))
        with pytest.raises(GraphError) as error:
            model.get_config()
        assert message(error) == (
            "get_config: an operation between the layers belongs to none of them\n"
            "  expected  tensors that come straight from layers\n"
            "  got       Tanh, which makes float32 (None, 3)\n"
            f"  node      {model.layers[1].input.op.name!r}\n"
            "  made at   test_model_config.py:"
            f"{model.layers[1].input.op.site.line}   model = Model(x, Dense(2)(core.tanh(x)))\n"
            "  hint      put it into a layer: a Lambda with a registered function, or a Layer "
            "with call(); save_weights() needs no configuration"
        )

    def test_operation_at_the_end(self) -> None:
        x = Input((3,))
        with pytest.raises(GraphError, match="belongs to none of them"):
            Model(x, Dense(2)(x) * 2.0).to_json()

    def test_added_loss(self) -> None:
        x = Input((3,))
        model = Model(x, Dense(2)(x))
        model.add_loss(core.reduce_mean(model.output))
        with pytest.raises(OptionError) as error:
            model.get_config()
        assert message(error) == (
            "get_config: losses added to the model itself cannot be written\n"
            "  got       1 of model.add_loss()\n"
            "  hint      call add_loss in the call() of a layer; or use save_weights()"
        )

    def test_class_called_like_ours(self) -> None:
        class Dense(Layer):
            """Not the library's."""

            def call(self, inputs: Tensor) -> Tensor:
                return inputs * 2.0

        model = Sequential([Dense(input_shape=(3,), name="mine")])
        with pytest.raises(OptionError) as error:
            model.to_json()
        assert message(error) == (
            "get_config: the class 'Dense' is called like one of thalweg's\n"
            "  node      layer Dense 'mine'\n"
            "  hint      @register_keras_serializable(package='mine') above it makes the name its "
            "own"
        )
        register_keras_serializable("mine")(Dense)
        assert type(again(model).layers[0]) is Dense

    def test_lambda_without_a_name(self) -> None:
        model = Sequential([Lambda(lambda x: x * 2.0, input_shape=(3,), name="twice")])
        with pytest.raises(OptionError) as error:
            model.to_json()
        assert "this value cannot be written to a file" in message(error)
        assert "layer Lambda 'twice'" in message(error)
        assert "@register_keras_serializable()" in message(error)

    def test_argument_without_a_name(self) -> None:
        class Sum(Layer):
            """Any number of further arguments."""

            def call(self, inputs: Tensor, *others: Tensor) -> Tensor:
                return sum(others, inputs)

        x = Input((3,))
        y = Dense(3)(x)
        with pytest.raises(OptionError, match="a further argument of a call has no name"):
            Model(x, Sum()(x, y, y)).get_config()


def test_input_of_unknown_rank() -> None:
    x = Input(tensor=core.placeholder("float32"))
    assert isinstance(x.history.layer, InputLayer)
    with pytest.raises(OptionError, match="an input of unknown rank cannot be written"):
        Model(x, Activation("relu")(x)).to_json()
