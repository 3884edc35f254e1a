"""What the tests of models' files share: entries of Keras 2's layout, a model, comparisons."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from thalweg.core import Tensor
from thalweg.layers import BatchNormalization, Dense, Layer
from thalweg.models import Model, Sequential, model_from_json

Array = npt.NDArray[Any]
JSON = dict[str, Any]

__all__ = [
    "JSON",
    "Array",
    "Scaled",
    "X",
    "Y",
    "again",
    "classifier",
    "dense_entry",
    "functional",
    "input_entry",
    "message",
    "numbers",
    "rewrite",
    "same_outputs",
    "steps",
]


def again(model: Model, custom_objects: Any = None) -> Any:
    """The model that the text of a model's configuration describes."""
    return model_from_json(model.to_json(), custom_objects)


def same_outputs(a: Any, b: Any, *inputs: Array) -> None:
    """Equal weights give equal outputs."""
    b.set_weights(a.get_weights())
    given = inputs[0] if len(inputs) == 1 else list(inputs)
    for x, y in zip(flat(a.predict(given)), flat(b.predict(given)), strict=True):
        np.testing.assert_array_equal(x, y)


def flat(outputs: Any) -> list[Array]:
    if isinstance(outputs, dict):
        return list(outputs.values())
    return outputs if isinstance(outputs, list) else [outputs]


def numbers(*shape: int) -> Array:
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def dense_entry(name: str = "head", inbound: Any = None, **config: Any) -> JSON:
    return {
        "class_name": "Dense",
        "config": {"name": name, "units": 2, **config},
        "name": name,
        "inbound_nodes": [[["x", 0, 0, {}]]] if inbound is None else inbound,
    }


def input_entry(name: str = "x", size: int = 3) -> JSON:
    config = {"batch_input_shape": [None, size], "dtype": "float32", "name": name}
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def functional(*entries: JSON, outputs: Any = None, name: str = "m") -> JSON:
    """Keras 2's configuration of a functional model with the input `x`."""
    last = entries[-1]["name"] if entries else "x"
    config = {
        "name": name,
        "layers": [input_entry(), *entries],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[last, 0, 0]] if outputs is None else outputs,
    }
    return {"class_name": "Functional", "config": config}


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return str(error.value)


class Scaled(Layer):
    """A user's layer whose `__init__` takes nothing of Keras's."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.factor


def classifier(**compiled: Any) -> Sequential:
    model = Sequential(
        [
            Dense(8, "relu", input_shape=(6,), name="hidden", kernel_regularizer="l2"),
            BatchNormalization(name="norm"),
            Dense(3, "softmax", name="head"),
        ],
        name="small",
    )
    arguments = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", **compiled}
    model.compile(metrics=["accuracy"], **arguments)
    return model


X = numbers(12, 6)
Y = np.arange(12) % 3


def steps(model: Any, count: int = 5, x: Any = X, y: Any = Y) -> list[Any]:
    return [model.train_on_batch(x, y) for _ in range(count)]


def rewrite(path: Path, attribute: str, change: Callable[[Any], Any]) -> None:
    """Changes the JSON of an attribute."""
    with h5py.File(path, "r+") as file:
        data = json.loads(file.attrs[attribute])
        file.attrs[attribute] = json.dumps(change(data))
