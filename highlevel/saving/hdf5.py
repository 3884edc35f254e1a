"""Weight files in the HDF5 layout of Keras 2, both ways.

The layout: the file has the attributes `layer_names`, `backend` and `keras_version`; every layer
has a group with the attribute `weight_names` and a dataset for each of them. In a full model's
file all of that lies in the group `model_weights`. A list of names too long for an HDF5 attribute
is split into `layer_names0`, `layer_names1` and so on.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thalweg.core import atomic_path
from thalweg.core.errors import DtypeError, FileFormatError, OptionError

from .hdf5_reader import NUMERIC_DTYPES, Hdf5Reader, is_plain_name
from .matching import assign_weights

__all__ = [
    "KERAS_VERSION",
    "TOP_LEVEL",
    "LayerWeights",
    "assign_weights",
    "check_layers",
    "read_arrays",
    "read_layers",
    "read_weights",
    "weights_of",
    "write_arrays",
    "write_layers",
    "write_names",
    "write_weights",
]

# Keras's limit for the bytes of one attribute; HDF5's own is 64 KiB with its header.
_ATTRIBUTE_BYTES = 64512
# What readers look at to tell the layout of kernels: TensorFlow's, as Keras 2 wrote it.
_BACKEND = b"tensorflow"
KERAS_VERSION = "2.15.0"
TOP_LEVEL = "top_level_model_weights"  # a group beside those of the layers: the model's own


class LayerWeights(NamedTuple):
    """The weights of one layer, named, in the layer's own order.

    Attributes:
        name: the layer's name.
        weights: pairs of the weight's name, such as `"dense_1/kernel:0"`, and its values.
    """

    name: str
    weights: list[tuple[str, NDArray[Any]]]


def write_weights(path: str | os.PathLike[str], layers: Sequence[LayerWeights]) -> None:
    """Writes the weights of a model; the file appears whole or not at all.

    Args:
        path: the file to make or replace.
        layers: all layers in the model's order, also those without weights.

    Raises:
        OptionError: a name is empty, too long, used twice, or no path inside the file.
        DtypeError: a weight is not made of numbers.
        OSError: the file cannot be written.

    Example:
        >>> import tempfile
        >>> kernel = np.ones((3, 2), np.float32)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "weights.h5")
        ...     write_weights(path, [LayerWeights("dense", [("dense/kernel:0", kernel)])])
        ...     read_weights(path)[0].weights[0][1].shape
        (3, 2)
    """
    check_layers(layers)
    import h5py

    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        write_layers(file, layers)


def check_layers(layers: Sequence[LayerWeights]) -> None:
    """Looks at names and dtypes before anything is written; raises what `write_weights` does."""
    _check_names("layer", [layer.name for layer in layers])
    for layer in layers:
        _check_names("weight", [name for name, _ in layer.weights])
        for name, value in layer.weights:
            if np.asarray(value).dtype.newbyteorder("=") not in NUMERIC_DTYPES:
                raise DtypeError(
                    "write_weights",
                    f"the weight {name!r} is not made of numbers",
                    expected="float, integer or bool of at most 8 bytes",
                    got=str(np.asarray(value).dtype),
                    layer=repr(layer.name),
                )


def write_layers(group: Any, layers: Sequence[LayerWeights]) -> None:
    """Writes weights, which `check_layers` has seen, into an h5py group."""
    from thalweg import __version__

    named = [layer.name for layer in layers if layer.name != TOP_LEVEL]
    write_names(group, "layer_names", named)
    group.attrs["backend"] = np.bytes_(_BACKEND)
    group.attrs["keras_version"] = np.bytes_(KERAS_VERSION)
    group.attrs["writer"] = np.bytes_(f"thalweg {__version__}")
    for layer in layers:
        write_arrays(group.require_group(layer.name), layer.weights)


def write_arrays(group: Any, arrays: Sequence[tuple[str, NDArray[Any]]]) -> None:
    """Writes named arrays into an h5py group, and the list of their names."""
    write_names(group, "weight_names", [name for name, _ in arrays])
    for name, value in arrays:
        if name in group:  # of a layer whose name is a path into this one
            raise _bad_name("weight", "is taken by another layer", name)
        group.create_dataset(name, data=np.asarray(value))


def _check_names(what: str, names: Sequence[str]) -> None:
    taken: set[str] = set()
    for name in names:
        if not is_plain_name(name):
            raise _bad_name(what, "cannot be a name inside a file", name)
        if len(name.encode()) > _ATTRIBUTE_BYTES:
            raise _bad_name(what, "is too long", name)
        if name in taken:
            raise _bad_name(what, "is used twice", name)
        taken.add(name)


def _bad_name(what: str, problem: str, name: str) -> OptionError:
    return OptionError(
        "write_weights",
        f"the name of a {what} {problem}",
        expected=f"names of their own, no '.' or nothing between slashes, "
        f"at most {_ATTRIBUTE_BYTES} bytes",
        got=repr(name if len(name) <= 100 else name[:100] + "…"),
        hint="pass name= to the layer",
    )


def write_names(group: Any, attribute: str, names: Sequence[str]) -> None:
    """Stores a list of names, in pieces if it is too long for one attribute."""
    # Fixed-length strings, which unlike h5py's default need no heap to read them from.
    values = np.array([name.encode() for name in names], dtype="S" if names else "S1")
    pieces = -(-values.nbytes // _ATTRIBUTE_BYTES)
    while any(piece.nbytes > _ATTRIBUTE_BYTES for piece in np.array_split(values, max(pieces, 1))):
        pieces += 1
    if pieces <= 1:
        group.attrs[attribute] = values
        return
    for index, piece in enumerate(np.array_split(values, pieces)):
        group.attrs[f"{attribute}{index}"] = piece


def read_weights(path: str | os.PathLike[str]) -> list[LayerWeights]:
    """Reads the weights of a weights file, or of a full model's `.h5` file.

    Only data is taken from the file: it cannot lead to another file, and what it declares is
    compared with what it holds before memory is taken (see `Hdf5Reader`).

    Args:
        path: the file.

    Returns:
        All layers in the file's order, also those without weights.

    Raises:
        FileFormatError: the file is of another kind, truncated, damaged or unsafe.
        OSError: there is no such file, or it cannot be opened.
    """
    with Hdf5Reader(path) as reader:
        return weights_of(reader)


def weights_of(reader: Hdf5Reader) -> list[LayerWeights]:
    """What `read_weights` returns, of an open file."""
    group = reader.root
    layer_names = reader.names(group, "layer_names")
    if layer_names is None and reader.holds(group, "model_weights"):
        group = reader.group(group, "model_weights")
        layer_names = reader.names(group, "layer_names")
    if layer_names is None:
        raise reader.not_weights()
    return read_layers(reader, group, layer_names)


def read_layers(reader: Hdf5Reader, group: Any, layer_names: Sequence[str]) -> list[LayerWeights]:
    """The weights of the layers in a group; the model's own, if there are any, come last."""
    if reader.text(group, "backend") == "theano":
        warnings.warn(
            f"{reader.path!r} was written with Theano, which stored the kernels of "
            "convolutions flipped; they are read as they are",
            stacklevel=3,
        )
    layers = [LayerWeights(name, read_arrays(reader, group, name)) for name in layer_names]
    if TOP_LEVEL not in layer_names and reader.holds(group, TOP_LEVEL):
        own = LayerWeights(TOP_LEVEL, read_arrays(reader, group, TOP_LEVEL))
        layers += [own] if own.weights else []
    return layers


def read_arrays(reader: Hdf5Reader, group: Any, layer: str) -> list[tuple[str, NDArray[Any]]]:
    """The named arrays in a group inside `group`."""
    try:
        inside = reader.group(group, layer)
        names = reader.names(inside, "weight_names")
        if names is None:
            raise reader.error(
                "the layer has no list of its weights", expected="the attribute 'weight_names'"
            )
        return [(name, reader.array(inside, name)) for name in names]
    except FileFormatError as error:
        error.at(layer=repr(layer))
        raise
