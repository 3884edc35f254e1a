"""Pieces of HDF5 files that are safer to read without the HDF5 library.

The library trusts some numbers in a file that a damaged or hostile one can make endless or huge: a
circle of free blocks in a local heap takes all memory, an empty object in a global heap never ends,
and the length of a string is believed up to 4 GiB. So local heaps are checked before the library
sees them, and strings of variable length, the lists of names that h5py writes, are read here.

Numbers in comments are sections of the "HDF5 File Format Specification Version 3.0".
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["RawFile"]

_END_OF_LIST = 1
_CONTINUATION, _ATTRIBUTE = 0x10, 0x0C
_SHARED = 0x02
_OBJECT_BYTES = 16


class _Message(NamedTuple):
    """A message of an object's header: its kind, and where its content lies."""

    kind: int
    flags: int
    start: int
    end: int


class RawFile:
    """The bytes of an HDF5 file with 8-byte addresses and sizes.

    Its methods raise ValueError or struct.error where the bytes make no sense.

    Args:
        data: the file, mapped or in memory.
        base: where in the file its addresses begin to count.
    """

    def __init__(self, data: bytes | mmap.mmap, base: int = 0) -> None:
        self._data = data
        self._base = base
        # More than a sound file can need, and few enough to be done in a moment.
        self._steps_left = len(data) // _OBJECT_BYTES * 4 + 1000
        self._text_bytes_left = len(data)
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}

    def _step(self) -> None:
        self._steps_left -= 1
        if self._steps_left <= 0:
            raise ValueError("structures overlap or go in circles")

    def check_local_heaps(self) -> None:
        """Follows the free blocks of all local heaps (III.D), which hold the names in groups.

        Whatever looks like a heap is checked, since only the library knows which are in use. What
        points past the end of the file is left alone: the library refuses that itself.
        """
        at = self._data.find(b"HEAP\0")
        while 0 <= at <= len(self._data) - 32:
            size, free, address = struct.unpack_from("<QQQ", self._data, at + 8)
            start = self._base + address
            while free != _END_OF_LIST and free + 16 <= size <= len(self._data) - start:
                (free,) = struct.unpack_from("<Q", self._data, start + free)
                self._step()
            at = self._data.find(b"HEAP\0", at + 1)

    def strings(self, header: int, attribute: bytes, count: int) -> list[bytes]:
        """The strings of variable length in an attribute.

        Args:
            header: the address of the object that has the attribute.
            attribute: its name.
            count: how many strings it has.
        """
        for message in self._messages(self._base + header):
            if message.kind == _ATTRIBUTE:
                name, start = self._attribute(message)
                if name == attribute:
                    if start + 16 * count > message.end:
                        raise ValueError("an attribute is shorter than its shape")
                    fields = struct.iter_unpack("<IQI", self._data[start : start + 16 * count])
                    return [self._string(*reference) for reference in fields]
        raise ValueError("the attribute is stored in a way that is not read here")

    def _messages(self, at: int) -> Iterator[_Message]:
        """The messages of an object header (IV.A.1), those of its continuations included."""
        if self._data[at : at + 4] == b"OHDR":
            yield from self._messages_2(at)
        else:
            yield from self._messages_1(at)

    def _messages_1(self, at: int) -> Iterator[_Message]:
        version, size = struct.unpack_from("<B7xI", self._data, at)
        if version != 1:
            raise ValueError("unknown version of an object header")
        blocks = [(at + 16, at + 16 + size)]
        while blocks:
            place, end = blocks.pop(0)
            while place + 8 <= min(end, len(self._data)):
                kind, length, flags = struct.unpack_from("<HHB", self._data, place)
                message = _Message(kind, flags, place + 8, place + 8 + length)
                if kind == _CONTINUATION:
                    address, length = struct.unpack_from("<QQ", self._data, message.start)
                    blocks.append((self._base + address, self._base + address + length))
                yield message
                place = message.end
                self._step()

    def _messages_2(self, at: int) -> Iterator[_Message]:
        flags = self._data[at + 5]
        place = at + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 0x03)
        size = int.from_bytes(self._data[place : place + width], "little")
        blocks = [(place + width, place + width + size)]
        prefix = 6 if flags & 0x04 else 4
        while blocks:
            place, end = blocks.pop(0)
            while place + prefix <= min(end, len(self._data)):
                kind, length, message_flags = struct.unpack_from("<BHB", self._data, place)
                start = place + prefix
                message = _Message(kind, message_flags, start, start + length)
                if kind == _CONTINUATION:  # a signature before its messages, a checksum after
                    address, length = struct.unpack_from("<QQ", self._data, start)
                    address += self._base
                    blocks.append((address + 4, address + length - 4))
                yield message
                place = message.end
                self._step()

    def _attribute(self, message: _Message) -> tuple[bytes, int]:
        """The name of an attribute message (IV.A.2.m) and where its values begin."""
        if message.flags & _SHARED:
            return b"", message.end
        version, *sizes = struct.unpack_from("<BxHHH", self._data, message.start)
        if version not in (1, 2, 3):
            raise ValueError("unknown version of an attribute")
        name_start = message.start + (9 if version == 3 else 8)
        name = self._data[name_start : name_start + sizes[0]].rstrip(b"\0")
        if version == 1:  # each of name, type and shape is filled up to 8 bytes
            sizes = [(size + 7) // 8 * 8 for size in sizes]
        return name, name_start + sum(sizes)

    def _string(self, length: int, address: int, index: int) -> bytes:
        """The bytes that an element of a variable-length list refers to (VIII.B)."""
        if length == 0:
            return b""
        if address not in self._heaps:
            self._heaps[address] = dict(self._heap(self._base + address))
        start, stored = self._heaps[address].get(index, (0, 0))
        self._text_bytes_left -= length  # many references may lead to one object
        if length > stored or self._text_bytes_left < 0:
            raise ValueError("a string is longer than what is stored")
        return self._data[start : start + length].partition(b"\0")[0]

    def _heap(self, at: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """Of the objects of a global heap collection (III.E): index, where, how many bytes."""
        if self._data[at : at + 5] != b"GCOL\x01":
            raise ValueError("a string lies in no heap")
        (size,) = struct.unpack_from("<Q", self._data, at + 8)
        place, end = at + 16, at + size
        while place + _OBJECT_BYTES <= end <= len(self._data):
            index, length = struct.unpack_from("<H6xQ", self._data, place)
            if index == 0:  # the free space is last
                return
            start = place + _OBJECT_BYTES
            if length > end - start:
                raise ValueError("a heap object is larger than its heap")
            yield index, (start, length)
            place = start + (length + 7) // 8 * 8
            self._step()
