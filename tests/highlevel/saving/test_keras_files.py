"""`.keras` files and `.weights.h5`: what zip and h5py see in them, and what only they can hold."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_entries import X, Y, classifier, message, steps

from thalweg import optimizers
from thalweg.core.errors import FileFormatError, OptionError, ShapeError
from thalweg.layers import (
    LSTM,
    Add,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    GRUCell,
    Input,
    Layer,
    LeakyReLU,
    LSTMCell,
    Pipeline,
    Rescaling,
    TimeDistributed,
)
from thalweg.models import Model, Sequential, load_model
from thalweg.saving.config import custom_object_scope, register_keras_serializable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.keras"


def read(path: Path, member: str = "config.json") -> Any:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(member))


def groups(content: bytes | Path) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of the datasets of each group `vars` that has some."""
    found: dict[str, list[tuple[int, ...]]] = {}
    with h5py.File(io.BytesIO(content) if isinstance(content, bytes) else content) as file:

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                found.setdefault(name.rpartition("/")[0], []).append(item.shape)

        file.visititems(visit)
    return found


def stored(path: Path) -> dict[str, list[tuple[int, ...]]]:
    with zipfile.ZipFile(path) as archive:
        return groups(archive.read("model.weights.h5"))


class TestArchive:
    def test_members(self, path: Path) -> None:
        model = classifier()
        steps(model, 2)
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            assert [(i.filename, i.compress_type) for i in archive.infolist()] == [
                ("metadata.json", zipfile.ZIP_STORED),
                ("config.json", zipfile.ZIP_STORED),
                ("model.weights.h5", zipfile.ZIP_STORED),
            ]
        assert read(path, "metadata.json")["keras_version"].startswith("3.")

    def test_equal_models_are_equal_files(self, tmp_path: Path) -> None:
        model = classifier()
        model.save(tmp_path / "a.keras")
        model.save(tmp_path / "b.keras")
        assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()

    def test_entries_of_layers(self, path: Path) -> None:
        x = Input((4,), name="x")
        h = Dense(3, "relu", kernel_initializer="he_normal", name="h")(x)
        Model(x, LeakyReLU(0.1, name="l")(h), name="m").save(path)
        config = read(path)
        assert config["module"] == "keras.src.models.functional"
        assert config["class_name"] == config["registered_name"] == "Functional"
        assert config["compile_config"] == {}
        assert config["config"]["input_layers"] == ["x", 0, 0]
        assert config["config"]["output_layers"] == ["l", 0, 0]
        first, dense, leaky = config["config"]["layers"]
        assert first == {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": {
                "batch_shape": [None, 4], "dtype": "float32", "sparse": False, "name": "x",
            },
            "registered_name": None,
            "name": "x",
            "inbound_nodes": [],
        }  # fmt: skip
        assert dense["build_config"] == {"input_shape": [None, 4]}
        assert dense["inbound_nodes"] == [
            {
                "args": [
                    {
                        "class_name": "__keras_tensor__",
                        "config": {
                            "shape": [None, 4],
                            "dtype": "float32",
                            "keras_history": ["x", 0, 0],
                        },
                    }
                ],
                "kwargs": {},
            }
        ]
        assert leaky["config"]["negative_slope"] == 0.1
        assert "build_config" not in leaky

    def test_what_compile_was_told(self, path: Path) -> None:
        rate = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
        classifier(optimizer=optimizers.SGD(rate, momentum=0.5)).save(path)
        told = read(path)["compile_config"]
        assert told["loss"] == "sparse_categorical_crossentropy"
        assert told["metrics"] == ["accuracy"]
        assert told["optimizer"]["module"] == "keras.optimizers"
        assert told["optimizer"]["class_name"] == "SGD"
        assert told["optimizer"]["registered_name"] is None
        assert told["optimizer"]["config"]["learning_rate"]["module"] == (
            "keras.optimizers.schedules"
        )
        assert "decay" not in told["optimizer"]["config"]

    def test_decay_is_a_schedule_in_keras_3(self, path: Path) -> None:
        model = classifier(optimizer=optimizers.SGD(0.1, decay=0.3))
        steps(model, 3)
        model.save(path)
        rate = read(path)["compile_config"]["optimizer"]["config"]["learning_rate"]
        assert rate["class_name"] == "InverseTimeDecay"
        assert rate["config"]["decay_rate"] == 0.3
        assert rate["config"]["decay_steps"] == 1
        # In Keras a schedule's rate is no variable.
        assert stored(path)["optimizer/vars"] == [()]
        assert load_model(path).optimizer.decay == 0.3

    def test_without_the_optimizer(self, path: Path) -> None:
        model = classifier()
        steps(model, 1)
        model.save(path, include_optimizer=False)
        assert read(path)["compile_config"] == {}
        assert "optimizer/vars" not in stored(path)
        assert load_model(path).optimizer is None
        model.save(path)
        assert load_model(path, compile=False).optimizer is None

    def test_state_of_the_optimizer(self, path: Path) -> None:
        model = classifier()
        steps(model, 2)
        model.save(path)
        trained = [s for w in model.trainable_weights for s in [w.shape] * 2]
        # Steps, rate, and the two moments of each weight.
        names = stored(path)["optimizer/vars"]
        assert len(names) == 2 + len(trained)
        with zipfile.ZipFile(path) as archive, h5py.File(
            io.BytesIO(archive.read("model.weights.h5"))
        ) as file:  # fmt: skip
            state = file["optimizer/vars"]
            assert state["0"][()] == 2
            assert state["1"][()] == np.float32(0.001)
            assert [state[str(2 + i)].shape for i in range(len(trained))] == trained

    def test_nothing_is_left_behind(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The old file stays when writing fails in the middle."""
        from thalweg.saving import keras_model

        classifier().save(path)
        before = path.read_bytes()

        def failing(*args: Any) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(keras_model, "write_layers_of", failing)
        with pytest.raises(OSError, match="no space left"):
            classifier().save(path)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_formats_and_names(self, tmp_path: Path) -> None:
        model = classifier()
        model.save(tmp_path / "a.KERAS")
        model.save(tmp_path / "b", save_format="keras")
        (tmp_path / "c.h5").write_bytes((tmp_path / "b").read_bytes())  # its content tells
        for name in ("a.KERAS", "b", "c.h5"):
            assert load_model(tmp_path / name).name == "small"
        with pytest.raises(OptionError, match="the file exists"):
            model.save(tmp_path / "a.KERAS", overwrite=False)


class TestLayout:
    def weights(self, model: Model, path: Path) -> dict[str, list[tuple[int, ...]]]:
        file = path.with_name("saved.weights.h5")
        model.save_weights(file)
        return groups(file)

    def test_groups_go_by_class_and_number(self, path: Path) -> None:
        x = Input((8, 8, 1), name="x")
        h = Conv2D(2, 3, name="z")(x)
        h = Conv2D(3, 3, use_bias=False, name="a")(BatchNormalization(name="b")(h))
        assert self.weights(Model(x, h), path) == {
            "layers/conv2d/vars": [(3, 3, 1, 2), (2,)],
            "layers/batch_normalization/vars": [(2,)] * 4,
            "layers/conv2d_1/vars": [(3, 3, 2, 3)],
        }

    def test_layers_inside_layers(self, path: Path) -> None:
        x = Input((5, 2))
        h = Bidirectional(LSTM(2, return_sequences=True))(x)
        h = TimeDistributed(Dense(3))(Pipeline([Rescaling(1.0), BatchNormalization()])(h))
        from thalweg.layers import RNN

        h = RNN([GRUCell(2), LSTMCell(2), GRUCell(1)])(h)
        assert set(self.weights(Model(x, h), path)) == {
            "layers/bidirectional/forward_layer/cell/vars",
            "layers/bidirectional/backward_layer/cell/vars",
            "layers/pipeline/layers/batch_normalization/vars",
            "layers/time_distributed/layer/vars",
            "layers/rnn/cell/cells/gru_cell/vars",
            "layers/rnn/cell/cells/lstm_cell/vars",
            "layers/rnn/cell/cells/gru_cell_1/vars",
        }

    def test_models_inside_models(self, path: Path) -> None:
        start = Input((4,))
        inner = Model(start, Dense(4)(start))
        stack = Sequential([Input((4,)), inner, Dense(4), Sequential([Dense(4)])])
        x = Input((4,))
        assert set(self.weights(Model(x, Dense(2)(stack(inner(x)))), path)) == {
            "layers/functional/layers/dense/vars",  # where it was met first
            "layers/sequential/layers/dense/vars",
            "layers/sequential/layers/sequential/layers/dense/vars",
            "layers/dense/vars",
        }

    def test_attributes_of_a_class_of_the_users(self, path: Path) -> None:
        """As Keras walks: by name, private ones last; lists and dicts count."""

        class Block(Layer):
            def __init__(self, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self._late = Dense(4)
                self.zebra = {"k": self._late, "l": Dense(4), "m": [Dense(4)]}
                self.ants = [Dense(4), "text", Dense(4)]
                self.factor = self.add_weight("factor", (2,))

            def call(self, inputs: Any) -> Any:
                for layer in (*self.ants[::2], *self.zebra["m"], self.zebra["l"], self._late):
                    inputs = layer(inputs)
                return inputs * self.factor[0]

        x = Input((4,))
        model = Model(x, Block()(x))
        expected = {
            "layers/block/vars": [(2,)],
            **{
                f"layers/block/{place}/vars": [(4, 4), (4,)]
                for place in ("ants/dense", "ants/dense_1", "zebra/dense", "zebra/dense_1",
                              "zebra/container/dense")
            },
        }  # fmt: skip
        assert self.weights(model, path) == expected

    def test_subclassed_model(self, tmp_path: Path) -> None:
        class Net(Model):
            def __init__(self) -> None:
                super().__init__()
                self.trunk, self.head = Dense(3), Dense(2)

            def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
                return self.head(self.trunk(inputs))

        one, two = Net(), Net()
        expected = one.predict(X)
        two.predict(X)
        one.save_weights(tmp_path / "net.weights.h5")
        # `head` comes before `layers`, `trunk` after it, where it is the second Dense.
        assert set(groups(tmp_path / "net.weights.h5")) == {"head/vars", "layers/dense/vars"}
        two.load_weights(tmp_path / "net.weights.h5")
        np.testing.assert_array_equal(two.predict(X), expected)

    def test_layouts_by_suffix(self, tmp_path: Path) -> None:
        model = classifier()
        values = model.get_weights()
        model.save_weights(tmp_path / "a.weights.h5")
        model.save_weights(tmp_path / "weights.h5")
        model.save_weights(tmp_path / "a_weights.h5")
        model.save(tmp_path / "a.keras")
        with h5py.File(tmp_path / "weights.h5") as file:
            assert "layer_names" in file.attrs
        with h5py.File(tmp_path / "a.weights.h5") as file:
            assert set(file) == {"layers", "vars"}
            assert file["layers/dense/vars"].attrs["name"] == "hidden"
        for name in ("a.weights.h5", "weights.h5", "a_weights.h5", "a.keras"):
            model.set_weights([np.zeros_like(value) for value in values])
            model.load_weights(tmp_path / name)
            for value, expected in zip(model.get_weights(), values, strict=True):
                np.testing.assert_array_equal(value, expected)

    def test_layers_called_like_groups(self, tmp_path: Path) -> None:
        model = Sequential([Input((4,)), Dense(3, name="layers"), Dense(2, name="vars")])
        values = model.get_weights()
        saves = {
            "old.h5": model.save_weights,
            "new.weights.h5": model.save_weights,
            "whole.h5": model.save,
            "whole.keras": model.save,
        }
        for name, save in saves.items():
            save(tmp_path / name)
            model.set_weights([np.zeros_like(value) for value in values])
            model.load_weights(tmp_path / name)
            for value, expected in zip(model.get_weights(), values, strict=True):
                np.testing.assert_array_equal(value, expected)

    @pytest.mark.parametrize("name", ["w.weights.h5", "w.keras"])
    def test_names_do_not_go_with_it(self, tmp_path: Path, name: str) -> None:
        model = classifier()
        model.save_weights(tmp_path / name) if name.endswith("h5") else model.save(tmp_path / name)
        with pytest.raises(OptionError) as error:
            model.load_weights(tmp_path / name, by_name=True)
        assert message(error) == (
            "load_weights: by_name does not go with the layout of Keras 3, which goes by "
            "structure\n"
            "  expected  a file in the layout of Keras 2\n"
            f"  got       {str(tmp_path / name)!r}\n"
            "  hint      load it into a model of its own, and save_weights('weights.h5') from that"
        )


class TestOtherModels:
    """A model that is not that of the file keeps all its weights."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "two.weights.h5"
        Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")]).save_weights(path)
        return path

    def refused(self, model: Model, file: Path, kind: type[Exception]) -> str:
        before = model.get_weights()
        with pytest.raises(kind) as error:
            model.load_weights(file)
        for value, expected in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(value, expected)
        return message(error)

    def test_fewer_layers(self, file: Path) -> None:
        text = self.refused(Sequential([Input((4,)), Dense(3)]), file, FileFormatError)
        assert text == (
            f"{file}: the file has weights of a layer that the model does not have\n"
            "  expected  a layer of the model for each\n"
            "  got       'layers/dense_1'\n"
            "  hint      build the model as it was when the file was saved"
        )

    def test_more_layers(self, file: Path) -> None:
        model = Sequential([Input((4,)), Dense(3), Dense(2), Dense(2, name="third")])
        text = self.refused(model, file, FileFormatError)
        assert text == (
            f"{file}: the layer has another number of weights than the stored one\n"
            "  expected  2, of shapes (2, 2), (2,)\n"
            "  got       none in 'layers/dense_2'\n"
            "  node      layer Dense 'third'\n"
            "  hint      build the model as it was when the file was saved"
        )

    def test_other_shapes(self, file: Path) -> None:
        model = Sequential([Input((4,)), Dense(3), Dense(5, name="wide")])
        assert self.refused(model, file, ShapeError) == (
            f"{file}: weight 0 has another shape than the stored one, 'layers/dense_1/vars/0'\n"
            "  expected  (3, 5)\n"
            "  got       (3, 2)\n"
            "  node      layer Dense 'wide'\n"
            "  hint      build the layer as it was when the file was saved"
        )

    def test_layers_of_older_files(self, file: Path) -> None:
        """tf_keras stored them under another name, and random seeds beside."""
        with h5py.File(file, "a") as opened:
            opened.move("layers", "_layer_checkpoint_dependencies")
            seeds = opened.create_group(
                "_layer_checkpoint_dependencies/dropout/seed_generator/vars"
            )
            seeds["0"] = np.zeros(2, np.uint32)
            expected = opened["_layer_checkpoint_dependencies/dense_1/vars/0"][()]
        model = Sequential([Input((4,)), Dense(3), Dropout(0.5), Dense(2)])
        model.load_weights(file)
        np.testing.assert_array_equal(model.get_weights()[2], expected)


class TestShared:
    @pytest.mark.parametrize("suffix", ["keras", "h5"])
    def test_layer_of_two_models(self, tmp_path: Path, suffix: str) -> None:
        """One layer stays one, with one state of the optimizer."""
        start = Input((4,))
        twin = Dense(4, "tanh", name="twin")
        inner = Model(start, Dense(4)(twin(start)), name="inner")
        x = Input((4,))
        model = Model(x, Dense(3, "softmax")(Add()([twin(x), inner(x)])))
        model.compile("adam", "sparse_categorical_crossentropy")
        given = X[:, :4], Y
        steps(model, 2, *given)
        model.save(tmp_path / f"m.{suffix}")
        loaded = load_model(tmp_path / f"m.{suffix}")
        assert loaded.get_layer("twin") is loaded.get_layer("inner").get_layer("twin")
        assert len(loaded.weights) == len(model.weights) == 6
        assert steps(loaded, 3, *given) == steps(model, 3, *given)


class TestCalls:
    def test_states_between_layers(self, path: Path) -> None:
        x = Input((5, 2), name="x")
        sums, *states = LSTM(3, return_state=True, name="one")(x)
        model = Model(x, [LSTM(3, name="two")(x, initial_state=states), sums])
        model.save(path)
        call = read(path)["config"]["layers"][-1]["inbound_nodes"][0]
        names = [t["config"]["keras_history"] for t in call["kwargs"]["initial_state"]]
        assert names == [["one", 0, 0], ["one", 0, 2]]  # the sums are the first state
        given = np.ones((2, 5, 2), np.float32)
        for a, b in zip(model.predict(given), load_model(path).predict(given), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_training_of_a_call_is_kept(self, path: Path) -> None:
        """A call that never trains: kept in files of ours, without meaning in Keras's."""
        x = Input((6,))
        model = Model(x, Dense(2)(BatchNormalization(name="norm")(x, training=False)))
        model.compile("sgd", "mse")
        model.save(path)
        assert '"training": false' in json.dumps(read(path))
        given = X, X[:, :2]
        for _ in range(2):
            loaded = load_model(path)
            loaded.train_on_batch(*given)
            moved = not np.array_equal(loaded.get_layer("norm").get_weights()[2], np.zeros(6))
            is_ours = "thalweg" in read(path, "metadata.json")
            assert moved != is_ours
            with zipfile.ZipFile(path) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            members["metadata.json"] = b"{}"
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in members.items():
                    archive.writestr(name, content)

    def test_dict_of_inputs_and_outputs(self, path: Path) -> None:
        a, b = Input((2,), name="a"), Input((3,), name="b")
        model = Model({"p": a, "q": b}, {"r": Dense(2)(a), "s": Dense(1)(b)})
        model.save(path)
        assert read(path)["config"]["input_layers"] == {"p": ["a", 0, 0], "q": ["b", 0, 0]}
        given = {"p": X[:, :2], "q": X[:, :3]}
        expected, got = model.predict(given), load_model(path).predict(given)
        assert set(got) == {"r", "s"}
        for name in got:
            np.testing.assert_array_equal(got[name], expected[name])

    def test_tensors_between_layers(self, path: Path) -> None:
        x = Input((4,))
        with pytest.raises(Exception, match="an operation between the layers belongs to none"):
            Model(x, Dense(2)(x * 2.0)).save(path)
        assert not path.exists()

    def test_embedding(self, path: Path) -> None:
        """Layers find their masks by themselves: nothing of them is in the file."""
        x = Input((5,), dtype="int32")
        model = Model(x, LSTM(2)(Embedding(4, 3, mask_zero=True)(x)))
        model.save(path)
        assert [layer["class_name"] for layer in read(path)["config"]["layers"]] == [
            *("InputLayer", "Embedding", "LSTM"),
        ]
        assert read(path)["config"]["layers"][-1]["inbound_nodes"][0]["kwargs"] == {}
        given = np.array([[1, 2, 0, 0, 0], [3, 1, 1, 2, 0]], np.int32)
        np.testing.assert_array_equal(load_model(path).predict(given), model.predict(given))


def test_registered_names(path: Path) -> None:
    with custom_object_scope({}):

        @register_keras_serializable(package="mine")
        class Tripled(Layer):
            def call(self, inputs: Any) -> Any:
                return inputs * 3.0

        @register_keras_serializable(package="mine")
        def off(y_true: Any, y_pred: Any) -> Any:
            return (y_true - y_pred) ** 2

        model = Sequential([Input((6,)), TimeDistributed(Tripled()), Dense(2)][::2])
        model.add(Tripled(name="t"))
        model.compile("sgd", off, metrics=[off])
        model.save(path)
        entry = read(path)["config"]["layers"][-1]
        assert entry["class_name"] == "Tripled"
        assert entry["registered_name"] == "mine>Tripled"
        loss = read(path)["compile_config"]["loss"]
        assert (loss["class_name"], loss["config"]) == ("function", "mine>off")
        given = X, X[:, :2]
        assert steps(load_model(path), 2, *given) == steps(model, 2, *given)
    with pytest.raises(FileFormatError, match="unknown class 'Tripled'"):
        load_model(path)


def test_large_weights(tmp_path: Path) -> None:
    """Nearly all of the file, and each looked at once."""
    model = Sequential([Input((500,)), Dense(400, name="large")])
    expected = model.get_weights()[0]
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(load_model(tmp_path / "m.keras").get_weights()[0], expected)
    model.set_weights([np.zeros((500, 400)), np.zeros(400)])
    model.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], expected)
