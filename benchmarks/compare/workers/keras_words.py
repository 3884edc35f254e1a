"""A described network in the words that Keras and thalweg share."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.compare.models import Net, Node
from benchmarks.compare.workers.base import FrameworkWorker

__all__ = ["KerasLikeWorker", "build_model", "compile_model"]


class KerasLikeWorker(FrameworkWorker):
    """A functional model, its `fit` and `predict_on_batch`.

    Attributes:
        keras: `thalweg` or `keras`.
    """

    keras: Any

    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """Built and compiled."""
        self.model = build_model(self.keras, self.net, weights)
        compile_model(self.keras, self.net, self.model)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """As `predict` gives them."""
        return np.asarray(self.model.predict_on_batch(x))

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        """NumPy's arrays are taken as they are."""
        self.x, self.y = x, y

    def fit(self, steps: int) -> None:
        """One epoch over the loaded batches."""
        self.model.fit(
            self.x, self.y, batch_size=self.task["batch"], epochs=1, shuffle=False, verbose=0
        )

    def predict(self, steps: int) -> None:
        """One call a batch."""
        for _ in range(steps):
            self.model.predict_on_batch(self.x)


def build_model(keras: Any, net: Net, weights: dict[str, list[np.ndarray]]) -> Any:
    """A functional model with these weights.

    Args:
        keras: `thalweg` or `keras`; images lie as its `image_data_format` says, if it has one.
        net: the description.
        weights: of each node, in Keras's layouts.
    """
    layers = keras.layers
    shape = net.input_shape
    is_first = getattr(keras, "config", None) and (
        keras.config.image_data_format() == "channels_first"
    )
    if net.has_images and is_first:
        shape = (shape[2], *shape[:2])
    tensors = {"input": layers.Input(shape, dtype="int32" if net.vocabulary else "float32")}
    made = {}
    for node in net.nodes:
        layer = _layer(layers, node, axis=1 if is_first else -1)
        inputs = [tensors[name] for name in node.inputs]
        tensors[node.name] = layer(inputs if len(inputs) > 1 else inputs[0])
        made[node.name] = layer
    model = keras.models.Model(tensors["input"], tensors[net.nodes[-1].name])
    for name, arrays in weights.items():
        made[name].set_weights(arrays)
    return model


def _layer(layers: Any, node: Node, axis: int) -> Any:
    options = node.options
    activation = "relu" if options.get("relu") else None
    if node.kind == "conv":
        return layers.Conv2D(
            options["units"],
            options["size"],
            options.get("stride", 1),
            options.get("padding", "valid"),
            activation=activation,
            use_bias=options.get("bias", True),
        )
    if node.kind == "dense":
        return layers.Dense(options["units"], activation=activation)
    if node.kind == "batch_norm":
        return layers.BatchNormalization(axis=axis, momentum=0.9, epsilon=1e-5)
    if node.kind == "embedding":
        return layers.Embedding(options["vocabulary"], options["units"])
    if node.kind == "lstm":
        return layers.LSTM(options["units"])
    if node.kind == "dropout":
        return layers.Dropout(options["rate"])
    plain = {
        "relu": layers.ReLU,
        "max_pool": layers.MaxPooling2D,
        "global_mean": layers.GlobalAveragePooling2D,
        "flatten": layers.Flatten,
        "add": layers.Add,
    }
    return plain[node.kind]()


def compile_model(keras: Any, net: Net, model: Any) -> None:
    """With the network's optimizer and a cross-entropy of its logits."""
    name, rate = net.optimizer
    if name == "adam":
        optimizer = keras.optimizers.Adam(rate, epsilon=1e-7)
    else:
        optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    if net.classes == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
