"""Weight files: the layout by what h5py itself sees, and files written by h5py as Keras does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from thalweg.core.errors import DtypeError, FileFormatError, OptionError
from thalweg.saving.hdf5 import LayerWeights, read_weights, write_weights


def arrays() -> list[LayerWeights]:
    random = np.random.default_rng(0)
    return [
        LayerWeights("input_1", []),
        LayerWeights(
            "dense_1",
            [
                ("dense_1/kernel:0", random.normal(size=(5, 3)).astype(np.float32)),
                ("dense_1/bias:0", random.normal(size=3).astype(np.float32)),
            ],
        ),
        LayerWeights("scale", [("scale/factor:0", np.float64(2.5)), ("steps:0", np.int64(7))]),
    ]


def same(a: list[LayerWeights], b: list[LayerWeights]) -> None:
    assert [layer.name for layer in a] == [layer.name for layer in b]
    for left, right in zip(a, b, strict=True):
        assert [name for name, _ in left.weights] == [name for name, _ in right.weights]
        for (_, x), (_, y) in zip(left.weights, right.weights, strict=True):
            assert np.asarray(x).dtype.newbyteorder("=") == np.asarray(y).dtype
            np.testing.assert_array_equal(x, y, strict=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.h5"


class TestLayout:
    def test_groups_names_and_values(self, path: Path) -> None:
        write_weights(path, arrays())
        with h5py.File(path) as file:
            assert [name.decode() for name in file.attrs["layer_names"]] == [
                "input_1",
                "dense_1",
                "scale",
            ]
            assert file.attrs["backend"] == b"tensorflow"
            assert file.attrs["keras_version"].startswith(b"2.")
            assert file.attrs["writer"].startswith(b"thalweg ")
            assert list(file["input_1"].attrs["weight_names"]) == []
            assert list(file["dense_1"].attrs["weight_names"]) == [
                b"dense_1/kernel:0",
                b"dense_1/bias:0",
            ]
            dataset = file["dense_1"]["dense_1"]["kernel:0"]
            assert (dataset.shape, dataset.dtype, dataset.chunks) == ((5, 3), np.float32, None)
            np.testing.assert_array_equal(dataset[()], arrays()[1].weights[0][1])
            assert file["scale/steps:0"][()] == 7

    def test_the_same_weights_make_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("a.h5", "b.h5"):
            write_weights(tmp_path / name, arrays())
        assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()

    # Keras splits a list into the least number of equal pieces of at most 64512 bytes each.
    @pytest.mark.parametrize(
        ("count", "length", "pieces"),
        [(8, 8064, 0), (9, 8064, 2), (16, 8064, 2), (17, 8064, 3), (3, 64512, 3)],
    )
    def test_long_lists_are_split(self, path: Path, count: int, length: int, pieces: int) -> None:
        names = [f"{index:05d}".ljust(length, "x") for index in range(count)]
        value = np.float32(1.0)
        write_weights(path, [LayerWeights("model", [(name, value) for name in names])])
        with h5py.File(path) as file:
            found = [file["model"].attrs.get(f"weight_names{i}") for i in range(pieces + 1)]
            assert ("weight_names" in file["model"].attrs) == (pieces == 0)
            assert [piece is not None for piece in found] == [True] * pieces + [False]
            if pieces:
                stored = np.concatenate(found[:-1])
                assert [name.decode() for name in stored] == names
                assert all(piece.nbytes <= 64512 for piece in found[:-1])
        assert [name for name, _ in read_weights(path)[0].weights] == names

    def test_many_layers(self, path: Path) -> None:
        layers = [LayerWeights(f"layer_{i:04d}" + "x" * 990, []) for i in range(130)]
        write_weights(path, layers)
        with h5py.File(path) as file:
            assert {"layer_names0", "layer_names1", "layer_names2"} <= set(file.attrs)
            assert "layer_names" not in file.attrs
        assert read_weights(path) == layers


class TestRoundTrip:
    def test_values_types_and_order(self, path: Path) -> None:
        write_weights(path, arrays())
        same(arrays(), read_weights(path))

    @pytest.mark.parametrize("code", "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 ?".split())
    @pytest.mark.parametrize("order", "<>")
    def test_dtypes(self, path: Path, code: str, order: str) -> None:
        value = np.arange(6).reshape(2, 3).astype(np.dtype(code).newbyteorder(order))
        write_weights(path, [LayerWeights("a", [("w", value)])])
        (_, loaded), *_ = read_weights(path)[0].weights
        assert loaded.dtype == np.dtype(code)
        np.testing.assert_array_equal(loaded, value)

    @pytest.mark.parametrize(
        "value",
        [
            np.zeros((0, 3), np.float32),
            np.zeros((2, 0), np.float32),
            np.float32(1.5),
            np.arange(24.0).reshape(2, 3, 4)[::-1, :, ::2],
            np.array([np.nan, np.inf, -0.0], np.float32),
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.zeros((1,) * 20),
        ],
    )
    def test_shapes(self, path: Path, value: Any) -> None:
        write_weights(path, [LayerWeights("a", [("w", value)])])
        (_, loaded), *_ = read_weights(path)[0].weights
        assert loaded.shape == np.shape(value)
        assert loaded.tobytes() == np.asarray(value).tobytes()

    def test_names_of_all_kinds(self, path: Path) -> None:
        layers = [
            LayerWeights("Größe", [("μ:0", np.ones(2))]),
            LayerWeights("block/conv", [("block/conv/kernel:0", np.ones(1))]),
            LayerWeights("block", [("gamma:0", np.ones(3))]),
            LayerWeights("a b", [("a.b..c", np.ones(1))]),
        ]
        write_weights(path, layers)
        same(layers, read_weights(path))

    def test_no_layers(self, path: Path) -> None:
        write_weights(path, [])
        assert read_weights(path) == []

    def test_an_old_file_is_replaced(self, path: Path) -> None:
        path.write_text("something else")
        write_weights(str(path), arrays())
        same(arrays(), read_weights(str(path)))


class TestFilesOfKeras:
    """Files written here with h5py alone, in the ways that versions of Keras and h5py did."""

    def write(self, group: Any, names_as: Any = list) -> None:
        group.attrs["layer_names"] = names_as([b"flatten", b"dense"])
        group.attrs["backend"] = b"tensorflow"
        group.attrs["keras_version"] = b"2.3.1"
        group.create_group("flatten").attrs["weight_names"] = []
        dense = group.create_group("dense")
        dense.attrs["weight_names"] = names_as([b"dense/kernel:0", b"dense/bias:0"])
        dense.create_dataset("dense/kernel:0", data=np.eye(2, dtype="f4"))
        dense.create_dataset("dense/bias:0", data=np.ones(2, "f4"))

    def check(self, path: Path) -> None:
        flatten, dense = read_weights(path)
        assert flatten == ("flatten", [])
        assert dense.name == "dense"
        assert [name for name, _ in dense.weights] == ["dense/kernel:0", "dense/bias:0"]
        np.testing.assert_array_equal(dense.weights[0][1], np.eye(2))

    @pytest.mark.parametrize(
        "names_as",
        [
            list,  # variable-length ASCII
            np.array,  # fixed length
            lambda names: [name.decode() for name in names],  # variable-length UTF-8
        ],
    )
    def test_weights_file(self, path: Path, names_as: Any) -> None:
        with h5py.File(path, "w") as file:
            self.write(file, names_as)
        self.check(path)

    def test_full_model_file(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = b"{}"
            file.attrs["backend"] = b"tensorflow"
            self.write(file.create_group("model_weights"))
            file.create_group("optimizer_weights").attrs["weight_names"] = [b"m:0"]
        self.check(path)

    def test_top_level_group_of_newer_versions_is_left_alone(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            self.write(file)
            file.create_group("top_level_model_weights").attrs["weight_names"] = []
        self.check(path)

    @pytest.mark.parametrize("options", [{"compression": "gzip"}, {"shuffle": True},
        {"compression": 9, "shuffle": True, "fletcher32": True}, {"chunks": (7, 3)}])  # fmt: skip
    @pytest.mark.parametrize("random", [True, False])
    def test_packed_data(self, path: Path, options: dict[str, Any], random: bool) -> None:
        value = np.random.default_rng(0).normal(size=(20, 10)) if random else np.ones((20, 10))
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [b"a"]
            file.create_group("a").attrs["weight_names"] = [b"w"]
            file["a"].create_dataset("w", data=value, **options)
        np.testing.assert_array_equal(read_weights(path)[0].weights[0][1], value)

    def test_a_chunk_that_was_left_unpacked(self, path: Path) -> None:
        value = np.frombuffer(np.random.default_rng(0).bytes(100), np.uint8)
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [b"a"]
            file.create_group("a").attrs["weight_names"] = [b"w"]
            dataset = file["a"].create_dataset("w", (100,), "u1", chunks=(100,), compression=1)
            # What gzip would make larger is stored as it is, with the filter's bit set.
            dataset.id.write_direct_chunk((0,), value.tobytes(), filter_mask=1)
        np.testing.assert_array_equal(read_weights(path)[0].weights[0][1], value)

    def test_theano_is_announced(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            self.write(file)
            file.attrs["backend"] = b"theano"
        with pytest.warns(UserWarning, match="was written with Theano, which stored the kernels"):
            self.check(path)


class TestWriteErrors:
    @pytest.mark.parametrize(
        ("layers", "problem", "got"),
        [
            ([("a", []), ("a", [])], "layer is used twice", "'a'"),
            ([("", [])], "layer cannot be a name inside a file", "''"),
            ([("a//b", [])], "layer cannot be a name inside a file", "'a//b'"),
            ([("/a", [])], "layer cannot be a name inside a file", "'/a'"),
            ([("..", [])], "layer cannot be a name inside a file", "'..'"),
            ([("a\0", [])], "layer cannot be a name inside a file", r"'a\x00'"),
            ([("a", [("w", 1.0), ("w", 1.0)])], "weight is used twice", "'w'"),
            ([("a", [("x" * 64513, 1.0)])], "weight is too long", repr("x" * 100 + "…")),
            (
                [("a/b", [("c", 1.0)]), ("a", [("b/c", 1.0)])],
                "weight is taken by another layer",
                "'b/c'",
            ),
        ],
    )
    def test_names(self, path: Path, layers: Any, problem: str, got: str) -> None:
        with pytest.raises(OptionError) as info:
            write_weights(path, [LayerWeights(*layer) for layer in layers])
        assert str(info.value) == (
            f"write_weights: the name of a {problem}\n"
            "  expected  names of their own, no '.' or nothing between slashes, "
            "at most 64512 bytes\n"
            f"  got       {got}\n"
            "  hint      pass name= to the layer"
        )
        assert os.listdir(path.parent) == []

    @pytest.mark.parametrize("value", ["text", np.array([None]), np.complex64(1), np.longdouble(1)])
    def test_what_is_no_number(self, path: Path, value: Any) -> None:
        with pytest.raises(DtypeError) as info:
            write_weights(path, [LayerWeights("dense", [("dense/kernel:0", value)])])
        assert str(info.value) == (
            "write_weights: the weight 'dense/kernel:0' is not made of numbers\n"
            "  expected  float, integer or bool of at most 8 bytes\n"
            f"  got       {np.asarray(value).dtype}\n"
            "  node      layer 'dense'"
        )
        assert os.listdir(path.parent) == []

    @pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
    def test_a_failing_write_leaves_the_old_file(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ) -> None:
        write_weights(path, arrays())
        before = path.read_bytes()
        create = h5py.Group.create_dataset
        calls: list[str] = []

        def fails(self: Any, name: str, *args: Any, **options: Any) -> Any:
            calls.append(name)
            if len(calls) == 3:
                raise error
            return create(self, name, *args, **options)

        monkeypatch.setattr(h5py.Group, "create_dataset", fails)
        with pytest.raises(type(error)):
            write_weights(path, arrays()[::-1])
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == ["weights.h5"]

    def test_a_full_disk(self, path: Path) -> None:
        resource = pytest.importorskip("resource")
        import signal

        write_weights(path, arrays())
        before = path.read_bytes()
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
            with pytest.raises((OSError, RuntimeError)):
                write_weights(path, [LayerWeights("a", [("w", np.ones(100_000, "f4"))])])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, handler)
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == ["weights.h5"]


def test_a_missing_file_is_a_missing_file(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_weights(path)
    with pytest.raises(IsADirectoryError):
        read_weights(path.parent)


def test_the_reader_closes_the_file(path: Path) -> None:
    write_weights(path, arrays())
    read_weights(path)
    with h5py.File(path, "a") as file:  # would fail while it is open for reading
        del file.attrs["layer_names"]
    with pytest.raises(FileFormatError):
        read_weights(path)
    with h5py.File(path, "a"):
        pass
