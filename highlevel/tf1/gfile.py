"""`tf.gfile`: files and folders of this machine, with TF1's names and errors."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

from .arguments import missing_name
from .errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
    PermissionDeniedError,
    UnimplementedError,
    UnknownError,
)

__all__ = [
    "Copy",
    "DeleteRecursively",
    "Exists",
    "FastGFile",
    "GFile",
    "Glob",
    "IsDirectory",
    "ListDirectory",
    "MakeDirs",
    "MkDir",
    "Open",
    "Remove",
    "Rename",
    "Stat",
    "Walk",
]

__getattr__ = missing_name(__name__, __all__)

_MEANING: tuple[tuple[type[OSError], Callable[[Any, Any, str], OpError]], ...] = (
    (FileNotFoundError, NotFoundError),
    (FileExistsError, AlreadyExistsError),
    (PermissionError, PermissionDeniedError),
    (IsADirectoryError, FailedPreconditionError),
    (NotADirectoryError, FailedPreconditionError),
)


@contextmanager
def _told() -> Iterator[None]:
    """Turns Python's errors of files into those of `tf.errors`."""
    try:
        yield
    except OSError as error:
        kinds: list[Any] = [theirs for ours, theirs in _MEANING if isinstance(error, ours)]
        kind = kinds[0] if kinds else UnknownError
        raise kind(None, None, f"{error.filename}; {error.strerror}") from error


def _local(path: Any) -> str:
    """A path of this machine.

    Raises:
        UnimplementedError: for an address such as `gs://bucket/file`.
    """
    text: str = os.fsdecode(path)
    scheme, is_address, rest = text.partition("://")
    if not is_address:
        return text
    if scheme == "file":
        return rest
    raise UnimplementedError(None, None, f"{text}; files of {scheme!r} are not read or written")


class GFile:
    """A file, opened when it is first used.

    Args:
        name: the path.
        mode: `"r"`, `"w"`, `"a"`, `"r+"`, `"w+"` or `"a+"`, with a `b` for bytes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with GFile(folder + "/note.txt", "w") as file:
    ...         file.write("two words")
    ...     GFile(folder + "/note.txt", "rb").read()
    b'two words'
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        if mode not in {f"{kind}{binary}{plus}" for kind in "rwa" for binary in ("", "b")
                        for plus in ("", "+")} | {f"{kind}+b" for kind in "rwa"}:  # fmt: skip
            raise InvalidArgumentError(None, None, f"{mode!r}; not a mode of files")
        self._name = _local(name)
        self._mode = mode
        self._file: Any = None

    @property
    def name(self) -> str:
        """The path."""
        return self._name

    @property
    def mode(self) -> str:
        """How it is opened."""
        return self._mode

    def _opened(self) -> Any:
        if self._file is None:
            with _told():
                encoding = None if "b" in self._mode else "utf-8"
                self._file = open(self._name, self._mode, encoding=encoding)
        return self._file

    def size(self) -> int:
        """How many bytes it has."""
        return Stat(self._name).length

    def write(self, file_content: Any) -> None:
        """Adds text, or bytes."""
        self._opened().write(file_content)

    def read(self, n: int = -1) -> Any:
        """The next n characters or bytes; all that is left if n is negative."""
        return self._opened().read(n)

    def readline(self) -> Any:
        """The next line, its end included."""
        return self._opened().readline()

    def readlines(self) -> list[Any]:
        """The lines that are left."""
        lines: list[Any] = self._opened().readlines()
        return lines

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Goes to a place; `position` is the old name of `offset`."""
        self._opened().seek(position if offset is None else offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        place: int = self._opened().tell()
        return place

    def flush(self) -> None:
        """Writes out what is waiting."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Closes the file; one that was to be written exists from now on."""
        if self._file is None and self._mode[0] in "wa":
            self._opened()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> GFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._opened())

    def __next__(self) -> Any:
        return next(self._opened())

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self._file.close()


FastGFile = GFile
Open = GFile


class FileStatistics(NamedTuple):
    """What `Stat` tells of a file."""

    length: int
    mtime_nsec: int
    is_directory: bool


def Exists(filename: Any) -> bool:
    """Whether there is a file or folder of this path."""
    return os.path.exists(_local(filename))


def IsDirectory(dirname: Any) -> bool:
    """Whether there is a folder of this path."""
    return os.path.isdir(_local(dirname))


def Glob(filename: Any) -> list[str]:
    """The paths that fit a pattern, or one of several, sorted."""
    patterns: Sequence[Any] = filename if isinstance(filename, list | tuple) else [filename]
    found = (glob.glob(_local(pattern)) for pattern in patterns)
    return [path for paths in found for path in sorted(paths)]


def ListDirectory(dirname: Any) -> list[str]:
    """The names in a folder, sorted."""
    with _told():
        return sorted(os.listdir(_local(dirname)))


def Walk(top: Any, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Path, names of folders and names of files, of a folder and all below it.

    Args:
        top: the folder.
        in_order: a folder comes before those inside it.
    """
    for folder, folders, files in os.walk(_local(top), topdown=in_order):
        folders.sort()
        yield folder, folders, sorted(files)


def MakeDirs(dirname: Any) -> None:
    """Makes a folder, and those around it, where they are missing."""
    with _told():
        os.makedirs(_local(dirname), exist_ok=True)


def MkDir(dirname: Any) -> None:
    """Makes a folder in one that exists."""
    with _told():
        os.mkdir(_local(dirname))


def Copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copies a file.

    Raises:
        AlreadyExistsError: if there is one already, unless it may be overwritten.
    """
    _refuse_existing(newpath, overwrite)
    with _told():
        shutil.copyfile(_local(oldpath), _local(newpath))


def Rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Renames a file or folder.

    Raises:
        AlreadyExistsError: if there is one already, unless it may be overwritten.
    """
    _refuse_existing(newname, overwrite)
    with _told():
        os.replace(_local(oldname), _local(newname))


def _refuse_existing(path: Any, overwrite: bool) -> None:
    if not overwrite and os.path.exists(_local(path)):
        raise AlreadyExistsError(None, None, f"{_local(path)}; file already exists")


def Remove(filename: Any) -> None:
    """Removes a file."""
    with _told():
        os.remove(_local(filename))


def DeleteRecursively(dirname: Any) -> None:
    """Removes a folder with all that is in it, or a file."""
    path = _local(dirname)
    with _told():
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def Stat(filename: Any) -> FileStatistics:
    """Length in bytes, time of the last change, and whether it is a folder."""
    with _told():
        found = os.stat(_local(filename))
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(_local(filename)))
