"""Fashion-MNIST: 70,000 pictures of clothes, 28 by 28 grey pixels each, in MNIST's form.

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", 2017. Licence: MIT, Zalando SE.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from thalweg.core.errors import FileFormatError, OptionError

from .download import RemoteFile, given_folder, resolve
from .idx import read_idx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["load_data"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_FOLDER = "fashion-mnist"
_CHECKSUMS = {  # in the order of the arrays that are returned
    "train-images-idx3-ubyte.gz": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    "train-labels-idx1-ubyte.gz": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
    ),
}
_FILES = tuple(
    RemoteFile(
        name=f"{_FOLDER}/{name}",
        url=f"{_ORIGIN}{name}",
        checksum=checksum,
        maximum_bytes=2**26,  # the largest has 26 million
    )
    for name, checksum in _CHECKSUMS.items()
)


def load_data(
    path: str | os.PathLike[str] | None = None,
) -> tuple[
    tuple[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray[np.uint8], NDArray[np.uint8]]
]:
    """Loads the pictures, from the first place of a fixed order that has them.

    The places are: `path`; the folder in the environment variable `THALWEG_DATA`; the cache
    (`$THALWEG_HOME/datasets` or `~/.thalweg/datasets`, then Keras's); the download, unless
    `THALWEG_OFFLINE=1`. In each the four files lie in a folder `fashion-mnist`.

    The labels are 0 T-shirt or top, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt,
    7 sneaker, 8 bag, 9 ankle boot.

    Args:
        path: a folder with the four files (`train-images-idx3-ubyte.gz` and so on), or one that
            holds that folder.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 `(count, 28, 28)`, 0..255; labels
        uint8 `(count,)`, 0..9. The full set has 60,000 and 10,000.

    Raises:
        OptionError: `path` does not exist, is empty, or is no folder.
        DataError: a file is nowhere and could not be downloaded.
        FileFormatError: a file is damaged, or images and labels differ in number.
    """
    folder = given_folder(path)
    if path is not None and folder is None:
        raise OptionError(
            "fashion_mnist", "this is no folder", expected="a folder, or None", got=repr(path)
        )
    arrays = []
    for remote in _FILES:
        name = remote.name.removeprefix(f"{_FOLDER}/")
        is_here = folder is not None and (folder / name).is_file()
        file = folder / name if folder and is_here else resolve(remote, path)
        arrays.append(read_idx(file, rank=3 if "images" in name else 1))
    x_train, y_train, x_test, y_test = arrays
    for images, labels, part in ((x_train, y_train, "train"), (x_test, y_test, "test")):
        if images.shape[1:] != (28, 28) or len(images) != len(labels):
            raise FileFormatError(
                f"fashion_mnist, {part}",
                "images and labels do not belong together",
                expected=f"images ({len(labels)}, 28, 28)",
                got=f"images {images.shape}",
            )
    return (x_train, y_train), (x_test, y_test)
