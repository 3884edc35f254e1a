"""Files of whole models: `.keras` as Keras 3 writes them, and `.h5` in the layout of Keras 2."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from thalweg.core.errors import FileFormatError, OptionError, nearest

from ..models.model import Model
from ..models.sequential import Sequential
from .config import custom_object_scope
from .hdf5_model import load_hdf5_model, save_hdf5_model
from .keras_model import load_keras_model, save_keras_model
from .keras_zip import ZIP_START

__all__ = ["load_model", "save_model"]

_WRITERS = {
    ".keras": save_keras_model,
    ".h5": save_hdf5_model,
    ".hdf5": save_hdf5_model,
}


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
        filepath: the file, `*.keras`, `*.h5` or `*.hdf5`.
        overwrite: False refuses to replace a file.
        include_optimizer: whether `compile`'s arguments and the optimizer's state go along.
        save_format: `"keras"` or `"h5"`; None tells by the suffix.

    Raises:
        OptionError: another kind of file, a file that exists, a model without weights, or an
            argument of a layer, loss or metric that cannot be written.
        GraphError: a tensor of the model comes from an operation that belongs to no layer.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from thalweg.layers import Dense
    >>> from thalweg.models import Sequential
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.keras")
    ...     save_model(Sequential([Dense(3, input_shape=(4,))]), path)
    ...     load_model(path).output_shape
    (None, 3)
    """
    path = os.fspath(filepath)
    write = _WRITERS[_checked_suffix(path, overwrite, save_format)]
    _check_model(model)
    write(model, path, include_optimizer)


def _checked_suffix(path: str, overwrite: bool, save_format: str | None) -> str:
    suffix = os.path.splitext(path)[1].lower()
    kind = suffix if save_format is None else f".{save_format}"
    if kind not in _WRITERS:
        raise OptionError(
            "save",
            "this kind of file is not written",
            expected=" or ".join(f"*{known}" for known in _WRITERS),
            got=repr(path if save_format is None else save_format),
            hint=nearest(suffix, _WRITERS) or f"save({os.path.splitext(path)[0] + '.keras'!r})",
        )
    if not overwrite and os.path.exists(path):
        raise OptionError("save", "the file exists", got=repr(path), hint="overwrite=True")
    return kind


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


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Any:
    """A model from a file that `save_model`, or Keras 2 or 3, wrote; what it is tells the file.

    The file is not trusted: names lead only to classes of the library and to those that the user
    registered or gives, no code is read, and all sizes are checked.

    Args:
        filepath: the file, a zip archive of Keras 3 or HDF5.
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
            expected="a .keras or .h5 file",
            hint="a SavedModel is not read here; in Keras: model.save('model.keras')",
        )
    with open(path, "rb") as file:
        is_zip = file.read(len(ZIP_START)) == ZIP_START
    with custom_object_scope(custom_objects or {}):
        return (load_keras_model if is_zip else load_hdf5_model)(path, compile)
