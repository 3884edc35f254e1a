"""Files of whole models, `.h5` in the layout of Keras 2, both ways.

The attributes of the file are `model_config` (the layers), `training_config` (what `compile` was
told), `backend` and `keras_version`, all text. The group `model_weights` holds the weights as a
weights file does, and `optimizer_weights` the optimizer's state. The attribute `thalweg`, which
Keras does not look at, holds what it has no place for: random counters, and what was frozen when
the model was compiled.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from typing import Any

from thalweg.core import Stream, atomic_path
from thalweg.core.errors import FileFormatError, OptionError, nearest

from ..layers.base import Layer
from ..models.model import Model
from ..models.sequential import Sequential
from .config import custom_object_scope
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
from .model_reader import ModelReader, Path
from .optimizer_state import load_optimizer, stored_optimizer
from .random_state import load_counts, random_state, streams
from .training_config import compile_arguments, training_config

__all__ = ["load_model", "save_model"]

_SUFFIXES = (".h5", ".hdf5")
_FORMAT = 1  # of the attribute `thalweg`


def save_model(
    model: Model,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: str | None = None,
) -> None:
    """Writes a whole model: layers, weights, and what is needed to train on.

    The file appears whole or not at all. It holds data only: of a function its name, never code.

    Args:
        model: functional or Sequential, with weights.
        filepath: the file, `*.h5` or `*.hdf5`.
        overwrite: False refuses to replace a file.
        include_optimizer: whether `compile`'s arguments and the optimizer's state go along.
        save_format: `"h5"`, or None to tell by the suffix.

    Raises:
        OptionError: another kind of file, a file that exists, a model without weights, or an
            argument of a layer, loss or metric that cannot be written.
        GraphError: a tensor of the model comes from an operation that belongs to no layer.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from thalweg.layers import Dense
    >>> from thalweg.models import Sequential
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.h5")
    ...     save_model(Sequential([Dense(3, input_shape=(4,))]), path)
    ...     load_model(path).output_shape
    (None, 3)
    """
    path = os.fspath(filepath)
    _check_path(path, overwrite, save_format)
    _check_model(model)
    texts = {"model_config": json.dumps(model_config(model))}
    arguments = model._compile_arguments if include_optimizer else None
    compiled = model._resolve_compiled() if include_optimizer else None
    if arguments is not None:
        texts["training_config"] = json.dumps(training_config(arguments, compiled))
    texts["thalweg"] = json.dumps(_own_state(model))
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


def _check_path(path: str, overwrite: bool, save_format: str | None) -> None:
    suffix = os.path.splitext(path)[1].lower()
    kind = suffix.lstrip(".") if save_format is None else save_format
    if f".{kind}" not in _SUFFIXES:
        raise OptionError(
            "save",
            "this kind of file is not written",
            expected=" or ".join(f"*{known}" for known in _SUFFIXES),
            got=repr(path if save_format is None else save_format),
            hint=nearest(suffix, _SUFFIXES) or f"save({os.path.splitext(path)[0] + '.h5'!r})",
        )
    if not overwrite and os.path.exists(path):
        raise OptionError("save", "the file exists", got=repr(path), hint="overwrite=True")


def _check_model(model: Model) -> None:
    if model.network is not None:
        return
    is_new = isinstance(model, Sequential)
    raise OptionError(
        "save",
        "the model has no weights yet"
        if is_new
        else "a model with a call() of its own is code, which files do not hold",
        layer=f"{type(model).__name__} '{model.name}'",
        hint="declare the input shape (Input, input_shape=…), or call the model on data"
        if is_new
        else "save_weights() writes its weights; make the model of its class and load_weights()",
    )


def _own_state(model: Model) -> dict[str, Any]:
    """What Keras's layout has no place for."""
    return {
        "format": _FORMAT,
        "random": random_state(model),
        "fits": model._fits,
        "frozen": [list(path) for path, layer in _paths(model).items() if layer in model._frozen],
    }


def _paths(model: Model) -> dict[Path, Layer]:
    found: dict[Path, Layer] = {}
    stack: list[tuple[Path, Layer]] = [((), model)]
    while stack:
        path, layer = stack.pop()
        found[path] = layer
        stack += [((*path, inner.name), inner) for inner in layer.sublayers()]
    return found


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Any:
    """A model from a file that `save_model`, or Keras 2 or 3, wrote as HDF5.

    The file is not trusted: names lead only to classes of the library and to those that the user
    registered or gives, no code is read, and all sizes are checked.

    Args:
        filepath: the file.
        custom_objects: the user's classes and functions by name.
        compile: whether to compile the model, with the state of its optimizer, if the file says
            how.

    Raises:
        FileFormatError: the file is of another kind, damaged, unsafe, or names unknown classes.
        ShapeError: stored weights do not fit the layers.
        OSError: there is no such file, or it cannot be opened.
    """
    path = os.fspath(filepath)
    if os.path.isdir(path):
        raise FileFormatError(
            path,
            "a folder, not a file",
            expected="an .h5 file",
            hint="a SavedModel is not read here; in Keras: model.save('model.h5')",
        )
    with custom_object_scope(custom_objects or {}), Hdf5Reader(path) as file:
        return _FileLoader(file).load(compile)


class _FileLoader:
    """Makes a model of an open file."""

    def __init__(self, file: Hdf5Reader) -> None:
        self._file = file
        self._where = file.path
        self._own = self._text("thalweg")
        if self._own is not None and self._own.get("format") != _FORMAT:
            raise file.error(
                "written by a newer version of thalweg",
                f"format {_FORMAT}",
                f"format {self._own.get('format')!r}",
            )

    def _text(self, attribute: str) -> dict[str, Any] | None:
        text = self._file.text(self._file.root, attribute)
        return None if text is None else parse_object(text, self._where, attribute)

    def load(self, is_compiled: bool) -> Model:
        """The model, with weights, and compiled if asked for and possible."""
        file = self._file
        config = self._text("model_config")
        if config is None:
            self._refuse_weights()
        known: dict[Path, Stream] = {}
        if self._own is not None:
            known = streams(self._own.get("random"), self._where)
        reader = ModelReader(self._where, known)
        model = reader.layer(config, ())
        if not isinstance(model, Model):
            raise file.error("the file holds a layer, not a model", got=type(model).__name__)
        self._load_weights(model)
        training = self._text("training_config") if is_compiled else None
        if training is not None:
            self._compile(model, training, reader)
        if self._own is not None:
            self._load_own_state(model, self._own)
        reader.finish()
        return model

    def _refuse_weights(self) -> None:
        names = self._file.names(self._file.root, "layer_names")
        raise self._file.error(
            "no model in the file",
            "the attribute 'model_config'",
            "weights alone" if names else None,
            "build the model in code, and load_weights() from the file" if names else None,
        )

    def _load_weights(self, model: Model) -> None:
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

    def _compile(self, model: Model, training: Mapping[str, Any], reader: ModelReader) -> None:
        arguments = compile_arguments(training, self._where, model.output_names, reader.ignored)
        with reader.making(f"{type(model).__name__} '{model.name}'"):
            model.compile(**arguments)
            if self._own is not None:
                self._freeze(model, self._own.get("frozen"))
            compiled = model._resolve_compiled()
        if compiled is None or not self._file.holds(self._file.root, "optimizer_weights"):
            return
        stored = read_arrays(self._file, self._file.root, "optimizer_weights")
        compiled.optimizer.extend(compiled.trainable)
        problem = load_optimizer(compiled.optimizer, compiled.trainable, stored)
        if problem is not None and self._own is not None:
            raise self._file.error("the optimizer's state does not fit the model", got=problem)
        if problem is not None:
            warnings.warn(
                f"thalweg: {self._where}: the optimizer begins anew; its state in the file does "
                f"not fit: {problem}",
                UserWarning,
                stacklevel=4,
            )

    def _freeze(self, model: Model, data: Any) -> None:
        """What was frozen at `compile` counts, whatever was thawed since."""
        layers = _paths(model)
        is_list = isinstance(data, list) and all(isinstance(path, list) for path in data)
        paths = {tuple(map(str, path)) for path in data} if is_list else {("",)}
        if not paths <= set(layers):
            raise self._file.error("the list of frozen layers makes no sense")
        model._frozen = frozenset(layers[path] for path in paths)
        model._forget_steps()

    def _load_own_state(self, model: Model, own: Mapping[str, Any]) -> None:
        fits = own.get("fits")
        if not isinstance(fits, int) or not 0 <= fits < 2**31:
            raise self._file.error("the number of trainings makes no sense", got=repr(fits)[:80])
        model._fits = fits
        others = load_counts(model, own["random"])
        if others:
            warnings.warn(
                f"thalweg: {self._where}: random numbers begin anew in {', '.join(others[:8])}",
                UserWarning,
                stacklevel=4,
            )
