"""`.keras` archives that are damaged or mean harm are refused, before memory is taken."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_entries import X, classifier, message, steps

from thalweg.core.errors import FileFormatError, ThalwegError
from thalweg.layers import LSTM, Dense, Embedding, Input, IntegerLookup
from thalweg.models import Model, load_model
from thalweg.saving import keras_zip

WEIGHTS = "model.weights.h5"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    model = classifier()
    steps(model, 1)
    model.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, content: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def change(path: Path, member: str, edit: Callable[[Any], Any]) -> None:
    """Changes the JSON of a member."""
    content = members(path)
    content[member] = json.dumps(edit(json.loads(content[member]))).encode()
    pack(path, content)


def refused(path: Path) -> str:
    with pytest.raises(FileFormatError) as error:
        load_model(path)
    return message(error)


class TestMembers:
    @pytest.mark.parametrize("name", ["config.json", WEIGHTS])
    def test_missing(self, path: Path, name: str) -> None:
        content = members(path)
        del content[name]
        pack(path, content)
        assert refused(path).startswith(f"{path}: the member {name!r} is missing\n")

    def test_without_metadata(self, path: Path) -> None:
        """As if Keras had written it."""
        content = members(path)
        del content["metadata.json"]
        pack(path, content)
        assert load_model(path).name == "small"

    def test_weights_of_numpy(self, path: Path) -> None:
        content = members(path)
        content["model.weights.npz"] = content.pop(WEIGHTS)
        pack(path, content)
        assert refused(path) == (
            f"{path}: the weights are stored in NumPy's format\n"
            "  expected  model.weights.h5\n"
            "  got       model.weights.npz\n"
            "  hint      in Keras: keras.saving.save_model(model, path), without "
            "weights_format='npz'"
        )

    @pytest.mark.parametrize(
        "name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "C:evil", "a//b", "./x"]
    )
    def test_paths_that_lead_elsewhere(self, path: Path, name: str) -> None:
        pack(path, {**members(path), name: b"x"})
        text = refused(path)
        assert text.startswith(f"{path}: unsafe name of a member\n")
        assert not (path.parent / "evil").exists()

    def test_null_byte(self, path: Path) -> None:
        pack(path, {**members(path), "abcX": b"x"})
        path.write_bytes(path.read_bytes().replace(b"abcX", b"ab\0X"))
        assert "unsafe name of a member" in refused(path)

    def test_twice(self, path: Path) -> None:
        with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
            warnings.simplefilter("ignore")
            archive.writestr("config.json", b"{}")
        assert refused(path) == f"{path}: a member is there twice\n  got       'config.json'"

    def test_too_many(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keras_zip, "_MAX_MEMBERS", 5)
        pack(path, {**members(path), **{f"assets/{i}": b"" for i in range(3)}})
        assert refused(path) == (f"{path}: too many members\n  expected  at most 5\n  got       6")

    def test_others_are_not_read(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pack(path, {**members(path), "code.py": b"raise SystemExit", "assets/a.pkl": b"\x80"})
        seen: list[str] = []
        read = keras_zip.ZipReader.read

        def noting(self: Any, name: str, limit: int | None = None) -> bytes:
            seen.append(name)
            return read(self, name, limit)

        monkeypatch.setattr(keras_zip.ZipReader, "read", noting)
        load_model(path)
        assert sorted(seen) == ["config.json", "metadata.json", WEIGHTS]
        assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


class TestSizes:
    def declared(self, path: Path, name: str, size: int) -> None:
        """Lets the list of members say another size."""
        content = bytearray(path.read_bytes())
        at = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
        struct.pack_into("<I", content, at + 24, size)
        path.write_bytes(content)

    def test_bomb(self, path: Path) -> None:
        content = {**members(path), "config.json": b" " * (30 << 20)}
        pack(path, content, zipfile.ZIP_DEFLATED)
        tracemalloc.start()
        try:
            text = refused(path)
            assert tracemalloc.get_traced_memory()[1] < 5 << 20
        finally:
            tracemalloc.stop()
        assert text.startswith(f"{path}/config.json: the member declares more than is read\n")

    def test_member_that_is_longer_than_declared(self, path: Path) -> None:
        pack(path, {**members(path), "config.json": b" " * (30 << 20)}, zipfile.ZIP_DEFLATED)
        self.declared(path, "config.json", 100)
        tracemalloc.start()
        try:
            text = refused(path)
            assert tracemalloc.get_traced_memory()[1] < 5 << 20
        finally:
            tracemalloc.stop()
        assert text.startswith(f"{path}/config.json: the member is damaged\n")

    def test_stored_member_that_declares_more(self, path: Path) -> None:
        self.declared(path, WEIGHTS, 1 << 31)
        assert refused(path).startswith(
            f"{path}/{WEIGHTS}: the member declares more than is read\n"
        )

    def test_packed_archives_are_read(self, path: Path) -> None:
        """Somebody packed it again."""
        expected = load_model(path).predict(X)
        pack(path, members(path), zipfile.ZIP_DEFLATED)
        np.testing.assert_array_equal(load_model(path).predict(X), expected)

    def test_large_configuration(self, path: Path) -> None:
        pack(path, {**members(path), "config.json": b'{"a": "' + b"x" * (9 << 20) + b'"}'})
        assert refused(path).startswith(f"{path}/config.json: the text is too large\n")
        pack(path, {**members(path), "config.json": b"x" * (40 << 20)})
        assert "declares more than is read" in refused(path)

    def test_overlap(self, path: Path) -> None:
        """Two names for one piece of the file: little that unpacks to much."""
        pack(path, members(path))
        content = bytearray(path.read_bytes())
        lists = [i for i in range(len(content)) if content[i : i + 4] == b"PK\x01\x02"]
        content[lists[1] + 42 : lists[1] + 46] = content[lists[0] + 42 : lists[0] + 46]
        path.write_bytes(content)
        assert "members overlap" in refused(path)

    def test_member_past_the_end(self, path: Path) -> None:
        content = bytearray(path.read_bytes())
        at = content.rindex(b"PK\x01\x02")
        struct.pack_into("<II", content, at + 20, 1 << 30, 1 << 30)
        path.write_bytes(content)
        assert "the member is larger than the file" in refused(path)

    def test_encrypted(self, path: Path) -> None:
        content = bytearray(path.read_bytes())
        at = content.index(b"PK\x01\x02")
        content[at + 8] |= 1
        path.write_bytes(content)
        assert refused(path) == (
            f"{path}/metadata.json: the member is encrypted\n  expected  a plain one"
        )

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_other_packing(self, path: Path, method: int) -> None:
        pack(path, members(path), method)
        assert "packed in a way that is not read here" in refused(path)


class TestDamaged:
    def test_every_cut(self, path: Path) -> None:
        content = path.read_bytes()
        for size in [*range(4, 400, 7), *range(400, len(content), len(content) // 60)]:
            path.write_bytes(content[:size])
            assert "archive is damaged" in refused(path)

    def test_changed_bytes(self, path: Path) -> None:
        """A load ends well or with our error, whatever byte is another."""
        content = path.read_bytes()
        random = np.random.default_rng(0)
        places = random.integers(4, len(content), 40)
        ends = len(content) - random.integers(1, 250, 40)
        for place in (*places, *ends):
            damaged = bytearray(content)
            damaged[place] ^= int(random.integers(1, 256))
            path.write_bytes(damaged)
            try:
                load_model(path)
            except ThalwegError as error:
                assert str(path) in str(error)

    def test_checksum(self, path: Path) -> None:
        content = path.read_bytes()
        place = content.index(np.float32(0.001).tobytes())  # the learning rate
        path.write_bytes(content[:place] + b"\1\2\3\4" + content[place + 4 :])
        assert refused(path).startswith(f"{path}/{WEIGHTS}: the member is damaged\n")

    def test_no_json(self, path: Path) -> None:
        content = members(path)
        for text, told in (
            (b"", "the text is not whole JSON"),
            (b"[]", "the text is no JSON object"),
            (b"\xff", "the text is no UTF-8"),
            (b'{"a":' * 200 + b"1" + b"}" * 200, "the text is nested too deeply"),
            (content["config.json"][:-9], "the text is not whole JSON"),
        ):
            pack(path, {**content, "config.json": text})
            assert refused(path).startswith(f"{path}/config.json: {told}")

    def test_no_weights_in_the_weights(self, path: Path) -> None:
        content = members(path)
        pack(path, {**content, WEIGHTS: b"weights"})
        assert refused(path).startswith(f"{path}/{WEIGHTS}: not an HDF5 file\n")
        pack(path, {**content, WEIGHTS: content[WEIGHTS][:-100]})
        assert refused(path).startswith(f"{path}/{WEIGHTS}: the file is truncated\n")
        empty = io.BytesIO()
        h5py.File(empty, "w").close()
        pack(path, {**content, WEIGHTS: empty.getvalue()})
        assert "layer Dense 'hidden'" in refused(path)

    @pytest.mark.parametrize("value", [3, [], "x"])
    def test_nonsense_in_the_metadata(self, path: Path, value: Any) -> None:
        change(path, "metadata.json", lambda data: {**data, "thalweg": value})
        text = refused(path)
        assert text.startswith(f"{path}/metadata.json: what thalweg wrote makes no sense")

    def test_newer_version(self, path: Path) -> None:
        change(path, "metadata.json", lambda data: {"thalweg": {**data["thalweg"], "format": 2}})
        assert "written by a newer version of thalweg" in refused(path)

    def test_nonsense_in_what_compile_was_told(self, path: Path) -> None:
        for told in ({"optimizer": 3}, {"optimizer": None}, {"loss": {"class_name": "exec"}}):
            change(path, "config.json", lambda data, told=told: {**data, "compile_config": told})
            assert "cannot be made again" in refused(path)
            assert load_model(path, compile=False).name == "small"

    def test_state_of_the_optimizer_that_does_not_fit(self, path: Path) -> None:
        content = members(path)
        stored = io.BytesIO(content[WEIGHTS])
        with h5py.File(stored, "a") as file:
            del file["optimizer/vars/3"]
        pack(path, {**content, WEIGHTS: stored.getvalue()})
        assert "'3' is missing" in refused(path)


class TestWeights:
    """What `Hdf5Reader` refuses in files, it refuses in archives."""

    def edited(self, path: Path, edit: Callable[[Any], None]) -> str:
        content = members(path)
        stored = io.BytesIO(content[WEIGHTS])
        with h5py.File(stored, "a") as file:
            edit(file)
        pack(path, {**content, WEIGHTS: stored.getvalue()})
        return refused(path)

    def test_links(self, path: Path) -> None:
        def external(file: Any) -> None:
            del file["layers/dense/vars/0"]
            file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/other.h5", "x")

        def soft(file: Any) -> None:
            del file["layers/dense"]
            file["layers/dense"] = h5py.SoftLink("/layers/dense_1")

        assert "'0' is not stored as plain data" in self.edited(path, external)
        assert "'dense' is not stored as plain data" in self.edited(path, soft)

    def test_declared_sizes(self, path: Path) -> None:
        def huge(file: Any) -> None:
            del file["layers/dense/vars/0"]
            file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(1, 1000))

        tracemalloc.start()
        try:
            assert "declares more than the file holds" in self.edited(path, huge)
            assert tracemalloc.get_traced_memory()[1] < 5 << 20
        finally:
            tracemalloc.stop()

    def test_kinds(self, path: Path) -> None:
        def words(file: Any) -> None:
            del file["layers/dense/vars/0"]
            file["layers/dense/vars/0"] = "text"

        def group(file: Any) -> None:
            del file["layers/dense/vars"]
            file["layers/dense/vars"] = np.ones(3)

        assert "'0' is not made of numbers" in self.edited(path, words)
        assert "'vars' is of the wrong kind" in self.edited(path, group)

    def test_groups_in_a_circle(self, path: Path) -> None:
        def circle(file: Any) -> None:
            file["layers/dense/again"] = file["layers"]

        assert "the file has weights of a layer that the model does not have" in self.edited(
            path, circle
        )

    def test_many_entries(self, path: Path) -> None:
        def many(file: Any) -> None:
            group = file["layers/dense/vars"]
            for i in range(2, 500):
                group[str(i)] = group["0"]

        text = self.edited(path, many)
        assert "  got       500 in 'layers/dense'\n" in text


class TestConfigurations:
    def test_code_of_a_lambda(self, path: Path) -> None:
        def edit(data: Any) -> Any:
            entry = {
                "module": "keras.layers",
                "class_name": "Lambda",
                "config": {
                    "name": "l",
                    "function": {"class_name": "__lambda__", "config": {"value": ["4wEA"]}},
                },
                "registered_name": None,
            }
            data["config"]["layers"].append(entry)
            return data

        change(path, "config.json", edit)
        assert refused(path).startswith(
            f"{path}: the layer holds Python code, which is never run\n"
            "  expected  the name of a registered function\n"
            "  node      layer Lambda 'l'\n"
        )

    def test_modules_are_not_imported(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        trap = path.parent / "trap.py"
        trap.write_text(f"open({str(path.parent / 'sprung')!r}, 'w').close()\n")
        monkeypatch.syspath_prepend(str(path.parent))

        def edit(data: Any) -> Any:
            data["config"]["layers"][1].update(module="trap", class_name="Trap",
                                               registered_name="trap>Trap")  # fmt: skip
            return data

        change(path, "config.json", edit)
        assert "unknown class 'Trap'" in refused(path)

        def told(data: Any) -> Any:
            data["compile_config"]["loss"] = {
                "module": "trap", "class_name": "function", "config": "system",
                "registered_name": "os>system",
            }  # fmt: skip
            return data

        change(path, "config.json", told)
        change(path, "config.json", lambda data: {**data, "config": CONFIG})
        assert "unknown" in refused(path)
        assert not (path.parent / "sprung").exists()

    def test_model_is_no_model(self, path: Path) -> None:
        entry = {"class_name": "Dense", "config": {"units": 2, "name": "d"}}
        change(path, "config.json", lambda data: entry)
        assert refused(path).startswith(f"{path}: the file holds a layer, not a model\n")

    @pytest.mark.parametrize("number", ["x", [], 1.5, None])
    def test_nonsense_as_number_of_a_shared_layer(self, path: Path, number: Any) -> None:
        def edit(data: Any) -> Any:
            for layer in data["config"]["layers"][1:]:
                layer["shared_object_id"] = number
            return data

        change(path, "config.json", edit)
        assert load_model(path).name == "small"

    def test_one_number_for_two_layers(self, path: Path) -> None:
        def edit(data: Any) -> Any:
            data["config"]["layers"][1]["shared_object_id"] = 1
            data["config"]["layers"][3]["shared_object_id"] = 1
            return data

        change(path, "config.json", edit)
        assert "two layers are called 'hidden'" in refused(path)


CONFIG: Any = {
    "name": "small",
    "layers": [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 6], "name": "x"}},
        {"class_name": "Dense", "config": {"units": 8, "name": "hidden"}},
        {"class_name": "BatchNormalization", "config": {"name": "norm"}},
        {"class_name": "Dense", "config": {"units": 3, "name": "head"}},
    ],
}


class TestOperations:
    """Operations among the layers of Keras 3: masks are left out, all else is refused."""

    def model(self, path: Path, operations: list[Any], mask: Any, value: Any = "head") -> str:
        x = Input((5,), dtype="int32", name="x")
        h = Embedding(7, 4, mask_zero=True, name="words")(x)
        Model(x, Dense(2, name="head")(LSTM(3, name="last")(h))).save(path)

        def edit(data: Any) -> Any:
            layers = data["config"]["layers"]
            layers[2]["inbound_nodes"][0]["kwargs"] = {"mask": mask, "training": False}
            data["config"]["layers"] = [*layers, *operations]
            data["config"]["output_layers"] = [value, 0, 0]
            return data

        change(path, "config.json", edit)
        change(path, "metadata.json", lambda data: {})
        try:
            load_model(path)
        except FileFormatError as error:
            return str(error)
        return "loaded"

    def operation(self, kind: str, name: str, source: str, *more: Any) -> Any:
        return {
            "module": "keras.src.ops.numpy",
            "class_name": kind,
            "config": {"name": name},
            "registered_name": kind,
            "name": name,
            "inbound_nodes": [{"args": [self.tensor(source), *more], "kwargs": {}}],
        }

    def tensor(self, source: str) -> Any:
        config = {"shape": [None, 5], "dtype": "bool", "keras_history": [source, 0, 0]}
        return {"class_name": "__keras_tensor__", "config": config}

    def test_masks(self, path: Path) -> None:
        operations = [self.operation("NotEqual", "n", "x", 0)]
        assert self.model(path, operations, self.tensor("n")) == "loaded"
        # In HDF5 files of Keras 3 there are no modules.
        del operations[0]["module"]
        assert self.model(path, operations, self.tensor("n")) == "loaded"

    @pytest.mark.parametrize(
        ("kind", "more"),
        [("NotEqual", [3]), ("NotEqual", []), ("Multiply", [2.0]), ("Equal", [0])],
    )
    def test_others(self, path: Path, kind: str, more: list[Any]) -> None:
        text = self.model(path, [self.operation(kind, "n", "x", *more)], self.tensor("n"))
        assert text.startswith(
            f"{path}: an operation between the layers belongs to none of them\n"
            "  expected  layers, and the masks that they compute\n"
            f"  got       {kind} 'n'\n"
        )

    def test_masks_that_are_used_otherwise(self, path: Path) -> None:
        operations = [self.operation("NotEqual", "n", "x", 0)]
        assert "NotEqual 'n'" in self.model(path, operations, self.tensor("n"), "n")
        assert "NotEqual 'n'" in self.model(path, operations, None)


class TestVocabularies:
    @pytest.fixture
    def lookup(self, tmp_path: Path) -> Path:
        x = Input((2,), dtype="int64", name="x")
        Model(x, IntegerLookup(vocabulary=[5, 7], name="ids")(x)).save(tmp_path / "words.keras")

        def edit(data: Any) -> Any:
            data["config"]["layers"][1]["config"]["vocabulary"] = None
            return data

        change(tmp_path / "words.keras", "config.json", edit)
        return tmp_path / "words.keras"

    def test_words_beside(self, lookup: Path) -> None:
        content = members(lookup)
        words = "assets/layers/integer_lookup/vocabulary.txt"
        pack(lookup, {**content, words: b"-1\n5\n7\n"})
        given = np.array([[7, 5], [3, 7]])
        assert load_model(lookup).predict(given).tolist() == [[2, 1], [0, 2]]
        pack(lookup, {**content, words: b"5\nx"})
        assert refused(lookup).startswith(
            f"{lookup}/{words}: the vocabulary is not made of integers\n"
        )
        pack(lookup, {**content, words: b"\xff"})
        assert refused(lookup).startswith(f"{lookup}/{words}: the vocabulary is no UTF-8\n")


def test_empty_files(tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)):
        (tmp_path / "m.keras").write_bytes(content)
        refused(tmp_path / "m.keras")
