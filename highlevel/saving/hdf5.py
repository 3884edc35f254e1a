"""Weight files in the HDF5 layout of Keras 2, both ways.

The layout: the file has the attributes `layer_names`, `backend` and `keras_version`; every layer
has a group with the attribute `weight_names` and a dataset for each of them. In a full model's
file all of that lies in the group `model_weights`. A list of names too long for an HDF5 attribute
is split into `layer_names0`, `layer_names1` and so on.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thalweg.core.errors import DtypeError, OptionError

from .atomic import atomic_path
from .hdf5_reader import Hdf5Reader, is_plain_name
from .matching import assign_weights

__all__ = ["LayerWeights", "assign_weights", "read_weights", "write_weights"]

# Keras's limit for the bytes of one attribute; HDF5's own is 64 KiB with its header.
_ATTRIBUTE_BYTES = 64512
# What readers look at to tell the layout of kernels: TensorFlow's, as Keras 2 wrote it.
_BACKEND = b"tensorflow"
_KERAS_VERSION = b"2.15.0"


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
    _check_names("layer", [layer.name for layer in layers])
    for layer in layers:
        _check_names(f"weight of layer {layer.name!r}", [name for name, _ in layer.weights])
        for name, value in layer.weights:
            if np.asarray(value).dtype.kind not in "fiub":
                raise DtypeError(
                    "write_weights",
                    f"the weight {name!r} is not made of numbers",
                    expected="float, integer or bool",
                    got=str(np.asarray(value).dtype),
                    layer=repr(layer.name),
                )

    import h5py

    from thalweg import __version__

    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        _write_names(file, "layer_names", [layer.name for layer in layers])
        file.attrs["backend"] = np.bytes_(_BACKEND)
        file.attrs["keras_version"] = np.bytes_(_KERAS_VERSION)
        file.attrs["writer"] = np.bytes_(f"thalweg {__version__}".encode())
        for layer in layers:
            group = file.create_group(layer.name)
            _write_names(group, "weight_names", [name for name, _ in layer.weights])
            for name, value in layer.weights:
                group.create_dataset(name, data=np.asarray(value))


def _check_names(what: str, names: Sequence[str]) -> None:
    taken: set[str] = set()
    for name in names:
        problem = ""
        if not is_plain_name(name):
            problem = "cannot be a path inside a file"
        elif len(name.encode()) > _ATTRIBUTE_BYTES:
            problem = "is too long"
        elif any(name == other or name.startswith(other + "/") for other in _above(name, taken)):
            problem = "is used twice, or inside another one"
        if problem:
            raise OptionError(
                "write_weights",
                f"the name of a {what} {problem}",
                expected=f"names of their own, at most {_ATTRIBUTE_BYTES} bytes, without '//'",
                got=repr(name if len(name) < 100 else name[:100] + "…"),
                hint="give the layers names of their own",
            )
        taken.add(name)
