"""clone_model: the same layers again, with weights of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.core import flatten
from thalweg.core.errors import OptionError

from ..layers.base import Layer
from ..layers.input import Input, InputLayer
from ..models.model import Model
from ..models.sequential import Sequential
from .config import custom_object_scope, get_registered_name
from .model_config import own_config
from .model_reader import ModelReader, Path

__all__ = ["clone_model"]


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
) -> Any:
    """A model of new layers with the configurations of the old ones, and new weights.

    Args:
        model: functional or Sequential.
        input_tensors: tensors to begin at, instead of new inputs; nested or not.
        clone_function: makes the new layer of an old one; by default from its configuration.
            Inputs are not passed to it; models inside are cloned likewise by default.

    Raises:
        OptionError: for a model of another class, or a layer that cannot be described.
        GraphError: if a tensor comes from an operation that belongs to no layer.

    >>> from thalweg.layers import Dense
    >>> from thalweg.models import Sequential
    >>> old = Sequential([Dense(3, input_shape=(4,))])
    >>> new = clone_model(old)
    >>> new.output_shape, new.layers[0] is old.layers[0]
    ((None, 3), False)
    """
    if model.network is None and not isinstance(model, Sequential):
        raise OptionError(
            "clone_model",
            "a model with a call() of its own cannot be cloned",
            layer=f"{type(model).__name__} '{model.name}'",
            hint="make another one of its class",
        )
    inputs = _new_inputs(model, input_tensors)

    def describe(layer: Layer) -> dict[str, Any]:
        if isinstance(layer, InputLayer):
            shape = layer.batch_input_shape
            clone = inputs.get(layer.name)
            clone = clone or InputLayer(batch_shape=shape, dtype=layer.dtype, name=layer.name)
        elif clone_function is not None:
            clone = clone_function(layer)
        else:
            clone = clone_model(layer) if isinstance(layer, Model) else _copy(layer)
        return {"made": clone}

    return _Cloner("clone_model").layer_of_class(
        type(model), {"config": own_config(model, describe)}, ()
    )


def _new_inputs(model: Model, tensors: Any) -> dict[str, Layer]:
    """Input layers at the given tensors, by the names of those they stand for."""
    if tensors is None:
        return {}
    given = list(flatten(tensors))
    names = [tensor.history.layer.name for tensor in model.inputs]
    if len(given) != len(names):
        raise OptionError(
            "clone_model",
            "wrong number of input tensors",
            expected=f"{len(names)}: {', '.join(names)}",
            got=str(len(given)),
        )
    return {
        name: Input(tensor=tensor, name=name).history.layer
        for name, tensor in zip(names, given, strict=True)
    }


def _copy(layer: Layer) -> Layer:
    """A layer of the same class and configuration, registered or not."""
    used = [v for v in flatten(layer._arguments) if callable(v)]
    objects = [v if hasattr(v, "__name__") else type(v) for v in used]
    with custom_object_scope({get_registered_name(item): item for item in objects}):
        entry = {"config": layer.get_config()}
        return ModelReader("clone_model").layer_of_class(type(layer), entry, ())


class _Cloner(ModelReader):
    """Puts layers together that are made already."""

    def layer(self, data: Any, inside: Path) -> Layer:
        """The clone in an entry."""
        clone: Layer = data["made"]
        return clone
