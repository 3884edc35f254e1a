"""Confusion matrices and the charts that matplotlib draws."""

import sys

import numpy as np
import pytest
from PIL import Image

from thalweg.applications.charts import (
    confusion_chart,
    confusion_matrix,
    shortened,
    training_curves,
)
from thalweg.core.errors import DataError, MissingExtraError, OptionError

HISTORY = {
    "loss": [1.0, 0.5, 0.4],
    "accuracy": [0.3, 0.6, 0.8],
    "val_loss": [0.9, 0.6, 0.5],
    "val_accuracy": [0.4, 0.5, 0.7],
}


def test_the_matrix_counts_pairs():
    random = np.random.default_rng(0)
    true, said = random.integers(0, 4, 100), random.integers(0, 4, 100)
    matrix = confusion_matrix(true, said, 5)
    for row in range(5):
        for column in range(5):
            pairs = [(t, s) for t, s in zip(true, said, strict=True) if (t, s) == (row, column)]
            assert matrix[row, column] == len(pairs)


@pytest.mark.parametrize(("true", "said"), [([0, 1], [0]), ([0, 2], [0, 0]), ([-1], [0])])
def test_what_does_not_fit_is_told(true, said):
    with pytest.raises(DataError, match="targets and answers do not fit"):
        confusion_matrix(true, said, 2)


def edges(picture):
    """The outermost pixels."""
    x = np.asarray(picture.convert("L"))
    return np.concatenate([x[0], x[-1], x[:, 0], x[:, -1]])


@pytest.mark.parametrize(
    ("count", "most"), [(2, 900), (12, 1400), pytest.param(40, 2000, marks=pytest.mark.slow)]
)
def test_charts_are_drawn_whole(tmp_path, count, most):
    names = [f"a class with quite a long name {i}" for i in range(count)]
    path = tmp_path / "chart.png"
    confusion_chart(np.eye(count, dtype=int) * 7, names, path)
    with Image.open(path) as picture:
        assert (edges(picture) == 255).all()  # nothing is cut off
        assert 400 < picture.width < most and 400 < picture.height < most


def test_a_row_without_pictures_is_drawn_too(tmp_path):
    confusion_chart(np.array([[3, 0], [0, 0]]), ["a", "$b_1"], tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 1000


def test_curves_are_drawn_whole(tmp_path):
    path = tmp_path / "curves.png"
    training_curves(HISTORY, path, first_fine_tuned=3)
    with Image.open(path) as picture:
        assert (edges(picture) == 255).all()
        assert picture.width > 2 * picture.height


def test_one_epoch_without_validation_is_enough(tmp_path):
    training_curves({"loss": [1.0]}, tmp_path / "curves.svg")
    assert "<svg" in (tmp_path / "curves.svg").read_text(encoding="utf-8")


def test_no_epoch_is_not(tmp_path):
    with pytest.raises(DataError, match="there is no epoch to draw"):
        training_curves({}, tmp_path / "curves.png")
    with pytest.raises(DataError, match="there is no epoch to draw"):
        training_curves({"loss": []}, tmp_path / "curves.png")


def test_the_matrix_must_fit_the_names(tmp_path):
    with pytest.raises(DataError, match="the matrix does not fit the classes"):
        confusion_chart(np.eye(3), ["a", "b"], tmp_path / "chart.png")


def test_another_kind_of_picture_is_refused(tmp_path):
    with pytest.raises(OptionError, match=r"expected  \*\.png, \*\.pdf or \*\.svg"):
        confusion_chart(np.eye(2), ["a", "b"], tmp_path / "chart.doc")


def test_a_missing_matplotlib_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError) as info:
        training_curves(HISTORY, tmp_path / "curves.png")
    assert str(info.value) == (
        "training curves: the package 'matplotlib' is not installed\n"
        '  hint      pip install "thalweg[plots]"'
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("ant", "ant"), ("two\nlines", "two lines"), ("x" * 30, "x" * 11 + "…" + "x" * 10)],
)
def test_names_are_shortened(name, wanted):
    assert shortened(name) == wanted
