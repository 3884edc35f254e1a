"""What a classifier's file says of itself: the names of its classes, and how pictures become input.

A model file holds layers and weights; which class is number 3, and how the pixels were scaled in
training, it does not. A :class:`ModelCard` does, and travels inside the file, where neither Keras
nor `load_model` looks: as the attribute `thalweg_card` of an `.h5` file, as the member
`thalweg_card.json` of a `.keras` file. It is JSON, read with the limits of all model files.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from thalweg.core import atomic_path
from thalweg.core.errors import FileFormatError, OptionError, nearest
from thalweg.saving.hdf5_reader import Hdf5Reader
from thalweg.saving.json_text import parse_object
from thalweg.saving.keras_zip import ZIP_START, ZipReader, write_member

__all__ = ["PREPARATIONS", "ModelCard", "is_zip", "read_card", "write_model"]

PREPARATIONS = {
    "unit": "0..255 to 0..1",
    "tf": "0..255 to -1..1",
    "caffe": "0..255, blue first, less ImageNet's mean colour",
    "torch": "0..1, less ImageNet's mean colour, by its deviation",
    "none": "0..255 as they are: the model's own layers scale",
}
"""The ways in which pixels become the model's input."""

ATTRIBUTE = "thalweg_card"
MEMBER = "thalweg_card.json"
_FORMAT = 1
_MOST_BYTES = 1 << 23
_MOST_CLASSES = 100_000


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of itself.

    Attributes:
        classes: names in the order of the outputs; empty if they are not known.
        preparation: a key of `PREPARATIONS`.
        background: `"black"` where the model expects bright strokes on black, as MNIST has them;
            pictures whose border is bright are then inverted. None leaves pictures as they are.
        framing: how pictures come to the model's size: `"crop"` cuts what its proportions leave
            out; `"digit"` finds the strokes and centres them as MNIST does.
        base: what the model was made from, `"vgg16-cifar10"`.
        training: of a training by `thalweg train`: settings, epochs done, history.

    >>> ModelCard(("ants", "bees"), preparation="caffe").classes
    ('ants', 'bees')
    """

    classes: tuple[str, ...] = ()
    preparation: str = "unit"
    background: str | None = None
    framing: str = "crop"
    base: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)


def is_zip(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as a `.keras` file does.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    with open(path, "rb") as file:
        return file.read(4) == ZIP_START


def write_model(model: Any, path: str | os.PathLike[str], card: ModelCard) -> None:
    """Writes a model with its card; the file appears whole or not at all.

    Args:
        model: with weights.
        path: `*.keras` or `*.h5`.
        card: what to say of it.

    Raises:
        OptionError: another kind of file, or a model that cannot be written.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from thalweg.layers import Dense
    >>> from thalweg.models import Sequential
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "model.h5")
    ...     write_model(Sequential([Dense(2, input_shape=(4,))]), file, ModelCard(("a", "b")))
    ...     read_card(file).classes
    ('a', 'b')
    """
    text = json.dumps({"format": _FORMAT, **asdict(card)})
    if len(text) > _MOST_BYTES:
        raise OptionError(
            "write_model",
            "the card is too large for the file",
            expected=f"at most {_MOST_BYTES} characters",
            got=str(len(text)),
        )
    with atomic_path(path) as temporary:
        model.save(temporary)
        if is_zip(temporary):
            with zipfile.ZipFile(temporary, "a") as archive:
                write_member(archive, MEMBER, text.encode())
        else:
            import h5py

            with h5py.File(temporary, "r+") as file:
                file.attrs[ATTRIBUTE] = text


def read_card(path: str | os.PathLike[str]) -> ModelCard | None:
    """The card of a model file, or None if it has none.

    Raises:
        FileFormatError: the file, or its card, is damaged.
        OSError: there is no such file, or it cannot be read.
    """
    name = os.fspath(path)
    text = _zip_text(name) if is_zip(name) else _hdf5_text(name)
    if text is None:
        return None
    data = parse_object(text, name, "the model's card")
    if data.pop("format", None) != _FORMAT:
        raise FileFormatError(
            name,
            "the model's card is of another version",
            expected=f"format {_FORMAT}",
            hint="a newer thalweg wrote it; update this one",
        )
    return _checked(data, name)


def _hdf5_text(path: str) -> str | None:
    with Hdf5Reader(path) as file:
        return file.text(file.root, ATTRIBUTE)


def _zip_text(path: str) -> str | None:
    with ZipReader(path) as archive:
        if MEMBER not in archive.names:
            return None
        data = archive.read(MEMBER, _MOST_BYTES)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise archive.error("not text", "UTF-8", str(error), member=MEMBER) from error


def _checked(data: dict[str, Any], path: str) -> ModelCard:
    """A card of what the JSON says.

    Raises:
        FileFormatError: if it makes no sense.
    """
    known = {f.name for f in fields(ModelCard)}
    card = {name: value for name, value in data.items() if name in known}
    classes = card.get("classes", [])
    if (
        not isinstance(classes, list)
        or len(classes) > _MOST_CLASSES
        or not all(isinstance(name, str) for name in classes)
    ):
        raise _nonsense(path, "classes", "a list of names", classes)
    preparation = card.get("preparation", "unit")
    if not isinstance(preparation, str) or preparation not in PREPARATIONS:
        raise _nonsense(path, "preparation", ", ".join(PREPARATIONS), preparation)
    if card.get("background") not in (None, "black"):
        raise _nonsense(path, "background", "'black' or null", card["background"])
    if card.get("framing", "crop") not in ("crop", "digit"):
        raise _nonsense(path, "framing", "'crop' or 'digit'", card["framing"])
    if not isinstance(card.get("base", ""), str | None):
        raise _nonsense(path, "base", "a name", card["base"])
    if not isinstance(card.get("training", {}), dict):
        raise _nonsense(path, "training", "an object", card["training"])
    return ModelCard(**{**card, "classes": tuple(classes)})


def _nonsense(path: str, name: str, expected: str, got: Any) -> FileFormatError:
    return FileFormatError(
        path,
        f"{name!r} of the model's card makes no sense",
        expected=expected,
        got=repr(got)[:80],
        hint=nearest(got, PREPARATIONS) if name == "preparation" else None,
    )
