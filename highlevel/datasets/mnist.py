"""MNIST: 70,000 handwritten digits, 28 by 28 grey pixels each.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"
(1998), made from NIST's Special Databases 1 and 3. Licence: CC BY-SA 3.0.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.core.errors import DataError, FileFormatError, ThalwegError

from .download import RemoteFile, SampleDataWarning, resolve, warn_user
from .files import ArraySpec, read_npz

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["load_data"]

_FILE = RemoteFile(
    name="mnist.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    checksum="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    maximum_bytes=2**24,  # it has 11.5 million
)
_SAMPLE = Path(__file__).with_name("mnist_sample.npz")
_ARRAYS = {
    "x_train": ArraySpec("uint8", ("train", 28, 28)),
    "y_train": ArraySpec("uint8", ("train",)),
    "x_test": ArraySpec("uint8", ("test", 28, 28)),
    "y_test": ArraySpec("uint8", ("test",)),
}
_MAXIMUM_BYTES = 2**28  # five times the full set


def load_data(
    path: str | os.PathLike[str] | None = None,
) -> tuple[
    tuple[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray[np.uint8], NDArray[np.uint8]]
]:
    """Loads the digits, from the first place of a fixed order that has them.

    The places are: `path`; the folder in the environment variable `THALWEG_DATA`; the cache
    (`$THALWEG_HOME/datasets` or `~/.thalweg/datasets`, then Keras's); the download, unless
    `THALWEG_OFFLINE=1`; and last a sample of 10,000 + 2,000 digits that comes with the package.
    Using the sample is said with a `SampleDataWarning`.

    Args:
        path: an `.npz` file with the arrays `x_train`, `y_train`, `x_test`, `y_test`, or a
            folder with such a file named `mnist.npz`. A bare file name that is not in the
            current folder is the name in the cache, as in Keras.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 `(count, 28, 28)`, 0..255 with
        ink bright; labels uint8 `(count,)`, 0..9. The full set has 60,000 and 10,000 digits.

    Raises:
        OptionError: `path` does not exist, is empty, or is no path.
        FileFormatError: the file is damaged, or an array is missing or has another dtype or
            shape.

    >>> import thalweg.datasets.mnist
    >>> sample = os.path.join(os.path.dirname(thalweg.datasets.mnist.__file__), "mnist_sample.npz")
    >>> (x_train, y_train), (x_test, y_test) = load_data(sample)
    >>> x_train.shape, y_test.shape
    ((10000, 28, 28), (2000,))
    """
    try:
        file = resolve(_FILE, path)
    except DataError as error:
        arrays = _read(_SAMPLE)
        counts = f"{len(arrays['x_train'])} + {len(arrays['x_test'])}"
        warn_user(
            ThalwegError(
                "mnist",
                f"using the sample that comes with thalweg, {counts} real digits",
                expected=f"{_FILE.name}, the full set of 60000 + 10000",
                got=error.got,
                hint=error.hint,
            ),
            SampleDataWarning,
        )
    else:
        arrays = _read(file)
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _read(file: Path) -> dict[str, NDArray[np.uint8]]:
    """Reads the four arrays of a file in Keras's layout."""
    try:
        return read_npz(file, _ARRAYS, maximum_bytes=_MAXIMUM_BYTES)
    except FileFormatError as error:
        raise error.at(hint=f"a good copy is at {_FILE.url}") from error.__cause__
