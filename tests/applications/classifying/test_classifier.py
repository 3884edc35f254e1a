"""Classifiers by name and from files."""

import dataclasses

import numpy as np
import pytest
from colours import CARD, NAMES, colour_model, colour_pixels, write_colour_model, write_picture

from thalweg.applications.classifier import NAMED, load_classifier
from thalweg.applications.model_card import ModelCard
from thalweg.core.errors import DataError, FileFormatError, OptionError
from thalweg.datasets import cifar10
from thalweg.layers import Activation, Conv2D, Dense, Flatten, GlobalAveragePooling2D, Rescaling
from thalweg.models import Sequential


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_colours_are_named(tmp_path, ending):
    classifier = load_classifier(write_colour_model(tmp_path / f"model.{ending}"))
    paths = [write_picture(tmp_path / f"{n}.png", colour_pixels(n, side=20)) for n in NAMES]
    answers = classifier.probabilities(classifier.inputs(classifier.read(paths)))
    assert [classifier.classes[i] for i in answers.argmax(-1)] == list(NAMES)
    np.testing.assert_allclose(answers.sum(-1), 1, rtol=1e-5)
    assert (classifier.size, classifier.channels, classifier.assumed) == ((8, 8), 3, ())


def test_names_of_cifar10_are_those_of_the_data():
    assert NAMED["vgg16-cifar10"].card.classes == tuple(cifar10.CLASSES)


@pytest.mark.parametrize("name", NAMED)
def test_known_networks_are_built_with_the_sizes_that_are_told(name):
    known = NAMED[name]
    shape = (known.side, known.side, known.channels)
    model = known.build(weights=None, include_top=False, input_shape=shape)
    assert model.inputs[0].shape == (None, *shape)


def saved(tmp_path, *layers):
    path = str(tmp_path / "model.h5")
    Sequential(list(layers)).save(path)
    return path


def test_scores_become_probabilities(tmp_path):
    path = saved(tmp_path, Conv2D(3, 1, input_shape=(4, 4, 3)), GlobalAveragePooling2D(), Dense(3))
    classifier = load_classifier(path)
    x = np.random.default_rng(0).random((5, 4, 4, 3)).astype(np.float32)
    scores = classifier.model.predict(x).astype(np.float64)
    wanted = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    np.testing.assert_allclose(classifier.probabilities(x), wanted, rtol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_is_the_second_of_two_classes(tmp_path, activation):
    path = saved(
        tmp_path, Flatten(input_shape=(4, 4, 3)), Dense(1), Activation(activation or "linear")
    )
    classifier = load_classifier(path)
    x = np.random.default_rng(0).random((5, 4, 4, 3)).astype(np.float32)
    second = classifier.model.predict(x)
    if activation is None:
        second = 1 / (1 + np.exp(-second.astype(np.float64)))
    np.testing.assert_allclose(
        classifier.probabilities(x), np.concatenate([1 - second, second], -1), rtol=1e-5
    )
    assert classifier.classes == ("class 0", "class 1")


@pytest.mark.parametrize("shape", [(28, 28, 1), (28, 28), (784,)])
def test_what_looks_like_mnist_is_taken_for_it(tmp_path, shape):
    path = saved(tmp_path, Flatten(input_shape=shape), Dense(10, activation="softmax"))
    classifier = load_classifier(path)
    assert classifier.classes == tuple("0123456789")
    assert classifier.card.background == "black" and len(classifier.assumed) == 2
    pictures = np.random.default_rng(0).integers(0, 255, (2, 28, 28, 1)).astype(np.float32)
    inputs = classifier.inputs(pictures)
    assert inputs.shape == (2, *shape)
    np.testing.assert_allclose(inputs.ravel(), pictures.ravel() / 255, rtol=1e-6)


def test_a_model_that_scales_by_itself_gets_bytes(tmp_path):
    path = saved(
        tmp_path,
        Rescaling(1 / 255, input_shape=(8, 8, 3)),
        Conv2D(2, 3),
        GlobalAveragePooling2D(),
        Dense(2),
    )
    assert load_classifier(path).card.preparation == "none"


def test_how_pixels_are_prepared_can_be_said(tmp_path):
    path = str(tmp_path / "model.h5")
    colour_model().save(path)
    assert load_classifier(path).assumed == (
        "the file does not say how pixels are scaled: assumed 'unit' (--preprocess)",
    )
    classifier = load_classifier(path, "tf")
    assert classifier.assumed == ()
    assert classifier.inputs(np.zeros((1, 8, 8, 3))).max() == -1


def test_pictures_are_turned_once(tmp_path):
    """What `read` has turned already, `inputs` leaves."""
    card = ModelCard(("a", "b"), background="black")
    path = str(tmp_path / "model.h5")
    Sequential([Flatten(input_shape=(4, 4, 1)), Dense(2)]).save(path)
    classifier = dataclasses.replace(load_classifier(path), card=card)
    page = write_picture(tmp_path / "page.png", np.full((4, 4), 255, np.uint8))
    assert not classifier.read([page]).any()
    assert classifier.inputs(np.full((1, 4, 4, 1), 255.0)).max() == 1


@pytest.mark.parametrize(
    ("layers", "got"),
    [
        ([Dense(3, input_shape=(5,))], "(None, 5) to (None, 3)"),
        ([Conv2D(2, 3, input_shape=(8, 8, 4)), Flatten(), Dense(2)], "(None, 8, 8, 4)"),
        ([Conv2D(2, 3, input_shape=(8, 8, 3))], "to (None, 6, 6, 2)"),
    ],
)
def test_other_models_are_no_classifiers_of_pictures(tmp_path, layers, got):
    with pytest.raises(DataError, match="does not tell classes of pictures apart") as info:
        load_classifier(saved(tmp_path, *layers))
    assert got in str(info.value)


def test_names_must_fit_the_outputs(tmp_path):
    path = write_colour_model(tmp_path / "model.h5", dataclasses.replace(CARD, classes=("a", "b")))
    with pytest.raises(DataError, match=r"expected  3 names\n  got       2"):
        load_classifier(path)


def test_what_is_neither_a_name_nor_a_file(tmp_path):
    with pytest.raises(OptionError, match=r"no network of this name[^!]*did you mean 'vgg16'\?"):
        load_classifier("vgg-16")
    with pytest.raises(OptionError, match="there is no such file"):
        load_classifier(str(tmp_path / "gone.keras"))
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(FileFormatError):
        load_classifier(str(tmp_path / "text.h5"))
