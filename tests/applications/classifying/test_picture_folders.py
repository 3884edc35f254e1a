"""Which folders are classes, and what is wrong with those that are not."""

import pytest
from colours import CARD, colour_pixels, write_folder, write_picture

from thalweg.applications.picture_folders import (
    find_folders,
    folder_to_evaluate,
    numbers_of_classes,
    picture_batches,
)
from thalweg.core.errors import DataError, OptionError

ALL = {"red": 3, "green": 2, "blue": 1}


def test_folders_are_classes(tmp_path):
    found = find_folders(write_folder(tmp_path, ALL))
    assert (found.train, found.validation) == (str(tmp_path), None)
    assert dict(found.counts) == {"blue": 1, "green": 2, "red": 3}
    assert found.classes == ("blue", "green", "red")
    assert found.set_aside(0.5) == 0 + 1 + 1


@pytest.mark.parametrize("name", ["val", "valid", "validation", "test"])
def test_parts_are_found(tmp_path, name):
    train = write_folder(tmp_path / "train", ALL)
    kept = write_folder(tmp_path / name, {"red": 1, "green": 1, "blue": 1})
    found = find_folders(str(tmp_path))
    assert (found.train, found.validation) == (train, kept)
    assert folder_to_evaluate(str(tmp_path)) == kept


def test_a_test_folder_is_evaluated_before_the_others(tmp_path):
    for name in ("train", "val", "test"):
        write_folder(tmp_path / name, ALL)
    assert folder_to_evaluate(str(tmp_path)) == str(tmp_path / "test")
    assert find_folders(str(tmp_path)).validation == str(tmp_path / "val")


def test_a_class_may_be_called_train(tmp_path):
    for name in ("train", "bus"):
        write_picture(tmp_path / name / "1.png", colour_pixels("red"))
    assert find_folders(str(tmp_path)).classes == ("bus", "train")
    assert folder_to_evaluate(str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, "there are no pictures"),
        ({"red": 2}, "there is only one class"),
    ],
)
def test_too_few_classes(tmp_path, counts, told):
    with pytest.raises(DataError, match=told) as info:
        find_folders(write_folder(tmp_path, counts))
    assert "FOLDER/cats/1.jpg" in str(info.value)


def test_pictures_in_the_folder_itself(tmp_path):
    write_picture(tmp_path / "1.png", colour_pixels("red"))
    with pytest.raises(DataError, match=r"as '1\.png': move them to class folders"):
        find_folders(str(tmp_path))
    with pytest.raises(DataError, match="there are no pictures"):
        folder_to_evaluate(str(tmp_path))


def test_an_empty_class(tmp_path):
    write_folder(tmp_path, ALL)
    (tmp_path / "yellow").mkdir()
    with pytest.raises(DataError, match="a class has no pictures") as info:
        find_folders(str(tmp_path))
    assert "no pictures in 'yellow': fill or remove the folder" in str(info.value)


def test_validation_of_other_classes(tmp_path):
    write_folder(tmp_path / "train", ALL)
    write_folder(tmp_path / "val", {"red": 1, "green": 1})
    (tmp_path / "val" / "yellow").mkdir()
    with pytest.raises(DataError, match="the classes for validation are not those") as info:
        find_folders(str(tmp_path))
    assert "missing: 'blue'; extra: 'yellow'" in str(info.value)


def test_no_folder(tmp_path):
    with pytest.raises(OptionError, match="there is no such folder"):
        find_folders(str(tmp_path / "gone"))


def test_numbers_are_those_of_the_model(tmp_path):
    write_folder(tmp_path, {"red": 1, "blue": 1})
    (tmp_path / "notes").mkdir()  # without pictures it is no class
    classes = ("green", "red", "blue")
    assert numbers_of_classes(str(tmp_path), classes) == {"blue": 2, "red": 1}
    assert numbers_of_classes(str(tmp_path), ("x", "y"), ("blue", "red")) == {"blue": 0, "red": 1}
    with pytest.raises(DataError, match=r"did you mean 'reed'\?") as info:
        numbers_of_classes(str(tmp_path), ("reed", "blue"))
    assert "also 'red'" in str(info.value)


def test_damaged_files_are_left_out_of_batches(tmp_path):
    write_folder(tmp_path, ALL)
    (tmp_path / "green" / "00.png").write_bytes(b"\x89PNG no more")
    names = ("blue", "green", "red")
    batches = picture_batches(str(tmp_path), names, CARD, (8, 8), 3, batch_size=10)
    x, y = batches[0]
    assert x.shape == (5, 8, 8, 3) and x.max() <= 1
    assert y.tolist() == [0, 1, 2, 2, 2]
    (skipped,) = batches.skipped
    assert skipped.endswith("00.png")
