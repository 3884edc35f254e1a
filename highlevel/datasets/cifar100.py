"""CIFAR-100: 60,000 photographs of a hundred kinds of things, 32 by 32 colour pixels each.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from thalweg.core.errors import FileFormatError

from ..options import OneOf
from .cifar import read_batches
from .download import RemoteFile, given_folder, resolve

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["load_data"]

_FILE = RemoteFile(
    name="cifar-100-python.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    checksum="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    maximum_bytes=2**28,  # it has 169 million
    aliases=("cifar-100-python-target_archive",),
    stand_ins=("cifar-100-python",),
)
_MODE = OneOf("fine", "coarse")
_CLASSES = {"fine": 100, "coarse": 20}


def load_data(
    label_mode: str = "fine", path: str | os.PathLike[str] | None = None
) -> tuple[
    tuple[NDArray[np.uint8], NDArray[np.int64]], tuple[NDArray[np.uint8], NDArray[np.int64]]
]:
    """Loads the photographs, from the first place of a fixed order that has them.

    The places are those of :func:`thalweg.datasets.cifar10.load_data`.

    Args:
        label_mode: `"fine"` for the 100 classes, `"coarse"` for the 20 groups they form.
        path: the file `cifar-100-python.tar.gz`, or the folder `cifar-100-python` that it
            unpacks to, or a folder that holds one of them.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 `(count, 32, 32, 3)`, 0..255;
        labels int64 `(count, 1)`. The full set has 50,000 and 10,000.

    Raises:
        OptionError: for another `label_mode`; `path` does not exist, is empty, or is no path.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged or of another form.
    """
    mode = _MODE.check("cifar100", "label_mode", label_mode)
    folder = given_folder(path)
    place = folder if folder and (folder / "train").is_file() else resolve(_FILE, path)
    try:
        train, test = read_batches(place, ("train", "test"), f"{mode}_labels", _CLASSES[mode])
    except FileFormatError as error:
        raise error.at(hint=f"a good copy is at {_FILE.url}") from error.__cause__
    return (train[0], train[1][:, None]), (test[0], test[1][:, None])
