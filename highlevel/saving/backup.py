"""Backups: all that a training needs to go on in a model that the program has built again.

A file in the layout of Keras 3's weights, with the optimizer's state; the attribute `thalweg` holds
the random counters and how far the training was, as JSON.
"""

from __future__ import annotations

import json
import os

from thalweg.core import atomic_path
from thalweg.core.errors import FileFormatError

from ..models.model import Model
from .hdf5_reader import Hdf5Reader
from .json_text import parse_object
from .keras3_weights import load_keras_3_weights
from .keras_model import read_optimizer, write_state
from .optimizer_state import load_optimizer
from .own_state import OwnState, own_state

__all__ = ["load_backup", "save_backup"]


def save_backup(model: Model, path: str | os.PathLike[str], epochs: int) -> None:
    """Writes a backup, all or nothing.

    Args:
        model: compiled, with weights.
        path: the file to make or replace.
        epochs: how many are done.
    """
    compiled = model._resolve_compiled()
    text = json.dumps({**own_state(model), "epochs": epochs})

    import h5py

    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["thalweg"] = text
        write_state(file, model, compiled)


def load_backup(model: Model, path: str | os.PathLike[str]) -> int:
    """Sets what a backup holds: the weights, all or none, then the optimizer's state and counters.

    Args:
        model: compiled, with weights.
        path: the file.

    Returns:
        How many epochs are done.

    Raises:
        FileFormatError, ShapeError: the file is damaged or unsafe, or of another model.
    """
    with Hdf5Reader(path) as reader:
        text = reader.text(reader.root, "thalweg")
        if text is None:
            raise FileFormatError(reader.path, "no backup", expected="the attribute 'thalweg'")
        data = parse_object(text, reader.path, "thalweg")
        own, epochs = OwnState(data, reader.path), data.get("epochs")
        own.streams()  # says so if they make no sense
        if not isinstance(epochs, int) or not 0 <= epochs < 2**31:
            raise FileFormatError(
                reader.path, "the number of epochs makes no sense", got=repr(epochs)[:80]
            )
        compiled = model._resolve_compiled()
        stored = None if compiled is None else read_optimizer(reader, compiled.optimizer)
        load_keras_3_weights(model, reader)
    if compiled is not None and stored is not None:
        compiled.optimizer.extend(compiled.trainable)
        problem = load_optimizer(compiled.optimizer, compiled.trainable, stored)
        if problem is not None:
            raise FileFormatError(
                reader.path, "the optimizer's state does not fit the model", got=problem
            )
    own.load_counters(model)
    return epochs
