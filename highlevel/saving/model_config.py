"""Models as JSON data in Keras 2's layout: layers, and which outputs each call of them takes.

A layer of a functional model has the entry

    {"class_name": "Dense", "config": {…}, "name": "head", "inbound_nodes": [call, …]}

A call is nested as the layer takes its inputs; each of them is `[layer, call, output, arguments]`:
the name of the layer it comes from, which of that layer's calls made it, and which of the call's
outputs it is. Calls of a model that has inputs of its own are counted from 1, because in Keras 2
making the model was a call.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from thalweg.core import Tensor, flatten, rebuild
from thalweg.core.errors import GraphError, OptionError, ThalwegError

from ..layers.base import Layer
from ..layers.calls import LayerCall, learning_phase
from ..layers.input import InputLayer
from ..models.model import Model
from ..models.sequential import Sequential
from .config import (
    Configurable,
    describing,
    family,
    get_custom_objects,
    get_registered_name,
    serialize,
)
from .config import find as find_class
from .hdf5 import KERAS_VERSION
from .spellings import written_config

__all__ = [
    "Places",
    "check_class",
    "input_config",
    "layer_entry",
    "model_config",
    "model_to_json",
    "named_arguments",
    "own_config",
    "shared_numbers",
]

Describe = Callable[[Layer], dict[str, Any]]


def model_to_json(model: Model, **options: Any) -> str:
    """A model's configuration as a JSON text, without weights.

    Args:
        model: functional or Sequential, or of a class with a configuration of its own.
        options: for `json.dumps`.
    """
    described = {**model_config(model), "keras_version": KERAS_VERSION, "backend": "tensorflow"}
    return json.dumps(described, **options)


def model_config(model: Model) -> dict[str, Any]:
    """`{"class_name": …, "config": …}` of a model, as files hold it."""
    numbers = shared_numbers(model)

    def inside(item: Any) -> Any:
        """The entry of a layer that is an argument of another; Keras wants its module."""
        if not isinstance(item, Layer):
            return NotImplemented
        place = {} if family(type(item)) is None else {"module": "keras.layers"}
        if isinstance(item, Model):
            place = {}
        return {**place, **layer_entry(item, numbers)}

    with describing(inside):
        return layer_entry(model, numbers)


def shared_numbers(model: Model) -> dict[Layer, int]:
    """A number for each layer that several models or layers inside a model have in common."""
    met: Counter[Layer] = Counter()
    stack: list[Layer] = [model]
    while stack:
        layer = stack.pop()
        met[layer] += 1
        if met[layer] == 1:
            stack += layer.sublayers()
    return {layer: i for i, layer in enumerate((k for k, n in met.items() if n > 1), 1)}


def layer_entry(layer: Layer, numbers: Mapping[Layer, int] | None = None) -> dict[str, Any]:
    """`{"class_name": …, "config": …}` of a layer.

    Args:
        layer: the layer, or a model.
        numbers: of layers that are met twice; they get a `shared_object_id`.

    Raises:
        OptionError: if the layer's class is called like one of the library's, or an argument
            cannot be written.
    """
    name = get_registered_name(type(layer))
    try:
        check_class(layer, name)
        if isinstance(layer, InputLayer):
            config = input_config(layer)
        elif numbers and isinstance(layer, Model) and type(layer).get_config is Model.get_config:
            config = own_config(layer, functools.partial(layer_entry, numbers=numbers))
        else:
            config = layer.get_config()
    except ThalwegError as error:
        raise error.at(layer=f"{type(layer).__name__} '{layer.name}'") from None
    entry: dict[str, Any] = {"class_name": name, "config": written_config(name, config)}
    if numbers and layer in numbers:
        entry["shared_object_id"] = numbers[layer]
    return entry


def input_config(layer: Layer) -> dict[str, Any]:
    """An input in the words of all versions; a tensor that it stands on is left out."""
    if layer.batch_input_shape is None:
        raise OptionError("get_config", "an input of unknown rank cannot be written")
    return {
        "batch_input_shape": list(layer.batch_input_shape),
        "dtype": layer.dtype,
        "sparse": False,
        "name": layer.name,
    }


def check_class(layer: Layer, name: str) -> None:
    """A user's class that the library would take for its own could not be read back."""
    cls = type(layer)
    if name in get_custom_objects() or cls.__module__.startswith("thalweg."):
        return
    try:
        find_class(name)
    except ThalwegError:
        return
    raise OptionError(
        "get_config",
        f"the class {name!r} is called like one of thalweg's",
        hint="@register_keras_serializable(package='mine') above it makes the name its own",
    )


def own_config(
    model: Model, describe: Describe = layer_entry, places: type[Places] | None = None
) -> dict[str, Any]:
    """What `get_config` of a model returns.

    A model whose class has an `__init__` of its own is described by the arguments of that;
    others by their layers.

    Args:
        model: the model.
        describe: makes the entry of a layer, without its calls.
        places: how calls are counted and spelt; as in Keras 2 by default.

    Raises:
        GraphError: if a tensor comes from an operation that belongs to no layer.
        OptionError: if an argument cannot be written.
    """
    parameters = inspect.signature(type(model).__init__).parameters
    if isinstance(model, Sequential) and "layers" in parameters:
        return _sequential(model, describe)
    if model.network is not None and {"inputs", "outputs"} <= set(parameters):
        return _functional(model, describe, places or Places)
    arguments = Configurable.get_config(model)
    return {k: v for k, v in arguments.items() if v is not None or k not in ("inputs", "outputs")}


def _sequential(model: Sequential, describe: Describe) -> dict[str, Any]:
    layers: list[Layer] = list(model.layers)
    if model.network is not None:
        layers.insert(0, model.network.flat_inputs[0].history.layer)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [describe(layer) for layer in layers],
    }


def _functional(model: Model, describe: Describe, kind: type[Places]) -> dict[str, Any]:
    network = model.network
    _refuse_added_losses(model)
    places = kind(network.calls, network.layers) if network else kind([], [])
    entries = []
    for layer in model.layers:
        nodes = [places.node(call) for call in places.calls(layer) if not call.is_input]
        entries.append({**describe(layer), "name": layer.name, "inbound_nodes": nodes})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": entries,
        "input_layers": places.coordinates(model.input),
        "output_layers": places.coordinates(model.output),
    }


def _refuse_added_losses(model: Model) -> None:
    """Losses that no layer adds have no place in a configuration."""
    if model.added_losses:
        raise OptionError(
            "get_config",
            "losses added to the model itself cannot be written",
            got=f"{len(model.added_losses)} of model.add_loss()",
            hint="call add_loss in the call() of a layer; or use save_weights()",
        )


class Places:
    """Where each call of a network stands: the layer's name, and its number among the calls."""

    # Calls of models that have inputs of their own are counted from here.
    first_of_models: ClassVar[int] = 1

    def __init__(self, calls: list[LayerCall], layers: list[Layer]) -> None:
        known = set(calls)
        self._calls = {layer: [call for call in layer._calls if call in known] for layer in layers}
        self._numbers = {
            call: number + self.first_of_models * _has_inputs(layer)
            for layer, own in self._calls.items()
            for number, call in enumerate(own)
        }

    def calls(self, layer: Layer) -> list[LayerCall]:
        """The layer's calls in this network, in order."""
        return self._calls[layer]

    def place(self, tensor: Tensor) -> list[Any]:
        """[layer, call, output] that a tensor is."""
        call: LayerCall | None = tensor.history
        if call is None:
            raise GraphError(
                "get_config",
                "an operation between the layers belongs to none of them",
                expected="tensors that come straight from layers",
                got=f"{tensor.op.type}, which makes {tensor.type}",
                node=tensor.op.name,
                site=tensor.op.site,
                hint="put it into a layer: a Lambda with a registered function, or a Layer with "
                "call(); save_weights() needs no configuration",
            )
        outputs = list(flatten(call.outputs))
        index = next(i for i, output in enumerate(outputs) if output is tensor)
        return [call.layer.name, self._numbers[call], index]

    def coordinates(self, tensors: Any) -> Any:
        """The places of the model's inputs or outputs; of a single one in a list."""
        found = rebuild(tensors, iter([self.place(t) for t in flatten(tensors)]))
        return found if isinstance(tensors, list | tuple | dict) else [found]

    def node(self, call: LayerCall) -> Any:
        """A call: the places of its inputs, each with the call's further arguments."""
        arguments = {name: self._argument(value) for name, value in named_arguments(call).items()}
        places = [[*self.place(t), arguments] for t in flatten(call.inputs)]
        found = rebuild(call.inputs, iter(places))
        return found if isinstance(call.inputs, list | tuple | dict) else [found]

    def _argument(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.place(value)
        if isinstance(value, list | tuple):
            return [self._argument(item) for item in value]
        if isinstance(value, Mapping):
            return {str(name): self._argument(item) for name, item in value.items()}
        return serialize(value)


def _has_inputs(layer: Layer) -> bool:
    return isinstance(layer, Model) and layer.network is not None


def named_arguments(call: LayerCall) -> dict[str, Any]:
    """What a call was given besides its inputs, by name; what says nothing is left out."""
    names = list(inspect.signature(type(call.layer).call).parameters)[2:]
    if len(call.positional) > len(names):
        raise OptionError(
            "get_config",
            "a further argument of a call has no name",
            expected="call(self, inputs, " + ", ".join([*names, "…"]) + ")",
            got=f"{len(call.positional)} further arguments",
            layer=f"{type(call.layer).__name__} '{call.layer.name}'",
        )
    given = {**dict(zip(names, call.positional, strict=False)), **call.named}
    phase = learning_phase(next(flatten(call.outputs)).graph)
    return {name: v for name, v in given.items() if v is not None and v is not phase}
