"""Small images as picture files, one folder a class: `train/CLASS/0000.jpg`, `test/CLASS/…`.

They lie in a folder or in a .tar.xz or .tar.gz archive; an archive is read in memory.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from thalweg.core.errors import FileFormatError

from .archives import members

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_image_folder", "read_image_folders"]

_SUFFIXES = (".jpg", ".jpeg", ".png")
_MAXIMUM_BYTES = 2**30
_MAXIMUM_COUNT = 2**20
_MAXIMUM_FILE_BYTES = 2**20
_BLOCK = 256  # pictures that a thread decodes before it asks for more
_ORDER_SEED = 2009  # of the fixed order; Krizhevsky's report is of that year


class _Picture(NamedTuple):
    """A picture's class, its place in the class, and its file's content."""

    label: int
    name: str
    content: bytes


def is_image_folder(path: Path) -> bool:
    """Whether a folder has the parts `train` and `test`."""
    return (path / "train").is_dir() and (path / "test").is_dir()


def read_image_folders(
    place: Path, classes: Sequence[str], side: int
) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Reads the parts `train` and `test`.

    Pictures are put in order by class and file name, then in a fixed random order: position `i`
    has picture `numpy.random.RandomState(2009).permutation(count)[i]`. So a piece of the data
    has all classes, and is the same piece on every machine.

    Args:
        place: a folder, perhaps above the one with the parts, or an archive.
        classes: the folders' names in the order of their labels.
        side: width and height of all pictures, in pixels.

    Returns:
        For both parts `(images, labels)`: uint8 `(count, side, side, 3)` and int64 `(count,)`.

    Raises:
        FileFormatError: a part or class without pictures, or a picture that is damaged or has
            another size.
        OSError: a file cannot be read.
    """
    parts: dict[str, list[_Picture]] = {"train": [], "test": []}
    for name, content in _folder(place) if place.is_dir() else _archive(place):
        pieces = name.split("/")
        part, label = pieces[-3:-1] if len(pieces) >= 3 else ("", "")
        if part in parts and label in classes:
            parts[part].append(_Picture(classes.index(label), pieces[-1], content))
    return [_arrays(f"{place}, {part}", parts[part], classes, side) for part in parts]


def _archive(place: Path) -> Iterator[tuple[str, bytes]]:
    for name, content in members(place, maximum_bytes=_MAXIMUM_BYTES):
        if name.lower().endswith(_SUFFIXES):
            yield name, content


def _folder(place: Path) -> Iterator[tuple[str, bytes]]:
    """Names with their three last pieces; the folder's own tree, links not followed."""
    for folder, _, names in os.walk(place):
        for name in names:
            path = Path(folder, name)
            if name.lower().endswith(_SUFFIXES) and path.stat().st_size <= _MAXIMUM_FILE_BYTES:
                yield "/".join(path.parts[-3:]), path.read_bytes()


def _arrays(
    where: str, pictures: list[_Picture], classes: Sequence[str], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One part in its fixed order."""
    missing = {*range(len(classes))} - {picture.label for picture in pictures}
    if missing or len(pictures) > _MAXIMUM_COUNT:
        raise FileFormatError(
            where,
            "not the pictures",
            expected=f"folders {', '.join(classes)}, at most {_MAXIMUM_COUNT} pictures",
            got=f"{len(pictures)} pictures"
            + (f", none in {classes[min(missing)]}" if missing else ""),
        )
    pictures.sort(key=lambda picture: picture[:2])
    order = np.random.RandomState(_ORDER_SEED).permutation(len(pictures))
    images = np.empty((len(pictures), side, side, 3), np.uint8)

    def decode(first: int) -> None:
        for place in range(first, min(first + _BLOCK, len(order))):
            images[place] = _pixels(where, pictures[order[place]], classes, side)

    # Pillow decodes without the GIL. Each image has its place, so threads change no result.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for _ in threads.map(decode, range(0, len(order), _BLOCK)):
            pass
    labels = np.array([picture.label for picture in pictures], np.int64)
    return images, labels[order]


def _pixels(where: str, picture: _Picture, classes: Sequence[str], side: int) -> Any:
    """Decodes one picture whose size is right before any pixel is unpacked."""
    from PIL import Image

    name = f"{classes[picture.label]}/{picture.name}"
    try:
        with Image.open(io.BytesIO(picture.content), formats=("JPEG", "PNG")) as image:
            if image.size != (side, side):
                raise FileFormatError(
                    f"{where}/{name}",
                    "a picture of another size",
                    expected=f"{side} by {side} pixels",
                    got=f"{image.width} by {image.height}",
                )
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            f"{where}/{name}", "a damaged picture", expected="a JPEG or PNG file", got=str(error)
        ) from error
