"""Whole models in HDF5, in the layout of Keras 2.

The attributes of the file are `model_config` (the layers), `training_config` (what `compile` was
told), `backend` and `keras_version`, all text. The group `model_weights` holds the weights as a
weights file does, and `optimizer_weights` the optimizer's state. The attribute `thalweg`, which
Keras does not look at, holds what it has no place for.
"""

from __future__ import annotations

import json
import os
from typing import Any

from thalweg.core import atomic_path

from ..models.model import Model
from ..optimizers.base import Optimizer
from .hdf5 import (
    KERAS_VERSION,
    LayerWeights,
    check_layers,
    read_arrays,
    read_layers,
    write_arrays,
    write_layers,
)
from .hdf5_reader import Hdf5Reader
from .json_text import parse_object
from .layer_weights import load_layers, stored_layers
from .model_config import model_config
from .model_loader import ModelLoader
from .model_reader import ModelReader
from .optimizer_state import Arrays, stored_optimizer
from .own_state import own_state
from .training_config import training_config

__all__ = ["load_hdf5_model", "save_hdf5_model"]


def save_hdf5_model(
    model: Model, path: str | os.PathLike[str], include_optimizer: bool = True
) -> None:
    """Writes a model that has weights; what cannot be written is told before the file is made."""
    texts = {"model_config": json.dumps(model_config(model))}
    arguments = model._compile_arguments if include_optimizer else None
    compiled = model._resolve_compiled() if include_optimizer else None
    if arguments is not None:
        texts["training_config"] = json.dumps(training_config(arguments, compiled))
    texts["thalweg"] = json.dumps(own_state(model))
    layers = stored_layers(model)
    check_layers(layers)
    state = None
    if compiled is not None:
        state = stored_optimizer(compiled.optimizer, compiled.trainable)
        check_layers([LayerWeights("optimizer_weights", state)])

    import h5py

    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["keras_version"] = KERAS_VERSION
        file.attrs["backend"] = "tensorflow"
        for name, text in texts.items():
            file.attrs[name] = text
        write_layers(file.create_group("model_weights"), layers)
        if state is not None:
            write_arrays(file.create_group("optimizer_weights"), state)


def load_hdf5_model(path: str | os.PathLike[str], is_compiled: bool) -> Model:
    """A model from a file that `save_hdf5_model`, or Keras 2 or 3, wrote."""
    with Hdf5Reader(path) as file:
        return _Loader(file).load(is_compiled)


class _Loader(ModelLoader):
    def __init__(self, file: Hdf5Reader) -> None:
        self._file = file
        self._where = file.path
        super().__init__(file.path, self._text("thalweg"))

    def _text(self, attribute: str) -> dict[str, Any] | None:
        text = self._file.text(self._file.root, attribute)
        return None if text is None else parse_object(text, self._where, attribute)

    def _model_config(self) -> dict[str, Any]:
        config = self._text("model_config")
        if config is not None:
            return config
        names = self._file.names(self._file.root, "layer_names")
        raise self._file.error(
            "no model in the file",
            "the attribute 'model_config'",
            "weights alone" if names else None,
            "build the model in code, and load_weights() from the file" if names else None,
        )

    def _load_weights(self, model: Model, reader: ModelReader) -> None:
        file = self._file
        group = file.group(file.root, "model_weights")
        names = file.names(group, "layer_names")
        if names is None:
            raise file.not_weights()
        stored = read_layers(file, group, names)
        # By name where the names agree, as they should: the order need not be ours.
        by_name = {layer.name: layer for layer in stored}
        wanted = [layer.name for layer in model.layers if layer.weights]
        if set(wanted) == {layer.name for layer in stored if layer.weights}:
            stored = [by_name[name] for name in wanted]
        load_layers(model, stored, where=self._where)

    def _training_config(self) -> dict[str, Any] | None:
        return self._text("training_config")

    def _optimizer_arrays(self, optimizer: Optimizer) -> Arrays | None:
        if not self._file.holds(self._file.root, "optimizer_weights"):
            return None
        return read_arrays(self._file, self._file.root, "optimizer_weights")
