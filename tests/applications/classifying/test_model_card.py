"""Cards inside of model files."""

import json
import zipfile

import h5py
import numpy as np
import pytest
from colours import CARD, colour_model, write_colour_model

from thalweg.applications.model_card import ModelCard, read_card, write_model
from thalweg.core.errors import FileFormatError, OptionError
from thalweg.models import load_model

FULL = ModelCard(
    ("Ameisen", "蜂", "[x]"),
    "caffe",
    background="black",
    framing="digit",
    base="vgg16",
    training={"done": 3, "history": {"loss": [1.5, 0.25]}},
)
ENDINGS = ("keras", "h5")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("card", [FULL, ModelCard()])
def test_what_is_written_is_read(tmp_path, ending, card):
    path = write_colour_model(tmp_path / f"model.{ending}", card)
    assert read_card(path) == card
    assert [p.name for p in tmp_path.iterdir()] == [f"model.{ending}"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_model_is_the_same_without_the_card(tmp_path, ending):
    path = write_colour_model(tmp_path / f"model.{ending}")
    x = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(load_model(path).predict(x), colour_model().predict(x))


@pytest.mark.parametrize("ending", ENDINGS)
def test_other_files_have_none(tmp_path, ending):
    path = str(tmp_path / f"model.{ending}")
    colour_model().save(path)
    assert read_card(path) is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, ending, monkeypatch):
    path = write_colour_model(tmp_path / f"model.{ending}")
    before = (tmp_path / f"model.{ending}").read_bytes()

    def fails(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "__init__", fails)
    monkeypatch.setattr(h5py.File, "__init__", fails)
    with pytest.raises(KeyboardInterrupt):
        write_model(colour_model(), path, ModelCard())
    assert (tmp_path / f"model.{ending}").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def tampered(path, text):
    """The file with another text as its card."""
    colour_model().save(path)
    if path.endswith("h5"):
        with h5py.File(path, "r+") as file:
            file.attrs["thalweg_card"] = text
    else:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("thalweg_card.json", text)
    return path


GOOD = {"format": 1, "classes": ["a"], "preparation": "unit"}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "the model's card is not whole JSON"),
        ("[]", "the model's card is no JSON object"),
        (json.dumps({**GOOD, "format": 2}), "the model's card is of another version"),
        (json.dumps({**GOOD, "classes": "ab"}), "'classes' of the model's card makes no sense"),
        (json.dumps({**GOOD, "classes": [1]}), "'classes' of the model's card makes no sense"),
        (json.dumps({**GOOD, "preparation": "cafe"}), r"did you mean 'caffe'\?"),
        (json.dumps({**GOOD, "preparation": []}), "'preparation' of the model's card makes no"),
        (json.dumps({**GOOD, "background": "white"}), "'background' of the model's card"),
        (json.dumps({**GOOD, "framing": 1}), "'framing' of the model's card"),
        (json.dumps({**GOOD, "base": {}}), "'base' of the model's card"),
        (json.dumps({**GOOD, "training": []}), "'training' of the model's card"),
    ],
)
def test_cards_that_make_no_sense_are_refused(tmp_path, ending, text, told):
    path = tampered(str(tmp_path / f"model.{ending}"), text)
    with pytest.raises(FileFormatError, match=told) as info:
        read_card(path)
    assert path in str(info.value)


def test_what_a_newer_version_adds_is_left_out(tmp_path):
    path = tampered(str(tmp_path / "model.h5"), json.dumps({**GOOD, "licence": "CC0"}))
    assert read_card(path) == ModelCard(("a",), "unit")


def test_damaged_files_are_told(tmp_path):
    path = tmp_path / "model.keras"
    write_colour_model(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileFormatError, match="damaged"):
        read_card(path)
    path.write_bytes(b"no model")
    with pytest.raises(FileFormatError, match="not an HDF5 file"):
        read_card(path)


def test_a_card_can_be_too_large(tmp_path):
    card = ModelCard(tuple("x" * 1000 for _ in range(9000)))
    with pytest.raises(OptionError, match="the card is too large"):
        write_model(colour_model(), tmp_path / "model.h5", card)
    assert CARD.classes and not list(tmp_path.iterdir())
