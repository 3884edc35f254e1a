"""Lists of names as h5py writes them: equal to what h5py reads, and refused when they lie."""

from __future__ import annotations

import re
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from thalweg.core.errors import FileFormatError
from thalweg.saving.hdf5 import read_weights

NAMES = ["kernel:0", "bias:0", "größe:0", "x" * 5000]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.h5"


def make(path: Path, names: list[str], extra: int = 0, **options: Any) -> bytearray:
    """A file whose one layer has these weights, and so many more attributes before the list."""
    with h5py.File(path, "w", **options) as file:
        file.attrs["layer_names"] = np.array([b"dense"])
        group = file.create_group("dense")
        for index in range(extra):
            group.attrs[f"note {index}"] = "n" * 50
        group.attrs["weight_names"] = names
        for name in names:
            group[name] = np.float32(1)
    return bytearray(path.read_bytes())


def loaded(path: Path) -> list[str]:
    return [name for name, _ in read_weights(path)[0].weights]


def refused(path: Path, problem: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError) as info:
            read_weights(path)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert str(info.value) == (
        f"{path}: the attribute 'weight_names' cannot be read\n"
        "  expected  a whole HDF5 file\n"
        f"  got       {problem}\n"
        "  node      layer 'dense'\n"
        "  hint      is the file damaged?"
    )


def heap_of(content: bytearray, name: str) -> int:
    """Where the collection begins that holds the name."""
    return content.rindex(b"GCOL", 0, content.rindex(name.encode() + b"\0"))


def element_of(content: bytearray, name: str) -> int:
    """Where the list refers to the name: length, address of the heap, place in it."""
    heap = struct.pack("<Q", heap_of(content, name))
    return content.index(struct.pack("<I", len(name)) + heap)


@pytest.mark.parametrize("extra", [0, 1, 7])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"libver": "latest"},
        {"libver": "v108"},
        {"userblock_size": 1024},
        {"track_order": True},
        {"track_order": True, "libver": "latest"},
    ],
    ids=str,
)
def test_names_are_those_that_h5py_reads(path: Path, options: dict[str, Any], extra: int) -> None:
    make(path, NAMES, extra, **options)
    with h5py.File(path) as file:
        assert list(file["dense"].attrs["weight_names"]) == NAMES
    assert loaded(path) == NAMES


def test_a_header_in_several_pieces(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["dense"]
        file.create_group("dense").attrs["weight_names"] = ["w"]
        file["dense/w"] = np.ones(2)
        for index in range(50):
            file["dense"].attrs[f"later {index}"] = np.arange(index)
            file.attrs[f"later {index}"] = "x" * index
        file["dense"].attrs["weight_names"] = ["w"]
    assert loaded(path) == ["w"]


def test_one_text_in_place_of_a_list(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = "dense"
        file.create_group("dense").attrs["weight_names"] = "w"
        file["dense/w"] = np.ones(2)
    assert loaded(path) == ["w"]


def test_a_heap_of_attributes_is_refused(path: Path) -> None:
    """Many attributes in the newest format lie in a structure that is not read here."""
    make(path, ["a", "b"], 20, libver="latest")
    refused(path, "the attribute is stored in a way that is not read here")


def test_a_length_that_is_not_true(path: Path) -> None:
    """The library takes as much memory as this says, up to 4 GiB."""
    content = make(path, ["kernel", "bias"])
    at = element_of(content, "kernel")
    content[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    refused(path, "a string is longer than what is stored")


def test_many_references_to_one_long_string(path: Path) -> None:
    """3,000 names of 60,000 bytes each would be 180 MB, from a file of 0.2 MB."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["dense"]
        file.create_group("dense").attrs["weight_names"] = ["x" * 60_001] + ["y"] * 2999
    content = bytearray(path.read_bytes())
    at = element_of(content, "x" * 60_001)
    content[at : at + 16 * 3000] = bytes(content[at : at + 16]) * 3000
    path.write_bytes(content)
    refused(path, "a string is longer than what is stored")


@pytest.mark.parametrize(("address", "problem"), [
    (0, "a string lies in no heap"),
    (1 << 40, "a string lies in no heap"),
    ((1 << 64) - 1, "a string lies in no heap"),
])  # fmt: skip
def test_an_address_of_something_else(path: Path, address: int, problem: str) -> None:
    content = make(path, ["kernel", "bias"])
    at = element_of(content, "kernel")
    content[at + 4 : at + 12] = struct.pack("<Q", address)
    path.write_bytes(content)
    refused(path, problem)


@pytest.mark.parametrize(
    ("size", "problem"),
    [
        (1 << 62, "a heap object is larger than its heap"),
        (0, "a string is longer than what is stored"),
    ],
)
def test_a_heap_whose_sizes_do_not_add_up(path: Path, size: int, problem: str) -> None:
    """In the library an object of no bytes never ends."""
    content = make(path, ["kernel", "bias"])
    at = heap_of(content, "kernel") + 16
    while content[at + 16 : at + 22] != b"kernel":
        at += 16 + (struct.unpack_from("<Q", content, at + 8)[0] + 7) // 8 * 8
    content[at + 8 : at + 16] = struct.pack("<Q", size)
    path.write_bytes(content)
    refused(path, problem)


def test_a_circle_of_free_blocks(path: Path) -> None:
    """The library collects the blocks of such a list until the memory is full."""
    content = make(path, ["kernel", "bias"])
    circles = 0
    for match in re.finditer(b"HEAP\0", content):
        _, free, address = struct.unpack_from("<QQQ", content, match.start() + 8)
        if free != 1:
            content[address + free : address + free + 8] = struct.pack("<Q", free)
            circles += 1
    assert circles
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as info:
        read_weights(path)
    assert str(info.value) == (
        f"{path}: the structure of the file cannot be read\n"
        "  expected  a whole HDF5 file\n"
        "  got       structures overlap or go in circles\n"
        "  hint      is the file damaged?"
    )


def test_other_widths_of_addresses(path: Path) -> None:
    options = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    options.set_sizes(4, 4)
    h5py.h5f.create(str(path).encode(), h5py.h5f.ACC_TRUNC, options).close()
    with pytest.raises(FileFormatError) as info:
        read_weights(path)
    assert str(info.value) == (
        f"{path}: unusual widths of addresses and sizes\n  expected  8 bytes each"
    )
