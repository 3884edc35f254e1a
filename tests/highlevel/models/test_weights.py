"""Weights of models: in memory, and in files of Keras 2's layout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, Sequential
from thalweg.core.errors import FileFormatError, OptionError, ShapeError
from thalweg.layers import BatchNormalization, Dense

X = np.random.default_rng(9).normal(size=(8, 3)).astype(np.float32)


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return re.sub(r"(test_\w+\.py):.*", r"\1", str(error.value))


def nested() -> Model:
    """A functional model with another, and a Sequential, inside."""
    y = Input((3,))
    inner = Model(y, BatchNormalization(name="norm")(Dense(4, name="wide")(y)), name="inner")
    stack = Sequential([Dense(4, name="narrow"), BatchNormalization(name="norm_2")], name="stack")
    x = Input((3,))
    return Model(x, Dense(2, name="head")(stack(inner(x))))


def trained(model: Model) -> Model:
    """The same model with no weight at its start."""
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


class TestInMemory:
    def test_round_trip(self) -> None:
        model, copy = trained(nested()), nested()
        copy.set_weights(model.get_weights())
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))

    def test_arrays_are_copies(self) -> None:
        model = trained(nested())
        before = model.predict(X)
        given = model.get_weights()
        model.set_weights(given)
        for weight in (*given, *model.get_weights()):
            weight[...] = 0
        np.testing.assert_array_equal(model.predict(X), before)

    def test_wrong_number(self) -> None:
        model = Sequential([Dense(2, input_shape=(3,), name="only")], name="small")
        with pytest.raises(ShapeError) as error:
            model.set_weights([np.zeros((3, 2))])
        assert message(error) == (
            "set_weights: wrong number of arrays\n"
            "  expected  2: only/kernel, only/bias\n"
            "  got       1\n"
            "  node      layer Sequential 'small'"
        )

    def test_wrong_shape_changes_nothing(self) -> None:
        model = Sequential([Dense(2, input_shape=(3,), name="only")], name="small")
        before = model.get_weights()
        with pytest.raises(ShapeError) as error:
            model.set_weights([np.zeros((3, 2)), np.zeros(3)])
        assert message(error) == (
            "set_weights: an array does not fit its weight\n"
            "  expected  only/bias float32 (2,)\n"
            "  got       float64 (3,)\n"
            "  node      layer Sequential 'small'"
        )
        np.testing.assert_array_equal(model.get_weights()[0], before[0])


class TestFiles:
    @pytest.mark.parametrize("by_name", [False, True])
    def test_round_trip_of_nested_models(self, tmp_path: Path, by_name: bool) -> None:
        model, copy = trained(nested()), nested()
        model.save_weights(tmp_path / "w.h5")
        copy.load_weights(tmp_path / "w.h5", by_name=by_name)
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))

    def test_frozen_layers_are_saved_and_loaded_alike(self, tmp_path: Path) -> None:
        model, copy = trained(nested()), nested()
        model.get_layer("inner").trainable = False
        model.save_weights(tmp_path / "w.h5")
        copy.load_weights(tmp_path / "w.h5")
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
        model.load_weights(tmp_path / "w.h5")
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))

    def test_by_name_leaves_others_alone(self, tmp_path: Path) -> None:
        base = Sequential([Dense(4, input_shape=(3,), name="base"), Dense(2, name="old_head")])
        base.save_weights(tmp_path / "w.h5")
        other = Sequential([Dense(4, input_shape=(3,), name="base"), Dense(5, name="new_head")])
        head = other.layers[1].get_weights()[0]
        other.load_weights(tmp_path / "w.h5", by_name=True)
        np.testing.assert_array_equal(
            other.layers[0].get_weights()[0], base.layers[0].get_weights()[0]
        )
        np.testing.assert_array_equal(other.layers[1].get_weights()[0], head)

    def test_overwrite(self, tmp_path: Path) -> None:
        model = nested()
        path = tmp_path / "w.h5"
        model.save_weights(path)
        content = path.read_bytes()
        trained(model)
        with pytest.raises(OptionError) as error:
            model.save_weights(path, overwrite=False)
        assert message(error).startswith("save_weights: the file exists\n  got       ")
        assert path.read_bytes() == content
        model.save_weights(path)
        assert path.read_bytes() != content
        assert [p.name for p in tmp_path.iterdir()] == ["w.h5"]

    def test_another_model(self, tmp_path: Path) -> None:
        nested().save_weights(tmp_path / "w.h5")
        model = Sequential([Dense(4, input_shape=(3,), name="a"), Dense(2, name="b")])
        before = model.get_weights()
        with pytest.raises(FileFormatError) as error:
            model.load_weights(tmp_path / "w.h5")
        assert message(error) == (
            "load_weights: the file has another number of layers with weights than the model\n"
            "  expected  2: 'a', 'b'\n"
            "  got       3: 'inner', 'stack', 'head'\n"
            "  hint      build the model as it was when the file was saved"
        )
        assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))

    def test_another_size(self, tmp_path: Path) -> None:
        Sequential([Dense(4, input_shape=(3,), name="old")]).save_weights(tmp_path / "w.h5")
        with pytest.raises(ShapeError) as error:
            Sequential([Dense(5, input_shape=(3,), name="new")]).load_weights(tmp_path / "w.h5")
        assert message(error) == (
            "load_weights: weight 0 has another shape than the stored one, 'old/kernel:0'\n"
            "  expected  (3, 5)\n"
            "  got       (3, 4)\n"
            "  node      layer 'new' ('old' in the file)\n"
            "  hint      build the layer as it was when the file was saved"
        )

    @pytest.mark.parametrize("damage", ["other", "truncated"])
    def test_damaged_file_changes_nothing(self, tmp_path: Path, damage: str) -> None:
        model = trained(nested())
        path = tmp_path / "w.h5"
        model.save_weights(path)
        content = b"not HDF5" * 50 if damage == "other" else path.read_bytes()[:-100]
        path.write_bytes(content)
        before = model.get_weights()
        problem = "not an HDF5 file" if damage == "other" else "the file is truncated"
        with pytest.raises(FileFormatError, match=problem):
            model.load_weights(path)
        assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))

    def test_no_weights_yet(self, tmp_path: Path) -> None:
        model = Sequential([Dense(2)], name="late")
        with pytest.raises(OptionError) as error:
            model.save_weights(tmp_path / "w.h5")
        assert message(error) == (
            "save_weights: the model has no weights yet\n"
            "  node      layer Sequential 'late'\n"
            "  hint      declare the input shape (Input, input_shape=…), or call the model on data"
        )
        assert list(tmp_path.iterdir()) == []

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"nowhere\.h5"):
            nested().load_weights(tmp_path / "nowhere.h5")
