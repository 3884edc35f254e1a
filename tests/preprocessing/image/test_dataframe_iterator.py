"""`flow_from_dataframe`: tables of any kind, which rows are kept, and which targets they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.core import DataError, OptionError
from thalweg.preprocessing.image import ImageDataGenerator

TABLE: dict[str, list[Any]] = {
    "filename": ["cats/1.png", "dogs/2.bmp", "dogs/1.png", "cats/2.png"],
    "class": ["cat", "dog", "dog", "cat"],
    "age": [1.0, 2.0, 3.0, 4.0],
    "weight": [10, 20, 30, 40],
    "traits": [["cat", "small"], ["dog"], ("dog", "small"), ["cat"]],
}
REDS = [0, 30, 20, 10]


class Frame:
    """What a data frame of pandas has and is used here."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns
        self.columns = np.array(list(columns), dtype=object)  # like an Index it has no truth value

    def __getitem__(self, name: str) -> np.ndarray:
        column = np.empty(len(self._columns[name]), dtype=object)
        column[:] = self._columns[name]
        return column


def flow(table: Any, folder: Path, **options: Any) -> Any:
    arguments = {"target_size": (4, 4), "shuffle": False, "verbose": False, **options}
    return ImageDataGenerator(validation_split=0.5).flow_from_dataframe(table, folder, **arguments)


@pytest.mark.parametrize("table", [TABLE, Frame(TABLE)], ids=["dict", "frame"])
def test_categorical(table: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batches = flow(table, folder, verbose=True)
    told = "Found 4 validated image filenames belonging to 2 classes.\n"
    assert capsys.readouterr().out == told
    assert batches.class_indices == {"cat": 0, "dog": 1}
    assert batches.classes == [0, 1, 1, 0]
    assert batches.filenames == TABLE["filename"]
    x, y = batches[0]
    np.testing.assert_array_equal(x[:, 0, 0, 0], REDS)
    np.testing.assert_array_equal(y, np.eye(2)[[0, 1, 1, 0]])


def test_a_structured_array_is_a_table(folder: Path) -> None:
    rows = list(zip(TABLE["filename"], TABLE["class"], strict=True))
    table = np.array(rows, dtype=[("filename", "U20"), ("class", "U10")])
    assert flow(table, folder).classes == [0, 1, 1, 0]


def test_pandas(folder: Path) -> None:
    pandas = pytest.importorskip("pandas")
    batches = flow(pandas.DataFrame(TABLE), folder, weight_col="weight")
    np.testing.assert_array_equal(batches[0][2], TABLE["weight"])


def test_several_classes_a_row(folder: Path) -> None:
    batches = flow(TABLE, folder, y_col="traits")
    assert batches.class_indices == {"cat": 0, "dog": 1, "small": 2}
    np.testing.assert_array_equal(batches[0][1], [[1, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0]])
    some = flow(TABLE, folder, y_col="traits", classes=["small", "cat"])
    assert some.filenames == ["cats/1.png", "dogs/1.png", "cats/2.png"]
    np.testing.assert_array_equal(some[0][1], [[1, 1], [1, 0], [0, 1]])


def test_class_modes(folder: Path) -> None:
    for mode in ("binary", "sparse"):
        np.testing.assert_array_equal(flow(TABLE, folder, class_mode=mode)[0][1], [0, 1, 1, 0])
    only = flow(TABLE, folder, class_mode="sparse", classes=["dog"])
    assert only.filenames == ["dogs/2.bmp", "dogs/1.png"]
    for mode in ("raw", "other"):
        raw = flow(TABLE, folder, class_mode=mode, y_col="age")
        np.testing.assert_array_equal(raw[0][1], TABLE["age"])
    both = flow(TABLE, folder, class_mode="raw", y_col=["age", "weight"])
    np.testing.assert_array_equal(both[0][1], np.transpose([TABLE["age"], TABLE["weight"]]))
    several = flow(TABLE, folder, class_mode="multi_output", y_col=["age", "weight"])
    ages, weights = several[0][1]
    np.testing.assert_array_equal(ages, TABLE["age"])
    np.testing.assert_array_equal(weights, TABLE["weight"])
    x, y = flow(TABLE, folder, class_mode="input")[0]
    np.testing.assert_array_equal(x, y)
    assert isinstance(flow(TABLE, folder, class_mode=None)[0], np.ndarray)


def test_weights_and_orders(folder: Path) -> None:
    x, y, w = flow(TABLE, folder, weight_col="weight", class_mode="raw", y_col="age", shuffle=True)[
        0
    ]
    np.testing.assert_array_equal(w, y * 10)
    np.testing.assert_array_equal(x[:, 0, 0, 0], np.array(REDS)[y.astype(int) - 1])


def test_subsets(folder: Path) -> None:
    assert flow(TABLE, folder, subset="validation").filenames == TABLE["filename"][:2]
    assert flow(TABLE, folder, subset="training").filenames == TABLE["filename"][2:]
    held_out = flow(TABLE, folder, subset="validation", class_mode="raw", y_col="age")
    np.testing.assert_array_equal(held_out[0][1], [1, 2])


def test_rows_without_a_picture_are_left_out(folder: Path) -> None:
    table = {
        "filename": ["gone.png", *TABLE["filename"], "dogs/notes.txt"],
        "n": [9, 1, 2, 3, 4, 9],
    }
    with pytest.warns(UserWarning, match=r"2 files named in x_col='filename'.*first is 'gone.png'"):
        batches = flow(table, folder, class_mode="raw", y_col="n")
    np.testing.assert_array_equal(batches[0][1], [1, 2, 3, 4])
    unchecked = flow(table, folder, class_mode=None, validate_filenames=False)
    assert unchecked.samples == 6
    with pytest.raises(FileNotFoundError):
        unchecked[0]
    absolute = {"filename": [str(folder / name) for name in TABLE["filename"]]}
    x = flow(absolute, None, class_mode=None)[0]  # type: ignore[arg-type]
    np.testing.assert_array_equal(x[:, 0, 0, 0], REDS)


@pytest.mark.parametrize(
    ("changes", "options", "told"),
    [
        ({}, {"x_col": "file"}, "there is no column 'file'\n  expected  'filename', 'class'"),
        ({}, {"y_col": "clas"}, "did you mean 'class'?"),
        ({"filename": [1, 2, 3, 4]}, {}, "'filename' has other values\n  expected  strings"),
        ({}, {"y_col": "age"}, "'age' has other values\n  expected  strings, or lists"),
        ({}, {"y_col": "traits", "class_mode": "sparse"}, "'traits' has other values"),
        ({}, {"y_col": "age", "class_mode": "multi_output"}, "needs several columns"),
        ({}, {"weight_col": "class"}, "the weights in column 'class' are no numbers"),
        ({"class": ["a"] * 4}, {"class_mode": "binary"}, "'binary' needs two classes"),
        ({"class": list("abca")}, {"class_mode": "binary"}, "got       3: 'a', 'b', 'c'"),
        ({}, {"classes": ["bird"]}, "no row is left"),
        (
            {"rows": [[1], [2, 3], [4], [5]]},
            {"y_col": "rows", "class_mode": "raw"},
            "the column 'rows' is no array of numbers",
        ),
    ],
)
def test_tables_are_checked(
    folder: Path, changes: dict[str, Any], options: dict[str, Any], told: str
) -> None:
    with pytest.raises(DataError) as caught:
        flow({**TABLE, **changes}, folder, **options)
    assert told in str(caught.value)


def test_arguments_are_checked(folder: Path) -> None:
    with pytest.raises(DataError, match="a table with named columns"):
        flow([1, 2], folder)
    with pytest.raises(OptionError, match="bad class_mode"):
        flow(TABLE, folder, class_mode="labels")
    with pytest.warns(UserWarning, match="classes has no effect with class_mode=None"):
        flow(TABLE, folder, class_mode=None, classes=["a"])
    with pytest.warns(DeprecationWarning, match=r"flow_from_dataframe\(has_ext=…\) has no effect"):
        flow(TABLE, folder, has_ext=True)
    with pytest.raises(TypeError, match="unexpected keyword"):
        flow(TABLE, folder, extension=True)
