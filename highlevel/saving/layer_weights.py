"""The weights of a model's layers in the order and under the names of Keras 2's files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from thalweg.core import Variable, current_session

from .hdf5 import TOP_LEVEL, LayerWeights
from .matching import assign_weights

if TYPE_CHECKING:
    from ..layers.base import Layer
    from ..models.model import Model

__all__ = ["file_names", "file_order", "load_layers", "set_all", "stored_layers"]


def file_order(layer: Layer) -> list[Variable]:
    """A layer's weights as files list them: those that train before the others.

    In a model inside a model this is another order than that of `layer.weights`, and it depends
    on what is frozen; so it is in Keras.
    """
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def file_names(variables: Iterable[Variable]) -> list[str]:
    """Names such as `dense/kernel:0`, each once."""
    names: dict[str, None] = {}
    for variable in variables:
        numbered = (f"{variable.name}_{number}:0" for number in itertools.count(1))
        full = f"{variable.name}:0"
        names[full if full not in names else next(n for n in numbered if n not in names)] = None
    return list(names)


def _groups(model: Model) -> Iterator[tuple[str, list[Variable]]]:
    """The name and the weights of each layer; the model's own variables last, if it has any."""
    inside: set[Variable] = set()
    for layer in model.layers:
        inside.update(layer.weights)
        yield layer.name, file_order(layer)
    own = [weight for weight in file_order(model) if weight not in inside]
    if own:
        yield TOP_LEVEL, own


def stored_layers(model: Model) -> list[LayerWeights]:
    """The weights of all layers, with their values in the current session."""
    value = current_session().value
    return [
        LayerWeights(
            name,
            [(n, value(w)) for n, w in zip(file_names(weights), weights, strict=True)],
        )
        for name, weights in _groups(model)
    ]


def load_layers(
    model: Model,
    stored: Sequence[LayerWeights],
    *,
    by_name: bool = False,
    where: str = "load_weights",
) -> None:
    """Sets the weights of a model; all are checked before any is set.

    Args:
        model: with weights.
        stored: what a file holds.
        by_name: match layers by their names in place of their order.
        where: the operation that errors name.

    Raises:
        FileFormatError, ShapeError: if the stored weights do not fit.
    """
    groups = list(_groups(model))
    wanted = [(name, [w.type.dims() for w in weights]) for name, weights in groups]
    arrays = assign_weights(wanted, stored, by_name=by_name, where=where)  # type: ignore[arg-type]
    set_all([w for _, weights in groups for w in weights], arrays)


def set_all(variables: Sequence[Variable], arrays: Sequence[Any]) -> None:
    """Sets variables in the current session; None leaves one as it is."""
    load: Callable[[Variable, Any], None] = current_session().load
    for variable, array in zip(variables, arrays, strict=True):
        if array is not None:
            load(variable, array.astype(variable.dtype.numpy))
