"""Boston: 506 districts of the 1970s by 13 measures, and the median price of a house in each.

Source: D. Harrison, D. L. Rubinfeld, "Hedonic housing prices and the demand for clean air", 1978.
One of the measures, "B", is made on the assumption that people want to live apart by race; prefer
:mod:`~thalweg.datasets.california_housing` for anything but a study of that.
"""

from __future__ import annotations

import os

from .download import RemoteFile
from .housing import Split, load_table

__all__ = ["load_data"]

_FILE = RemoteFile(
    name="boston_housing.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz",
    checksum="f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    maximum_bytes=2**20,  # it has 57 thousand
)


def load_data(
    path: str | os.PathLike[str] | None = None, test_split: float = 0.2, seed: int = 113
) -> Split:
    """Loads the districts, from the first place of a fixed order that has them.

    The places are: `path`; the folder in the environment variable `THALWEG_DATA`; the cache
    (`$THALWEG_HOME/datasets` or `~/.thalweg/datasets`, then Keras's); the download, unless
    `THALWEG_OFFLINE=1`.

    Args:
        path: a file `boston_housing.npz`, or a folder that holds it. A bare file name that is not
            in the current folder is the name in the cache, as in Keras.
        test_split: the part of the districts, 0 <= part < 1, that is for tests.
        seed: of their order, which equals Keras's.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: measures `(count, 13)` and prices in thousand
        dollars `(count,)`, floats. With the defaults 404 and 102 districts.

    Raises:
        OptionError: for another `test_split`; `path` does not exist, is empty, or is no path.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged or of another form.
    """
    return load_table(_FILE, 13, path, test_split, seed)
