"""What is in a model file, told without building the model: who wrote it, layers, sizes.

Nothing in the file is carried out or trusted; of weights only shapes are read.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from thalweg.core.errors import FileFormatError
from thalweg.saving.hdf5_reader import Hdf5Reader
from thalweg.saving.json_text import parse_object
from thalweg.saving.keras_zip import ZipReader

from .model_card import ModelCard, is_zip, read_card

__all__ = ["FileContents", "StoredArray", "StoredLayer", "describe_file"]

_MOST_JSON_BYTES = 1 << 23
_MOST_ARRAYS = 100_000
_MOST_DEPTH = 64
_WEIGHTS = "model.weights.h5"


class StoredArray(NamedTuple):
    """An array of a file.

    Attributes:
        name: in the file.
        shape: its sizes.
        dtype: of its elements, `"float32"`.
        size_bytes: in memory.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    size_bytes: int


class StoredLayer(NamedTuple):
    """A layer of a file.

    Attributes:
        name: of the layer.
        kind: its class, or "" where the file does not say.
        depth: how many models it lies in.
        arrays: its weights.
    """

    name: str
    kind: str
    depth: int
    arrays: tuple[StoredArray, ...]

    @property
    def parameters(self) -> int:
        """How many numbers it has learnt."""
        return sum(math.prod(array.shape) for array in self.arrays)


@dataclass(frozen=True)
class FileContents:
    """What a model file holds.

    Attributes:
        path: of the file.
        size_bytes: of the file.
        kind: which kind of file it is.
        writer: what wrote it, as far as it tells.
        layers: in the order of the file.
        optimizer: its class and how many arrays of state there are, or None.
        card: of a classifier, or None.
        details: further things by name.
    """

    path: str
    size_bytes: int
    kind: str
    writer: str
    layers: tuple[StoredLayer, ...]
    optimizer: str | None = None
    card: ModelCard | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers the layers have learnt."""
        return sum(layer.parameters for layer in self.layers)


def describe_file(path: str | os.PathLike[str]) -> FileContents:
    """What is in a model file.

    Args:
        path: a `.keras` file; an `.h5` file of a whole model or of weights, in the layout of
            Keras 2 or 3; or a checkpoint of `thalweg.tf1`.

    Raises:
        FileFormatError: the file is of another kind, or damaged.
        OSError: there is no such file, or it cannot be read.

    >>> import tempfile
    >>> from thalweg.layers import Dense
    >>> from thalweg.models import Sequential
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "model.h5")
    ...     Sequential([Dense(2, input_shape=(4,))]).save(file)
    ...     contents = describe_file(file)
    >>> contents.kind, contents.parameters
    ('whole model, HDF5 as of Keras 2', 10)
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        raise FileFormatError(
            name,
            "a folder, not a file",
            expected="a file *.keras or *.h5",
            hint="a SavedModel is not read here; in Keras: model.save('model.keras')",
        )
    if is_zip(name):
        return _of_zip(name)
    with Hdf5Reader(name) as file:
        checkpoint = file.text(file.root, "format")
        if checkpoint is not None and checkpoint.startswith("thalweg checkpoint"):
            return _of_checkpoint(file, name, checkpoint)
        if file.text(file.root, "model_config") is not None:
            return _of_keras_2_model(file, name)
        if file.names(file.root, "layer_names") is not None:
            return _of_keras_2_weights(file, name)
        if any(file.holds(file.root, known) for known in ("layers", "vars")):
            layers, _ = _keras_3_layers(file, {})
            return FileContents(
                name, os.path.getsize(name), "weights, HDF5 as of Keras 3", "Keras 3's layout",
                layers,
            )  # fmt: skip
        raise file.not_weights()


# .keras -------------------------------------------------------------------------------------------


def _of_zip(path: str) -> FileContents:
    with ZipReader(path) as archive:
        metadata = _json(archive, "metadata.json") if "metadata.json" in archive.names else {}
        config = _json(archive, "config.json")
        weights = archive.read(_WEIGHTS) if _WEIGHTS in archive.names else None
    listed = list(_listed(config))
    details = {"saved": str(metadata["date_saved"])} if "date_saved" in metadata else {}
    layers: tuple[StoredLayer, ...] = tuple(listed)
    state = 0
    if weights is not None:
        with Hdf5Reader(f"{path}/{_WEIGHTS}", weights) as file:
            layers, state = _keras_3_layers(file, {layer.name: layer for layer in listed})
    else:
        details["weights"] = f"no member {_WEIGHTS}"
    told = config.get("compile_config")
    optimizer = _class_name(told.get("optimizer")) if isinstance(told, dict) else None
    own = metadata.get("thalweg")
    version = str(metadata.get("keras_version", "?"))
    writer = f"Keras {version}"
    if isinstance(own, dict):
        writer = f"thalweg {own.get('version', '?')}, as Keras {version}"
    return FileContents(
        path,
        os.path.getsize(path),
        "whole model, .keras",
        _short(writer),
        layers,
        f"{optimizer}, {state} arrays of state" if optimizer else None,
        read_card(path),
        details,
    )


def _json(archive: ZipReader, member: str) -> dict[str, Any]:
    data = archive.read(member, _MOST_JSON_BYTES)
    return parse_object(data.decode(errors="replace"), archive.place(member), "the text")


def _keras_3_layers(
    file: Hdf5Reader, listed: Mapping[str, StoredLayer]
) -> tuple[tuple[StoredLayer, ...], int]:
    """The layers with their arrays, in the order of the configuration; arrays of the optimizer."""
    found: dict[str, list[StoredArray]] = {name: [] for name in listed}
    state = 0
    for path, group in _groups(file, file.root, "", 0):
        if path.rpartition("/")[2] != "vars":
            continue
        arrays = [_array(file, group, str(i), f"{i}") for i in range(file.count(group))]
        if path.startswith("optimizer/"):
            state += len(arrays)
            continue
        place = path.rpartition("/")[0]
        name = file.text(group, "name") or place
        owner = name if name in found else _owner(place, listed) or name
        if arrays:
            inner = "" if owner == name else f"{place.rpartition('/')[2]}/"
            found.setdefault(owner, []).extend(
                array._replace(name=f"{inner}{array.name}") for array in arrays
            )
    layers = tuple(
        (listed.get(name) or StoredLayer(name, "", 0, ()))._replace(arrays=tuple(arrays))
        for name, arrays in found.items()
    )
    return layers, state


def _owner(place: str, listed: Mapping[str, StoredLayer]) -> str | None:
    """The listed layer that a group inside it belongs to, such as the cell of a recurrent one."""
    parts = place.split("/")
    return next((part for part in reversed(parts) if part in listed), None)


def _groups(file: Hdf5Reader, group: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """All groups below one, with their paths."""
    if depth > _MOST_DEPTH:
        raise file.error("groups are nested too deeply", f"at most {_MOST_DEPTH}")
    for name in file.groups(group):
        inner = file.group(group, name)
        full = f"{path}/{name}" if path else name
        yield full, inner
        yield from _groups(file, inner, full, depth + 1)


# .h5 of Keras 2 -----------------------------------------------------------------------------------


def _of_keras_2_model(file: Hdf5Reader, path: str) -> FileContents:
    text = file.text(file.root, "model_config") or "{}"
    config = parse_object(text, path, "model_config")
    arrays: dict[str, tuple[StoredArray, ...]] = {}
    if file.holds(file.root, "model_weights"):
        arrays = _keras_2_arrays(file, file.group(file.root, "model_weights"))
    layers = [
        layer._replace(arrays=arrays.pop(layer.name, ())) if not layer.depth else layer
        for layer in _listed(config)
    ]
    layers += [StoredLayer(name, "", 0, left) for name, left in arrays.items() if left]
    told = file.text(file.root, "training_config")
    optimizer = None
    if told is not None:
        training = parse_object(told, path, "training_config")
        optimizer = _class_name(training.get("optimizer_config"))
        count = 0
        if file.holds(file.root, "optimizer_weights"):
            group = file.group(file.root, "optimizer_weights")
            count = len(file.names(group, "weight_names") or [])
        optimizer = f"{optimizer}, {count} arrays of state"
    return FileContents(
        path,
        os.path.getsize(path),
        "whole model, HDF5 as of Keras 2",
        _keras_2_writer(file, file.root),
        tuple(layers),
        optimizer,
        read_card(path),
    )


def _of_keras_2_weights(file: Hdf5Reader, path: str) -> FileContents:
    layers = tuple(
        StoredLayer(name, "", 0, arrays)
        for name, arrays in _keras_2_arrays(file, file.root).items()
    )
    return FileContents(
        path,
        os.path.getsize(path),
        "weights, HDF5 as of Keras 2",
        _keras_2_writer(file, file.root),
        layers,
        card=read_card(path),
    )


def _keras_2_writer(file: Hdf5Reader, group: Any) -> str:
    version, backend = file.text(group, "keras_version"), file.text(group, "backend")
    writer = f"Keras {version or '?'}" + (f" on {backend}" if backend else "")
    if file.text(file.root, "thalweg") is not None:
        writer = f"thalweg, as {writer}"
    return _short(writer)


def _keras_2_arrays(file: Hdf5Reader, group: Any) -> dict[str, tuple[StoredArray, ...]]:
    found = {}
    for name in file.names(group, "layer_names") or []:
        inner = file.group(group, name)
        names = file.names(inner, "weight_names") or []
        found[name] = tuple(
            _array(file, inner, weight, re.sub(r":\d+$", "", weight).rpartition("/")[2])
            for weight in names
        )
    return found


# Checkpoints, and what all share ------------------------------------------------------------------


def _of_checkpoint(file: Hdf5Reader, path: str, kind: str) -> FileContents:
    names = file.names(file.root, "variable_names") or []
    group = file.group(file.root, "values")
    layers = tuple(
        StoredLayer(name, "", 0, (_array(file, group, str(i), "value"),))
        for i, name in enumerate(names)
    )
    writer = file.text(file.root, "writer") or "?"
    return FileContents(path, os.path.getsize(path), _short(kind), _short(writer), layers)


def _array(file: Hdf5Reader, group: Any, place: str, name: str) -> StoredArray:
    shape, dtype = file.shape_and_dtype(group, place)
    return StoredArray(name, shape, dtype.name, math.prod(shape) * dtype.itemsize)


def _listed(config: Mapping[str, Any]) -> Iterator[StoredLayer]:
    """The layers of a configuration, those of models inside it too, without their arrays."""
    stack: list[tuple[int, Any]] = [(-1, config)]
    count = 0
    while stack:
        depth, entry = stack.pop()
        inner = entry.get("config") if isinstance(entry, dict) else None
        layers = inner.get("layers") if isinstance(inner, dict) else inner
        if depth >= 0 and isinstance(entry, dict):
            name = inner.get("name") if isinstance(inner, dict) else None
            yield StoredLayer(_short(name or entry.get("name") or "?"), _class_name(entry) or "?",
                              depth, ())  # fmt: skip
        count += 1
        if count > _MOST_ARRAYS or depth > _MOST_DEPTH:
            raise FileFormatError("model_config", "too many layers")
        if isinstance(layers, list):
            stack += [(depth + 1, layer) for layer in reversed(layers)]


def _class_name(entry: Any) -> str | None:
    if isinstance(entry, str):
        return _short(entry)
    name = entry.get("class_name") if isinstance(entry, dict) else None
    return None if name is None else _short(name)


def _short(text: Any) -> str:
    """A text of a file, made fit to be shown: no control characters, not endless."""
    return "".join(c if c.isprintable() else "?" for c in str(text)[:200])
