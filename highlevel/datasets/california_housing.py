"""California: 20,640 districts of 1990 by 8 measures, and the median price of a house in each.

The measures are the median income, the houses' age, rooms and bedrooms a household, people, people
a household, latitude and longitude. Source: R. K. Pace, R. Barry, "Sparse Spatial Autoregressions",
1997.
"""

from __future__ import annotations

import os

from ..options import OneOf
from .download import RemoteFile
from .housing import Split, load_table

__all__ = ["load_data"]

_FILE = RemoteFile(
    name="california_housing.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/california_housing.npz",
    checksum="1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    maximum_bytes=2**23,
)
_VERSION = OneOf("small", "large")


def load_data(
    version: str = "large",
    path: str | os.PathLike[str] | None = None,
    test_split: float = 0.2,
    seed: int = 113,
) -> Split:
    """Loads the districts, from the first place of a fixed order that has them.

    The places are those of :func:`thalweg.datasets.boston_housing.load_data`.

    Args:
        version: `"large"` for all districts, `"small"` for the first 600.
        path: a file `california_housing.npz`, or a folder that holds it. A bare file name that is
            not in the current folder is the name in the cache, as in Keras.
        test_split: the part of the districts, 0 <= part < 1, that is for tests.
        seed: of their order, which equals Keras's.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: measures `(count, 8)` and prices in dollars
        `(count,)`, floats. With the defaults 16,512 and 4,128 districts.

    Raises:
        OptionError: for another `version` or `test_split`; `path` does not exist, is empty, or is
            no path.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged or of another form.
    """
    first = 600 if _VERSION.check("california_housing", "version", version) == "small" else None
    return load_table(_FILE, 8, path, test_split, seed, first)
