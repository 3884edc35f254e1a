"""Keras's public `utils` names."""

from __future__ import annotations

from ..saving.config import (
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
)
from .labels import normalize, to_categorical
from .seeds import clear_session, set_random_seed

__all__ = [
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "normalize",
    "register_keras_serializable",
    "set_random_seed",
    "to_categorical",
]
