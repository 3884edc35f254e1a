"""plot_model: what is drawn of a model, and in which files."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import thalweg as keras
from thalweg import layers
from thalweg.core.errors import GraphError, OptionError
from thalweg.utils import model_to_dot, plot_model


@pytest.fixture
def model() -> keras.Model:
    """Two inputs through one tower; two outputs, a plain op between."""
    a, b = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    tower = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="relu", name="inner")], name="tower"
    )
    tower.trainable = False
    both = layers.Subtract(name="minus")([tower(a), tower(b)])
    hidden = layers.Dense(5, activation="tanh", name="hidden")(both) * 2.0
    outputs = [
        layers.Dense(1, name="same")(hidden),
        layers.Dense(2, name="other", dtype="float64")(hidden),
    ]
    return keras.Model([a, b], outputs, name="siamese")


def texts(drawing, *styles: str) -> list[str]:
    """What is written in a picture, by the classes of texts."""
    found = re.findall(r'<text class="(\w+)"[^>]*>([^<]*)</text>', drawing.svg)
    return [text for style, text in found if style in styles]


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())))


def test_names_classes_and_lines(model) -> None:
    drawing = plot_model(model, to_file=None)
    names = ["left", "right", "tower", "tower", "minus", "hidden", "same", "other"]
    assert sorted(texts(drawing, "title")) == sorted(names)
    assert texts(drawing, "detail").count("Dense") == 3
    assert texts(drawing, "detail").count("2 layers") == 2
    assert not texts(drawing, "type")
    assert drawing.svg.count('class="arrow"') == 2 + 2 + 1 + 2
    assert "control" not in re.findall(r'class="line ?(\w*)"', drawing.svg)
    assert set(texts(drawing, "caption")) == {"layer", "input", "model", "siamese"}


def test_shapes_and_dtypes(model) -> None:
    drawing = plot_model(model, to_file=None, show_shapes=True, show_dtype=True)
    assert sorted(texts(drawing, "type")) == sorted(
        ["float32 (None, 4)"] * 2 + ["float32 (None, 3)"] * 3 + ["float32 (None, 5)"]
    )
    results = [text for text in texts(drawing, "detail") if text.startswith("float")]
    assert results == ["float32 (None, 1)", "float64 (None, 2)"]
    assert texts(plot_model(model, None, show_dtype=True), "type") == ["float32"] * 6


def test_what_is_inside_of_models(model) -> None:
    drawing = plot_model(model, None, expand_nested=True, show_shapes=True)
    assert texts(drawing, "title").count("inner") == 2
    assert texts(drawing, "name") == ["tower"]
    # Two inputs, two inputs of the tower, twice inner, minus twice, hidden, and two outputs.
    assert drawing.svg.count('class="arrow"') == 2 + 2 + 2 + 1 + 2
    assert "(None, 3)" in texts(drawing, "type")


def test_activations_and_what_does_not_train(model) -> None:
    detail = texts(
        plot_model(model, None, show_layer_activations=True, show_trainable=True), "detail"
    )
    assert detail.count("tanh") == 1
    assert detail.count("frozen") == 2


def test_without_names_classes_are_titles(model) -> None:
    titles = texts(plot_model(model, None, show_layer_names=False), "title")
    assert titles.count("Dense") == 3
    assert "hidden" not in titles


def test_files(model, tmp_path) -> None:
    plot_model(model, tmp_path / "m.png", dpi=96)
    plot_model(model, str(tmp_path / "m.svg"))
    width = pixels(tmp_path / "m.png").shape[1]
    plot_model(model, tmp_path / "m.png", dpi=192)
    assert pixels(tmp_path / "m.png").shape[1] == pytest.approx(2 * width, abs=2)
    assert (tmp_path / "m.svg").read_text("utf-8") == plot_model(model, None).svg


def test_the_methods_of_pydot(model, tmp_path) -> None:
    dot = model_to_dot(model, show_shapes=True)
    assert dot.create(prog="dot", format="svg") == dot.create_svg() == dot.svg.encode()
    dot.write_png(tmp_path / "picture")
    assert (tmp_path / "picture").read_bytes() == dot.create_png(prog="dot")
    assert pixels(tmp_path / "picture").min() < 100
    dot.write_svg(tmp_path / "text")
    assert (tmp_path / "text").read_bytes() == dot.create_svg()
    with pytest.raises(OptionError, match="unknown format"):
        dot.create(format="pdf")


def test_errors(model, tmp_path) -> None:
    with pytest.raises(OptionError, match="a picture of another kind"):
        plot_model(model, tmp_path / "m.pdf")
    assert not list(tmp_path.iterdir())
    with pytest.raises(GraphError, match="has no graph of layers"):
        plot_model(keras.Sequential([layers.Dense(2)]), None)


def test_the_old_name_of_summary(model) -> None:
    lines, expected = [], []
    keras.utils.print_summary(model, line_length=80, print_fn=lines.append)
    model.summary(line_length=80, print_fn=expected.append)
    assert lines == expected
