"""From picture files to what classifiers take."""

import numpy as np
import pytest
from colours import write_picture
from PIL import Image

from thalweg.applications.model_card import ModelCard
from thalweg.applications.pictures import Preparation, has_bright_border, read_pictures
from thalweg.core.errors import DataError, OptionError
from thalweg.datasets import mnist

DIGITS = ModelCard(preparation="unit", background="black", framing="digit")
GREY = ModelCard(preparation="unit", background="black")
FADE = np.linspace(0, 25, 28 * 12)[:, None]  # of the light on a photograph


@pytest.fixture(scope="module")
def digits():
    """Eight digits of MNIST, (8, 28, 28) uint8."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("THALWEG_DATA", raising=False)
        patch.setenv("THALWEG_OFFLINE", "1")
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the sample in the package
            return mnist.load_data()[1][0][:8]


def photograph(digit):
    """Ink on paper, large, off the middle, unevenly lit: (height, width, 3) uint8."""
    large = np.kron(digit.astype(float), np.ones((12, 12)))
    paper = 235 - FADE - 0.75 * large
    page = np.full((600, 420), 225.0)
    page[180 : 180 + 336, 30 : 30 + 336] = paper
    return np.repeat(page[..., None], 3, -1).astype(np.uint8)


def test_a_digit_of_the_right_size_stays_as_it_is(tmp_path, digits):
    path = write_picture(tmp_path / "digit.png", digits[0])
    x = read_pictures([path], (28, 28), 1, DIGITS)
    np.testing.assert_array_equal(x[0, ..., 0], digits[0])


def likeness(a, b):
    """The correlation, at the best place up to a pixel away."""
    moved = [np.roll(a, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return max(np.corrcoef(m.ravel(), b.ravel())[0, 1] for m in moved)


def test_a_photographed_digit_becomes_what_mnist_has(tmp_path, digits):
    paths = [write_picture(tmp_path / f"{i}.png", photograph(d)) for i, d in enumerate(digits)]
    x = read_pictures(paths, (28, 28), 1, DIGITS)[..., 0]
    for got, wanted in zip(x, digits.astype(float), strict=True):
        assert 200 < got.max() <= 255 and np.median(got) == 0
        assert likeness(got, wanted) > 0.95  # of two different digits: at most 0.51
        rows, columns = np.flatnonzero(got.sum(1) > 100), np.flatnonzero(got.sum(0) > 100)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in range(18, 22)
        weights = got / got.sum()
        assert abs((weights.sum(1) * np.arange(28)).sum() - 14) < 0.6
        assert abs((weights.sum(0) * np.arange(28)).sum() - 14) < 0.6


def test_ink_on_nothing_is_seen_on_paper(tmp_path, digits):
    """Drawing programs leave what is not drawn transparent, and black below."""
    large = np.kron(digits[1], np.ones((5, 5), np.uint8))
    pixels = np.zeros((140, 140, 4), np.uint8)
    pixels[..., 3] = large
    path = write_picture(tmp_path / "drawn.png", pixels)
    x = read_pictures([path], (28, 28), 1, DIGITS)[0, ..., 0]
    assert likeness(x, digits[1]) > 0.9


def test_an_empty_page_is_black(tmp_path):
    path = write_picture(tmp_path / "page.png", np.full((50, 70, 3), 240, np.uint8))
    assert not read_pictures([path], (28, 28), 1, DIGITS).any()


@pytest.mark.parametrize(
    ("card", "invert", "is_turned"),
    [
        (GREY, "auto", True),
        (GREY, "no", False),
        (ModelCard(), "auto", False),
        (ModelCard(), "yes", True),
    ],
)
def test_what_is_turned(tmp_path, card, invert, is_turned):
    pixels = np.full((8, 8), 220, np.uint8)
    pixels[3:5, 3:5] = 10
    path = write_picture(tmp_path / "page.png", pixels)
    x = read_pictures([path], (8, 8), 1, card, invert)[0, ..., 0]
    np.testing.assert_array_equal(x, 255.0 - pixels if is_turned else pixels)


def test_a_bright_border_is_found_whatever_is_inside():
    picture = np.zeros((9, 9, 3))
    assert not has_bright_border(picture)
    picture[1:-1, 1:-1] = 255
    assert not has_bright_border(picture)
    assert has_bright_border(255 - picture)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "CMYK"])
def test_all_kinds_become_what_the_model_takes(tmp_path, mode, channels):
    image = Image.new("I;16", (12, 10), 128 * 257) if mode == "I;16" else Image.new("L", (12, 10))
    if mode != "I;16":
        image = image.point(lambda _: 255).convert(mode)
    path = str(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
    image.save(path)
    x = read_pictures([path], (8, 6), channels)
    assert x.shape == (1, 8, 6, channels) and x.dtype == np.float32
    np.testing.assert_allclose(x, 128 if mode == "I;16" else 255, atol=0.5)


def test_proportions_are_kept_by_cutting(tmp_path):
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 200  # the middle square
    path = write_picture(tmp_path / "wide.png", pixels)
    x = read_pictures([path], (5, 5), 1)
    assert (x[:, :, 1:-1] == 200).all() and x.min() > 150  # smoothed at its edges


def test_preparations_are_the_published_ones():
    x = np.float32([[[[255, 0, 51]]]])

    def prepared(kind):
        return Preparation(ModelCard(preparation=kind))(x)[0, 0, 0]

    np.testing.assert_allclose(prepared("none"), [255, 0, 51])
    np.testing.assert_allclose(prepared("unit"), [1, 0, 0.2])
    np.testing.assert_allclose(prepared("tf"), [1, -1, -0.6], rtol=1e-6)
    np.testing.assert_allclose(prepared("caffe"), [51 - 103.939, -116.779, 255 - 123.68], rtol=1e-6)
    wanted = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]
    np.testing.assert_allclose(prepared("torch"), wanted, rtol=1e-5)


def test_a_rounding_error_does_not_make_sixteen_bits_of_eight():
    unit = Preparation(GREY)
    pixels = np.zeros((4, 4, 1), np.float32)
    pixels[1:3, 1:3] = [[[255.00002], [128]], [[64], [1]]]
    np.testing.assert_allclose(unit(pixels), np.minimum(pixels, 255) / 255, rtol=1e-6)
    np.testing.assert_allclose(unit(pixels * 257), np.minimum(pixels, 255) / 255, rtol=1e-6)


def test_in_batches_of_folders_bright_pages_are_turned_as_well():
    prepare = Preparation(GREY)
    page = np.full((6, 6, 1), 255.0)
    assert not prepare(page).any()
    assert prepare(255 - page).max() == 0


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_pictures([str(tmp_path / "gone.png")], (8, 8), 3)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(DataError, match=r"cannot read the picture '.*text\.png'"):
        read_pictures([str(text)], (8, 8), 3)
    with pytest.raises(OptionError, match="bad invert"):
        read_pictures([], (8, 8), 3, invert="maybe")
    with pytest.raises(OptionError, match=r"did you mean 'caffe'\?"):
        Preparation(ModelCard(preparation="cafe"))
