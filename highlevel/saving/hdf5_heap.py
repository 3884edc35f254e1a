"""A look at the heaps of an HDF5 file before the HDF5 library follows their pointers.

The library trusts two structures that a damaged or hostile file can make endless or huge (see the
HDF5 file format specification, sections III.D and III.E):

- local heaps ("HEAP"), which hold the names in a group: a list of free blocks may be a circle;
- global heap collections ("GCOL"), which hold strings of variable length: objects of size 0 make
  the library loop for ever, and many references to one large object fill the memory.

Whatever looks like one of them is checked, wherever it lies, since only the library knows which are
in use. What points past the end of the file is left alone: the library refuses that itself.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator

__all__ = ["check_heaps"]

_LOCAL, _GLOBAL = b"HEAP\x00", b"GCOL\x01"
_END_OF_LIST = 1
_HEADER_BYTES = 16


def check_heaps(path: str | os.PathLike[str], base: int = 0) -> int:
    """Checks all heaps of a file with 8-byte addresses and sizes.

    Args:
        path: the file, not empty.
        base: where in the file its addresses begin to count.

    Returns:
        The size in bytes of the largest object in a global heap, 0 if there is none.

    Raises:
        ValueError: a list of free blocks has no end, or sizes do not add up.
    """
    with (
        open(path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        _check_local_heaps(data, base)
        return _longest_object(data)


def _places(data: mmap.mmap, signature: bytes, header_bytes: int) -> Iterator[int]:
    at = data.find(signature)
    while 0 <= at <= len(data) - header_bytes:
        yield at
        at = data.find(signature, at + 1)


def _most_steps(data: mmap.mmap) -> int:
    """More than any sound file needs, for heaps do not overlap; less than a reader would notice."""
    return len(data) // _HEADER_BYTES * 4 + 1


def _check_local_heaps(data: mmap.mmap, base: int) -> None:
    steps_left = _most_steps(data)
    for at in _places(data, _LOCAL, 32):
        size, free, address = struct.unpack_from("<QQQ", data, at + 8)
        start = base + address
        if start + size > len(data):
            continue
        while free != _END_OF_LIST and free + _HEADER_BYTES <= size:
            (free,) = struct.unpack_from("<Q", data, start + free)
            steps_left -= 1
            if steps_left <= 0:
                raise ValueError("a list of free blocks in a local heap has no end")


def _longest_object(data: mmap.mmap) -> int:
    longest = 0
    steps_left = _most_steps(data)
    for at in _places(data, _GLOBAL, _HEADER_BYTES):
        (size,) = struct.unpack_from("<Q", data, at + 8)
        place, end = at + _HEADER_BYTES, at + size
        # The last bytes of a collection may be too few for an object.
        while place + _HEADER_BYTES <= end <= len(data):
            index, object_bytes = struct.unpack_from("<H6xQ", data, place)
            step = object_bytes  # of the free space, which counts its header
            if index:
                step = _HEADER_BYTES + (object_bytes + 7) // 8 * 8
                longest = max(longest, object_bytes)
            steps_left -= 1
            if step < _HEADER_BYTES or place + step > end or steps_left <= 0:
                raise ValueError("sizes in a global heap do not add up")
            place += step
    return longest
