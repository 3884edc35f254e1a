"""Optimizers: how gradients change a model's weights.

A name is imported when it is first used, so the package itself costs nothing.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from thalweg.core.errors import OptionError

if TYPE_CHECKING:
    from ..registry import Registry
    from . import schedules
    from .adadelta import Adadelta
    from .adagrad import Adagrad
    from .adam import Adam
    from .adamax import Adamax
    from .adamw import AdamW
    from .base import Optimizer
    from .ftrl import Ftrl
    from .nadam import Nadam
    from .rmsprop import RMSprop
    from .sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_MODULES = {
    "Adadelta": "adadelta",
    "Adagrad": "adagrad",
    "Adam": "adam",
    "AdamW": "adamw",
    "Adamax": "adamax",
    "Ftrl": "ftrl",
    "Nadam": "nadam",
    "Optimizer": "base",
    "RMSprop": "rmsprop",
    "SGD": "sgd",
}


def __getattr__(name: str) -> Any:
    """Imports an optimizer at its first use."""
    if name == "schedules":
        return importlib.import_module(f"{__name__}.schedules")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__


@functools.cache
def _registry() -> Registry:
    from ..registry import Registry

    names = [name for name in _MODULES if name != "Optimizer"]
    return Registry("optimizer", {name.lower(): __getattr__(name) for name in names})


def get(identifier: Any) -> Any:
    """The optimizer that an argument means.

    Args:
        identifier: an optimizer, its class, a name in any case (`"adam"`, with default options),
            what `serialize` wrote, or None, which stays None.

    Raises:
        OptionError: for an unknown name, with the nearest one, or another object.

    >>> get("adam")
    <Adam 'adam'>
    """
    from .base import Optimizer

    found = identifier
    if isinstance(identifier, str):
        found = deserialize({"class_name": identifier})
    elif isinstance(identifier, Mapping):
        found = deserialize(identifier)
    elif isinstance(identifier, type) and issubclass(identifier, Optimizer):
        found = identifier()
    if found is None or isinstance(found, Optimizer):
        return found
    raise OptionError(
        "optimizer",
        "not an optimizer",
        expected="an Optimizer, its name or its configuration",
        got=repr(identifier),
    )


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer as JSON data: its class, options and learning rate, but not its state.

    >>> from thalweg.optimizers import SGD
    >>> serialize(SGD(0.5))["config"]["learning_rate"]
    0.5
    """
    return _registry().serialize(optimizer)  # type: ignore[no-any-return]


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Optimizer:
    """The optimizer that `serialize`, or Keras's function of that name, wrote.

    Args:
        config: `{"class_name": ..., "config": {...}}`; other entries are ignored.
        custom_objects: the user's optimizers and schedules by class name.

    Raises:
        OptionError: if the class or one of its arguments is unknown.

    >>> deserialize({"class_name": "SGD", "config": {"lr": 0.5}})
    <SGD 'sgd'>
    """
    from ..saving.config import get_custom_objects

    name = str(config.get("class_name"))
    if name not in {**get_custom_objects(), **(custom_objects or {})}:
        name = name.lower()
    found = _registry().deserialize({**config, "class_name": name}, custom_objects)
    return found  # type: ignore[no-any-return]
