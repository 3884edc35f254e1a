"""Members of a packed tar archive, read in order and in memory.

Nothing is written to disk, so a member's name, however hostile, names no file of this machine; and
no more is unpacked than the reader allows, whatever the archive promises.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

from thalweg.core.errors import FileFormatError

__all__ = ["members"]

_UNPACKERS: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"\xfd7": lzma.open}
_PIECE_BYTES = 2**16
_DAMAGE = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


class _TooLarge(Exception):
    """More came out than may."""


class _Bounded(io.RawIOBase):
    """A stream that gives so many bytes and no more."""

    def __init__(self, stream: IO[bytes], maximum_bytes: int) -> None:
        self._stream = stream
        self._left = maximum_bytes

    def read(self, size: int = -1) -> bytes:
        """The next bytes; `tarfile` always says how many."""
        piece = self._stream.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise _TooLarge
        return piece


def members(path: str | os.PathLike[str], *, maximum_bytes: int) -> Iterator[tuple[str, bytes]]:
    """The names and contents of the files in a .tar.gz or .tar.xz, in the archive's order.

    Args:
        path: the archive.
        maximum_bytes: the most that all of it may take, unpacked.

    Raises:
        FileFormatError: another kind of file, a damaged or truncated one, or one that is larger.
        OSError: it cannot be opened.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tarfile.open(os.path.join(folder, "a.tar.gz"), "w:gz") as archive:
    ...         entry = tarfile.TarInfo("b/c.txt")
    ...         entry.size = 2
    ...         archive.addfile(entry, io.BytesIO(b"hi"))
    ...     list(members(os.path.join(folder, "a.tar.gz"), maximum_bytes=10**6))
    [('b/c.txt', b'hi')]
    """
    where = os.fspath(path)
    with open(path, "rb") as packed:
        unpack = _UNPACKERS.get(packed.read(2))
        packed.seek(0)
        if unpack is None:
            raise FileFormatError(where, "not an archive", expected="a .tar.gz or .tar.xz file")
        try:
            with unpack(packed) as stream:
                bounded = _Bounded(stream, maximum_bytes)
                archive = tarfile.open(fileobj=bounded, mode="r|")
                for entry in archive:
                    # A sparse file is as large as it says, however little the archive holds.
                    is_plain = entry.isreg() and not entry.issparse()
                    content = archive.extractfile(entry) if is_plain else None
                    if content is not None:
                        yield entry.name, content.read()
                while bounded.read(_PIECE_BYTES):  # to the checksum at the end
                    pass
        except _TooLarge:
            raise FileFormatError(
                where, "too large when unpacked", expected=f"at most {maximum_bytes} bytes"
            ) from None
        except _DAMAGE as error:
            raise FileFormatError(
                where,
                "damaged or truncated",
                expected="a complete .tar.gz or .tar.xz file",
                got=str(error) or type(error).__name__,
            ) from error
