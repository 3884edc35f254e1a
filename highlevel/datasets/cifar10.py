"""CIFAR-10: 60,000 photographs of ten kinds of things, 32 by 32 colour pixels each.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from thalweg.core.errors import FileFormatError

from .cifar import read_batches
from .download import RemoteFile, given_folder, resolve
from .image_folders import is_image_folder, read_image_folders

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLASSES", "load_data"]

_FILE = RemoteFile(
    name="cifar-10-python.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    checksum="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    maximum_bytes=2**28,  # it has 170 million
    aliases=("cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz"),
    stand_ins=("cifar-10-batches-py", "cifar10_images.tar.xz", "cifar10"),
)
_BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def load_data(
    path: str | os.PathLike[str] | None = None,
) -> tuple[
    tuple[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray[np.uint8], NDArray[np.uint8]]
]:
    """Loads the photographs, from the first place of a fixed order that has them.

    The places are: `path`; the folder in the environment variable `THALWEG_DATA`; the cache
    (`$THALWEG_HOME/datasets` or `~/.thalweg/datasets`, then Keras's); the download, unless
    `THALWEG_OFFLINE=1`.

    The labels are 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse,
    8 ship, 9 truck.

    Args:
        path: the file `cifar-10-python.tar.gz`, or the folder `cifar-10-batches-py` that it
            unpacks to. Pictures will do as well: an archive `cifar10_images.tar.xz`, or a folder,
            with `train/airplane/0000.jpg` and so on; :mod:`.image_folders` tells their order. A
            folder that holds one of these is searched in this order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 `(count, 32, 32, 3)`, 0..255;
        labels uint8 `(count, 1)`. The full set has 50,000 and 10,000.

    Raises:
        OptionError: `path` does not exist, is empty, or is no path.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged or of another form.
    """
    place = _place(path)
    try:
        (x_train, y_train), (x_test, y_test) = _read(place)
    except FileFormatError as error:
        raise error.at(hint=f"a good copy is at {_FILE.url}") from error.__cause__
    return (x_train, _column(y_train)), (x_test, _column(y_test))


def _place(path: str | os.PathLike[str] | None) -> Path:
    """The file, or a folder that is one of the two known."""
    folder = given_folder(path)
    if folder and (is_image_folder(folder) or (folder / _BATCHES[0]).is_file()):
        return folder
    return resolve(_FILE, path)


def _read(place: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Both parts, from batches or pictures."""
    is_pictures = place.name.endswith(".xz") if place.is_file() else is_image_folder(place)
    if is_pictures:
        return read_image_folders(place, CLASSES, side=32)
    *train, test = read_batches(place, (*_BATCHES, "test_batch"), "labels", len(CLASSES))
    images, labels = zip(*train, strict=True)
    return [(np.concatenate(images), np.concatenate(labels)), test]


def _column(labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Labels as Keras gives them."""
    return labels.astype(np.uint8)[:, None]
