"""The files of weights that come with the package: whole, small, and as good as their cards say."""

import hashlib
import math
import os
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import thalweg
from thalweg.applications import VGG16, LeNet, LeNet5, lenet, vgg16
from thalweg.datasets import cifar10, mnist

FILES = Path(thalweg.applications.__file__).parent / "files"
CARDS = sorted(FILES.glob("*.md"))
DATA = Path(os.environ.get("THALWEG_DATA", FILES / "no data"))
PICTURES = DATA / "cifar10_images.tar.xz"


def stated_accuracy(card: str) -> float:
    """The share that a card says."""
    found = re.search(r"\*\*([0-9.]+)%\*\*", (FILES / card).read_text(encoding="utf-8"))
    assert found
    return float(found[1]) / 100


def check_against_card(right: np.ndarray, card: str) -> None:
    """A sample's share of hits lies within three standard deviations of the card's figure."""
    share = stated_accuracy(card)
    spread = math.sqrt(share * (1 - share) / len(right))
    assert abs(np.mean(right) - share) < 3 * spread


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_card_is_of_this_file(card: Path) -> None:
    text = card.read_text(encoding="utf-8")
    data = card.with_suffix(".h5").read_bytes()
    assert hashlib.sha256(data).hexdigest() in text
    assert f"{len(data) / 1e6:.1f} MB" in text
    assert len(data) <= 32e6


def test_every_file_has_a_card() -> None:
    assert [path.stem for path in CARDS] == sorted(path.stem for path in FILES.glob("*.h5"))
    assert len(CARDS) == 3


@pytest.mark.filterwarnings("ignore::thalweg.datasets.download.SampleDataWarning")
@pytest.mark.parametrize(
    ("network", "card"), [(LeNet, "lenet_mnist.md"), (LeNet5, "lenet5_mnist.md")]
)
def test_digits(network: type, card: str) -> None:
    (_, _), (x, y) = mnist.load_data()  # the whole, or the sample that comes with thalweg
    said = network(weights="mnist").predict(lenet.preprocess_input(x[:1000, ..., None]), verbose=0)
    check_against_card(said.argmax(-1) == y[:1000], card)


@pytest.mark.skipif(not PICTURES.is_file(), reason="THALWEG_DATA has no CIFAR-10 pictures")
def test_photographs() -> None:
    x, y = [], []
    with tarfile.open(PICTURES) as archive:
        for item in archive:
            _, part, kind, name = ([*Path(item.name).parts, ""] * 4)[:4]
            if part == "test" and name.endswith("5.jpg"):  # every tenth of each class
                file = archive.extractfile(item)
                assert file
                x.append(np.asarray(Image.open(file)))
                y.append(cifar10.CLASSES.index(kind))
            if len(x) == 1000:
                break
    model = VGG16(weights="cifar10", input_shape=(32, 32, 3), classes=10)
    said = model.predict(vgg16.preprocess_input(np.stack(x)), verbose=0)
    check_against_card(said.argmax(-1) == np.array(y), "vgg16_cifar10.md")
