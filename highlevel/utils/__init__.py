"""Keras's public `utils` names."""

from __future__ import annotations

import importlib

from ..saving.config import (
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
)
from .labels import normalize, to_categorical
from .seeds import clear_session, set_random_seed
from .sequences import PyDataset, Sequence

CustomObjectScope = custom_object_scope  # Keras 2's name

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "get_file",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "model_to_dot",
    "normalize",
    "pad_sequences",
    "plot_model",
    "print_summary",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "timeseries_dataset_from_array",
    "to_categorical",
]

_HOMES = {  # names that are imported at their first use
    "Progbar": "thalweg.utils.progress_bar",
    "array_to_img": "thalweg.preprocessing.image",
    "get_file": "thalweg.utils.fetching",
    "image_dataset_from_directory": "thalweg.preprocessing.image",
    "img_to_array": "thalweg.preprocessing.image",
    "load_img": "thalweg.preprocessing.image",
    "model_to_dot": "thalweg.utils.model_drawing",
    "pad_sequences": "thalweg.preprocessing.sequence",
    "plot_model": "thalweg.utils.model_drawing",
    "print_summary": "thalweg.utils.model_drawing",
    "save_img": "thalweg.preprocessing.image",
    "timeseries_dataset_from_array": "thalweg.preprocessing.timeseries",
}


def __getattr__(name: str) -> object:
    """Imports a name at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
