"""MNIST's own file format, IDX: sizes, then bytes; here packed with gzip."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from thalweg.core.errors import FileFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_idx"]

_MAXIMUM_BYTES = 2**28  # five times the full set
_UINT8 = 8  # the format's number of the element type


def read_idx(path: str | os.PathLike[str], rank: int) -> NDArray[np.uint8]:
    """Reads a gzipped IDX file of bytes.

    The header is two zero bytes, the element type, the number of axes, and a big-endian 32-bit
    size an axis. Sizes are checked before memory is taken, and the file must end where they say.

    Args:
        path: the file, `"train-images-idx3-ubyte.gz"`.
        rank: how many axes it must have.

    Returns:
        uint8 of the sizes in the header.

    Raises:
        FileFormatError: not gzip, truncated, too long, too large, or another element type or rank.
        OSError: the file cannot be opened.

    >>> import gzip, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "labels.gz")
    ...     with gzip.open(file, "wb") as stream:
    ...         _ = stream.write(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     read_idx(file, rank=1).tolist()
    [5, 0, 4]
    """
    where = os.fspath(path)
    with open(path, "rb") as packed:
        try:
            with gzip.GzipFile(fileobj=packed) as stream:
                head = stream.read(4 + 4 * rank)
                if len(head) < 4 + 4 * rank or head[:4] != bytes([0, 0, _UINT8, rank]):
                    _refuse(where, f"a header of bytes in {rank} axes", head.hex(" ") or "nothing")
                sizes = tuple(np.frombuffer(head, ">u4", offset=4).tolist())
                count = math.prod(sizes)
                if count > _MAXIMUM_BYTES:
                    _refuse(where, f"at most {_MAXIMUM_BYTES} bytes", f"sizes {sizes}")
                data = bytearray(stream.read(count))
                if len(data) < count or stream.read(1):
                    many = "more" if len(data) == count else str(len(data))
                    _refuse(where, f"{count} bytes for the sizes {sizes}", many)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            _refuse(where, "a complete gzip file", f"{error}")
    array: NDArray[np.uint8] = np.frombuffer(data, np.uint8).reshape(sizes)
    return array


def _refuse(where: str, expected: str, got: str) -> NoReturn:
    raise FileFormatError(
        os.path.basename(where),
        "damaged, truncated, or not an IDX file",
        expected=expected,
        got=got,
        hint=f"the file is {where}",
    )
