"""Classifiers asked about folders."""

import dataclasses

import numpy as np
import pytest
from colours import CARD, NAMES, colour_pixels, write_colour_model, write_folder, write_picture
from PIL import Image

from thalweg.applications.classifier import load_classifier
from thalweg.applications.evaluation import evaluate_folder, mistakes_sheet
from thalweg.core.errors import DataError


@pytest.fixture
def classifier(tmp_path):
    return load_classifier(write_colour_model(tmp_path / "model.h5"))


@pytest.fixture
def folder(tmp_path):
    """Two blue, three green, four red; one of the green ones is red in truth."""
    home = tmp_path / "pictures"
    write_folder(home, {"blue": 2, "green": 3, "red": 4})
    write_picture(home / "green" / "01.png", colour_pixels("red", 77))
    return str(home)


def test_what_is_right_and_wrong(classifier, folder):
    found = evaluate_folder(classifier, folder, batch_size=4)
    assert found.classes == NAMES
    assert found.accuracy == 8 / 9
    assert found.confusion.tolist() == [[2, 0, 0], [0, 2, 1], [0, 0, 4]]
    assert found.of_each_class() == [
        ("blue", 2, 1.0, 1.0),
        ("green", 3, 2 / 3, 1.0),
        ("red", 4, 1.0, 4 / 5),
    ]
    assert found.confusions(5) == [("green", "red", 1)]
    names = [path[len(folder) + 1 :] for path in found.paths]
    assert names[2:5] == ["green/00.png", "green/01.png", "green/02.png"]
    assert found.targets.tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert (found.confidence > 0.9).all()


def test_a_folder_may_lack_classes(classifier, tmp_path):
    home = write_folder(tmp_path / "some", {"red": 2})
    write_picture(f"{home}/red/09.png", colour_pixels("blue"))
    found = evaluate_folder(classifier, home)
    assert found.classes == ("blue", "red")  # those of the folder, and those that were answered
    assert found.of_each_class() == [("blue", 0, None, 0.0), ("red", 3, 2 / 3, 1.0)]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_files_that_cannot_be_read_do_not_count(classifier, folder, batch_size):
    with open(f"{folder}/blue/00.png", "wb") as file:
        file.write(b"no picture")
    found = evaluate_folder(classifier, folder, batch_size)
    assert len(found.paths) == len(found.targets) == 8
    assert found.confusion.tolist() == [[1, 0, 0], [0, 2, 1], [0, 0, 4]]
    assert list(found.skipped) == [f"{folder}/blue/00.png"]


def test_nothing_that_can_be_read(classifier, tmp_path):
    (tmp_path / "bad" / "red").mkdir(parents=True)
    (tmp_path / "bad" / "red" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="not one of the files can be read"):
        evaluate_folder(classifier, str(tmp_path / "bad"))


def test_other_classes_are_told(classifier, tmp_path):
    write_picture(tmp_path / "x" / "reds" / "1.png", colour_pixels("red"))
    with pytest.raises(DataError, match=r"did you mean 'red'\?"):
        evaluate_folder(classifier, str(tmp_path / "x"))


def test_nameless_classes_are_the_folders_in_order(tmp_path, folder):
    path = write_colour_model(tmp_path / "nameless.h5", dataclasses.replace(CARD, classes=()))
    classifier = load_classifier(path)
    assert evaluate_folder(classifier, folder).accuracy == 8 / 9
    write_folder(folder, {"orange": 0})
    (tmp_path / "pictures" / "orange").mkdir()
    with pytest.raises(DataError, match="3 folders, one a class of the model"):
        evaluate_folder(classifier, folder)


def test_mistakes_are_shown(classifier, folder, tmp_path):
    found = evaluate_folder(classifier, folder)
    path = tmp_path / "mistakes.png"
    assert mistakes_sheet(classifier, found, path) == 1
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    assert (pixels[..., 0] - pixels[..., 1] > 90).sum() > 160 * 160 / 2  # the red picture


def test_without_mistakes_there_is_no_sheet(classifier, tmp_path):
    home = write_folder(tmp_path / "good", {"red": 2})
    found = evaluate_folder(classifier, home)
    assert mistakes_sheet(classifier, found, tmp_path / "mistakes.png") == 0
    assert not (tmp_path / "mistakes.png").exists()
