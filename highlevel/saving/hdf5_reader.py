"""Hdf5Reader: takes names and arrays, and nothing else, from an HDF5 file one need not trust."""

from __future__ import annotations

import collections
import contextlib
import io
import itertools
import math
import mmap
import os
import re
import struct
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core.errors import FileFormatError

from .hdf5_raw import RawFile

__all__ = ["NUMERIC_DTYPES", "Hdf5Reader", "is_plain_name"]

NUMERIC_DTYPES = frozenset(map(np.dtype, "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 ?".split()))


# A dataset may take this many times the bytes that are stored for it; weights compress far less.
_MAX_RATIO = 100
# ... except small ones: a bias of zeros shrinks to nothing.
_SMALL_BYTES = 1 << 16
_MAX_CHUNKS = 1 << 16
# What a file that is not as it should be makes h5py and our own reading raise.
_BROKEN = (
    *(OSError, RuntimeError, ValueError, LookupError, TypeError, ArithmeticError),
    *(struct.error, zlib.error),
)
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_NOT_HDF5 = (
    (
        b"PK\x03\x04",
        "a zip archive",
        "load_model() reads .keras files; an .npz file is not read here",
    ),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"\x80", "a pickle, it seems", "pickles can run code and are never loaded"),
    (b"<", "a web page or XML", "the download went wrong; get it again"),
    (b"version https://git-lfs", "a Git LFS pointer", "run: git lfs pull"),
)


# Unpacked chunks of a dataset: where they begin, which filters were left out, and their bytes.
_Pieces = list[tuple[tuple[int, ...], int, bytes]]


def is_plain_name(name: str) -> bool:
    """Whether a name is a path downwards inside a group: no empty parts, no `.` or `..`.

    >>> is_plain_name("dense_1/kernel:0"), is_plain_name("/etc"), is_plain_name("../x")
    (True, False, False)
    """
    return "\0" not in name and not {"", ".", ".."} & set(name.split("/"))


class Hdf5Reader:
    """An open HDF5 file, read with suspicion; a context manager.

    Refused are: links to other files, soft links, data stored in other files, virtual datasets,
    values that are not numbers, filters other than gzip, shuffle and Fletcher32, and whatever
    declares more than the file can hold. All sizes are compared with the stored bytes before
    memory is taken, and what the HDF5 library itself would trust too much is read by `RawFile`.
    Groups are h5py's low-level identifiers.

    Args:
        path: the file.
        content: its bytes, if they lie in memory; `path` is then what messages call it.

    Raises:
        FileFormatError: on opening and reading, if the file is of another kind, truncated,
            damaged or unsafe.
        OSError: there is no such file, or it cannot be opened.

    Attributes:
        path: what messages call the file.
        root: the root group.
    """

    def __init__(self, path: str | os.PathLike[str], content: bytes | None = None) -> None:
        import h5py

        self.path = os.fspath(path)
        if content is None:
            self._size = os.stat(path).st_size
            with open(path, "rb") as file:
                head = file.read(64)
            is_hdf5 = h5py.is_hdf5(self.path)
        else:
            self._size, head = len(content), content[:64]
            is_hdf5 = head.startswith(_SIGNATURE)
        if not is_hdf5:
            raise self._not_hdf5(head)
        try:
            self._file = h5py.File(self.path if content is None else io.BytesIO(content), "r")
        except BlockingIOError:  # another process writes it: no fault of the file
            raise
        except OSError as error:
            raise self._cannot_open(str(error)) from error
        self._data: bytes | mmap.mmap
        if content is None:
            with open(path, "rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        else:
            self._data = content
        try:
            with self._reading("the structure of the file"):
                if self._file.id.get_create_plist().get_sizes() != (8, 8):
                    raise self.error("unusual widths of addresses and sizes", "8 bytes each")
                self._raw = RawFile(self._data, self._file.userblock_size)
                self._raw.check_local_heaps()
                self.root: Any = self._file["/"].id
        except FileFormatError:
            self._close()
            raise
        self._stored = 0
        self._declared = 0

    def __enter__(self) -> Hdf5Reader:
        """Returns the reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the file."""
        self._close()

    def _close(self) -> None:
        self._file.close()
        if isinstance(self._data, mmap.mmap):
            self._data.close()

    def error(
        self,
        problem: str,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> FileFormatError:
        """The error to raise about this file."""
        return FileFormatError(self.path, problem, expected=expected, got=got, hint=hint)

    def _not_hdf5(self, head: bytes) -> FileFormatError:
        got, hint = f"{self._size} bytes that begin with {head[:8]!r}", None
        if not head:
            got, hint = "an empty file", "the download or copy went wrong; get it again"
        for start, kind, advice in _NOT_HDF5:
            if head.startswith(start):
                got, hint = kind, advice
        return self.error("not an HDF5 file", "an HDF5 file with weights", got, hint)

    def _cannot_open(self, message: str) -> FileFormatError:
        hint = "the download or copy was cut off; get it again"
        sizes = re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", message)
        if sizes:
            return self.error(
                "the file is truncated", f"{sizes[2]} bytes", f"{sizes[1]} bytes", hint
            )
        return self.error("the file is damaged", "a whole HDF5 file", message, hint)

    def not_weights(self) -> FileFormatError:
        """The error for an HDF5 file with something else in it."""
        with self._reading("the root group"):
            count = self.root.get_num_objs()
            names = [
                self.root.get_objname_by_idx(index).decode(errors="replace")[:40]
                for index in range(min(count, 5))
            ]
        got = f"groups {', '.join(map(repr, names))}" if names else "no groups"
        hint = None
        if "layers" in names or "_layer_checkpoint_dependencies" in names:
            hint = "this is the layout of Keras 3: a model's load_weights() reads it"
        return self.error(
            "no weights in Keras 2's layout", "the attribute 'layer_names'", got, hint
        )

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        """Turns what the HDF5 library says of a broken file into our error."""
        try:
            yield
        except FileFormatError:
            raise
        except _BROKEN as error:
            message = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise self.error(
                f"{what} cannot be read", "a whole HDF5 file", message, "is the file damaged?"
            ) from error

    def holds(self, group: Any, name: str) -> bool:
        """Whether the group has an entry of that name, of whatever kind."""
        with self._reading("the list of a group"):
            return bool(group.links.exists(name.encode()))

    def group(self, group: Any, name: str) -> Any:
        """The group `name` inside `group`."""
        import h5py

        found = self._object(group, name)
        if not isinstance(found, h5py.h5g.GroupID):
            raise self.error(f"{name!r} is of the wrong kind", "a group", type(found).__name__)
        return found

    def count(self, group: Any) -> int:
        """How many entries a group has."""
        with self._reading("the list of a group"):
            return int(group.get_num_objs())

    def groups(self, group: Any) -> list[str]:
        """The names of the groups inside a group; other entries are left out."""
        import h5py

        with self._reading("the list of a group"):
            names = [group.get_objname_by_idx(i) for i in range(group.get_num_objs())]
            hard = [n for n in names if group.links.get_info(n).type == h5py.h5l.TYPE_HARD]
            return [
                n.decode() for n in hard if h5py.h5o.get_info(group, n).type == h5py.h5o.TYPE_GROUP
            ]

    def _object(self, group: Any, name: str) -> Any:
        """What a name leads to, by hard links alone."""
        import h5py

        if not is_plain_name(name):
            raise self.error("unsafe name", "a path inside the file", repr(name[:100]))
        for part in name.encode().split(b"/"):
            with self._reading(repr(name)):
                if not isinstance(group, h5py.h5g.GroupID) or not group.links.exists(part):
                    raise self.error(
                        f"{name!r} is missing",
                        "everything that the lists of names promise",
                        hint="is the file damaged?",
                    )
                link = group.links.get_info(part).type
                if link != h5py.h5l.TYPE_HARD:
                    kinds = {h5py.h5l.TYPE_SOFT: "soft", h5py.h5l.TYPE_EXTERNAL: "external"}
                    raise self._unsafe(name, f"a link ({kinds.get(link, 'user-defined')})")
                group = h5py.h5o.open(group, part)
        return group

    def _unsafe(self, name: str, got: str) -> FileFormatError:
        return self.error(
            f"{name!r} is not stored as plain data",
            "data inside this file",
            got,
            "it may be meant to read other files of yours; load only weights you trust",
        )

    def text(self, group: Any, attribute: str) -> str | None:
        """The text of an attribute, or None if there is no such text."""
        names = self._texts(group, attribute)
        return names[0] if names and len(names) == 1 else None

    def names(self, group: Any, attribute: str) -> list[str] | None:
        """The names in an attribute, or in its numbered pieces; None if there is neither."""
        names = self._texts(group, attribute)
        if names is None:
            pieces: list[list[str]] = []
            while (piece := self._texts(group, f"{attribute}{len(pieces)}")) is not None:
                pieces.append(piece)
            if not pieces:
                return None
            names = list(itertools.chain.from_iterable(pieces))
        if len(set(names)) != len(names):
            twice = collections.Counter(names).most_common(1)[0][0]
            raise self.error(f"{attribute!r} has a name twice", got=repr(twice))
        return names

    def _texts(self, group: Any, attribute: str) -> list[str] | None:
        """The strings of an attribute, or None if it is not there."""
        import h5py

        with self._reading(f"the attribute {attribute!r}"):
            if not h5py.h5a.exists(group, attribute.encode()):
                return None
            found = h5py.h5a.open(group, attribute.encode())
            space = found.get_space()
            count = space.get_simple_extent_npoints()
            # Keras writes an empty list as an array of no floats.
            if space.get_simple_extent_type() == h5py.h5s.NULL or count == 0:
                return []
            kind = found.get_type()
            if not isinstance(kind, h5py.h5t.TypeStringID):
                raise self.error(
                    f"the attribute {attribute!r} is of the wrong kind", "strings", str(kind.dtype)
                )
            if kind.is_variable_str():
                header = h5py.h5o.get_info(group).addr
                texts = self._raw.strings(header, attribute.encode(), count)
            elif count * kind.get_size() > self._size:
                raise self.error(
                    f"the attribute {attribute!r} declares more than the file holds",
                    f"at most {self._size} bytes",
                    f"{count} strings of {kind.get_size()} bytes",
                )
            else:
                values = np.empty(count, f"S{kind.get_size()}")
                found.read(values.reshape(found.shape))
                texts = values.tolist()
            return [text.decode() for text in texts]

    def array(self, group: Any, name: str) -> NDArray[Any]:
        """The values of a dataset, in the machine's byte order."""
        import h5py

        pieces: _Pieces = []
        dataset, dtype = self._dataset(group, name, pieces)
        with self._reading(repr(name)):
            values: NDArray[Any] = np.empty(dataset.shape, dtype)
            if pieces and len(pieces) == dataset.get_num_chunks() and _is_plain(dataset):
                _assemble(values, dataset, pieces)
            else:
                dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
            return values

    def shape_and_dtype(self, group: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """What `array` would give, without reading it."""
        dataset, dtype = self._dataset(group, name)
        return tuple(dataset.shape), dtype

    def _dataset(
        self, group: Any, name: str, pieces: _Pieces | None = None
    ) -> tuple[Any, np.dtype[Any]]:
        """A dataset that is safe to read, and the dtype of its values here.

        To `pieces` is added what had to be unpacked on the way.
        """
        import h5py

        dataset = self._object(group, name)
        if not isinstance(dataset, h5py.h5d.DatasetID):
            raise self.error(f"{name!r} is of the wrong kind", "a dataset", type(dataset).__name__)
        with self._reading(repr(name)):
            options = dataset.get_create_plist()
            # Before the shape is asked for: that alone may open the files of a virtual dataset.
            if options.get_layout() == h5py.h5d.VIRTUAL:
                raise self._unsafe(name, "a virtual dataset, whose values lie in other files")
            if options.get_external_count():
                raise self._unsafe(name, "external storage, in another file")
            dtype = self._dtype(dataset, name)
            if dataset.get_space().get_simple_extent_type() == h5py.h5s.NULL:
                raise self.error(f"{name!r} has no value", "an array", "an empty dataset")
            self._check_sizes(dataset, options, dtype, name, pieces)
            return dataset, dtype

    def _dtype(self, dataset: Any, name: str) -> np.dtype[Any]:
        import h5py

        kind = dataset.get_type()
        numeric = isinstance(kind, (h5py.h5t.TypeIntegerID, h5py.h5t.TypeFloatID))
        dtype: np.dtype[Any] = kind.dtype.newbyteorder("=")
        if not numeric and dtype != np.bool_:
            dtype = np.dtype(object)
        if dtype not in NUMERIC_DTYPES:
            raise self.error(
                f"{name!r} is not made of numbers",
                "float, integer or bool of at most 8 bytes",
                str(kind.dtype),
            )
        return dtype

    def _check_sizes(
        self,
        dataset: Any,
        options: Any,
        dtype: np.dtype[Any],
        name: str,
        pieces: _Pieces | None,
    ) -> None:
        """Compares what is declared with what is stored."""
        import h5py

        count = math.prod(dataset.shape)
        raw_bytes = count * dataset.get_type().get_size()
        stored = dataset.get_storage_size()
        declared = count * dtype.itemsize
        self._stored += stored
        self._declared += declared
        start = dataset.get_offset() or 0
        # The sums, too: many names may lead to one dataset.
        fits = (
            declared <= max(_MAX_RATIO * stored, _SMALL_BYTES)
            and self._stored <= self._size
            and self._declared <= _MAX_RATIO * self._size + _SMALL_BYTES
        )
        if options.get_layout() == h5py.h5d.CHUNKED and count:
            fits = fits and self._chunks_fit(dataset, options, stored, name, pieces)
        else:
            fits = fits and stored >= raw_bytes and start + stored <= self._size
        if not fits:
            raise self.error(
                f"{name!r} declares more than the file holds",
                f"at most {_MAX_RATIO} times the stored bytes, each stored once",
                f"shape {dataset.shape} {dtype} = {declared} bytes, of which {stored} stored",
                "a compressed file of yours is made plain by: h5repack -f NONE",
            )

    def _chunks_fit(
        self, dataset: Any, options: Any, stored: int, name: str, pieces: _Pieces | None
    ) -> bool:
        """Whether every chunk is stored, and unpacks to as many bytes as it should."""
        import h5py

        chunk = options.get_chunk()
        chunk_bytes = math.prod(chunk) * dataset.get_type().get_size()
        filters = [options.get_filter(index)[0] for index in range(options.get_nfilters())]
        # One order only, the one h5py and the HDF5 tools write.
        order = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32)
        if filters != [known for known in order if known in filters]:
            raise self.error(
                f"{name!r} is packed in a way that is not read here",
                "gzip, shuffle, Fletcher32",
                f"filters {filters}",
                "make the file plain by: h5repack -f NONE",
            )
        total = math.prod(-(-size // step) for size, step in zip(dataset.shape, chunk, strict=True))
        if total > _MAX_CHUNKS or dataset.get_num_chunks() != total:
            return False
        if chunk_bytes > max(_MAX_RATIO * stored, _SMALL_BYTES):
            return False
        checksum = 4 * filters.count(h5py.h5z.FILTER_FLETCHER32)
        gzip_bit = 0
        if h5py.h5z.FILTER_DEFLATE in filters:
            gzip_bit = 1 << filters.index(h5py.h5z.FILTER_DEFLATE)
        corners = itertools.product(
            *(range(0, size, step) for size, step in zip(dataset.shape, chunk, strict=True))
        )
        # The library believes these sizes, and reads past the end of what is too short.
        for corner in corners:
            info = dataset.get_chunk_info_by_coord(corner)
            size = info.size - checksum
            if gzip_bit and not info.filter_mask & gzip_bit:
                packed = dataset.read_direct_chunk(corner)[1] if size > 0 else b""
                # gzip's own limit is 1032 to 1, whatever the dataset declares.
                stream = zlib.decompressobj()
                unpacked = stream.decompress(packed, chunk_bytes + 1)
                size = len(unpacked)
                if size == chunk_bytes and not stream.eof:  # nor has its checksum been compared
                    raise zlib.error("packed data end too early")
                if pieces is not None and not checksum:
                    pieces.append((corner, info.filter_mask, unpacked))
            if size != chunk_bytes:
                return False
        return True


def _is_plain(dataset: Any) -> bool:
    """Whether the bytes of a dataset's values are those of an array of NumPy's."""
    import h5py

    kind = dataset.get_type()
    is_number = isinstance(kind, (h5py.h5t.TypeIntegerID, h5py.h5t.TypeFloatID))
    return is_number and bool(kind.equal(h5py.h5t.py_create(kind.dtype)))


def _assemble(values: NDArray[Any], dataset: Any, pieces: _Pieces) -> None:
    """Fills an array from the chunks of a plain dataset, which are unpacked already.

    The library would unpack them once more, and more slowly.
    """
    import h5py

    options = dataset.get_create_plist()
    shape, kind = options.get_chunk(), dataset.get_type().dtype
    has_shuffle = options.get_filter(0)[0] == h5py.h5z.FILTER_SHUFFLE
    for corner, mask, unpacked in pieces:
        data = np.frombuffer(unpacked, np.uint8)
        if has_shuffle and not mask & 1:  # first bytes of all values, then second bytes, ...
            shuffled, data = data.reshape(kind.itemsize, -1), np.empty_like(data)
            for place, row in enumerate(shuffled):  # five times as fast as to transpose it
                data[place :: kind.itemsize] = row
        chunk = data.reshape(-1).view(kind).reshape(shape)
        inside = [slice(a, a + n) for a, n in zip(corner, shape, strict=True)]
        target = values[tuple(inside)]
        target[...] = chunk[tuple(slice(n) for n in target.shape)]
