"""Data files from anywhere, read with every size checked first."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from thalweg.core.errors import FileFormatError

from .pickles import PickledArray, read_pickle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ArraySpec", "checksum_of", "named_checksum", "read_npz"]

_HEADER_BYTES = 4096  # a .npy header of a plain array takes 128
_PIECE_BYTES = 2**20

# What zipfile, zlib and NumPy's header parser raise on damaged or hostile bytes. ValueError covers
# UnicodeDecodeError; RuntimeError covers encryption and (NotImplementedError) odd zip features;
# SyntaxError, TypeError and RecursionError come from a header that is no plain literal.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class ArraySpec(NamedTuple):
    """What one array of a file must be.

    Args:
        dtype: the exact dtype, `"uint8"`; `"integer"` or `"floating"` for any of a kind;
            `"object"` for lists and other plain data that NumPy can only store as a pickle.
        shape: sizes; a word stands for any size of at least one, and the same word for the
            same size in every array of the file.

    >>> str(ArraySpec("uint8", ("train", 28, 28)))
    'uint8 (train, 28, 28)'
    """

    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        """`uint8 (train, 28, 28)`."""
        return _described(self.dtype, self.shape)


class _Entry(NamedTuple):
    """An array's place in the archive and what its header declares."""

    info: zipfile.ZipInfo
    offset: int
    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]


def checksum_of(path: str | os.PathLike[str], like: str) -> str:
    """The checksum of a file in hexadecimal, read piece by piece.

    Args:
        path: the file.
        like: a checksum of the wanted kind: 64 digits are SHA-256's, 32 are MD5's.
    """
    digest = hashlib.new(_algorithm_of(like), usedforsecurity=False)
    with open(path, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def named_checksum(checksum: str) -> str:
    """A checksum with its kind before it, as messages show it.

    >>> named_checksum("900150983cd24fb0d6963f7d28e17f72")
    'md5 900150983cd24fb0d6963f7d28e17f72'
    """
    return f"{_algorithm_of(checksum)} {checksum}"


def _algorithm_of(checksum: str) -> str:
    return "sha256" if len(checksum) == 64 else "md5"


def read_npz(
    path: str | os.PathLike[str],
    arrays: Mapping[str, ArraySpec],
    *,
    maximum_bytes: int,
    maximum_items: int = 0,
) -> dict[str, NDArray[Any]]:
    """Reads named arrays of an .npz file after checking what all of them declare.

    Names, dtypes and shapes come from the archive's directory and the .npy headers; no memory
    for an array is taken before they fit `arrays` and, together, `maximum_bytes`. Arrays of
    objects are read by :mod:`.pickles`, which runs nothing. Other arrays are left alone.

    Args:
        path: the file.
        arrays: what is wanted: name -> dtype and shape.
        maximum_bytes: the most that the file, and the wanted arrays unpacked, may take.
        maximum_items: the most objects that an array of objects may hold, those inside included.

    Returns:
        name -> array, C-contiguous, of the shape and dtype asked for.

    Raises:
        FileFormatError: not a zip archive, truncated, a wrong checksum inside, an array that is
            missing or has another dtype or shape, or sizes over `maximum_bytes`.
        OSError: the file cannot be opened.

    >>> import numpy, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "a.npz")
    ...     numpy.savez(file, x=numpy.arange(6, dtype="uint8").reshape(3, 2))
    ...     read_npz(file, {"x": ArraySpec("uint8", ("n", 2))}, maximum_bytes=10**6)["x"].shape
    (3, 2)
    """
    where = os.fspath(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        _require_at_most(where, "the file is too large", size, maximum_bytes)
        try:
            with zipfile.ZipFile(file) as archive:
                entries = {name: _entry(where, archive, name, maximum_bytes) for name in arrays}
                _check_all(where, arrays, entries, maximum_bytes)
                return {
                    name: _objects(f"{where}, {name}", archive, entry, maximum_items)
                    if entry.dtype.hasobject
                    else _array(archive, entry)
                    for name, entry in entries.items()
                }
        except FileFormatError:
            raise
        except _DAMAGE as error:
            raise FileFormatError(
                where,
                "damaged, truncated, or not an npz file",
                expected="a complete zip archive of .npy arrays",
                got=f"{size} bytes: {error or type(error).__name__}",
            ) from error


def _entry(where: str, archive: zipfile.ZipFile, name: str, maximum_bytes: int) -> _Entry:
    """Finds one array and reads its header, from the first few bytes alone."""
    import numpy as np

    try:
        info = archive.getinfo(f"{name}.npy")
    except KeyError:
        present = sorted(entry.removesuffix(".npy") for entry in archive.namelist())
        more = f" and {len(present) - 10} more" if len(present) > 10 else ""
        raise FileFormatError(
            where,
            f"the array {name!r} is missing",
            expected=f"an array named {name!r}",
            got=f"the arrays {', '.join(map(repr, present[:10]))}{more}" if present else "none",
        ) from None
    # Other methods (bzip2, lzma) are never written by NumPy and cannot be unpacked in bounds.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"{info.filename}: compression method {info.compress_type}")
    problem = f"the array {name!r} is too large"
    _require_at_most(where, problem, info.file_size, maximum_bytes)
    with archive.open(info) as stream:
        head = io.BytesIO(stream.read(_HEADER_BYTES))
    version = np.lib.format.read_magic(head)
    if version == (1, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(head)
    elif version == (2, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(head)
    else:
        raise ValueError(f"{info.filename}: npy format version {version}")
    return _Entry(info, head.tell(), shape, is_fortran, dtype)


def _check_all(
    where: str,
    arrays: Mapping[str, ArraySpec],
    entries: Mapping[str, _Entry],
    maximum_bytes: int,
) -> None:
    """Compares what the headers declare with what is wanted and with the stored sizes."""
    words: dict[str, int] = {}
    total = 0
    for name, spec in arrays.items():
        entry = entries[name]
        got = _described(entry.dtype, entry.shape)
        if not _is_dtype(entry.dtype, spec.dtype):
            raise FileFormatError(
                where, f"the array {name!r} has another dtype", expected=str(spec), got=got
            )
        known = {word: size for word, size in words.items() if word in spec.shape}
        if not _fits(entry.shape, spec.shape, words):
            facts = "".join(f", {word} = {size} as before" for word, size in known.items())
            raise FileFormatError(
                where, f"the array {name!r} has another shape", expected=f"{spec}{facts}", got=got
            )
        count = 1
        for size in entry.shape:
            count *= size
        declared = entry.offset + count * entry.dtype.itemsize
        if entry.dtype.hasobject:
            declared = entry.info.file_size
        elif declared != entry.info.file_size:
            raise FileFormatError(
                where,
                f"the array {name!r} is not as long as its header says",
                expected=f"{declared} bytes for {got}",
                got=f"{entry.info.file_size} bytes",
            )
        total += declared
    _require_at_most(where, "the arrays are too large together", total, maximum_bytes)


def _is_dtype(dtype: np.dtype[Any], wanted: str) -> bool:
    """Whether a dtype is the wanted one, or of the wanted kind."""
    import numpy as np

    kind = {"integer": np.integer, "floating": np.floating}.get(wanted)
    return dtype == np.dtype(wanted) if kind is None else np.issubdtype(dtype, kind)


def _fits(shape: tuple[int, ...], wanted: tuple[int | str, ...], words: dict[str, int]) -> bool:
    """Whether sizes are the wanted ones; a word met for the first time is given its size."""
    if len(shape) != len(wanted):
        return False
    for size, want in zip(shape, wanted, strict=True):
        if isinstance(want, str):
            want = words.setdefault(want, max(size, 1))
        if size != want:
            return False
    return True


def _array(archive: zipfile.ZipFile, entry: _Entry) -> NDArray[Any]:
    """Unpacks one array; the archive's own checksum is compared at the last byte."""
    import numpy as np

    data = _content(archive, entry)
    flat: NDArray[Any] = np.frombuffer(data, entry.dtype)  # shares the writable bytearray
    return np.ascontiguousarray(flat.reshape(entry.shape, order="F" if entry.is_fortran else "C"))


def _objects(
    where: str, archive: zipfile.ZipFile, entry: _Entry, maximum_items: int
) -> NDArray[Any]:
    """Reads one array of objects from its pickle."""
    import numpy as np

    data = bytes(_content(archive, entry))
    value = read_pickle(where, data, maximum_items=maximum_items)
    if (
        not isinstance(value, PickledArray)
        or not isinstance(value.content, list)
        or value.shape != entry.shape
    ):
        raise FileFormatError(
            where, "not the array that its header declares",
            expected=_described("object", entry.shape), got=type(value).__name__,
        )  # fmt: skip
    array = np.empty(len(value.content), object)
    for place, item in enumerate(value.content):  # at once, lists would become a second axis
        array[place] = item
    return array.reshape(entry.shape, order="F" if value.is_fortran else "C")


def _content(archive: zipfile.ZipFile, entry: _Entry) -> bytearray:
    """Unpacks what lies behind an array's header."""
    data = bytearray(entry.info.file_size - entry.offset)
    with archive.open(entry.info) as stream:
        stream.read(entry.offset)
        filled = 0
        while piece := stream.read(_PIECE_BYTES):
            data[filled : filled + len(piece)] = piece
            filled += len(piece)
    if filled != len(data):
        raise EOFError(f"{entry.info.filename} ends after {filled} of {len(data)} bytes")
    return data


def _require_at_most(where: str, problem: str, size: int, maximum_bytes: int) -> None:
    """Raises if a size is over the limit."""
    if size > maximum_bytes:
        raise FileFormatError(
            where, problem, expected=f"at most {maximum_bytes} bytes", got=f"{size} bytes"
        )


def _described(dtype: object, shape: tuple[int | str, ...]) -> str:
    """`uint8 (train, 28, 28)`; a single size keeps its comma."""
    sizes = ", ".join(map(str, shape))
    return f"{dtype} ({sizes}{',' if len(shape) == 1 else ''})"
