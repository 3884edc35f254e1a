"""Model files that cannot be written, and files that are damaged or mean harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_entries import X, classifier, message, rewrite, steps

from thalweg import core
from thalweg.core import Tensor
from thalweg.core.errors import FileFormatError, GraphError, OptionError
from thalweg.layers import Dense, Dropout, Input
from thalweg.models import Model, Sequential, load_model, save_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


class TestRefused:
    @pytest.mark.parametrize("name", ["model.zip", "model", "model.tf", "model.h6"])
    def test_other_kinds_of_files(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(OptionError) as error:
            classifier().save(tmp_path / name)
        text = message(error)
        assert text.startswith("save: this kind of file is not written\n")
        assert "  expected  *.keras or *.h5 or *.hdf5\n" in text
        assert list(tmp_path.iterdir()) == []

    def test_other_format(self, path: Path) -> None:
        with pytest.raises(OptionError, match=r"this kind of file.*\n.*\n  got       'tf'"):
            classifier().save(path, save_format="tf")

    def test_without_weights(self, path: Path) -> None:
        with pytest.raises(OptionError) as error:
            Sequential([Dense(2)], name="late").save(path)
        assert message(error) == (
            "save: the model has no weights yet\n"
            "  node      layer Sequential 'late'\n"
            "  hint      declare the input shape (Input, input_shape=…), or call the model on data"
        )

    def test_subclass(self, path: Path) -> None:
        class Called(Model):
            """With a call of its own."""

            def call(self, inputs: Tensor, training: Any = None) -> Tensor:
                return inputs

        with pytest.raises(OptionError) as error:
            Called(name="mine").save(path)
        assert message(error) == (
            "save: a model with a call() of its own is code, which files do not hold\n"
            "  node      layer Called 'mine'\n"
            "  hint      save_weights() writes its weights; make the model of its class and "
            "load_weights()"
        )

    def test_nothing_is_half_written(self, path: Path) -> None:
        classifier().save(path)
        before = path.read_bytes()
        bad = classifier()
        bad.compile("sgd", lambda y_true, y_pred: core.reduce_mean(y_pred, axis=-1))
        with pytest.raises(OptionError, match="this value cannot be written to a file"):
            bad.save(path)
        x = Input((6,))
        with pytest.raises(GraphError, match="belongs to none of them"):
            Model(x, Dense(2)(core.tanh(x))).save(path)
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == [path.name]

    def test_folder_that_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="none"):
            save_model(classifier(), tmp_path / "none" / "model.h5")


class TestDamaged:
    @pytest.fixture
    def saved(self, path: Path) -> Path:
        model = classifier()
        steps(model, 1)
        model.save(path)
        return path

    def refused(self, path: Path, told: str) -> None:
        with pytest.raises(FileFormatError) as error:
            load_model(path)
        assert told in message(error)
        assert str(path) in message(error)

    def test_weights_alone(self, saved: Path) -> None:
        classifier().save_weights(saved)
        with pytest.raises(FileFormatError) as error:
            load_model(saved)
        assert message(error) == (
            f"{saved}: no model in the file\n"
            "  expected  the attribute 'model_config'\n"
            "  got       weights alone\n"
            "  hint      build the model in code, and load_weights() from the file"
        )

    def test_other_content(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["data"] = 1
        self.refused(path, "no model in the file")
        path.write_bytes(b"PK\x03\x04" + bytes(100))
        self.refused(path, "the archive is damaged")

    def test_folder(self, tmp_path: Path) -> None:
        self.refused(tmp_path, "a SavedModel is not read here")

    def test_missing_file(self, path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            load_model(path)

    @pytest.mark.parametrize("attribute", ["model_config", "training_config", "thalweg"])
    def test_truncated_text(self, saved: Path, attribute: str) -> None:
        with h5py.File(saved, "r+") as file:
            file.attrs[attribute] = file.attrs[attribute][:-30]
        self.refused(saved, f"{attribute} is not whole JSON")

    @pytest.mark.parametrize("attribute", ["model_config", "training_config", "thalweg"])
    @pytest.mark.parametrize("value", ["[]", "{}", "3", '{"format": 1}', '{"class_name": "Model"}'])
    def test_text_of_another_kind(self, saved: Path, attribute: str, value: str) -> None:
        with h5py.File(saved, "r+") as file:
            file.attrs[attribute] = value
        self.refused(saved, ": ")

    def test_truncated_file(self, saved: Path) -> None:
        content = saved.read_bytes()
        saved.write_bytes(content[: len(content) // 2])
        self.refused(saved, "truncated")

    @pytest.mark.parametrize(
        "name",
        ["model_weights", "model_weights/hidden", "model_weights/hidden/hidden/kernel:0"],
    )
    def test_missing_weights(self, saved: Path, name: str) -> None:
        with h5py.File(saved, "r+") as file:
            del file[name]
        self.refused(saved, "is missing")

    def test_layer_that_is_not_listed(self, saved: Path) -> None:
        with h5py.File(saved, "r+") as file:
            file["model_weights"].attrs["layer_names"] = [b"hidden", b"norm"]
        self.refused(saved, "another number of layers")

    def test_weights_of_another_shape(self, saved: Path) -> None:
        with h5py.File(saved, "r+") as file:
            del file["model_weights/head/head/bias:0"]
            file["model_weights/head/head/bias:0"] = np.zeros(4, np.float32)
        with pytest.raises(ValueError, match="another shape than the stored one"):
            load_model(saved)

    def test_weights_go_by_name(self, saved: Path) -> None:
        expected = load_model(saved).predict(X)
        with h5py.File(saved, "r+") as file:
            file["model_weights"].attrs["layer_names"] = [b"head", b"norm", b"hidden"]
        np.testing.assert_array_equal(load_model(saved).predict(X), expected)

    def test_linked_weights(self, saved: Path, tmp_path: Path) -> None:
        with h5py.File(saved, "r+") as file:
            del file["model_weights/head"]
            file["model_weights/head"] = h5py.ExternalLink(tmp_path / "other.h5", "/")
        self.refused(saved, "is not stored as plain data")

    def test_hostile_configuration(self, saved: Path) -> None:
        def change(data: Any) -> Any:
            data["config"]["layers"][1]["class_name"] = "os.system"
            return data

        rewrite(saved, "model_config", change)
        self.refused(saved, "unknown class 'os.system'")

    def test_layer_alone(self, saved: Path) -> None:
        rewrite(saved, "model_config", lambda data: data["config"]["layers"][1])
        self.refused(saved, "the file holds a layer, not a model")

    @pytest.mark.parametrize(
        ("key", "value", "told"),
        [
            ("optimizer_config", None, "the optimizer cannot be made again"),
            ("optimizer_config", {"class_name": "Adm", "config": {}}, "did you mean 'adam'?"),
            ("optimizer_config", {"class_name": "eval", "config": {}}, "unknown optimizer 'eval'"),
            ("loss", "eval", "unknown loss 'eval'"),
            ("loss", {"class_name": "eval", "config": {}}, "unknown loss 'eval'"),
            ("loss", ["mse", "mse"], "loss does not fit the outputs"),
            ("loss", 7, "the loss cannot be made again"),
            ("metrics", ["acuracy"], "did you mean 'accuracy'?"),
            ("metrics", [{"class_name": "AUC"}], "the metrics cannot be made again"),
            ("loss_weights", "heavy", "makes no sense"),
        ],
    )
    def test_training_that_makes_no_sense(
        self, saved: Path, key: str, value: Any, told: str
    ) -> None:
        rewrite(saved, "training_config", lambda data: {**data, key: value})
        self.refused(saved, told)
        assert load_model(saved, compile=False).name == "small"

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"format": 2}, "written by a newer version of thalweg"),
            ({"random": None}, "the state of the random numbers makes no sense"),
            ({"random": [{"layer": []}]}, "the state of the random numbers makes no sense"),
            ({"fits": -1}, "the number of trainings makes no sense"),
            ({"fits": "9"}, "the number of trainings makes no sense"),
            ({"frozen": [["nobody"]]}, "the list of frozen layers makes no sense"),
            ({"frozen": 3}, "the list of frozen layers makes no sense"),
        ],
    )
    def test_own_state_that_makes_no_sense(
        self, saved: Path, change: dict[str, Any], told: str
    ) -> None:
        rewrite(saved, "thalweg", lambda data: {**data, **change})
        self.refused(saved, told)

    @pytest.mark.parametrize(
        "counts", [[[0, -1]], [[0, 2**63]], [[0]], [0], [["a", 1]], [[True, 1]]]
    )
    def test_counts_that_make_no_sense(self, saved: Path, counts: Any) -> None:
        entry = {"layer": [], "stream": "a", "seed": 0, "counts": counts}
        rewrite(saved, "thalweg", lambda data: {**data, "random": [entry]})
        self.refused(saved, "the state of the random numbers makes no sense")

    def test_random_ops_that_are_no_more(self, path: Path) -> None:
        model = Sequential([Dense(2, input_shape=(6,)), Dropout(0.5, name="drop")])
        model.save(path)

        def change(data: Any) -> Any:
            data["random"] = [e for e in data["random"] if e["layer"] != ["drop"]]
            return data

        rewrite(path, "thalweg", change)
        with pytest.warns(UserWarning, match="random numbers begin anew in drop$"):
            load_model(path)

    def test_state_of_the_optimizer_that_does_not_fit(self, saved: Path) -> None:
        with h5py.File(saved, "r+") as file:
            names = file["optimizer_weights"].attrs["weight_names"]
            file["optimizer_weights"].attrs["weight_names"] = names[:-2]
        self.refused(saved, "the optimizer's state does not fit the model")
        with h5py.File(saved, "r+") as file:
            del file.attrs["thalweg"]  # as if Keras had written it
        with pytest.warns(UserWarning, match="the optimizer begins anew; its state in the file"):
            loaded = load_model(saved)
        assert loaded.optimizer.iterations.numpy() == 0
