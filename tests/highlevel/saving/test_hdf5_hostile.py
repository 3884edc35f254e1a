"""Files that are broken or made to harm: each is refused, and says why.

They are made with h5py, or by changing bytes where h5py would make no such thing.
"""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from thalweg.core.errors import FileFormatError
from thalweg.saving.hdf5 import LayerWeights, read_weights, write_weights

Fill = Callable[[h5py.Group], None]
BOMB_HINT = "  hint      a compressed file of yours is made plain by: h5repack -f NONE"
UNSAFE_HINT = (
    "  hint      it may be meant to read other files of yours; load only weights you trust"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.h5"


def make(path: Path, fill: Fill, names: Any = (b"w",), **options: Any) -> None:
    """A file with one layer, 'dense', whose group `fill` fills."""
    with h5py.File(path, "w", **options) as file:
        file.attrs["layer_names"] = np.array([b"dense"])
        group = file.create_group("dense")
        if names is not None:
            group.attrs["weight_names"] = np.array(names)
        fill(group)


def message(path: Path) -> str:
    """The error of reading the file, without its first words, the path."""
    with pytest.raises(FileFormatError) as info:
        read_weights(path)
    text = str(info.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


class TestOtherFiles:
    @pytest.mark.parametrize(
        ("content", "got", "hint"),
        [
            (b"", "an empty file", "the download or copy went wrong; get it again"),
            (
                b"PK\x03\x04rest",
                "a zip archive",
                "load_model() reads .keras files; an .npz file is not read here",
            ),
            (b"\x80\x04rest", "a pickle, it seems", "pickles can run code and are never loaded"),
            (b"\x1f\x8b\x08rest", "a gzip file", "unpack it first"),
            (b"<!doctype html>", "a web page or XML", "the download went wrong; get it again"),
            (
                b"version https://git-lfs.github.com/spec/v1",
                "a Git LFS pointer",
                "run: git lfs pull",
            ),
            (b"weights!" * 9, "72 bytes that begin with b'weights!'", None),
            (b"\x89HD", "3 bytes that begin with b'\\x89HD'", None),
        ],
    )
    def test_not_hdf5(self, path: Path, content: bytes, got: str, hint: str | None) -> None:
        path.write_bytes(content)
        lines = ["not an HDF5 file", "  expected  an HDF5 file with weights", f"  got       {got}"]
        assert message(path).split("\n") == lines + ([f"  hint      {hint}"] if hint else [])

    def test_hdf5_with_something_else(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            for name in "abcdefg":
                file.create_group(name)
        assert message(path) == (
            "no weights in Keras 2's layout\n"
            "  expected  the attribute 'layer_names'\n"
            "  got       groups 'a', 'b', 'c', 'd', 'e'"
        )

    def test_layout_of_keras_3(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.create_group("layers/dense/vars").create_dataset("0", data=np.ones(3))
        assert message(path) == (
            "no weights in Keras 2's layout\n"
            "  expected  the attribute 'layer_names'\n"
            "  got       groups 'layers'\n"
            "  hint      this is the layout of Keras 3: a model's load_weights() reads it"
        )

    def test_another_process_writes_it(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_weights(path, [])

        def locked(*args: Any) -> None:
            raise BlockingIOError(11, "unable to lock file")

        monkeypatch.setattr(h5py, "File", locked)
        with pytest.raises(BlockingIOError):
            read_weights(path)


class TestTruncated:
    def test_at_many_offsets(self, path: Path) -> None:
        weights = [("dense/kernel:0", np.ones((9, 9), "f4")), ("dense/bias:0", np.ones(9, "f4"))]
        write_weights(path, [LayerWeights("dense", weights)])
        whole = path.read_bytes()
        for size in (*range(0, len(whole), 61), len(whole) - 1):
            path.write_bytes(whole[:size])
            text = message(path)
            assert text.startswith(("not an HDF5 file", "the file is truncated"))
            if text.startswith("the file is truncated"):
                assert text == (
                    "the file is truncated\n"
                    f"  expected  {len(whole)} bytes\n"
                    f"  got       {size} bytes\n"
                    "  hint      the download or copy was cut off; get it again"
                )

    def test_a_hole_in_the_middle(self, path: Path) -> None:
        layers = [LayerWeights(f"l{i}", [("w", np.ones(50, "f4"))]) for i in range(4)]
        write_weights(path, layers)
        whole = path.read_bytes()
        refused = 0
        for start in range(0, len(whole), 256):
            path.write_bytes(whole[:start] + bytes(256) + whole[start + 256 :])
            try:
                read_weights(path)  # a hole in the numbers themselves cannot be seen
            except FileFormatError as error:
                refused += 1
                assert "\n" in str(error)
        assert refused > 5

    def test_damage_is_told_with_the_words_of_hdf5(self, path: Path) -> None:
        make(path, lambda group: group.create_dataset("w", data=np.ones(3)))
        whole = path.read_bytes()
        at = whole.index(b"HEAP")
        path.write_bytes(whole[:at] + b"HEAR" + whole[at + 4 :])
        lines = message(path).split("\n")
        assert lines[0].endswith(" cannot be read")
        assert lines[1] == "  expected  a whole HDF5 file"
        assert lines[2].startswith("  got       ")
        assert lines[-1] == "  hint      is the file damaged?"


class TestMissing:
    def test_list_of_weights(self, path: Path) -> None:
        make(path, lambda group: None, names=None)
        assert message(path) == (
            "the layer has no list of its weights\n"
            "  expected  the attribute 'weight_names'\n"
            "  node      layer 'dense'"
        )

    def test_weight(self, path: Path) -> None:
        make(path, lambda group: None, names=[b"dense/kernel:0"])
        assert message(path) == (
            "'dense/kernel:0' is missing\n"
            "  expected  everything that the lists of names promise\n"
            "  node      layer 'dense'\n"
            "  hint      is the file damaged?"
        )

    def test_layer(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [b"dense"]
        assert message(path).startswith("'dense' is missing\n")

    def test_kinds_are_swapped(self, path: Path) -> None:
        make(path, lambda group: group.create_group("w"))
        assert message(path).startswith("'w' is of the wrong kind\n  expected  a dataset\n")
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [b"dense"]
            file["dense"] = np.ones(3)
        assert message(path).startswith("'dense' is of the wrong kind\n  expected  a group\n")

    def test_a_dataset_is_no_folder(self, path: Path) -> None:
        make(path, lambda group: group.create_dataset("w", data=np.ones(3)), names=[b"w/x"])
        assert message(path).startswith("'w/x' is missing\n")

    def test_model_weights_without_names(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.create_group("model_weights")
        assert message(path).startswith("no weights in Keras 2's layout\n")


class TestNames:
    @pytest.mark.parametrize("name", [b"/dense/w", b"../w", b"./w", b"a//w", b"w/"])
    def test_paths_that_lead_elsewhere(self, path: Path, name: bytes) -> None:
        make(path, lambda group: group.create_dataset("w", data=np.ones(3)), names=[name])
        assert message(path) == (
            "unsafe name\n"
            "  expected  a path inside the file\n"
            f"  got       {name.decode()!r}\n"
            "  node      layer 'dense'"
        )

    def test_twice(self, path: Path) -> None:
        make(path, lambda group: group.create_dataset("w", data=np.ones(3)), names=[b"w", b"w"])
        assert message(path) == (
            "'weight_names' has a name twice\n  got       'w'\n  node      layer 'dense'"
        )

    @pytest.mark.parametrize("value", [np.ones(3), np.int8(1), np.zeros(2, "V4"), h5py.Empty("f4")])
    def test_not_strings(self, path: Path, value: Any) -> None:
        def fill(group: h5py.Group) -> None:
            group.attrs["weight_names"] = value

        make(path, fill, names=None)
        if isinstance(value, h5py.Empty):
            assert read_weights(path) == [("dense", [])]
        else:
            assert message(path).startswith(
                "the attribute 'weight_names' is of the wrong kind\n  expected  strings\n"
            )

    @pytest.mark.parametrize("as_bytes", [np.array, lambda names: names])
    def test_not_utf_8(self, path: Path, as_bytes: Any) -> None:
        make(path, lambda group: None, names=None)
        with h5py.File(path, "a") as file:
            file["dense"].attrs["weight_names"] = as_bytes([b"\xff\xfe"])
        assert message(path).startswith("the attribute 'weight_names' cannot be read\n")

    def test_a_list_longer_than_the_file(self, path: Path) -> None:
        make(path, lambda group: None, names=[b"w" * 64])
        content = path.read_bytes()
        # The length of a string stands in its type, after class, flags and padding.
        old, new = (struct.pack("<4BI", 0x13, 1, 0, 0, size) for size in (64, 1 << 30))
        assert content.count(old) == 1
        path.write_bytes(content.replace(old, new))
        with pytest.raises(FileFormatError, match=r"cannot be read|declares more than the file"):
            read_weights(path)


class TestElsewhere:
    """The numbers of another file of the user must not come in as weights."""

    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        secret = tmp_path / "secret.h5"
        with h5py.File(secret, "w") as file:
            file["w"] = np.arange(3.0)
            file.create_group("dense")
        return secret

    def test_external_link(self, path: Path, secret: Path) -> None:
        def fill(group: h5py.Group) -> None:
            group["w"] = h5py.ExternalLink(str(secret), "/w")

        make(path, fill)
        assert message(path) == (
            "'w' is not stored as plain data\n"
            "  expected  data inside this file\n"
            "  got       a link (external)\n"
            "  node      layer 'dense'\n" + UNSAFE_HINT
        )

    def test_soft_link(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            group.file["elsewhere"] = np.ones(3)
            group["w"] = h5py.SoftLink("/elsewhere")

        make(path, fill)
        assert "  got       a link (soft)\n" in message(path)

    @pytest.mark.parametrize("name", ["dense", "model_weights"])
    def test_a_group_that_is_a_link(self, path: Path, secret: Path, name: str) -> None:
        with h5py.File(path, "w") as file:
            if name == "dense":
                file.attrs["layer_names"] = [b"dense"]
            file[name] = h5py.ExternalLink(str(secret), "/")
        assert message(path).startswith(f"{name!r} is not stored as plain data\n")

    def test_a_link_in_the_middle_of_a_name(self, path: Path, secret: Path) -> None:
        def fill(group: h5py.Group) -> None:
            group["inner"] = h5py.ExternalLink(str(secret), "/")

        make(path, fill, names=[b"inner/w"])
        assert message(path).startswith("'inner/w' is not stored as plain data\n")

    def test_external_storage(self, path: Path, tmp_path: Path) -> None:
        (tmp_path / "passwords").write_bytes(b"secret!!" * 8)

        def fill(group: h5py.Group) -> None:
            group.create_dataset(
                "w", (8,), "f8", external=[(str(tmp_path / "passwords"), 0, h5py.h5f.UNLIMITED)]
            )

        make(path, fill)
        assert message(path) == (
            "'w' is not stored as plain data\n"
            "  expected  data inside this file\n"
            "  got       external storage, in another file\n"
            "  node      layer 'dense'\n" + UNSAFE_HINT
        )

    @pytest.mark.parametrize("unlimited", [False, True])
    def test_virtual_dataset(self, path: Path, secret: Path, unlimited: bool) -> None:
        size = None if unlimited else 3

        def fill(group: h5py.Group) -> None:
            layout = h5py.VirtualLayout((3,), "f8", maxshape=(size,))
            source = h5py.VirtualSource(str(secret), "w", (3,), "f8", maxshape=(size,))
            if unlimited:
                layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
            else:
                layout[:] = source
            group.create_virtual_dataset("w", layout)

        make(path, fill)
        assert message(path) == (
            "'w' is not stored as plain data\n"
            "  expected  data inside this file\n"
            "  got       a virtual dataset, whose values lie in other files\n"
            "  node      layer 'dense'\n" + UNSAFE_HINT
        )


class TestDtypes:
    @pytest.mark.parametrize(
        "dtype",
        [
            h5py.string_dtype(),
            h5py.vlen_dtype(np.int32),
            h5py.ref_dtype,
            np.dtype("S4"),
            np.dtype("V8"),
            np.dtype([("a", "f4"), ("b", "i4")]),
            np.dtype("c8"),
            np.dtype(np.longdouble),
            np.dtype(("f4", (3,))),
            h5py.enum_dtype({"RED": 0, "GREEN": 1}),
        ],
        ids=str,
    )
    def test_what_is_no_number(self, path: Path, dtype: Any) -> None:
        make(path, lambda group: group.create_dataset("w", (2,), dtype))
        text = message(path)
        assert text.startswith(
            "'w' is not made of numbers\n"
            "  expected  float, integer or bool of at most 8 bytes\n"
            "  got       "
        )
        assert text.endswith("\n  node      layer 'dense'")

    def test_a_type_that_numpy_does_not_have(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            kind = h5py.h5t.STD_I32LE.copy()
            kind.set_size(3)
            space = h5py.h5s.create_simple((2,))
            h5py.h5d.create(group.id, b"w", kind, space)

        make(path, fill)
        assert message(path).startswith(("'w' cannot be read\n", "'w' declares more than"))

    def test_no_value(self, path: Path) -> None:
        make(path, lambda group: group.create_dataset("w", data=h5py.Empty("f4")))
        assert message(path).startswith("'w' has no value\n  expected  an array\n")


class TestBombs:
    """Small files that declare much; a reader that believes them fills the memory."""

    def refused(self, path: Path, shape: str, declared: int) -> None:
        tracemalloc.start()
        try:
            text = message(path)
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()
        assert text.startswith(
            "'w' declares more than the file holds\n"
            "  expected  at most 100 times the stored bytes, each stored once\n"
            f"  got       shape {shape} = {declared} bytes, of which "
        )
        assert text.endswith(f" stored\n  node      layer 'dense'\n{BOMB_HINT}")

    @pytest.mark.parametrize(
        "options", [{}, {"chunks": (1 << 20,)}, {"chunks": (1 << 20,), "compression": "gzip"}]
    )
    def test_a_shape_without_data(self, path: Path, options: dict[str, Any]) -> None:
        make(path, lambda group: group.create_dataset("w", (1 << 40,), "f4", **options))
        assert os.path.getsize(path) < 10_000
        self.refused(path, f"({1 << 40},) float32", 1 << 42)

    def test_small_shapes_without_data(self, path: Path) -> None:
        for options in ({}, {"chunks": (5,)}, {"chunks": (5,), "compression": "gzip"}):
            make(path, lambda group, o=options: group.create_dataset("w", (10,), "f4", **o))
            self.refused(path, "(10,) float32", 40)

    def test_most_chunks_are_not_there(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            group.create_dataset("w", (200, 100), "f4", chunks=(100, 100))[:100] = 1.0

        make(path, fill)
        self.refused(path, "(200, 100) float32", 80_000)

    def test_contiguous_data_beyond_the_end_of_the_file(self, path: Path) -> None:
        make(path, lambda group: group.create_dataset("w", data=np.ones(1000, "f4")))
        content = path.read_bytes()
        # The size stands in the dataspace (1000), the layout (4000) and nowhere else.
        for old, new in ((1000, 1 << 40), (4000, 1 << 42)):
            assert content.count(struct.pack("<Q", old)) >= 1
            content = content.replace(struct.pack("<Q", old), struct.pack("<Q", new))
        path.write_bytes(content)
        text = message(path)
        assert text.startswith(("'w' declares more than the file holds", "'w' cannot be read"))

    def test_compressed_zeros(self, path: Path) -> None:
        size = 20_000_000
        make(
            path,
            lambda group: group.create_dataset(
                "w", data=np.zeros(size, "i1"), chunks=(size,), compression=9
            ),
        )
        assert os.path.getsize(path) < 40_000
        self.refused(path, f"({size},) int8", size)

    def test_a_chunk_that_unpacks_to_more_than_it_should(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset("w", (1000,), "i1", chunks=(1000,), compression=9)
            dataset.id.write_direct_chunk((0,), zlib.compress(bytes(50_000_000), 9))

        make(path, fill)
        self.refused(path, "(1000,) int8", 1000)

    def test_a_chunk_far_larger_than_the_array(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset(
                "w", (10,), "i1", chunks=(1 << 30,), maxshape=(None,), compression=9
            )
            dataset.id.write_direct_chunk((0,), zlib.compress(bytes(1000), 9))

        make(path, fill)
        self.refused(path, "(10,) int8", 10)

    def test_too_many_chunks(self, path: Path) -> None:
        make(
            path,
            lambda group: group.create_dataset("w", (1 << 17,), "i1", chunks=(1,), compression=1),
        )
        self.refused(path, f"({1 << 17},) int8", 1 << 17)

    def test_many_names_of_one_array(self, path: Path) -> None:
        names = [b"w", *(b"w%d" % index for index in range(50))]

        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset("w", data=np.ones(100_000, "f4"))
            for name in names[1:]:
                group[name.decode()] = dataset

        make(path, fill, names=names)
        assert message(path).startswith("'w0' declares more than the file holds\n")

    def test_many_names_of_one_small_packed_array(self, path: Path) -> None:
        names = [b"w%05d" % index for index in range(2000)]

        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset(
                "w", data=np.zeros(60_000, "i1"), chunks=(60_000,), compression=9
            )
            for name in names:
                group[name.decode()] = dataset

        make(path, fill, names=names, libver="latest")
        assert " declares more than the file holds\n" in message(path)

    @pytest.mark.parametrize(
        ("options", "got"),
        [
            ({"compression": "lzf"}, "filters [32000]"),
            ({"scaleoffset": 2}, "filters [6]"),
            ({"compression": "gzip", "scaleoffset": 2, "shuffle": False}, "filters [6, 1]"),
        ],
    )
    def test_other_filters(self, path: Path, options: dict[str, Any], got: str) -> None:
        make(path, lambda group: group.create_dataset("w", data=np.ones(99, "f4"), **options))
        assert message(path) == (
            "'w' is packed in a way that is not read here\n"
            "  expected  gzip, shuffle, Fletcher32\n"
            f"  got       {got}\n"
            "  node      layer 'dense'\n"
            "  hint      make the file plain by: h5repack -f NONE"
        )

    @pytest.mark.parametrize("size", [0, 1, 3, 70])
    def test_a_chunk_that_is_too_short(self, path: Path, size: int) -> None:
        """The library reads past the end of such a chunk, and may crash."""

        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset(
                "w", (100,), "i1", chunks=(100,), compression=9, fletcher32=True
            )
            dataset.id.write_direct_chunk((0,), zlib.compress(bytes(size)) + bytes(4))

        make(path, fill)
        self.refused(path, "(100,) int8", 100)

    def test_plain_chunks_of_unequal_size(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset("w", (20,), "i1", chunks=(10,), fletcher32=True)
            dataset.id.write_direct_chunk((0,), bytes(13))
            dataset.id.write_direct_chunk((10,), bytes(15))

        make(path, fill)
        self.refused(path, "(20,) int8", 20)

    def test_a_chunk_that_is_no_gzip(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset("w", (100,), "i1", chunks=(100,), compression=9)
            dataset.id.write_direct_chunk((0,), b"no gzip at all")

        make(path, fill)
        assert message(path).startswith("'w' cannot be read\n")

    def test_a_wrong_checksum(self, path: Path) -> None:
        def fill(group: h5py.Group) -> None:
            dataset = group.create_dataset("w", (100,), "i1", chunks=(100,), fletcher32=True)
            dataset.id.write_direct_chunk((0,), bytes(range(104)))

        make(path, fill)
        assert message(path).startswith("'w' cannot be read\n")
