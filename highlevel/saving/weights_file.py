"""Files of weights alone: in the layout of Keras 2, or in that of Keras 3 (`.weights.h5`)."""

from __future__ import annotations

import os

from thalweg.core.errors import OptionError

from ..models.model import Model
from .hdf5 import weights_of, write_weights
from .hdf5_reader import Hdf5Reader
from .keras3_weights import (
    SUFFIX,
    has_keras_3_layout,
    load_keras_3_weights,
    write_keras_3_weights,
)
from .keras_model import open_weights
from .keras_zip import ZIP_START, ZipReader
from .layer_weights import load_layers, stored_layers

__all__ = ["load_weights", "save_weights"]


def save_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """Writes the weights of a model, all or nothing.

    Args:
        model: with weights.
        path: `*.weights.h5` is written in the layout of Keras 3, other names in that of Keras 2.
    """
    if os.fspath(path).endswith(SUFFIX):
        write_keras_3_weights(path, model)
    else:
        write_weights(path, stored_layers(model))


def load_weights(model: Model, path: str | os.PathLike[str], by_name: bool = False) -> None:
    """Sets the weights of a model from a file of weights, or of a whole model.

    Args:
        model: with weights.
        path: the file; what is in it says which layout it has.
        by_name: match layers by their names in place of their order.

    Raises:
        FileFormatError, ShapeError: the file is of another kind, damaged or unsafe, or does not
            fit the model; no weight is set then.
        OptionError: `by_name`, for the layout of Keras 3.
    """
    with open(path, "rb") as file:
        is_zip = file.read(len(ZIP_START)) == ZIP_START
    if is_zip:
        _refuse_names(path, by_name)
        with ZipReader(path) as archive, open_weights(archive) as reader:
            load_keras_3_weights(model, reader)
        return
    with Hdf5Reader(path) as reader:
        if has_keras_3_layout(reader):
            _refuse_names(path, by_name)
            load_keras_3_weights(model, reader)
        else:
            load_layers(model, weights_of(reader), by_name=by_name)


def _refuse_names(path: str | os.PathLike[str], by_name: bool) -> None:
    if by_name:
        raise OptionError(
            "load_weights",
            "by_name does not go with the layout of Keras 3, which goes by structure",
            expected="a file in the layout of Keras 2",
            got=repr(os.fspath(path)),
            hint="load it into a model of its own, and save_weights('weights.h5') from that",
        )
