"""Files of whole models: what h5py sees in them, and that training goes on as if never stopped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_entries import Array, Scaled, X, Y, classifier, message, steps

from thalweg import core, losses, metrics, optimizers
from thalweg.callbacks import LearningRateScheduler, ModelCheckpoint
from thalweg.core import Session, Tensor, set_seed
from thalweg.core.errors import FileFormatError, OptionError
from thalweg.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    GaussianNoise,
    Input,
    Lambda,
    Layer,
)
from thalweg.models import Model, Sequential, load_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


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
        # tf_keras takes "accuracy" for another metric when it loads.
        [[metric]] = training["metrics"]
        assert metric["class_name"] == "SparseCategoricalAccuracy"
        assert metric["config"]["name"] == "accuracy"
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
        names = [f"{i}_" + "long" * 400 for i in range(45)]
        model = Sequential([Input((2,)), *(Activation("relu", name=name) for name in names)])
        model.save(path)
        with h5py.File(path) as file:
            assert len(file.attrs["model_config"]) > 1 << 16
        assert [layer.name for layer in load_model(path).layers] == names

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
    @pytest.fixture(params=["model.h5", "model.keras"])
    def path(self, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
        return tmp_path / request.param

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
            lambda: optimizers.Adamax(0.01),
            lambda: optimizers.Nadam(0.01),
            lambda: optimizers.Ftrl(0.1, l1_regularization_strength=0.01),
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

    @pytest.mark.parametrize(
        "given",
        [
            ["acc", "ce"],
            ["mse", metrics.CategoricalAccuracy(name="hits"), metrics.AUC(num_thresholds=20)],
            [losses.Huber(delta=0.5, name="bend"), losses.mean_absolute_error],
            {"head": ["accuracy", "accuracy"]},
        ],
    )
    def test_metrics_keep_their_names(self, path: Path, given: Any) -> None:
        model = Sequential([Dense(3, "softmax", input_shape=(6,), name="head")])
        model.compile("sgd", "categorical_crossentropy", metrics=given, weighted_metrics=["acc"])
        wanted = np.eye(3, dtype=np.float32)[Y]
        model.save(path)  # before the metrics have seen data
        fresh = load_model(path)
        expected = model.train_on_batch(X, wanted, return_dict=True)
        assert fresh.train_on_batch(X, wanted, return_dict=True) == expected
        model.save(path)
        resumed = load_model(path)
        expected = model.train_on_batch(X, wanted, return_dict=True)
        assert resumed.train_on_batch(X, wanted, return_dict=True) == expected

    def test_in_another_session(self, path: Path) -> None:
        model = classifier()
        steps(model)
        model.save(path)
        expected = model.predict(X)
        with Session():
            np.testing.assert_array_equal(load_model(path).predict(X), expected)

    @pytest.mark.parametrize("suffix", ["h5", "keras"])
    def test_model_checkpoint(self, tmp_path: Path, suffix: str) -> None:
        model = classifier()
        callback = ModelCheckpoint(tmp_path / f"{{epoch}}.{suffix}")
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
        files = [tmp_path / f"{epoch}.{suffix}" for epoch in (1, 2)]
        assert sorted(tmp_path.iterdir()) == files
        np.testing.assert_array_equal(load_model(files[1]).predict(X), model.predict(X))
        assert load_model(files[0]).optimizer.iterations.numpy() == 1


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
    @pytest.mark.parametrize("name", ["model.h5", "model.keras"])
    def test_classes_and_functions(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name

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
            with pytest.raises(FileFormatError, match=repr(missing)):
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


def test_the_documentation_is_right() -> None:
    page = Path(__file__).parents[3] / "docs" / "saving.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
