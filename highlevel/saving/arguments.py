"""ArgumentReader: makes objects of their classes and arguments, as files tell them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from thalweg import activations, constraints, initializers, regularizers
from thalweg.core.errors import FileFormatError

from ..layers.base import Layer
from ..layers.core import Lambda
from ..models.model import Model
from . import config as registry
from .config import Configurable
from .spellings import LIBRARY_NAMES, is_function, read_config

__all__ = ["ArgumentReader", "known_arguments"]

_FAMILIES = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}
_MODELS = ("Model", "Sequential")
# What `Layer` takes beside its signature.
_SHAPES = ("input_shape", "batch_input_shape", "batch_shape", "input_dim")
_SAFE_HINT = "give the function a name under @register_keras_serializable() and save it again"


class ArgumentReader:
    """Makes layers, initializers and the like.

    Args:
        where: the file, for messages.
        make_layer: makes a layer that is an argument of another.
        ignored: to which is added what was left out, `"'key' of Dense 'head'"` each.
    """

    def __init__(self, where: str, make_layer: Callable[[Any], Layer], ignored: list[str]) -> None:
        self.where = where
        self._make_layer = make_layer
        self._ignored = ignored

    def _error(self, problem: str, **fields: str | None) -> FileFormatError:
        return FileFormatError(self.where, problem, **fields)  # type: ignore[arg-type]

    # Classes ------------------------------------------------------------------------------------

    def layer_class(self, data: Any) -> type[Layer]:
        """The class of a layer's entry, whose form is checked.

        Raises:
            FileFormatError: for another form, an unknown class, or one that is no layer.
        """
        name = data.get("class_name") if isinstance(data, Mapping) else None
        if not isinstance(name, str) or not isinstance(data.get("config"), dict | list):
            text = repr(data)
            raise self._error(
                "not the configuration of a layer",
                expected='{"class_name": …, "config": …}',
                got=text if len(text) <= 80 else text[:80] + "…",
            )
        found = self._custom(data)
        if found is None:
            name = LIBRARY_NAMES.get(name, name)
            found = self._find(name, "thalweg.models" if name in _MODELS else "thalweg.layers")
        if not (isinstance(found, type) and issubclass(found, Layer)):
            raise self._error(f"{name!r} is no layer", expected="a Layer class", got=repr(found))
        return found

    def _find(self, name: str, module: str) -> Any:
        """The library's class of a name."""
        try:
            return registry.find(name, module)
        except FileFormatError as error:
            error.where = self.where
            raise

    def _custom(self, data: Mapping[str, Any]) -> Any:
        """The user's object under the names that an entry gives."""
        for key in ("registered_name", "class_name"):
            name = data.get(key)
            if isinstance(name, str):
                for spelling in (name, name.rpartition(">")[2]):
                    found = registry.custom_object(spelling)
                    if found is not None:
                        return found
        return None

    # Objects ------------------------------------------------------------------------------------

    def make(self, cls: type[Any], config: Any, label: str) -> Any:
        """An object of a class.

        Args:
            cls: a Configurable, or a user's class with a `from_config`.
            config: its configuration.
            label: what is made, for messages: `"Dense 'head'"`.
        """
        if not isinstance(config, Mapping):
            raise self._error("a configuration is no object", got=type(config).__name__)
        found = read_config(cls.__name__, config)
        found = self._without_mixture(found, label)
        if _has_own_from_config(cls):
            return cls.from_config(found)
        if issubclass(cls, Lambda):
            self._refuse_code(found, label)
        found = self._without_unknown(cls, found, label)
        return cls(**{key: self._value(key, value, label) for key, value in found.items()})

    def _without_mixture(self, config: dict[str, Any], label: str) -> dict[str, Any]:
        """Keras's mixed policies keep weights in float32 and compute in half of it; not here."""
        policy = config.get("dtype")
        if not isinstance(policy, str) or not policy.startswith("mixed_"):
            return config
        self._ignored.append(f"dtype policy {policy!r} of {label}, which computes in float32")
        return {**config, "dtype": "float32"}

    def _without_unknown(
        self, cls: type[Any], config: dict[str, Any], label: str
    ) -> dict[str, Any]:
        """What the class takes; a word that only another version knows is left out, and said."""
        known = known_arguments(cls)
        if known is None:
            return config
        result = {}
        for key, value in config.items():
            if key in known:
                is_name = key == "name" and isinstance(value, str)
                result[key] = value.replace("/", "_") if is_name else value
            elif _is_ours(cls) or key not in ("name", "trainable", "dtype"):
                self._ignored.append(f"{key!r} of {label}")
        return result

    def _refuse_code(self, config: Mapping[str, Any], label: str) -> None:
        """Keras writes the bytecode of a lambda; it is not even looked at."""
        functions = [config.get("function")]
        if isinstance(config.get("mask"), str | Mapping | list):
            functions.append(config["mask"])
        if not all(isinstance(item, str) or is_function(item) for item in functions):
            raise self._error(
                "the layer holds Python code, which is never run",
                expected="the name of a registered function",
                layer=label,
                hint=f"{_SAFE_HINT}; or build the model anew and load_weights() from the file",
            )

    # Values -------------------------------------------------------------------------------------

    def _value(self, key: str, value: Any, label: str) -> Any:
        """An argument's value: objects are made, other data stay."""
        if isinstance(value, list):
            return [self._value(key, item, label) for item in value]
        if not isinstance(value, Mapping) or not {"class_name", "config"} <= set(value):
            return value
        if is_function(value):
            return value["config"]
        family = key.rpartition("_")[2]
        if family in _FAMILIES:
            return self._member(family, value, label)
        if family == "activation" and not _is_layer(value):
            return activations.deserialize(value)
        found = self._custom(value)
        if found is None:
            found = self._find(str(value["class_name"]), str(value.get("module", "")))
        if isinstance(found, type) and issubclass(found, Layer):
            return self._make_layer(value)
        return self.make(found, value["config"], f"{value['class_name']} of {label}")

    def _member(self, family: str, value: Mapping[str, Any], label: str) -> Any:
        """An initializer, regularizer or constraint."""
        module: Any = _FAMILIES[family]
        name = str(value["class_name"])
        found = self._custom(value)
        if found is None:
            found = getattr(module, name, None) if name in module.__all__ else None
        if not (isinstance(found, type) and issubclass(found, Configurable)):
            return module.deserialize(value)  # by the closed table, whose error tells the names
        config = {k: v for k, v in value["config"].items() if k != "dtype"}  # TensorFlow 1's
        if family == "initializer":
            config = {k: v for k, v in config.items() if k not in ("input_axes", "output_axes")}
        return self.make(found, config, f"{name} of {label}")


def _is_ours(cls: type[Any]) -> bool:
    return cls.__module__.startswith("thalweg.")


def _is_layer(value: Mapping[str, Any]) -> bool:
    """Whether an activation is a layer, as Keras allows."""
    try:
        registry.find(str(value["class_name"]), "thalweg.layers")
    except FileFormatError:
        return False
    return True


def _has_own_from_config(cls: type[Any]) -> bool:
    function = getattr(cls.from_config, "__func__", None)
    return function not in [
        base.from_config.__func__  # type: ignore[attr-defined]
        for base in (Configurable, Model)
    ]


def known_arguments(cls: type[Any]) -> set[str] | None:
    """The names of the arguments that a class takes; None if any could be taken."""
    names: set[str] = set()
    for base in cls.__mro__:
        if "__init__" not in base.__dict__ or base is object:
            continue
        _, *parameters = inspect.signature(base.__dict__["__init__"]).parameters.values()
        names |= {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
        if base is Layer:
            return names | set(_SHAPES)
        if all(p.kind is not p.VAR_KEYWORD for p in parameters):
            return names
        if not _is_ours(base):
            return None  # a user's **kwargs may hold anything
    return names
