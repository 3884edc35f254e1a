"""CIFAR's batches: 32 by 32 colour pixels and labels, as its authors once pickled them.

A batch is a dict: `data` has a row of 3,072 bytes an image, all red ones first, then green and
blue, each row by row; a list of integers has the labels. Nothing of the pickle is executed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import FileFormatError

from .archives import members
from .pickles import array_of, read_pickle

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_batches"]

_SIDE = 32
_MAXIMUM_BYTES = 2**28  # the whole of CIFAR-100 unpacked takes 187 million
_MAXIMUM_ITEMS = 2**21  # a batch has at most 50,000 names and 100,000 labels


def read_batches(
    place: Path, names: Sequence[str], labels: str, classes: int
) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Reads batches from the archive, or from the folder that it was unpacked into.

    Args:
        place: `cifar-10-python.tar.gz`, or a folder with the batches.
        names: of the batches.
        labels: their key in the dict, `"labels"`.
        classes: how many there are.

    Returns:
        For each name `(images, labels)`: uint8 `(count, 32, 32, 3)` and int64 `(count,)`.

    Raises:
        FileFormatError: a batch is missing, damaged, or not of this form.
        OSError: a file cannot be read.
    """
    found: dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]] = {}
    for name, content in _files(place, names):
        if name in names:
            found[name] = _batch(f"{place}, {name}", content, labels, classes)
    missing = [name for name in names if name not in found]
    if missing:
        raise FileFormatError(
            str(place),
            "a batch is missing",
            expected=", ".join(names),
            got=f"no {missing[0]}",
        )
    return [found[name] for name in names]


def _files(place: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The batches' names and contents, without their folder."""
    if not place.is_dir():
        for name, content in members(place, maximum_bytes=_MAXIMUM_BYTES):
            yield name.rpartition("/")[2], content
        return
    for name in names:
        if (place / name).is_file():
            size = os.path.getsize(place / name)
            if size > _MAXIMUM_BYTES:
                raise FileFormatError(
                    str(place / name),
                    "too large",
                    expected=f"at most {_MAXIMUM_BYTES} bytes",
                    got=f"{size} bytes",
                )
            yield name, (place / name).read_bytes()


def _batch(
    where: str, content: bytes, labels: str, classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One batch; images with the channels last."""
    value = read_pickle(where, content, maximum_items=_MAXIMUM_ITEMS)
    fields = _fields(where, value)
    pixels = array_of(where, fields.get("data"), "uint8", (None, 3 * _SIDE * _SIDE))
    given = fields.get(labels)
    # Booleans are integers to `isinstance`.
    if not isinstance(given, list) or len(given) != len(pixels) or {*map(type, given)} - {int}:
        raise FileFormatError(
            where,
            f"{labels!r} are not the labels",
            expected=f"a list of {len(pixels)} integers",
            got=f"a {type(given).__name__}"
            + (f" of {len(given)}" if isinstance(given, list) else ""),
        )
    numbers = np.array(given, np.int64)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise FileFormatError(
            where,
            "a label is not a class",
            expected=f"0 <= label < {classes}",
            got=f"{numbers.min()} to {numbers.max()}",
        )
    images = pixels.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), numbers


def _fields(where: str, value: Any) -> dict[str, Any]:
    """The dict with keys as text; Python 2 wrote them as bytes."""
    if not isinstance(value, dict):
        raise FileFormatError(
            where, "not a batch", expected="a dict", got=f"a {type(value).__name__}"
        )
    return {
        key.decode("ascii", "replace") if isinstance(key, bytes) else str(key): item
        for key, item in value.items()
    }
