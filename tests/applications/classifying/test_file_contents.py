"""What is in model files, of this library and of Keras, without building a model."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from colours import write_colour_model

import thalweg.tf1 as tf
from thalweg import __version__
from thalweg.applications.file_contents import describe_file
from thalweg.core.errors import FileFormatError
from thalweg.layers import LSTM, BatchNormalization, Conv2D, Dense, Flatten, Input
from thalweg.models import Model, Sequential

REFERENCE = Path(__file__).parents[2] / "fidelity" / "reference"


def net():
    """A model that has been trained for a step, so that its optimizer has a state."""
    model = Sequential(
        [
            Conv2D(4, 3, input_shape=(6, 6, 1), name="conv"),
            BatchNormalization(name="norm"),
            Flatten(name="flat"),
            Dense(3, activation="softmax", name="out"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.train_on_batch(np.ones((2, 6, 6, 1), np.float32), np.array([0, 1]))
    return model


def shapes(contents):
    return {
        layer.name: [array.shape for array in layer.arrays]
        for layer in contents.layers
        if layer.arrays
    }


SHAPES = {
    "conv": [(3, 3, 1, 4), (4,)],
    "norm": [(4,)] * 4,
    "out": [(64, 3), (3,)],
}


@pytest.mark.parametrize(
    ("name", "kind", "writer"),
    [
        ("net.keras", "whole model, .keras", f"thalweg {__version__}, as Keras 3."),
        ("net.h5", "whole model, HDF5 as of Keras 2", "thalweg, as Keras 2."),
    ],
)
def test_whole_models(tmp_path, name, kind, writer):
    net().save(tmp_path / name)
    found = describe_file(tmp_path / name)
    assert (found.kind, shapes(found)) == (kind, SHAPES)
    assert found.writer.startswith(writer)
    kinds = [layer.kind for layer in found.layers if layer.kind != "InputLayer"]
    assert kinds == ["Conv2D", "BatchNormalization", "Flatten", "Dense"]
    assert found.parameters == net().count_params()
    assert found.optimizer is not None and found.optimizer.startswith("Adam, ")
    assert found.size_bytes == (tmp_path / name).stat().st_size and found.card is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("net.weights.h5", "weights, HDF5 as of Keras 3"),
        ("weights.h5", "weights, HDF5 as of Keras 2"),
    ],
)
def test_weights_alone(tmp_path, name, kind):
    net().save_weights(tmp_path / name)
    found = describe_file(tmp_path / name)
    assert (found.kind, shapes(found), found.optimizer) == (kind, SHAPES, None)
    assert {array.dtype for layer in found.layers for array in layer.arrays} == {"float32"}


def test_a_checkpoint(tmp_path):
    with tf.Graph().as_default():
        w = tf.get_variable("scope/w", [2, 3])
        n = tf.get_variable("n", [], tf.int64, tf.zeros_initializer())
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            tf.train.Saver([w, n]).save(session, str(tmp_path / "model.ckpt"))
    found = describe_file(tmp_path / "model.ckpt.h5")
    assert found.kind == "thalweg checkpoint 1"
    assert found.writer == f"thalweg {__version__}"
    assert {layer.name: layer.arrays[0][1:] for layer in found.layers} == {
        "scope/w": ((2, 3), "float32", 24),
        "n": ((), "int64", 8),
    }


def test_the_card_of_a_classifier(tmp_path):
    for name in ("m.keras", "m.h5"):
        card = describe_file(write_colour_model(tmp_path / name)).card
        assert card is not None and card.classes == ("blue", "green", "red")


def test_models_inside_models_and_cells(tmp_path):
    inner = Sequential([Dense(3, name="deep", input_shape=(4,))], name="inner")
    x = Input((5, 4), name="steps")
    Model(x, inner(LSTM(4, name="lstm")(x))).save(tmp_path / "m.keras")
    found = describe_file(tmp_path / "m.keras")
    depths = {layer.name: layer.depth for layer in found.layers}
    assert (depths["lstm"], depths["inner"], depths["deep"]) == (0, 0, 1)
    assert shapes(found) == {"lstm": [(4, 16), (4, 16), (16,)], "deep": [(4, 3), (3,)]}
    Model(x, inner(LSTM(4, name="lstm")(x))).save(tmp_path / "m.h5")
    assert describe_file(tmp_path / "m.h5").parameters == found.parameters


WHOLE = sorted(p for p in REFERENCE.glob("models_*.h5"))


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_files_that_keras_wrote(path):
    found = describe_file(path)
    assert found.writer.startswith("Keras ") and found.layers
    assert found.parameters > 0


def test_no_model_is_built(tmp_path, monkeypatch):
    path = write_colour_model(tmp_path / "m.keras")
    from thalweg.layers.base import Layer

    def fails(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(Layer, "__init__", fails)
    assert describe_file(path).parameters == 9 + 12


def test_texts_of_a_file_are_made_fit_to_be_shown(tmp_path):
    config = {
        "class_name": "Sequential",
        "config": {"layers": [{"class_name": "Den\x1b[31mse", "config": {"name": "x" * 999}}]},
    }
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3\n", "date_saved": "x"}))
    found = describe_file(tmp_path / "m.keras")
    assert found.writer == "Keras 3?" and found.layers[0].kind == "Den?[31mse"
    assert len(found.layers[0].name) == 200
    assert found.details == {"saved": "x", "weights": "no member model.weights.h5"}


def test_other_files_are_told(tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(FileFormatError, match="not an HDF5 file"):
        describe_file(tmp_path / "text")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(FileFormatError, match=r"'config\.json' is missing"):
        describe_file(tmp_path / "other.zip")
    with pytest.raises(FileFormatError, match="a folder, not a file"):
        describe_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        describe_file(tmp_path / "gone")


def test_deep_nesting_is_no_way_to_a_crash(tmp_path):
    config = {"class_name": "Dense", "config": {"name": "end"}}
    for _ in range(200):
        config = {"class_name": "Sequential", "config": {"layers": [config]}}
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    with pytest.raises(FileFormatError, match="nested too deeply"):
        describe_file(tmp_path / "m.keras")
    assert sys.getrecursionlimit()
