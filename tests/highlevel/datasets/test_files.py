"""The npz reader: good files, damaged ones, and those that promise too much."""

from __future__ import annotations

import hashlib
import io
import re
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.core.errors import FileFormatError
from thalweg.datasets.files import ArraySpec, checksum_of, named_checksum, read_npz

SPECS = {
    "x": ArraySpec("uint8", ("train", 4, 4)),
    "y": ArraySpec("uint8", ("train",)),
}
X = np.arange(3 * 16, dtype="uint8").reshape(3, 4, 4)
Y = np.array([7, 0, 9], dtype="uint8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good file."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=X, y=Y)
    return path


def read(path: Path, maximum_bytes: int = 10_000) -> dict[str, Any]:
    return read_npz(path, SPECS, maximum_bytes=maximum_bytes)


def failure(path: Path, maximum_bytes: int = 10_000) -> str:
    """The error's text without the file's name."""
    with pytest.raises(FileFormatError) as caught:
        read(path, maximum_bytes)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def header(shape: object, descr: object = "|u1", fortran: object = False) -> bytes:
    """A .npy header, written by hand after the format's description (version 1.0)."""
    text = repr({"descr": descr, "fortran_order": fortran, "shape": shape})
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


def put(path: Path, entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip archive of anything."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def good_y() -> bytes:
    return header((3,)) + Y.tobytes()


# --- good files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_read(save: Any, tmp_path: Path) -> None:
    save(tmp_path / "a.npz", x=X, y=Y, other=np.array(["left", "alone"], dtype=object))
    arrays = read(tmp_path / "a.npz")
    assert list(arrays) == ["x", "y"]
    for name, expected in (("x", X), ("y", Y)):
        np.testing.assert_array_equal(arrays[name], expected, strict=True)
        assert arrays[name].flags.c_contiguous
        assert arrays[name].flags.writeable


def test_fortran_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.asfortranarray(X), y=Y)
    np.testing.assert_array_equal(read(tmp_path / "a.npz")["x"], X, strict=True)


def test_other_dtypes(tmp_path: Path) -> None:
    array = np.linspace(0, 1, 12).reshape(3, 4)
    np.savez(tmp_path / "a.npz", w=array)
    specs = {"w": ArraySpec("float64", (3, "units"))}
    read_back = read_npz(tmp_path / "a.npz", specs, maximum_bytes=1000)["w"]
    np.testing.assert_array_equal(read_back, array, strict=True)


def test_more_than_one_piece(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, 2_500_000, dtype="uint8")
    np.savez(tmp_path / "a.npz", y=array)
    specs = {"y": SPECS["y"]}
    read_back = read_npz(tmp_path / "a.npz", specs, maximum_bytes=3_000_000)["y"]
    assert hashlib.sha256(read_back).digest() == hashlib.sha256(array).digest()


def test_header_by_hand(tmp_path: Path) -> None:
    """The helper of these tests writes what NumPy reads."""
    x = header((3, 4, 4)) + X.tobytes()
    path = put(tmp_path / "a.npz", {"x.npy": x, "y.npy": good_y()})
    np.testing.assert_array_equal(read(path)["x"], X)


def test_version_2(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, X, version=(2, 0))
    path = put(tmp_path / "a.npz", {"x.npy": stream.getvalue(), "y.npy": good_y()})
    np.testing.assert_array_equal(read(path)["x"], X)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere.npz")


# --- wrong contents -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "got"),
    [
        ("a y", "the arrays 'a', 'y'"),
        ("", "none"),
        (
            "a b c d e f g h i j k l",
            "the arrays " + ", ".join(f"'{c}'" for c in "abcdefghij") + " and 2 more",
        ),
    ],
)
def test_missing_array(names: str, got: str, tmp_path: Path) -> None:
    path = put(tmp_path / "a.npz", {f"{name}.npy": good_y() for name in names.split()})
    assert failure(path) == (
        f"the array 'x' is missing\n  expected  an array named 'x'\n  got       {got}"
    )


def test_dtype(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X.astype("int64"), y=Y)
    assert failure(tmp_path / "a.npz") == (
        "the array 'x' has another dtype\n"
        "  expected  uint8 (train, 4, 4)\n"
        "  got       int64 (3, 4, 4)"
    )


def test_pickled_objects(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{}], dtype=object), y=Y)
    assert "got       object (1,)" in failure(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 16), (48,), (0, 4, 4), (1, 3, 4, 4)])
def test_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(shape, "uint8"), y=Y)
    assert failure(tmp_path / "a.npz") == (
        "the array 'x' has another shape\n"
        "  expected  uint8 (train, 4, 4)\n"
        f"  got       uint8 {shape}"
    )


def test_counts_that_differ(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=Y[:2])
    assert failure(tmp_path / "a.npz") == (
        "the array 'y' has another shape\n"
        "  expected  uint8 (train,), train = 3 as before\n"
        "  got       uint8 (2,)"
    )


def test_negative_size(tmp_path: Path) -> None:
    path = put(tmp_path / "a.npz", {"x.npy": header((-3, 4, 4)), "y.npy": good_y()})
    assert "got       uint8 (-3, 4, 4)" in failure(path)


# --- promises that are not kept, or too large -----------------------------------------------------


def test_header_promises_more(tmp_path: Path) -> None:
    """A shape bomb: refused before any memory is taken for it."""
    x = header((10**12, 4, 4)) + X.tobytes()
    path = put(tmp_path / "a.npz", {"x.npy": x, "y.npy": good_y()})
    assert failure(path) == (
        "the array 'x' is not as long as its header says\n"
        "  expected  16000000000128 bytes for uint8 (1000000000000, 4, 4)\n"
        "  got       176 bytes"
    )


def test_header_promises_less(tmp_path: Path) -> None:
    x = header((3, 4, 4)) + X.tobytes() + b"more"
    path = put(tmp_path / "a.npz", {"x.npy": x, "y.npy": good_y()})
    assert failure(path) == (
        "the array 'x' is not as long as its header says\n"
        "  expected  176 bytes for uint8 (3, 4, 4)\n"
        "  got       180 bytes"
    )


def test_zip_bomb(tmp_path: Path) -> None:
    """Fifty million zeros in fifty thousand bytes."""
    count = 50_000_000 // 16
    x = header((count, 4, 4)) + bytes(count * 16)
    path = put(tmp_path / "a.npz", {"x.npy": x, "y.npy": good_y()})
    del x
    tracemalloc.start()
    try:
        text = failure(path, 100_000)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert text == (
        "the array 'x' is too large\n  expected  at most 100000 bytes\n  got       50000128 bytes"
    )
    assert peak_bytes < 1_000_000


def test_too_large_together(tmp_path: Path) -> None:
    x = header((100, 4, 4)) + bytes(1600)
    y = header((100,)) + bytes(100)
    path = put(tmp_path / "a.npz", {"x.npy": x, "y.npy": y})
    assert failure(path, 1800) == (
        "the arrays are too large together\n"
        "  expected  at most 1800 bytes\n"
        "  got       1956 bytes"  # 1600 + 128 and 100 + 128
    )


def test_too_large_a_file(file: Path) -> None:
    size = file.stat().st_size
    assert failure(file, size - 1) == (
        f"the file is too large\n  expected  at most {size - 1} bytes\n  got       {size} bytes"
    )


def test_entry_longer_than_the_archive_says(tmp_path: Path) -> None:
    """The directory hides that the packed bytes unpack to more."""
    path = put(tmp_path / "a.npz", {"x.npy": header((3, 4, 4)) + bytes(4800), "y.npy": good_y()})
    content = path.read_bytes()
    told, lie = (4928).to_bytes(4, "little"), (176).to_bytes(4, "little")
    assert content.count(told) == 2  # in the entry and in the directory
    path.write_bytes(content.replace(told, lie))
    assert failure(path).startswith("damaged, truncated, or not an npz file\n")


def test_entry_shorter_than_the_archive_says(tmp_path: Path) -> None:
    path = put(tmp_path / "a.npz", {"x.npy": header((3, 4, 4)) + bytes(20), "y.npy": good_y()})
    content = path.read_bytes()
    told, lie = (148).to_bytes(4, "little"), (176).to_bytes(4, "little")
    assert content.count(told) == 2
    path.write_bytes(content.replace(told, lie))
    assert failure(path).endswith(" bytes: x.npy ends after 20 of 48 bytes")


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>no</html>", bytes(1000)])
def test_no_archive(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    assert failure(path) == (
        "damaged, truncated, or not an npz file\n"
        "  expected  a complete zip archive of .npy arrays\n"
        f"  got       {len(content)} bytes: File is not a zip file"
    )


@pytest.mark.parametrize(
    "x",
    [
        b"",
        b"\x93NUM",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x03\x00" + header((3, 4, 4))[8:] + X.tobytes(),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{" + bytes(1000),
        header("text"),
        header((3, 4, 4), descr=["u1"]),
        header((3, 4, 4), descr="no dtype"),
        header((3, 4, 4), fortran="yes"),
        header((3, 4, 4)).replace(b"{", b"["),
        header((3, 4, 4)).replace(b"(3, 4, 4)", b"print(48)"),
    ],
    ids=range(11),
)
def test_broken_header(x: bytes, tmp_path: Path) -> None:
    path = put(tmp_path / "a.npz", {"x.npy": x, "y.npy": good_y()})
    assert failure(path).startswith("damaged, truncated, or not an npz file\n")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression(method: int, tmp_path: Path) -> None:
    path = put(tmp_path / "a.npz", {"x.npy": b"", "y.npy": b""}, method)
    assert f"x.npy: compression method {method}" in failure(path)


def test_encrypted(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x03\x04") + 6] |= 1  # the flag in the entry
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    file.write_bytes(content)
    assert re.search(r"got  +\d+ bytes: .*encrypted", failure(file))


def test_wrong_checksum_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=X, y=Y)
    content = path.read_bytes()
    assert content.count(X.tobytes()) == 1
    path.write_bytes(content.replace(X.tobytes(), X.tobytes()[::-1]))
    assert "Bad CRC-32 for file 'x.npy'" in failure(path)


def test_truncated_anywhere(file: Path) -> None:
    content = file.read_bytes()
    for size in {*range(0, len(content), 5), *range(len(content) - 30, len(content))}:
        file.write_bytes(content[:size])
        with pytest.raises(FileFormatError):
            read(file)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_anywhere(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is in the file, the arrays are right in kind or the error is ours."""
    path = tmp_path_factory.mktemp("damage") / "a.npz"
    np.savez(path, x=X, y=Y) if data.draw(st.booleans()) else np.savez_compressed(path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    places = st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)
    for place in data.draw(places):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        arrays = read(path)
    except FileFormatError:
        return
    assert arrays["x"].dtype == arrays["y"].dtype == np.uint8
    assert arrays["x"].shape == (len(arrays["y"]), 4, 4)


def test_checksums(tmp_path: Path) -> None:
    """The example "abc" of FIPS 180-2 and of RFC 1321, and a file of several pieces."""
    (tmp_path / "a").write_bytes(b"abc")
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    md5 = "900150983cd24fb0d6963f7d28e17f72"
    assert checksum_of(tmp_path / "a", sha256) == sha256
    assert checksum_of(tmp_path / "a", md5) == md5
    assert named_checksum(sha256) == f"sha256 {sha256}"
    (tmp_path / "a").write_bytes(b"a" * 1_000_000)
    (tmp_path / "b").write_bytes(b"a" * 3_000_000)
    # FIPS 180-2 again: a million letters "a".
    assert checksum_of(tmp_path / "a", sha256) == (
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    )
    assert checksum_of(tmp_path / "b", sha256) == hashlib.sha256(b"a" * 3_000_000).hexdigest()
