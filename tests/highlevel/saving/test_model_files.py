"""Files of whole models: what h5py sees in them, and that training goes on as if never stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_entries import Array, Scaled, message, numbers

from thalweg import core, losses, metrics, optimizers
from thalweg.callbacks import LearningRateScheduler, ModelCheckpoint
from thalweg.core import Session, Tensor, set_seed
from thalweg.core.errors import FileFormatError, GraphError, OptionError
from thalweg.layers import (
    BatchNormalization,
    Dense,
    Dropout,
    GaussianNoise,
    Input,
    Lambda,
    Layer,
)
from thalweg.models import Model, Sequential, load_model, save_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


def classifier(**compiled: Any) -> Sequential:
    model = Sequential(
        [
            Dense(8, "relu", input_shape=(6,), name="hidden", kernel_regularizer="l2"),
            BatchNormalization(name="norm"),
            Dense(3, "softmax", name="head"),
        ],
        name="small",
    )
    arguments = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", **compiled}
    model.compile(metrics=["accuracy"], **arguments)
    return model


X = numbers(12, 6)
Y = np.arange(12) % 3


def steps(model: Any, count: int = 5, x: Any = X, y: Any = Y) -> list[Any]:
    return [model.train_on_batch(x, y) for _ in range(count)]


def rewrite(path: Path, attribute: str, change: Callable[[Any], Any]) -> None:
    """Changes the JSON of an attribute."""
    with h5py.File(path, "r+") as file:
        data = json.loads(file.attrs[attribute])
        file.attrs[attribute] = json.dumps(change(data))


class TestLayout:
    def test_attributes_and_groups(self, path: Path) -> None:
        model = classifier()
        steps(model, 2)
        model.save(path)
        with h5py.File(path) as file:
            assert set(file) == {"model_weights", "optimizer_weights"}
            assert file.attrs["backend"] == "tensorflow"
            assert file.attrs["keras_version"].startswith("2.")
            assert json.loads(file.attrs["model_config"])["class_name"] == "Sequential"
            training = json.loads(file.attrs["training_config"])
            group = file["model_weights"]
            assert [n.decode() for n in group.attrs["layer_names"]] == ["hidden", "norm", "head"]
            np.testing.assert_array_equal(
                group["hidden/hidden/kernel:0"][()], model.layers[0].get_weights()[0]
            )
            assert group["norm"].attrs["weight_names"].tolist() == [
                b"norm/gamma:0",
                b"norm/beta:0",
                b"norm/moving_mean:0",
                b"norm/moving_variance:0",
            ]
            state = file["optimizer_weights"]
            names = [name.decode() for name in state.attrs["weight_names"]]
            assert names[0] == "iteration:0"
            assert state["iteration:0"][()] == 2
            shapes = [state[name].shape for name in names[1:]]
            # Momentum and velocity of each trainable weight, one after the other.
            assert shapes == [s for w in model.trainable_weights for s in [w.shape] * 2]
        assert training["loss"] == "sparse_categorical_crossentropy"
        assert training["metrics"] == ["accuracy"]
        assert training["optimizer_config"]["class_name"] == "Adam"
        assert training["optimizer_config"]["config"]["learning_rate"] == 0.001

    def test_objects_are_written_without_modules(self, path: Path) -> None:
        """Keras imports the modules that it finds beside a class."""
        model = classifier(loss=losses.SparseCategoricalCrossentropy(from_logits=True))
        model.save(path)
        with h5py.File(path) as file:
            loss = json.loads(file.attrs["training_config"])["loss"]
        assert set(loss) == {"class_name", "config"}
        assert loss["config"]["from_logits"] is True
        assert not {"axis", "dtype"} & set(loss["config"])

    def test_weights_of_a_model_inside(self, path: Path) -> None:
        """Keras lists what trains before what does not, for the whole of the inner model."""
        inner = Sequential([BatchNormalization(name="n"), Dense(2, name="d")], name="inner")
        model = Sequential([Input((3,)), inner])
        model.save(path)
        with h5py.File(path) as file:
            names = file["model_weights/inner"].attrs["weight_names"].tolist()
        assert [name.decode().rpartition("/")[2] for name in names] == [
            *("gamma:0", "beta:0", "kernel:0", "bias:0"),
            *("moving_mean:0", "moving_variance:0"),
        ]
        model.save_weights(path)
        with h5py.File(path) as file:
            assert file["inner"].attrs["weight_names"].tolist() == names

    def test_equal_names_inside(self, path: Path) -> None:
        inner = Sequential([Dense(3, input_shape=(3,), name="d")], name="inner")
        middle = Sequential([Input((3,)), inner, Dense(3, name="d")], name="middle")
        model = Sequential([Input((3,)), middle])
        model.save(path)
        copied = load_model(path)
        np.testing.assert_array_equal(copied.predict(X[:, :3]), model.predict(X[:, :3]))

    def test_long_configuration(self, path: Path) -> None:
        """Longer than an HDF5 attribute may be, if it did not lie in a heap."""
        model = Sequential([Input((2,)), *(Dense(2) for _ in range(250))])
        model.save(path)
        with h5py.File(path) as file:
            assert len(file.attrs["model_config"]) > 1 << 16
        assert len(load_model(path).layers) == 250

    def test_suffixes(self, tmp_path: Path) -> None:
        model = classifier()
        for name in ("a.h5", "a.hdf5", "a.H5"):
            model.save(tmp_path / name)
            assert load_model(tmp_path / name).name == "small"
        model.save(tmp_path / "a", save_format="h5")
        assert load_model(str(tmp_path / "a")).name == "small"

    def test_overwrite(self, path: Path) -> None:
        classifier().save(path)
        before = path.read_bytes()
        with pytest.raises(OptionError, match="the file exists"):
            classifier().save(path, overwrite=False)
        assert path.read_bytes() == before


class TestResume:
    @pytest.mark.parametrize(
        "optimizer",
        [
            lambda: optimizers.SGD(0.1),
            lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
            lambda: optimizers.Adam(0.01, amsgrad=True),
            lambda: optimizers.AdamW(0.01, weight_decay=0.1),
            lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
            lambda: optimizers.Adadelta(1.0),
            lambda: optimizers.Adagrad(0.1),
            lambda: optimizers.Adam(0.01, clipnorm=0.1, use_ema=True, ema_overwrite_frequency=3),
            lambda: optimizers.SGD(0.1, decay=0.3),
            lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
        ],
    )
    def test_equals_an_unbroken_training(self, path: Path, optimizer: Callable[[], Any]) -> None:
        model = classifier(optimizer=optimizer())
        steps(model)
        model.save(path)
        unbroken = steps(model)
        resumed = load_model(path)
        assert steps(resumed) == unbroken
        for a, b in zip(resumed.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert resumed.optimizer.get_config() == model.optimizer.get_config()

    def test_random_numbers_go_on(self, path: Path) -> None:
        """With shared and nested layers, and a layer that drew numbers elsewhere."""
        set_seed(7)
        x = Input((6,))
        inner = Sequential([Dense(6, input_shape=(6,)), Dropout(0.3), GaussianNoise(0.1)])
        shared = Dropout(0.5)
        h = shared(shared(inner(inner(x))))
        model = Model(x, Dense(3, "softmax")(Dropout(0.2, seed=5)(h)))
        inner.layers[1](np.ones((2, 6), np.float32), training=True)
        model.compile("adam", "sparse_categorical_crossentropy")
        steps(model)
        model.save(path)
        unbroken = steps(model)
        set_seed(99)  # another process has another seed
        resumed = load_model(path)
        resumed.evaluate(X, Y, verbose=0)  # disturbs nothing
        assert steps(resumed) == unbroken

    def test_order_of_samples_goes_on(self, path: Path) -> None:
        set_seed(3)
        model = classifier()
        model.fit(X, Y, batch_size=4, verbose=0)
        model.save(path)
        unbroken = model.fit(X, Y, batch_size=4, verbose=0).history
        set_seed(3)
        assert load_model(path).fit(X, Y, batch_size=4, verbose=0).history == unbroken

    def test_learning_rate_of_the_moment(self, path: Path) -> None:
        model = classifier(optimizer=optimizers.SGD(0.5))
        model.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.0123)])
        model.save(path)
        assert load_model(path).optimizer.learning_rate == model.optimizer.learning_rate
        assert load_model(path).optimizer.learning_rate == pytest.approx(0.0123)

    def test_compiled_but_not_trained(self, path: Path) -> None:
        model = classifier()
        model.save(path)
        assert steps(load_model(path)) == steps(model)

    def test_frozen_after_compile(self, path: Path) -> None:
        """As in GAN scripts: what trains was decided by compile."""
        model = classifier()
        model.layers[0].trainable = False
        steps(model)
        model.save(path)
        resumed = load_model(path)
        assert [layer.trainable for layer in resumed.layers] == [False, True, True]
        assert steps(resumed) == steps(model)
        assert not np.array_equal(
            resumed.layers[0].get_weights()[0], load_model(path).layers[0].get_weights()[0]
        )

    def test_thawed_after_compile(self, path: Path) -> None:
        model = classifier()
        model.layers[0].trainable = False
        model.compile("adam", "sparse_categorical_crossentropy")
        model.layers[0].trainable = True
        steps(model)
        model.save(path)
        kernel = model.layers[0].get_weights()[0]
        resumed = load_model(path)
        assert steps(resumed) == steps(model)
        np.testing.assert_array_equal(resumed.layers[0].get_weights()[0], kernel)

    def test_optimizer_that_serves_two_models(self, path: Path) -> None:
        shared = optimizers.Adam(0.01)
        other, model = classifier(optimizer=shared), classifier(optimizer=shared)
        steps(other, 3)
        steps(model, 3)
        model.save(path)
        assert steps(load_model(path)) == steps(model)

    def test_several_outputs(self, path: Path) -> None:
        a, b = Input((6,), name="a"), Input((6,), name="b")
        shared = Dense(4, "tanh")
        heads = [Dense(1, name="one"), Dense(3, "softmax", name="two")]
        model = Model([a, b], [heads[0](shared(a)), heads[1](shared(b))])
        model.compile(
            "adam",
            loss={"one": "mse", "two": losses.SparseCategoricalCrossentropy()},
            loss_weights={"one": 1.0, "two": 0.5},
            metrics={"one": ["mae"], "two": ["accuracy", metrics.SparseCategoricalAccuracy()]},
            weighted_metrics={"two": ["accuracy"]},
        )
        given = ([X, X + 1], [X[:, :1], Y])
        steps(model, 2, *given)
        model.save(path)
        resumed = load_model(path)
        assert steps(resumed, 5, *given) == steps(model, 5, *given)
        assert resumed.metrics_names == model.metrics_names

    def test_in_another_session(self, path: Path) -> None:
        model = classifier()
        steps(model)
        model.save(path)
        expected = model.predict(X)
        with Session():
            np.testing.assert_array_equal(load_model(path).predict(X), expected)

    def test_model_checkpoint(self, tmp_path: Path) -> None:
        model = classifier()
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "{epoch}.h5")])
        assert sorted(file.name for file in tmp_path.iterdir()) == ["1.h5", "2.h5"]
        np.testing.assert_array_equal(load_model(tmp_path / "2.h5").predict(X), model.predict(X))
        assert load_model(tmp_path / "1.h5").optimizer.iterations.numpy() == 1


class TestWithoutOptimizer:
    def test_not_included(self, path: Path) -> None:
        model = classifier()
        steps(model)
        model.save(path, include_optimizer=False)
        with h5py.File(path) as file:
            assert set(file) == {"model_weights"}
            assert "training_config" not in file.attrs
        loaded = load_model(path)
        assert loaded.optimizer is None
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))

    def test_not_compiled_when_loaded(self, path: Path) -> None:
        classifier().save(path)
        assert load_model(path, compile=False).optimizer is None

    def test_never_compiled(self, path: Path) -> None:
        Sequential([Dense(2, input_shape=(6,))]).save(path)
        assert load_model(path).predict(X).shape == (12, 2)


class WithFactor(Model):
    """A functional model with a variable of its own."""

    def __init__(self, **kwargs: Any) -> None:
        x = Input((6,))
        super().__init__(x, Dense(2)(x), **kwargs)
        self.factor = self.add_weight("factor", (2,), initializer="zeros")


class TestCustomObjects:
    def test_classes_and_functions(self, path: Path) -> None:
        def off(y_true: Tensor, y_pred: Tensor) -> Any:
            return core.reduce_mean(core.square(y_true - y_pred), axis=-1)

        def worst(y_true: Tensor, y_pred: Tensor) -> Any:
            return core.reduce_max(core.abs(y_true - y_pred), axis=-1)

        def triple(x: Tensor) -> Tensor:
            return x * 3.0

        model = Sequential([Dense(2, input_shape=(6,)), Scaled(0.5), Lambda(triple)])
        model.compile("sgd", off, metrics=[worst, "mae"])
        given = (X, X[:, :2])
        steps(model, 2, *given)
        model.save(path)
        objects = {"off": off, "worst": worst, "triple": triple, "Scaled": Scaled}
        resumed = load_model(path, custom_objects=objects)
        assert steps(resumed, 3, *given) == steps(model, 3, *given)
        for missing in objects:
            fewer = {name: item for name, item in objects.items() if name != missing}
            with pytest.raises(FileFormatError, match=f"unknown .*{missing!r}"):
                load_model(path, custom_objects=fewer)
        del objects["off"], objects["worst"]
        assert load_model(path, objects, compile=False).optimizer is None

    def test_unknown_loss(self, path: Path) -> None:
        def off(y_true: Tensor, y_pred: Tensor) -> Any:
            return core.reduce_mean(y_true - y_pred, axis=-1)

        model = Sequential([Dense(2, input_shape=(6,))])
        model.compile("sgd", off)
        model.save(path)
        with pytest.raises(FileFormatError) as error:
            load_model(path)
        text = message(error)
        assert text.startswith(f"{path}: the loss cannot be made again: unknown loss 'off'\n")
        assert text.endswith("load_model(path, compile=False) loads the model without it")

    def test_variables_of_the_model_itself(self, path: Path) -> None:
        model = WithFactor()
        model.set_weights([np.full(w.shape, i) for i, w in enumerate(model.weights)])
        model.save(path)
        with h5py.File(path) as file:
            own = file["model_weights/top_level_model_weights"]
            assert len(own.attrs["weight_names"]) == 1
            assert b"top_level_model_weights" not in file["model_weights"].attrs["layer_names"]
        loaded = load_model(path, {"WithFactor": WithFactor})
        for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        model.save_weights(path)
        other = WithFactor()
        other.load_weights(path)
        np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


class TestRefused:
    @pytest.mark.parametrize("name", ["model.keras", "model", "model.tf", "model.h6"])
    def test_other_kinds_of_files(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(OptionError) as error:
            classifier().save(tmp_path / name)
        text = message(error)
        assert text.startswith("save: this kind of file is not written\n")
        assert "  expected  *.h5 or *.hdf5\n" in text
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
        self.refused(path, "a zip archive")

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


class TestFilesOfKeras:
    """What other versions write, made of our files by h5py."""

    def test_state_slot_by_slot(self, path: Path) -> None:
        """Before 2022 all momenta stood before all velocities, then dummies."""
        model = classifier()
        steps(model)
        model.save(path)
        count = len(model.trainable_weights)
        with h5py.File(path, "r+") as file:
            state = file["optimizer_weights"]
            names = state.attrs["weight_names"].tolist()
            arrays = [state[name][()] for name in names]
            del file["optimizer_weights"], file.attrs["thalweg"]
            old = file.create_group("optimizer_weights")
            slots = [*arrays[1::2], *arrays[2::2], *([np.zeros(1, np.float32)] * count)]
            words = ["m", "v", "vhat"]
            titles = [f"training/Adam/{words[i // count]}_{i}:0" for i in range(len(slots))]
            for title, array in zip(
                ["Adam/iterations:0", *titles], [arrays[0], *slots], strict=True
            ):
                old[title] = array
            old.attrs["weight_names"] = [b"Adam/iterations:0", *(t.encode() for t in titles)]
        assert steps(load_model(path)) == steps(model)

    def test_learning_rate_in_the_state(self, path: Path) -> None:
        """Keras 3 lists it after the number of steps."""
        model = classifier()
        steps(model)
        model.save(path)
        with h5py.File(path, "r+") as file:
            del file.attrs["thalweg"]
            state = file["optimizer_weights"]
            names = state.attrs["weight_names"].tolist()
            state["adam/learning_rate"] = np.float32(0.25)
            state.attrs["weight_names"] = [names[0], b"adam/learning_rate", *names[1:]]
        assert load_model(path).optimizer.learning_rate == 0.25

    def test_momentum_that_is_not_used(self, path: Path) -> None:
        """tf_keras keeps one for an SGD without momentum."""
        model = classifier(optimizer="sgd")
        steps(model)
        model.save(path)
        with h5py.File(path, "r+") as file:
            state = file["optimizer_weights"]
            titles = [f"SGD/m/{i}:0" for i in range(len(model.trainable_weights))]
            for title, weight in zip(titles, model.trainable_weights, strict=True):
                state[title] = np.zeros(weight.type.dims(), np.float32)
            state.attrs["weight_names"] = [b"iteration:0", *(title.encode() for title in titles)]
        loaded = load_model(path)
        assert loaded.optimizer.iterations.numpy() == 5
        assert steps(loaded) == steps(model)

    def test_words_of_tf_keras(self, path: Path) -> None:
        """Resolved metrics, registered optimizers, losses with the names of their functions."""
        model = classifier()
        steps(model)
        model.save(path)

        def change(data: Any) -> Any:
            wrapped = {"name": "accuracy", "dtype": "float32", "fn": "sparse_categorical_accuracy"}
            error = {"name": "mae", "dtype": "float32", "fn": "mean_absolute_error"}
            data["metrics"] = [
                [
                    {"class_name": "MeanMetricWrapper", "config": wrapped},
                    {"class_name": "MeanMetricWrapper", "config": error},
                ]
            ]
            data["loss"] = {
                "class_name": "SparseCategoricalCrossentropy",
                "config": {
                    "reduction": "auto",
                    "name": "sparse_categorical_crossentropy",
                    "from_logits": False,
                    "ignore_class": None,
                    "fn": "sparse_categorical_crossentropy",
                },
            }
            optimizer = data["optimizer_config"]
            optimizer["class_name"] = "Custom>Adam"
            optimizer["config"].update(jit_compile=False, is_legacy_optimizer=False, tempo=3)
            return data

        rewrite(path, "training_config", change)
        with pytest.warns(UserWarning, match="left out: 'tempo' of Adam$"):
            loaded = load_model(path)
        results = loaded.train_on_batch(X, Y, return_dict=True)
        assert list(results) == ["loss", "accuracy", "mae"]
        assert results["loss"] == model.train_on_batch(X, Y, return_dict=True)["loss"]


def predictions_of(model: Any) -> Array:
    return np.asarray(model.predict(X))


def test_layers_called_with_training(path: Path) -> None:
    class Both(Layer):
        """Uses a layer inside with a fixed mode."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.norm = BatchNormalization()

        def call(self, inputs: Tensor) -> Any:
            return self.norm(inputs, training=False)

    x = Input((6,))
    model = Model(x, Both()(BatchNormalization()(x, training=False)))
    model.set_weights([np.full(w.shape, 0.5) for w in model.weights])
    model.save(path)
    loaded = load_model(path, {"Both": Both})
    np.testing.assert_array_equal(predictions_of(loaded), predictions_of(model))
