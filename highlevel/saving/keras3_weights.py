"""The HDF5 layout of Keras 3's weights, both ways: `.weights.h5`, and inside `.keras` files.

A layer's own variables are the datasets `vars/0`, `vars/1`, … in its group, those that train
first. Groups go by structure, not by the names of layers: those of a model are
`layers/dense`, `layers/dense_1`, … (the class in snake case, numbered), that of a layer inside
another is called like the attribute that holds it: `layers/lstm/cell`. A layer that is met twice
is stored where it was met first. An attribute `name` on `vars` says what the layer is called.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core import Variable, atomic_path, current_session
from thalweg.core.errors import FileFormatError, OptionError, ShapeError

from ..layers.base import Layer
from ..layers.preprocessing.lookup import VocabularyLayer
from ..models.model import Model
from ..models.sequential import Sequential
from .hdf5_reader import Hdf5Reader, is_plain_name
from .layer_weights import set_all
from .spellings import keras_3_class

__all__ = [
    "IDF_WEIGHTS",
    "SUFFIX",
    "WORDS_INSIDE",
    "Listed",
    "has_keras_3_layout",
    "load_keras_3_weights",
    "numbered",
    "read_variables",
    "write_keras_3_weights",
    "write_layers_of",
    "write_variables",
]

SUFFIX = ".weights.h5"
IDF_WEIGHTS = "idf_weights"  # of a vocabulary
WORDS_INSIDE = {"TextVectorization": "/_lookup_layer"}  # where that lies, if not in the layer
# The layers of models in the order in which a file lists them, where it tells.
Listed = Mapping[Model, Sequence[Layer]]
# Attributes that Keras calls otherwise.
_KERAS_NAMES = {"_pipeline_layers": "layers"}
# Before Keras 3, a model's layers lay here; later, random seeds lay in groups of their own.
_OLD_LAYERS = "_layer_checkpoint_dependencies"
_WITHOUT_WEIGHTS = {"seed_generator"}
_MAX_GROUPS = 100_000
_MAX_DEPTH = 200  # a model inside a model adds two


def _snake_case(class_name: str) -> str:
    """A class as groups are called after it.

    >>> [_snake_case(name) for name in ("Conv2D", "LSTM", "PReLU", "ConvLSTM1D")]
    ['conv2d', 'lstm', 'p_re_lu', 'conv_lstm1d']
    """
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def numbered(class_names: Sequence[str]) -> list[str]:
    """The names of the groups of objects of these classes that lie in one list.

    >>> numbered(["Dense", "Conv2D", "Dense"])
    ['dense', 'conv2d', 'dense_1']
    """
    used: dict[str, int] = {}
    names = []
    for class_name in class_names:
        name = _snake_case(class_name)
        count = used[name] = used.get(name, -1) + 1
        names.append(f"{name}_{count}" if count else name)
    return names


# Where the layers lie --------------------------------------------------------------------------


def _places(model: Model, listed: Listed) -> Iterator[tuple[str, Layer]]:
    """Each layer in a model and its group, the model itself first, which has the group ""."""
    yield from _inside(model, "", set(), listed)


def _inside(
    layer: Layer, path: str, seen: set[Layer], listed: Listed
) -> Iterator[tuple[str, Layer]]:
    if layer in seen:
        return
    seen.add(layer)
    yield path, layer
    for name, value in _attributes(layer, listed):
        inner = f"{path}/{name}" if path else name
        if isinstance(value, Layer):
            yield from _inside(value, inner, seen, listed)
        else:
            yield from _in_container(value, inner, seen, listed)


def _in_container(
    container: Any, path: str, seen: set[Layer], listed: Listed
) -> Iterator[tuple[str, Layer]]:
    """The layers in a list, tuple or dict, also in lists inside it."""
    items = list(container.values() if isinstance(container, dict) else container)
    held = [item for item in items if isinstance(item, Layer | list | tuple | dict)]
    kinds = [keras_3_class(item) if isinstance(item, Layer) else "container" for item in held]
    for name, item in zip(numbered(kinds), held, strict=True):
        if isinstance(item, Layer):
            yield from _inside(item, f"{path}/{name}", seen, listed)
        else:
            yield from _in_container(item, f"{path}/{name}", seen, listed)


def _attributes(layer: Layer, listed: Listed) -> Iterator[tuple[str, Any]]:
    """The attributes that may hold layers, in the order in which Keras goes through them."""
    found: dict[str, Any] = {
        _KERAS_NAMES.get(name, name): value
        for name, value in vars(layer).items()
        if isinstance(value, Layer | list | tuple | dict) and name not in _own_attributes(layer)
    }
    if isinstance(layer, Model):
        found["layers"] = listed.get(layer) or layer.layers
        if layer.network is not None or isinstance(layer, Sequential):
            yield "layers", found.pop("layers")
    # Keras meets private names last.
    for name in sorted(found, key=lambda name: f"~{name}" if name.startswith("_") else name):
        yield name, found[name]


def _own_attributes(layer: Layer) -> frozenset[str]:
    """Those of the base classes, which hold nothing that files do."""
    return _of_sequential() if isinstance(layer, Model) else _of_layer()


@functools.cache
def _of_layer() -> frozenset[str]:
    return frozenset(vars(Layer(name="layer")))


@functools.cache
def _of_sequential() -> frozenset[str]:
    return frozenset(vars(Sequential(name="model")))


def _own_variables(layer: Layer) -> list[Variable]:
    """A layer's variables without those of layers inside it, those made trainable first."""
    own = layer._own_weights()
    return [w for w in own if w.trainable] + [w for w in own if not w.trainable]


# Writing ---------------------------------------------------------------------------------------


def write_keras_3_weights(path: str | os.PathLike[str], model: Model) -> None:
    """Writes the weights of a model as Keras 3's `save_weights` does, all or nothing.

    Args:
        path: the file to make or replace.
        model: with weights.

    Raises:
        OptionError: an attribute that holds a layer is called like a group of the layout.
        OSError: the file cannot be written.
    """
    import h5py

    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        write_layers_of(file, model)


def write_layers_of(file: Any, model: Model) -> None:
    """Writes the weights of a model into an open h5py file."""
    value = current_session().value
    for path, layer in _places(model, {}):
        own = [value(variable) for variable in _own_variables(layer)]
        write_variables(file, path, layer.name, own)
        if isinstance(layer, VocabularyLayer) and layer.vocabulary.weights is not None:
            group = f"{path}{WORDS_INSIDE.get(keras_3_class(layer), '')}/vars"
            rarities = np.asarray(layer.vocabulary.weights, np.float32)
            file.require_group(group).create_dataset(IDF_WEIGHTS, data=rarities)


def write_variables(file: Any, path: str, name: str, arrays: Sequence[NDArray[Any]]) -> None:
    """Writes the variables of one object.

    Args:
        file: an open h5py file.
        path: of the object's group; "" for the root.
        name: of the object.
        arrays: its variables.
    """
    group = f"{path}/vars" if path else "vars"
    if group in file or not is_plain_name(group):
        raise OptionError(
            "save",
            "the name of an attribute that holds a layer is taken in the file",
            got=repr(group),
            hint="call the attribute otherwise",
        )
    made = file.create_group(group)
    made.attrs["name"] = name
    for number, array in enumerate(arrays):
        made.create_dataset(str(number), data=np.asarray(array))


# Reading ---------------------------------------------------------------------------------------


def has_keras_3_layout(reader: Hdf5Reader) -> bool:
    """Whether a file holds weights in the layout of Keras 3."""
    root = reader.root
    if reader.names(root, "layer_names") is not None or reader.holds(root, "model_weights"):
        return False  # of Keras 2, where a layer may be called "layers"
    return any(reader.holds(root, name) for name in ("layers", _OLD_LAYERS, "vars"))


def load_keras_3_weights(model: Model, reader: Hdf5Reader, listed: Listed | None = None) -> None:
    """Sets the weights of a model; all are checked before any is set.

    Args:
        model: with weights.
        reader: the open file.
        listed: the layers of models in the order of the configuration that the file belongs to;
            by default that of the models.

    Raises:
        FileFormatError: weights are missing, or there are some that no layer has.
        ShapeError: an array does not fit its weight.
    """
    is_old = reader.holds(reader.root, _OLD_LAYERS)
    variables: list[Variable] = []
    arrays: list[NDArray[Any]] = []
    taken: set[str] = set()
    for path, layer in _places(model, listed or {}):
        own = _own_variables(layer)
        if is_old:
            path = re.sub(r"(^|/)layers(?=/)", rf"\g<1>{_OLD_LAYERS}", path, count=1)
        taken.add(path)
        if not own:
            continue
        try:
            found = _fitting(reader, path, layer, own)
        except FileFormatError as error:
            raise error.at(layer=f"{type(layer).__name__} '{layer.name}'") from error.__cause__
        variables += own
        arrays += found
    _check_rest(reader, taken, _OLD_LAYERS if is_old else "layers")
    set_all(variables, arrays)


def read_variables(reader: Hdf5Reader, path: str) -> list[NDArray[Any]]:
    """The variables of one object; none if it has no group."""
    group = _group(reader, path)
    return (
        [] if group is None else [reader.array(group, str(i)) for i in range(reader.count(group))]
    )


def _group(reader: Hdf5Reader, path: str) -> Any:
    """The group with the variables of an object; None if there is none."""
    group = reader.root
    for name in (*filter(None, path.split("/")), "vars"):
        if not reader.holds(group, name):
            return None
        group = reader.group(group, name)
    return group


def _fitting(
    reader: Hdf5Reader, path: str, layer: Layer, own: Sequence[Variable]
) -> list[NDArray[Any]]:
    """The arrays of a group, which fit the variables of a layer."""
    group = _group(reader, path)
    count = 0 if group is None else reader.count(group)
    shapes = [variable.type.dims() for variable in own]
    if count != len(own):
        raise reader.error(
            "the layer has another number of weights than the stored one",
            f"{len(own)}, of shapes {', '.join(map(str, shapes))}",
            f"{count or 'none'} in {path!r}",
            "build the model as it was when the file was saved",
        )
    found = []
    for number, shape in enumerate(shapes):
        found.append(reader.array(group, str(number)))
        if found[-1].shape != shape:
            raise ShapeError(
                reader.path,
                f"weight {number} has another shape than the stored one, "
                f"{f'{path}/vars/{number}'!r}",
                expected=str(shape),
                got=str(found[-1].shape),
                layer=f"{type(layer).__name__} '{layer.name}'",
                hint="build the layer as it was when the file was saved",
            )
    return found


def _check_rest(reader: Hdf5Reader, taken: set[str], layers: str) -> None:
    """The file has no weights of layers that the model does not have."""
    # differs from Keras, which leaves them out and says nothing
    if not reader.holds(reader.root, layers):
        return
    stack = [(layers, reader.group(reader.root, layers))]
    for _ in range(_MAX_GROUPS):
        if not stack:
            return
        path, group = stack.pop()
        for name in reader.groups(group):
            if name in _WITHOUT_WEIGHTS or path.count("/") > _MAX_DEPTH:
                continue
            inner = reader.group(group, name)
            if name != "vars":
                stack.append((f"{path}/{name}", inner))
            elif reader.count(inner) and path not in taken and not reader.holds(inner, IDF_WEIGHTS):
                raise reader.error(
                    "the file has weights of a layer that the model does not have",
                    "a layer of the model for each",
                    f"{path!r}",
                    "build the model as it was when the file was saved",
                )
    raise reader.error("too many groups", f"at most {_MAX_GROUPS}")
