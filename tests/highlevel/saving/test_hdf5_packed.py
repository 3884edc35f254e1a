"""Packed datasets are read as h5py reads them, whatever their type, chunks and filters."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from thalweg.core.errors import FileFormatError
from thalweg.saving.hdf5 import read_weights

DTYPES = [*"f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 ?".split(), ">f4", ">u2", "<i8"]
FILTERS: dict[str, dict[str, Any]] = {
    "gzip": {"compression": "gzip"},
    "shuffle and gzip": {"compression": "gzip", "shuffle": True},
    "gzip and Fletcher32": {"compression": "gzip", "fletcher32": True},
    "all three": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "shuffle alone": {"shuffle": True},
    "chunks alone": {},
}


def numbers(dtype: str, shape: tuple[int, ...]) -> Any:
    random = np.random.default_rng(6).integers(0, 100, shape)
    return (random > 50 if dtype == "?" else random).astype(dtype)


def weights_file(path: Path) -> Any:
    """A file with one layer, whose weight is still to be made."""
    file = h5py.File(path, "w")
    file.attrs["layer_names"] = np.array([b"layer"])
    file.create_group("layer").attrs["weight_names"] = np.array([b"w"])
    return file


def read(path: Path) -> Any:
    (layer,) = read_weights(path)
    ((_, array),) = layer.weights
    return array


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_types_and_filters(dtype: str, filters: str, tmp_path: Path) -> None:
    """Chunks that stick out over the edges of the array, on every axis."""
    path = tmp_path / "w.h5"
    with weights_file(path) as file:
        options = {**FILTERS[filters], "chunks": (3, 2, 4)}
        file["layer"].create_dataset("w", data=numbers(dtype, (7, 5, 9)), **options)
    with h5py.File(path) as file:
        expected = file["layer/w"][()]
    got = read(path)
    assert got.dtype == expected.dtype.newbyteorder("=")
    assert got.dtype.isnative
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("shape", [(1,), (5,), (64, 64)])
def test_shapes(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    with weights_file(path) as file:
        file["layer"].create_dataset(
            "w", data=numbers("f2", shape), compression="gzip", shuffle=True
        )
    np.testing.assert_array_equal(read(path), numbers("f2", shape))


def test_numbers_of_other_bits(tmp_path: Path) -> None:
    """bfloat16, say, lies in two bytes, but they aren't those of NumPy's float16."""
    path = tmp_path / "w.h5"
    values = np.float32([1.0, -2.5, 0.15625, 96.0])  # that fit into eight bits of mantissa
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    with weights_file(path) as file:
        options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        options.set_chunk((4,))
        options.set_deflate(4)
        space = h5py.h5s.create_simple((4,))
        dataset = h5py.h5d.create(file["layer"].id, b"w", kind, space, options)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
    np.testing.assert_array_equal(read(path).astype(np.float32), values)


def chunked(path: Path, chunks: dict[tuple[int, ...], tuple[int, bytes]]) -> None:
    """A float32 (4, 4) of 2 x 4 chunks, shuffled and packed, with these masks and bytes."""
    with weights_file(path) as file:
        dataset = file["layer"].create_dataset(
            "w", (4, 4), "<f4", chunks=(2, 4), compression="gzip", shuffle=True
        )
        for corner, (mask, content) in chunks.items():
            dataset.id.write_direct_chunk(corner, content, mask)


def shuffled(values: Any) -> bytes:
    return bytes(np.frombuffer(values.tobytes(), np.uint8).reshape(-1, 4).T.tobytes())


@pytest.mark.parametrize("masks", [(0, 0), (1, 0), (2, 0), (0, 3), (2, 3)])
def test_chunks_without_filters(masks: tuple[int, int], tmp_path: Path) -> None:
    """A writer may leave a filter out where it does not pay; a bit of the mask says so."""
    values = np.arange(16, dtype="<f4").reshape(4, 4)
    chunks = {}
    for start, mask in zip((0, 2), masks, strict=True):
        part = values[start : start + 2]
        content = part.tobytes() if mask & 1 else shuffled(part)
        chunks[(start, 0)] = (mask, content if mask & 2 else zlib.compress(content))
    chunked(tmp_path / "w.h5", chunks)
    np.testing.assert_array_equal(read(tmp_path / "w.h5"), values)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda packed: packed[:-4], "packed data end too early"),
        (lambda packed: packed[:-1] + bytes([packed[-1] ^ 1]), "incorrect data check"),
        (lambda packed: packed[:9], "declares more than the file holds"),
    ],
    ids=["without its checksum", "with a wrong one", "cut off"],
)
def test_damaged_chunk(damage: Any, told: str, tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    content = zlib.compress(shuffled(np.arange(8, dtype="<f4")))
    chunked(path, {(0, 0): (0, damage(content)), (2, 0): (0, content)})
    with pytest.raises(FileFormatError, match=told):
        read(path)
