"""What the versions of Keras write into configurations."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
from model_entries import JSON, dense_entry, functional, numbers

from thalweg import activations, initializers, layers
from thalweg.models import model_from_config, model_from_json


def test_sequential_of_keras_2_3() -> None:
    text = """{"class_name": "Sequential", "config": {"name": "sequential_1", "layers": [
        {"class_name": "Dense", "config": {"name": "dense_1", "trainable": true,
         "batch_input_shape": [null, 4], "dtype": "float32", "units": 3,
         "activation": "relu", "use_bias": true,
         "kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0,
          "mode": "fan_avg", "distribution": "uniform", "seed": null}},
         "bias_initializer": {"class_name": "Zeros", "config": {}},
         "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
         "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
         "bias_constraint": null}},
        {"class_name": "BatchNormalization", "config": {"name": "bn", "trainable": true,
         "dtype": "float32", "axis": -1, "momentum": 0.9, "epsilon": 0.001, "center": true,
         "scale": true, "beta_initializer": {"class_name": "Zeros", "config": {}},
         "gamma_initializer": {"class_name": "Ones", "config": {}},
         "moving_mean_initializer": {"class_name": "Zeros", "config": {}},
         "moving_variance_initializer": {"class_name": "Ones", "config": {}},
         "beta_regularizer": null, "gamma_regularizer": null, "beta_constraint": null,
         "gamma_constraint": null}},
        {"class_name": "LeakyReLU", "config": {"name": "l", "trainable": true,
         "dtype": "float32", "alpha": 0.30000001192092896}}]},
        "keras_version": "2.3.1", "backend": "tensorflow"}"""
    model = model_from_json(text)
    assert [layer.name for layer in model.layers] == ["dense_1", "bn", "l"]
    assert model.output_shape == (None, 3)
    dense, norm, leaky = model.layers
    assert dense.activation is activations.relu
    assert dense.kernel_initializer.distribution == "uniform"
    assert dense.kernel_regularizer.l2 == 0.01
    assert norm.momentum == 0.9
    assert leaky.negative_slope == pytest.approx(0.3)


def test_sequential_of_keras_2_0() -> None:
    """Its configuration is the list of its layers."""
    entry = dense_entry(batch_input_shape=[None, 3])
    model = model_from_config({"class_name": "Sequential", "config": [entry]})
    assert model.output_shape == (None, 2)


def test_build_input_shape() -> None:
    config = {"name": "s", "layers": [dense_entry()], "build_input_shape": [None, 7]}
    assert model_from_config({"class_name": "Sequential", "config": config}).input_shape == (
        None,
        7,
    )


def test_functional_model_of_keras_3() -> None:
    """As `keras.Model.to_json` of 3.15 writes it; a model inside counts its calls from 0."""
    policy = {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "float32"},
        "registered_name": None,
    }

    def tensor(layer: str, call: int = 0) -> JSON:
        config = {"shape": [None, 3], "dtype": "float32", "keras_history": [layer, call, 0]}
        return {"class_name": "__keras_tensor__", "config": config}

    def call(*args: Any, **kwargs: Any) -> JSON:
        return {"args": list(args), "kwargs": kwargs}

    def entry(class_name: str, name: str, nodes: list[JSON], **config: Any) -> JSON:
        return {
            "module": "keras.layers",
            "class_name": class_name,
            "config": {"name": name, "trainable": True, "dtype": policy, **config},
            "registered_name": None,
            "build_config": {"input_shape": [None, 3]},
            "name": name,
            "inbound_nodes": nodes,
        }

    def start(name: str) -> JSON:
        shape = {"batch_shape": [None, 3], "sparse": False, "ragged": False, "optional": False}
        return {**entry("InputLayer", name, [], **shape), "build_config": None}

    glorot = {
        "module": "keras.initializers",
        "class_name": "GlorotUniform",
        "config": {"seed": None, "input_axes": None, "output_axes": None},
        "registered_name": None,
    }
    dense = {"units": 3, "kernel_initializer": glorot, "quantization_config": None}
    norm = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99}
    inner = {
        "name": "inner",
        "trainable": True,
        "layers": [
            start("i"),
            entry("Dense", "d", [call(tensor("i"))], **dense),
            entry("BatchNormalization", "n", [call(tensor("d"), mask=None)], **norm),
        ],
        "input_layers": ["i", 0, 0],
        "output_layers": ["n", 0, 0],
    }
    outer = {
        "name": "outer",
        "layers": [
            start("x"),
            {
                "module": "keras.src.models.functional",
                "class_name": "Functional",
                "config": inner,
                "registered_name": "Functional",
                "name": "inner",
                "inbound_nodes": [
                    call(tensor("x"), training=False, mask=None),
                    call(tensor("inner")),
                ],
            },
            entry("Add", "sum", [call([tensor("inner"), tensor("inner", 1)])]),
            entry("Activation", "relu", [call(tensor("sum"))], activation="relu"),
        ],
        "input_layers": {"x": ["x", 0, 0]},
        "output_layers": [["relu", 0, 0], ["sum", 0, 0]],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = json.dumps({"module": "keras", "class_name": "Functional", "config": outer})
        model = model_from_json(text)
    assert model.input_names == ["x"]
    assert [layer.name for layer in model.layers] == ["x", "inner", "sum", "relu"]
    assert type(model.layers[1].layers[1].kernel_initializer) is initializers.GlorotUniform
    once = model.layers[1]
    x = numbers(4, 3)
    expected = once.predict(x) + once.predict(once.predict(x))
    np.testing.assert_allclose(model.predict(x)[1], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "dtype",
    [
        "float64",
        {"class_name": "Policy", "config": {"name": "float64"}},
        {"class_name": "DTypePolicy", "config": {"name": "float64"}, "registered_name": None},
    ],
)
def test_dtype_policies(dtype: Any) -> None:
    model = model_from_config(functional(dense_entry(dtype=dtype)))
    assert model.layers[1].dtype == "float64"


def test_mixed_policy_computes_in_float32_and_says_so() -> None:
    policy = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    with pytest.warns(UserWarning) as said:
        model = model_from_config(functional(dense_entry(dtype=policy)))
    assert model.layers[1].dtype == "float32"
    assert [str(warning.message) for warning in said] == [
        "thalweg: model_from_config: not known here and left out: dtype policy "
        "'mixed_float16' of Dense 'head', which computes in float32"
    ]


def test_functions_as_objects() -> None:
    relu = {
        "module": "builtins",
        "class_name": "function",
        "config": "relu",
        "registered_name": "function",
    }
    model = model_from_config(functional(dense_entry(activation=relu)))
    assert model.layers[1].activation is activations.relu


def test_layer_as_activation() -> None:
    leaky = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.25, "name": "leak"}}
    model = model_from_config(functional(dense_entry(activation=leaky, use_bias=False)))
    model.layers[1].set_weights([-np.ones((3, 2))])
    assert model.predict(np.ones((1, 3))).tolist() == [[-0.75, -0.75]]


@pytest.mark.parametrize("name", ["Identity", "Zeros", "RandomNormal"])
def test_initializers_called_like_layers(name: str) -> None:
    data = {"module": "keras.initializers", "class_name": name, "config": {}}
    model = model_from_config(functional(dense_entry(kernel_initializer=data)))
    assert type(model.layers[1].kernel_initializer) is getattr(initializers, name)


def test_unknown_words_give_one_warning() -> None:
    entry = dense_entry(
        sparkle=3,
        kernel_regularizer={"class_name": "L2", "config": {"l2": 0.5, "shine": True}},
    )
    with pytest.warns(UserWarning) as said:
        model = model_from_config(functional(entry))
    assert [str(warning.message) for warning in said] == [
        "thalweg: model_from_config: not known here and left out: "
        "'sparkle' of Dense 'head', 'shine' of L2 of Dense 'head'"
    ]
    assert model.layers[1].kernel_regularizer.l2 == 0.5


def test_many_unknown_words_are_counted() -> None:
    entry = dense_entry(**{f"word_{i}": i for i in range(11)})
    with pytest.warns(UserWarning, match=r"'word_7' of Dense 'head' and 3 more$"):
        model_from_config(functional(entry))


def test_words_that_ask_for_nothing() -> None:
    entry = dense_entry(quantization_config=None, lora_rank=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model_from_config(functional(entry))


def test_words_that_ask_for_something() -> None:
    norm = {"class_name": "BatchNormalization", "config": {"name": "n", "renorm": True}}
    entry = {**norm, "name": "n", "inbound_nodes": [[["x", 0, 0, {}]]]}
    with pytest.warns(UserWarning, match="'renorm' of BatchNormalization 'n'"):
        model_from_config(functional(entry))


def test_names_that_changed() -> None:
    norm = {"class_name": "BatchNormalizationV1", "config": {"name": "n", "axis": [1]}}
    entry = {**norm, "name": "n", "inbound_nodes": [[["x", 0, 0, {}]]]}
    assert type(model_from_config(functional(entry)).layers[1]) is layers.BatchNormalization


@pytest.mark.filterwarnings("error")
def test_depthwise_convolution_of_keras_2() -> None:
    """It writes the groups of the class that it is derived from."""
    config = {"name": "d", "kernel_size": [3, 3], "groups": 1, "depth_multiplier": 2}
    entry = {"class_name": "DepthwiseConv2D", "config": config}
    layer = model_from_config(entry)
    assert (layer.kernel_size, layer.depth_multiplier) == ((3, 3), 2)
