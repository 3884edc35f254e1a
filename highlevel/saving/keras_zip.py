"""Zip archives as Keras 3 writes them: a few members, read with suspicion, written whole.

A zip file tells everything twice and in any order: sizes that are not stored, members that lie in
one another, names that lead out of a folder. What Python's reader believes of that is compared
with the file before a byte of a member is read.
"""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable
from types import TracebackType
from typing import IO

from thalweg.core.errors import FileFormatError

from .hdf5_reader import is_plain_name

__all__ = ["ZIP_START", "ZipReader", "write_member"]

ZIP_START = b"PK\x03\x04"
_LOCAL = struct.Struct("<4s5H3I2H")  # the header before a member's data
_MAX_MEMBERS = 10_000
# A packed member may take this many times its stored bytes; Keras packs nothing.
_MAX_RATIO = 100
_SMALL_BYTES = 1 << 16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_DATE = (1980, 1, 1, 0, 0, 0)  # of every member: equal models are equal files
# What a damaged archive makes Python's reader raise.
_BROKEN = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError),
    *(struct.error, zlib.error, LookupError, OverflowError),
)


class ZipReader:
    """An open archive; a context manager.

    Args:
        path: the file.

    Raises:
        FileFormatError: on opening, if the file is no archive, is damaged, has a name twice or
            one that leads elsewhere, or members that overlap.
        OSError: there is no such file, or it cannot be opened.

    Attributes:
        path: of the file.
        names: of the members.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._size = os.stat(path).st_size
        self._file = open(path, "rb")
        try:
            self._members = self._checked_members()
        except BaseException:
            self._file.close()
            raise
        self.names = frozenset(self._members)

    def __enter__(self) -> ZipReader:
        """Returns the reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the file."""
        self._archive.close()
        self._file.close()

    def error(
        self,
        problem: str,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
        member: str | None = None,
    ) -> FileFormatError:
        """The error to raise about this file, or about a member of it."""
        where = self.path if member is None else self.place(member)
        return FileFormatError(where, problem, expected=expected, got=got, hint=hint)

    def place(self, member: str) -> str:
        """What messages call a member: `model.keras/config.json`."""
        return f"{self.path}/{member}"

    def _checked_members(self) -> dict[str, zipfile.ZipInfo]:
        try:
            self._archive = zipfile.ZipFile(self._file)
            listed = self._archive.infolist()
        except _BROKEN as error:
            raise self.error(
                "the archive is damaged",
                "a whole zip file",
                f"{self._size} bytes: {error}"[:200],
                "the download or copy was cut off; get it again",
            ) from error
        if len(listed) > _MAX_MEMBERS:
            raise self.error("too many members", f"at most {_MAX_MEMBERS}", str(len(listed)))
        found: dict[str, zipfile.ZipInfo] = {}
        for info in listed:
            name = info.filename
            # Python cuts a name at a null byte, and turns the separators of Windows.
            if info.orig_filename != name or not is_plain_name(name.removesuffix("/")):
                raise self.error("unsafe name of a member", "a path inside the archive",
                                 ascii(info.orig_filename[:100]))  # fmt: skip
            if "\\" in name or ":" in name:
                raise self.error("unsafe name of a member", "a path inside the archive",
                                 ascii(name[:100]))  # fmt: skip
            if name in found:
                raise self.error("a member is there twice", got=ascii(name[:100]))
            found[name] = info
        self._check_places(listed)
        return found

    def _check_places(self, listed: Iterable[zipfile.ZipInfo]) -> None:
        """Each member lies before the list of members, and apart from the others."""
        end = 0
        for info in sorted(listed, key=lambda info: info.header_offset):
            start = info.header_offset
            if start < end:
                raise self.error("members overlap", member=info.filename)
            end = start + _LOCAL.size + len(info.orig_filename.encode()) + info.compress_size
            if end > min(self._archive.start_dir, self._size):
                raise self.error(
                    "the member is larger than the file",
                    f"at most {self._size} bytes",
                    f"{info.compress_size} bytes at {start}",
                    member=info.filename,
                )

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A member's bytes, whose checksum is right.

        Args:
            name: the member.
            limit: the most bytes that it may have; None for as many as the file makes plausible.

        Raises:
            FileFormatError: it is missing, encrypted, packed in an unknown way, too large, or
                damaged.
        """
        info = self._members.get(name)
        if info is None:
            raise self.error(
                f"the member {name!r} is missing",
                "an archive that model.save() of Keras 3 or thalweg wrote",
                f"members {', '.join(map(repr, sorted(self.names)[:8]))}",
            )
        self._check_packing(info, limit)
        try:
            with self._archive.open(info) as file:
                # One byte more than declared would show a packed member that goes on.
                data = file.read(info.file_size + 1)
        except _BROKEN as error:
            raise self._damaged(name, str(error)) from error
        if len(data) != info.file_size:
            raise self._damaged(name, f"{len(data)} of {info.file_size} bytes")
        return data

    def _damaged(self, name: str, got: str) -> FileFormatError:
        return self.error(
            "the member is damaged", "what its checksum says", got[:200],
            "the download or copy went wrong; get it again", name,
        )  # fmt: skip

    def _check_packing(self, info: zipfile.ZipInfo, limit: int | None) -> None:
        name = info.filename
        if info.flag_bits & _ENCRYPTED:
            raise self.error("the member is encrypted", "a plain one", member=name)
        if info.compress_type not in _METHODS:
            raise self.error("the member is packed in a way that is not read here",
                             "stored or deflated", f"method {info.compress_type}",
                             member=name)  # fmt: skip
        most = max(_MAX_RATIO * info.compress_size, _SMALL_BYTES)
        if info.compress_type == zipfile.ZIP_STORED:
            most = info.compress_size
        if info.file_size > most or (limit is not None and info.file_size > limit):
            raise self.error(
                "the member declares more than is read",
                f"at most {most if limit is None else min(most, limit)} bytes",
                f"{info.file_size} bytes, of which {info.compress_size} stored",
                member=name,
            )


def write_member(archive: zipfile.ZipFile, name: str, data: bytes | IO[bytes]) -> None:
    """Adds a member, stored as it is, as Keras does.

    Args:
        archive: open for writing.
        name: of the member.
        data: its bytes, or an open file, which is copied from its beginning.
    """
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = 0o644 << 16
    if isinstance(data, bytes):
        archive.writestr(info, data)
        return
    data.seek(0)
    with archive.open(info, "w", force_zip64=True) as file:
        shutil.copyfileobj(data, file, 1 << 20)
