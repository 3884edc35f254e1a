"""What the two data sets on prices of houses share: a table, a shuffle and a cut."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import FileFormatError

from ..options import Interval
from .download import RemoteFile, resolve
from .files import ArraySpec, read_npz

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Split", "load_table"]

Split = tuple[
    tuple["NDArray[Any]", "NDArray[Any]"],
    tuple["NDArray[Any]", "NDArray[Any]"],
]

_TEST_SPLIT = Interval(0, 1, open_high=True)
_MAXIMUM_BYTES = 2**24


def load_table(
    remote: RemoteFile,
    features: int,
    path: str | os.PathLike[str] | None,
    test_split: float,
    seed: int,
    first: int | None = None,
) -> Split:
    """Reads `x` (rows, features) and `y` (rows,), shuffles the rows and cuts them in two.

    Args:
        remote: the file.
        features: how many columns.
        path: where the caller says it is.
        test_split: the part of the rows, 0 to 1, that comes last.
        seed: of the order, which equals Keras's.
        first: how many rows to take; None for all.

    Raises:
        OptionError: for another `test_split`, or a path that does not exist.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged or of another form.
    """
    test_split = _TEST_SPLIT.check(remote.name, "test_split", test_split)
    specs = {"x": ArraySpec("floating", ("rows", features)), "y": ArraySpec("floating", ("rows",))}
    try:
        arrays = read_npz(resolve(remote, path), specs, maximum_bytes=_MAXIMUM_BYTES)
    except FileFormatError as error:
        raise error.at(hint=f"a good copy is at {remote.url}") from error.__cause__
    x, y = arrays["x"][:first], arrays["y"][:first]
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    cut = int(len(x) * (1 - test_split))
    train, test = order[:cut], order[cut:]
    return (x[train], y[train]), (x[test], y[test])
