"""Models: `Sequential`, the functional `Model`, and subclasses of it; files of whole models."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from .model import Model
from .sequential import Sequential

if TYPE_CHECKING:
    from ..saving.cloning import clone_model
    from ..saving.model_file import load_model, save_model
    from ..saving.model_reader import model_from_config, model_from_json

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "save_model",
]

_HOMES = {
    "clone_model": "cloning",
    "load_model": "model_file",
    "model_from_config": "model_reader",
    "model_from_json": "model_reader",
    "save_model": "model_file",
}


def __getattr__(name: str) -> object:
    """Imports a function at its first use: files need models, and models need no files."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"thalweg.saving.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
