"""`image_dataset_from_directory`; how pictures are resized is compared in tests/fidelity."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg.core import DataError, OptionError
from thalweg.preprocessing.image import image_dataset_from_directory

FILES = ["cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.bmp", "dogs/old/3.png"]
REDS = [0, 10, 20, 30, 40]
KERAS = """
    directory labels label_mode class_names color_mode batch_size image_size shuffle seed
    validation_split subset interpolation follow_links crop_to_aspect_ratio pad_to_aspect_ratio
    data_format verbose
"""


def dataset(folder: Path, **options: Any) -> Any:
    arguments = {"image_size": (4, 4), "verbose": False, "shuffle": False, **options}
    return image_dataset_from_directory(folder, **arguments)


def reds(x: np.ndarray) -> list[float]:
    return x[:, 1, 1, 0].tolist()


def test_names() -> None:
    arguments = [name for name in inspect.signature(image_dataset_from_directory).parameters]
    assert arguments[:17] == KERAS.split()
    assert keras.utils.image_dataset_from_directory is image_dataset_from_directory
    assert keras.preprocessing.image_dataset_from_directory is image_dataset_from_directory


def test_pictures_and_labels(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = dataset(folder, verbose=True)
    assert capsys.readouterr().out == "Found 5 files belonging to 2 classes.\n"
    assert data.class_names == ["cats", "dogs"]
    assert data.file_paths == [str(folder / name) for name in FILES]
    [(x, y)] = list(data)
    assert x.shape == (5, 4, 4, 3) and x.dtype == np.float32
    assert reds(x) == REDS
    assert y.dtype == np.int32 and y.tolist() == [0, 0, 1, 1, 1]
    assert len(dataset(folder, batch_size=2)) == 3


def test_label_modes(folder: Path) -> None:
    y = dataset(folder, label_mode="binary")[0][1]
    assert y.dtype == np.float32 and y.tolist() == [[0], [0], [1], [1], [1]]
    y = dataset(folder, label_mode="categorical")[0][1]
    assert y.dtype == np.float32 and y.tolist() == np.eye(2)[[0, 0, 1, 1, 1]].tolist()
    for options in ({"label_mode": None}, {"labels": None}):
        data = dataset(folder, **options)
        assert isinstance(data[0], np.ndarray) and data.class_names is None
    data = dataset(folder, labels=[7, 5, 5, 7, 9])
    assert data.class_names == ["5", "7", "9"]
    assert data[0][1].tolist() == [7, 5, 5, 7, 9]
    data = dataset(folder, class_names=["dogs", "cats"])
    assert data[0][1].tolist() == [0, 0, 0, 1, 1]


def test_single_pictures(folder: Path) -> None:
    data = dataset(folder, batch_size=None)
    assert len(data) == 5
    x, y = data[4]
    assert x.shape == (4, 4, 3) and y == 1
    assert [float(x[0, 0, 0]) for x, _ in data] == REDS


def test_orders(folder: Path) -> None:
    data = dataset(folder, shuffle=True, seed=3, batch_size=5)
    order = list(range(5))
    np.random.RandomState(3).shuffle(order)  # as Keras does to the paths
    assert data.file_paths == [str(folder / FILES[i]) for i in order]
    passes = [reds(x) for _ in range(4) for x, _ in data]
    assert all(sorted(each) == REDS for each in passes)
    assert len({tuple(each) for each in passes}) > 1
    again = dataset(folder, shuffle=True, seed=3, batch_size=5)
    assert [reds(x) for _ in range(4) for x, _ in again] == passes
    for x, y in data:
        assert [int(red >= 20) for red in reds(x)] == y.tolist()


def test_subsets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"validation_split": 0.4, "shuffle": True, "seed": 2}
    training = dataset(folder, subset="training", **options)
    validation = dataset(folder, subset="validation", **options)
    assert (len(training.file_paths), len(validation.file_paths)) == (3, 2)
    assert set(training.file_paths) | set(validation.file_paths) == {
        str(folder / name) for name in FILES
    }
    both = dataset(folder, subset="both", verbose=True, **options)
    assert "Using 3 files for training.\nUsing 2 files for validation.\n" in capsys.readouterr().out
    assert both[0].file_paths == training.file_paths
    assert both[1].file_paths == validation.file_paths
    with pytest.raises(OptionError, match="without a seed the two subsets would overlap"):
        dataset(folder, validation_split=0.4, subset="training", shuffle=True)
    with pytest.raises(OptionError, match="validation_split and subset belong together"):
        dataset(folder, validation_split=0.4)
    with pytest.raises(DataError, match="one of the subsets has no pictures"):
        dataset(folder, validation_split=0.1, subset="both")


def test_aspect_ratios(folder: Path) -> None:  # the pictures have 10 rows and 12 columns
    x = dataset(folder, image_size=(10, 20), pad_to_aspect_ratio=True, labels=None)[0]
    assert x[1, :, :4].max() == x[1, :, 16:].max() == 0
    assert x[1, :, 4:16, 0].min() == 10
    x = dataset(folder, image_size=(5, 5), crop_to_aspect_ratio=True, data_format="channels_first")
    assert x[0][0].shape == (5, 3, 5, 5)
    with pytest.raises(OptionError, match="only one of"):
        dataset(folder, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)


def test_color_modes(folder: Path) -> None:
    for mode, channels in (("rgb", 3), ("rgba", 4), ("grayscale", 1)):
        assert dataset(folder, color_mode=mode)[0][0].shape == (5, 4, 4, channels)


def test_bad_files(folder: Path) -> None:
    (folder / "cats/2.png").write_bytes(b"bad")
    with pytest.raises(DataError, match="cannot read the picture"):
        dataset(folder)[0]
    data = dataset(folder, on_error="skip")
    x, y = data[0]
    assert reds(x) == [0, 20, 30, 40] and y.tolist() == [0, 1, 1, 1]
    assert list(data.skipped) == [str(folder / "cats/2.png")]


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"labels": "infered"}, OptionError, "did you mean 'inferred'"),
        ({"labels": [1, 2]}, DataError, "labels do not fit the files"),
        ({"labels": [0.5] * 5}, DataError, "labels do not fit the files"),
        ({"labels": None, "class_names": ["cats"]}, OptionError, "class_names are for inferred"),
        ({"class_names": ["birds"]}, OptionError, "no folder for the class 'birds'"),
        ({"label_mode": "sparse"}, OptionError, "bad label_mode"),
        ({"class_names": ["cats"], "label_mode": "binary"}, DataError, "needs two classes"),
        ({"image_size": (0, 1)}, OptionError, "bad image_size"),
        ({"interpolation": "lanczos"}, OptionError, "bad interpolation"),
        ({"color_mode": "hsv"}, OptionError, "bad color_mode"),
        ({"batch_size": 0}, OptionError, "bad batch_size"),
        ({"seed": -1}, OptionError, "bad seed"),
        ({"subset": "test", "validation_split": 0.5}, OptionError, "bad subset"),
    ],
)
def test_arguments_are_checked(
    folder: Path, options: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        dataset(folder, **options)


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no pictures"):
        dataset(tmp_path)
    with pytest.raises(OptionError, match="there is no such folder"):
        dataset(tmp_path / "gone")
