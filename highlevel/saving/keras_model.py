"""Whole models as Keras 3 keeps them: `.keras`, a zip archive.

Its members are `config.json` (the layers, and what `compile` was told), `model.weights.h5` (the
weights, and the optimizer's state) and `metadata.json`, in which the entry `thalweg`, where Keras
does not look, holds what it has no place for. Keras may add vocabularies, `assets/…`.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from typing import Any

from thalweg.core import atomic_path

from .. import optimizers
from ..models.model import Model
from ..optimizers.base import Optimizer
from .assets import with_vocabularies
from .hdf5_reader import Hdf5Reader
from .json_text import MAX_BYTES, parse_bytes
from .keras3_config import compile_config, keras_3_model_config
from .keras3_weights import (
    load_keras_3_weights,
    read_variables,
    write_layers_of,
    write_variables,
)
from .keras_zip import ZipReader, write_member
from .model_loader import ModelLoader
from .model_reader import ModelReader
from .optimizer_state import Arrays, named_keras_3_state, stored_keras_3_state
from .own_state import own_state
from .training_config import in_keras_2_words

__all__ = [
    "WEIGHTS",
    "load_keras_model",
    "open_weights",
    "read_optimizer",
    "save_keras_model",
    "write_state",
]

WEIGHTS = "model.weights.h5"
_CONFIG = "config.json"
_METADATA = "metadata.json"
_NUMPY_WEIGHTS = "model.weights.npz"
_KERAS_VERSION = "3.15.1"  # whose words the configuration uses
_OPTIMIZER = "optimizer"


def save_keras_model(
    model: Model, path: str | os.PathLike[str], include_optimizer: bool = True
) -> None:
    """Writes a model that has weights; what cannot be written is told before the file is made."""
    from thalweg import __version__

    arguments = model._compile_arguments if include_optimizer else None
    compiled = model._resolve_compiled() if include_optimizer else None
    told = {} if arguments is None else compile_config(arguments)
    config = {**keras_3_model_config(model), "compile_config": told}
    own = {**own_state(model), "version": __version__}
    if arguments is not None and arguments[0].decay:
        own["optimizer"] = optimizers.serialize(arguments[0])  # Keras 3 has no decay
    metadata = {"keras_version": _KERAS_VERSION, "thalweg": own}
    members = {_METADATA: metadata, _CONFIG: config}
    texts = {name: json.dumps(data).encode() for name, data in members.items()}

    import h5py

    folder = os.path.dirname(os.path.realpath(path))
    with (
        atomic_path(path) as temporary,
        tempfile.TemporaryFile(dir=folder) as weights,
        zipfile.ZipFile(temporary, "w") as archive,
    ):
        with h5py.File(weights, "w") as file:
            write_state(file, model, compiled)
        for name, text in texts.items():
            write_member(archive, name, text)
        write_member(archive, WEIGHTS, weights)


def write_state(file: Any, model: Model, compiled: Any) -> None:
    """Writes weights, and the optimizer's state, into an open h5py file.

    Args:
        file: the file.
        model: with weights.
        compiled: what `compile` made, or None for weights alone.
    """
    write_layers_of(file, model)
    if compiled is not None:
        state = stored_keras_3_state(compiled.optimizer, compiled.trainable)
        write_variables(file, _OPTIMIZER, compiled.optimizer.name, state)


def read_optimizer(reader: Hdf5Reader, optimizer: Optimizer) -> Arrays | None:
    """The optimizer's state that `write_state`, or Keras 3, wrote; None if there is none."""
    if not reader.holds(reader.root, _OPTIMIZER):
        return None
    return named_keras_3_state(optimizer, read_variables(reader, _OPTIMIZER))


def open_weights(archive: ZipReader) -> Hdf5Reader:
    """The weights in an archive; a context manager."""
    if WEIGHTS not in archive.names and _NUMPY_WEIGHTS in archive.names:
        raise archive.error(
            "the weights are stored in NumPy's format",
            WEIGHTS,
            _NUMPY_WEIGHTS,
            "in Keras: keras.saving.save_model(model, path), without weights_format='npz'",
        )
    return Hdf5Reader(archive.place(WEIGHTS), archive.read(WEIGHTS))


def load_keras_model(path: str | os.PathLike[str], is_compiled: bool) -> Model:
    """A model from a file that `save_keras_model`, or Keras 3, wrote."""
    with ZipReader(path) as archive, open_weights(archive) as weights:
        return _Loader(archive, weights).load(is_compiled)


class _Loader(ModelLoader):
    def __init__(self, archive: ZipReader, weights: Hdf5Reader) -> None:
        self._archive = archive
        self._weights = weights
        self._config = self._object(_CONFIG)
        own = self._object(_METADATA).get("thalweg") if _METADATA in archive.names else None
        if own is not None and not isinstance(own, dict):
            raise archive.error("what thalweg wrote makes no sense", member=_METADATA)
        self._extra: dict[str, Any] = own or {}
        super().__init__(archive.path, own)

    def _object(self, name: str) -> dict[str, Any]:
        content = self._archive.read(name, MAX_BYTES)
        return parse_bytes(content, self._archive.place(name), "the text")

    def _model_config(self) -> dict[str, Any]:
        return with_vocabularies(self._config, self._archive, self._weights)

    def _load_weights(self, model: Model, reader: ModelReader) -> None:
        load_keras_3_weights(model, self._weights, reader.listed)

    def _training_config(self) -> dict[str, Any] | None:
        told = self._config.get("compile_config")
        if not isinstance(told, dict) or not told:
            return None
        optimizer = self._extra.get("optimizer", told.get("optimizer"))
        words: dict[str, Any] = in_keras_2_words({**told, "optimizer_config": optimizer})
        return words

    def _optimizer_arrays(self, optimizer: Optimizer) -> Arrays | None:
        return read_optimizer(self._weights, optimizer)
