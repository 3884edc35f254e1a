"""A look at the heap of an HDF5 file before the HDF5 library follows references into it.

Strings of variable length lie in global heap collections ("GCOL", section III.E of the HDF5 file
format specification): a header with the collection's size, then objects, each with an index, a
size and its bytes; index 0 is the free space. The library trusts these sizes. A free space of size
0 makes it loop for ever, and many references to one large object fill the memory.
"""

from __future__ import annotations

import mmap
import os
import struct

__all__ = ["longest_heap_object"]

_SIGNATURE = b"GCOL\x01"
_HEADER_BYTES = 16


def longest_heap_object(path: str | os.PathLike[str]) -> int:
    """The size in bytes of the largest object of any collection; 0 without collections.

    Whatever looks like a collection is checked, wherever it lies, since only the library knows
    which are in use. What runs past the end of the file is none: the library refuses it itself.

    Raises:
        ValueError: the sizes of a collection do not add up.
    """
    with (
        open(path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        longest = 0
        # Collections inside collections could make the walk as long as one likes.
        steps_left = len(data) // _HEADER_BYTES * 4
        at = data.find(_SIGNATURE)
        while 0 <= at <= len(data) - _HEADER_BYTES:
            (size,) = struct.unpack_from("<Q", data, at + 8)
            end = at + size
            place = at + _HEADER_BYTES
            # The last bytes of a collection may be too few for an object.
            while place + _HEADER_BYTES <= end <= len(data) and steps_left > 0:
                index, object_bytes = struct.unpack_from("<H6xQ", data, place)
                step = object_bytes if index == 0 else _HEADER_BYTES + (object_bytes + 7) // 8 * 8
                if step < _HEADER_BYTES or place + step > end:
                    raise ValueError("a heap object is larger or smaller than its place")
                if index:
                    longest = max(longest, object_bytes)
                place += step
                steps_left -= 1
            if steps_left <= 0:
                raise ValueError("heap collections overlap")
            at = data.find(_SIGNATURE, at + 1)
        return longest
