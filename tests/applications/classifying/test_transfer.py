"""Trainings that are written down after every epoch, and go on."""

import dataclasses

import numpy as np
import pytest
from colours import NAMES, write_colour_model, write_folder

from thalweg.applications.classifier import load_classifier
from thalweg.applications.evaluation import evaluate_folder
from thalweg.applications.model_card import read_card
from thalweg.applications.transfer import Settings, Training
from thalweg.core.errors import DataError, OptionError
from thalweg.layers import BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, ReLU
from thalweg.models import Sequential, load_model

SETTINGS = Settings("base.h5", batch_size=8, rate=0.3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working folder: a base model, and pictures of three colours."""
    monkeypatch.chdir(tmp_path)
    write_colour_model("base.h5")
    return write_folder("pictures", {name: 10 for name in NAMES})


def trained(out, epochs, fine=0, settings=SETTINGS, **options):
    training = Training("pictures", out, settings, **options)
    training.run(epochs, fine, verbose=0)
    return training


def weights(path):
    return [np.asarray(w) for w in load_model(path).get_weights()]


def assert_equal_files(one, other):
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    first, second = read_card(one), read_card(other)
    assert first.training["history"] == second.training["history"]
    assert first.training["random"] == second.training["random"]
    assert first == second


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_folder_is_learnt(ending):
    out = f"out.{ending}"
    training = trained(out, 8)
    assert training.epochs_done == 8 and training.skipped == {}
    history = training.history
    assert {name: len(values) for name, values in history.items()} == dict.fromkeys(
        ("loss", "accuracy", "val_loss", "val_accuracy"), 8
    )
    assert history["loss"][-1] < history["loss"][0] and history["val_accuracy"][-1] == 1
    write_folder("others", {name: 4 for name in NAMES}, first=50)
    classifier = load_classifier(out)
    assert classifier.classes == NAMES and classifier.card.base == "base.h5"
    assert evaluate_folder(classifier, "others").accuracy == 1


def test_the_base_is_frozen_until_it_is_fine_tuned():
    before = weights("base.h5")[0]
    trained("out.h5", 2)
    np.testing.assert_array_equal(weights("out.h5")[0], before)
    assert not load_model("out.h5").get_layer("look").trainable
    trained("out.h5", 2, fine=1)
    assert (weights("out.h5")[0] != before).any()


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_going_on_gives_the_bits_of_a_training_that_never_stopped(augment, ending):
    settings = dataclasses.replace(SETTINGS, augment=augment, hidden=5)
    trained(f"whole.{ending}", 4, 2, settings)
    for epochs, fine in ((1, 0), (3, 0), (4, 1), (4, 2)):
        training = trained(f"parts.{ending}", epochs, fine, settings)
        assert training.epochs_done == epochs + fine
    assert_equal_files(f"whole.{ending}", f"parts.{ending}")


def test_one_object_can_be_run_again():
    trained("whole.h5", 4)
    training = trained("parts.h5", 2)
    training.run(4, verbose=0)
    assert_equal_files("whole.h5", "parts.h5")


def test_more_epochs_than_asked_for_change_nothing():
    trained("out.h5", 3, fine=1)
    with open("out.h5", "rb") as file:
        before = file.read()
    trained("out.h5", 2)
    trained("out.h5", 9, fine=1)  # the head is done when fine-tuning has begun
    with open("out.h5", "rb") as file:
        assert file.read() == before


def test_an_interrupt_leaves_the_last_epoch(monkeypatch):
    write, calls = Training.write, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trained("out.h5", 5)
    card = read_card("out.h5")
    assert card is not None and card.training["done"] == 2
    trained("out.h5", 5)
    trained("whole.h5", 5)
    assert_equal_files("out.h5", "whole.h5")


def test_it_can_be_stopped_at_the_end_of_an_epoch():
    training = Training("pictures", "out.h5", SETTINGS)
    training.stop()
    with pytest.raises(KeyboardInterrupt):
        training.run(5, verbose=0)
    assert training.epochs_done == 1
    card = read_card("out.h5")
    assert card is not None and card.training["done"] == 1


def test_features_are_computed_once(monkeypatch):
    from thalweg.preprocessing.image import reading

    opened = []
    monkeypatch.setattr(
        reading, "_header", lambda file, own=reading._header: opened.append(1) or own(file)
    )
    trained("out.h5", 6)
    assert len(opened) == 30


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"batch_size": 4}, "batch_size 8"), ({"augment": True}, "augment False")],
)
def test_other_settings_do_not_go_on(changed, told):
    trained("out.h5", 1)
    with pytest.raises(OptionError, match="was begun with other settings") as info:
        trained("out.h5", 2, settings=dataclasses.replace(SETTINGS, **changed))
    assert told in str(info.value) and "--restart" in str(info.value)
    trained("out.h5", 1, settings=dataclasses.replace(SETTINGS, **changed), restart=True)


def test_other_classes_do_not_go_on():
    trained("out.h5", 1)
    write_folder("fewer", {"red": 3, "green": 3})
    with pytest.raises(DataError, match=r"the folder's classes are not those of out\.h5"):
        Training("fewer", "out.h5", SETTINGS)


def test_another_model_is_not_replaced():
    write_colour_model("mine.h5")
    with pytest.raises(OptionError, match="holds no training to go on with"):
        Training("pictures", "mine.h5", SETTINGS)


def test_validation_pictures_are_set_aside_or_given():
    training = trained("out.h5", 1)
    assert training._batches()[0].n == 24 and training._batches()[1].n == 6
    write_folder("parts/train", {"red": 4, "green": 4})
    write_folder("parts/val", {"red": 1, "green": 1}, first=20)
    given = Training("parts", "given.h5", SETTINGS)
    assert [batches.n for batches in given._batches()] == [8, 2]
    write_folder("few", {"red": 2, "green": 2})
    few = Training("few", "few.h5", SETTINGS)
    few.run(1, verbose=0)
    assert few._batches()[1] is None and "val_loss" not in few.history


def test_normalizations_stay_frozen():
    Sequential(
        [
            Conv2D(4, 3, input_shape=(8, 8, 3)),
            BatchNormalization(),
            ReLU(),
            GlobalAveragePooling2D(),
            Dense(3),
        ]
    ).save("normal.h5")
    before = weights("normal.h5")
    trained("out.h5", 1, 1, dataclasses.replace(SETTINGS, base="normal.h5", fine_rate=0.1))
    after = weights("out.h5")
    assert (after[0] != before[0]).any()  # the convolution
    for old, new in zip(before[2:6], after[2:6], strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_base_by_name_has_a_head_of_its_size(monkeypatch):
    """LeNet's few features are taken as they are; averaged, they would say little."""
    from thalweg.applications import classifier

    known = classifier.NAMED["lenet"]
    monkeypatch.setitem(
        classifier.NAMED, "lenet", dataclasses.replace(known, arguments={"weights": None})
    )
    training = Training("pictures", "out.h5", Settings("lenet"))
    assert (training.size, training.channels) == ((28, 28), 1)
    assert training.model.get_layer("head_flatten").output.shape == (None, 800)
    trained("out.h5", 1, settings=Settings("lenet", batch_size=8))
    trained("out.h5", 2, settings=Settings("lenet", batch_size=8))
    with pytest.raises(OptionError, match="bad size"):
        Training("pictures", "out.h5", Settings("lenet", size=(0, 28)))


def test_a_trained_model_can_be_a_base():
    trained("first.h5", 1)
    training = trained("second.h5", 1, settings=dataclasses.replace(SETTINGS, base="first.h5"))
    names = [layer.name for layer in training.model.layers]
    assert names[-3:] == ["head_dropout", "head_dropout_2", "head_classes"]
    trained("second.h5", 2, settings=dataclasses.replace(SETTINGS, base="first.h5"))


def test_bases_that_cannot_be_built_on():
    Sequential([Conv2D(3, 8, input_shape=(8, 8, 3)), GlobalAveragePooling2D()]).save("small.h5")
    with pytest.raises(OptionError, match="the model is too small to build on"):
        Training("pictures", "out.h5", dataclasses.replace(SETTINGS, base="small.h5"))
    Sequential([Dense(4, input_shape=(64,)), Dense(3)]).save("flat.h5")
    with pytest.raises(OptionError, match="the model takes flat pictures"):
        Training("pictures", "out.h5", dataclasses.replace(SETTINGS, base="flat.h5"))
    with pytest.raises(OptionError, match="a model from a file keeps its size"):
        Training("pictures", "out.h5", dataclasses.replace(SETTINGS, size=(16, 16)))


@pytest.mark.parametrize(
    "bad", [{"rate": 0.0}, {"dropout": 1.0}, {"batch_size": 0}, {"seed": -1}, {"thawed": 0}]
)
def test_settings_are_checked(bad):
    (name,) = bad
    with pytest.raises(OptionError, match=f"bad {name}"):
        Training("pictures", "out.h5", dataclasses.replace(SETTINGS, **bad))
