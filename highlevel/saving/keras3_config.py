"""Models as JSON data in the words of Keras 3.

An object is `{"module": …, "class_name": …, "config": …, "registered_name": …}`, a layer may have
`build_config` besides. A call of a layer is `{"args": […], "kwargs": {…}}` with

    {"class_name": "__keras_tensor__", "config": {"shape": …, "dtype": …, "keras_history": place}}

where a tensor stands; calls are counted from 0, also those of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thalweg.core import Tensor, flatten, rebuild
from thalweg.core.errors import ThalwegError

from ..layers.base import Layer
from ..layers.calls import LayerCall
from ..layers.input import InputLayer
from ..models.model import Model
from ..models.sequential import Sequential
from ..optimizers.base import Optimizer
from ..optimizers.schedules import InverseTimeDecay
from .config import (
    Configurable,
    cannot_be_written,
    describing,
    family,
    get_registered_name,
    serialize,
)
from .model_config import (
    Places,
    check_class,
    input_config,
    named_arguments,
    own_config,
    shared_numbers,
)
from .spellings import keras_3_class, keras_3_config

__all__ = ["compile_config", "keras_3_model_config"]

# Where Keras 3 has what is public here in another place.
_FUNCTIONAL = "keras.src.models.functional"
_PARTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def keras_3_model_config(model: Model) -> dict[str, Any]:
    """The entry of a model, as `config.json` holds it, without what `compile` was told.

    Raises:
        GraphError: if a tensor comes from an operation that belongs to no layer.
        OptionError: if an argument cannot be written.
    """
    return _Writer(shared_numbers(model)).entry(model)


def compile_config(arguments: tuple[Any, ...]) -> dict[str, Any]:
    """What `compile` was told, for Keras 3's `compile_from_config`.

    Args:
        arguments: optimizer, loss, loss weights, metrics, weighted metrics.

    Raises:
        OptionError: for a function without a name.
    """
    with describing(_Writer({}).described):
        told = {name: serialize(value) for name, value in zip(_PARTS, arguments, strict=True)}
    return {**told, "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}


class _Writer:
    """Makes the entries of objects.

    Args:
        numbers: of layers that are met twice, by which Keras 3 knows them again.
    """

    def __init__(self, numbers: Mapping[Layer, int]) -> None:
        self._numbers = numbers

    def entry(self, model: Model) -> dict[str, Any]:
        """The entry of a model."""
        with describing(self.described):
            return self._layer(model)

    def described(self, item: Any) -> Any:
        """What stands for an object or a function."""
        if isinstance(item, Layer):
            return self._layer(item)
        if isinstance(item, Optimizer):
            return _object(item, _optimizer_config(item))
        if isinstance(item, Configurable):
            return _object(item, keras_3_config(type(item).__name__, item.get_config()))
        return _function(item)

    def _layer(self, layer: Layer) -> dict[str, Any]:
        """The entry of a layer or model."""
        try:
            check_class(layer, get_registered_name(type(layer)))
            config = self._config(layer)
        except ThalwegError as error:
            raise error.at(layer=f"{type(layer).__name__} '{layer.name}'") from None
        entry = _object(layer, config)
        shape = _built_shape(layer)
        if shape is not None:
            entry["build_config"] = {"input_shape": shape}
        if layer in self._numbers:
            entry["shared_object_id"] = self._numbers[layer]
        return entry

    def _config(self, layer: Layer) -> dict[str, Any]:
        if isinstance(layer, InputLayer):
            config = input_config(layer)
            config["batch_shape"] = config.pop("batch_input_shape")
            return config
        if isinstance(layer, Model) and type(layer).get_config is Model.get_config:
            return own_config(layer, self._layer, _Places)
        return keras_3_config(type(layer).__name__, layer.get_config())


def _optimizer_config(optimizer: Optimizer) -> dict[str, Any]:
    """Keras 3 knows Keras 2's decay as a schedule."""
    config = optimizer.get_config()
    decay = config.pop("decay", 0.0)
    if decay:
        schedule = InverseTimeDecay(config["learning_rate"], 1, decay)
        config["learning_rate"] = _object(schedule, schedule.get_config())
    return config


def _function(function: Any) -> Any:
    """The name of one of the library's functions; the entry of a user's."""
    if function.__name__ == "<lambda>":
        raise cannot_be_written(function)
    name = get_registered_name(function)
    if function.__module__.startswith("thalweg."):
        return name
    return {
        "module": function.__module__,
        "class_name": "function",
        "config": name,
        "registered_name": name,
    }


def _object(item: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of an object with a configuration."""
    cls = type(item)
    place = family(cls)
    entry = {
        "module": cls.__module__ if place is None else f"keras.{place}",
        "class_name": keras_3_class(item),
        "config": dict(config),
        "registered_name": get_registered_name(cls) if place is None else None,
    }
    if cls is Model:
        entry.update(module=_FUNCTIONAL, registered_name="Functional")
    elif cls is Sequential:
        entry.update(module="keras")
    return entry


def _built_shape(layer: Layer) -> list[Any] | None:
    """The shape of its input, for a layer that has weights and takes one tensor."""
    if isinstance(layer, Model | InputLayer) or not layer.weights:
        return None
    calls = list(layer._calls)
    if not calls or calls[0].sources() != [calls[0].inputs]:
        return None
    shape = calls[0].inputs.type.shape
    return None if shape is None else list(shape)


class _Places(Places):
    """The places of calls and tensors as Keras 3 counts and spells them."""

    first_of_models = 0

    def coordinates(self, tensors: Any) -> Any:
        """The places of the model's inputs or outputs."""
        return rebuild(tensors, iter([self.place(t) for t in flatten(tensors)]))

    def node(self, call: LayerCall) -> Any:
        """A call: its arguments, with an object for each tensor."""
        named = {name: self._keras_3(value) for name, value in named_arguments(call).items()}
        return {"args": [self._keras_3(call.inputs)], "kwargs": named}

    def _keras_3(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            config = {
                "shape": None if value.type.shape is None else list(value.type.shape),
                "dtype": value.dtype.name,
                "keras_history": self.place(value),
            }
            return {"class_name": "__keras_tensor__", "config": config}
        if isinstance(value, list | tuple):
            return [self._keras_3(item) for item in value]
        if isinstance(value, Mapping):
            return {str(name): self._keras_3(item) for name, item in value.items()}
        return serialize(value)
