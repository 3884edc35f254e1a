"""The recipes of shipped weights: what is folded computes the same, what is written can be read."""

import importlib.util
import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import ndimage

from thalweg import Sequential, layers

FOLDER = Path(__file__).parents[2] / "examples" / "pretrained"


@pytest.fixture
def recipe(monkeypatch):
    """Loads a program of the folder, which finds its neighbours as when it is run."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name):
        spec = importlib.util.spec_from_file_location(f"pretrained_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("publishing", None)


def draw_statistics(model):
    """Gives every normalisation factors and statistics that a mistake in folding would show."""
    draw = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            shape = layer.get_weights()[0].shape
            gamma, beta = draw.uniform(-1.5, 1.5, shape), draw.normal(0, 0.2, shape)
            mean, variance = draw.normal(0, 0.2, shape), draw.uniform(0.5, 2, shape)
            layer.set_weights([gamma, beta, mean, variance])
    return model, draw


def test_lenet_is_folded(recipe):
    lenet = recipe("lenet_mnist")
    trained, draw = draw_statistics(lenet.normalised((0.1, 0.2)))
    images = draw.uniform(0, 1, (5, 28, 28, 1)).astype(np.float32)
    expected = trained.predict_on_batch(images)
    plain = lenet.plain(trained)
    assert plain.count_params() == 431_080
    assert expected.std() > 0.01
    np.testing.assert_allclose(plain.predict_on_batch(images), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_vgg16_is_folded(recipe):
    vgg = recipe("vgg16_cifar10")
    trained, draw = draw_statistics(vgg.build())
    images = draw.integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    scores = trained.predict_on_batch(vgg.pixels(images)).astype(np.float64)
    expected = np.exp(scores - scores.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    plain = vgg.plain(trained)
    got = plain.predict_on_batch(vgg.preprocess_input(images.astype(np.float32)))
    assert expected.std() > 0.01
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in plain.layers)


def test_the_rate_rises_and_falls(recipe):
    vgg = recipe("vgg16_cifar10")
    rates = [vgg.learning_rate(epoch, 75, 0.1) for epoch in range(75)]
    assert max(rates) == rates[4] == rates[5] == pytest.approx(0.1)
    assert rates[:5] == sorted(rates[:5]) and rates[5:] == sorted(rates[5:], reverse=True)
    assert 1e-4 <= rates[-1] < 1e-3


def test_ever_more_pictures_are_compressed(recipe):
    shares = [recipe("vgg16_cifar10").compressed_share(epoch, 20) for epoch in range(20)]
    assert shares[0] == 0.5 and shares[9] == pytest.approx(0.75) and shares[17] < 1
    assert shares[18:] == [1.0, 1.0] and shares == sorted(shares)


def test_labels_are_mixed_by_the_areas_of_pictures(recipe):
    """Each picture has one value, so pixels tell how much of it is another's."""
    vgg = recipe("vgg16_cifar10")
    y = np.eye(6, dtype="float32")
    x = np.broadcast_to(np.arange(6)[:, None, None, None], (6, 32, 32, 3)).astype(np.uint8)
    shares = []
    for seed in range(40):
        pictures, labels = vgg.mixed(x, y, np.random.default_rng(seed))
        counts = [[np.mean(picture == value) for value in range(6)] for picture in pictures]
        np.testing.assert_allclose(labels, counts, atol=1e-6)
        shares.append(1 - np.diag(labels).min())
    assert min(shares) < 0.1 and max(shares) > 0.5
    np.testing.assert_array_equal(x[:, 0, 0, 0], np.arange(6))  # what it was made of is untouched


def test_pictures_are_moved(recipe):
    """What comes in at an edge is what NumPy's mirror image has there."""
    moved = recipe("vgg16_cifar10").moved
    image = np.arange(32 * 32 * 3).reshape(32, 32, 3)
    np.testing.assert_array_equal(moved(image, 0, 0), image)
    np.testing.assert_array_equal(moved(image, 2, -3)[2:, :-3], image[:-2, 3:])
    np.testing.assert_array_equal(moved(image, 2, 0)[:2], image[2:0:-1])
    np.testing.assert_array_equal(moved(image, 0, -3)[:, -3:], image[:, 30:27:-1])


def test_batches_of_an_epoch(recipe):
    """Every picture once, half of them compressed, in turns flipped; the last ones all and only so.

    Pictures are columns of one bright line: compression leaves nothing of two values.
    """
    vgg = recipe("vgg16_cifar10")
    images = np.zeros((120, 32, 32, 3), np.uint8)
    images[:, :, 10] = 255  # flipped, it is at 21, and moves by up to 4
    labels = np.arange(120.0)[:, None]

    def epoch(number, share):
        batches = vgg.Batches(images, labels, 50, number, 7, share)
        assert len(batches) == 3
        again = [batches[index] for index in (2, 1, 0)][::-1]  # threads ask in any order
        for (x, y), (x_again, y_again) in zip(
            map(batches.__getitem__, range(3)), again, strict=True
        ):
            np.testing.assert_array_equal(x, x_again)
            np.testing.assert_array_equal(y, y_again)
        return (np.concatenate(parts) for parts in zip(*again, strict=True))

    x, y = epoch(0, 1.0)
    assert sorted(y.ravel()) == list(range(120))
    assert x.shape == (120, 32, 32, 3) and x.dtype == np.float32
    assert all(len(np.unique(picture[..., 0])) > 2 for picture in x)
    sides = {int(k): np.argmax(row) > 15 for k, row in zip(y[:, 0], x[:, 5, :, 0], strict=True)}
    other, numbers = epoch(1, 1.0)
    for k, row in zip(numbers[:, 0], other[:, 5, :, 0], strict=True):
        assert sides[int(k)] != (np.argmax(row) > 15)
    x, y = epoch(2, 0.5)
    share = np.mean([len(np.unique(picture[..., 0])) > 2 for picture in x])
    assert 0.3 < share < 0.7
    assert y.sum() == pytest.approx(labels.sum(), rel=0.3)


def test_half_precision_files(recipe, tmp_path):
    publishing = recipe("publishing")
    model = Sequential([layers.Input((20,)), layers.Dense(30, name="a"), layers.Dense(2, name="b")])
    publishing.write_half(model, tmp_path / "half.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["half.h5"]
    with h5py.File(tmp_path / "half.h5") as file:
        assert file["a/a/kernel:0"].dtype == np.float16
        assert file["a/a/kernel:0"].compression == "gzip"
    again = Sequential([layers.Input((20,)), layers.Dense(30), layers.Dense(2)])
    again.load_weights(tmp_path / "half.h5")
    for got, weight in zip(again.get_weights(), model.get_weights(), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, weight.astype(np.float16))


def test_cards(recipe, tmp_path):
    publishing = recipe("publishing")
    path = tmp_path / "net.h5"
    path.write_bytes(b"x" * 1_000_000)
    votes = np.eye(3)[[0, 1, 1, 2]]
    text = "{accuracy} {megabytes} {sha256}\n{table}"
    publishing.write_card(path, text, votes, np.array([[0], [1], [2], [2]]), "abc")
    first, *table = path.with_suffix(".md").read_text().splitlines()
    assert re.fullmatch(r"75\.00% 1\.0 [0-9a-f]{64}", first)
    assert table == [
        "| | a | b | c |",
        "| --- | ---: | ---: | ---: |",
        "| **a** | 1 | · | · |",
        "| **b** | · | 1 | · |",
        "| **c** | · | 1 | 1 |",
    ]


def test_votes_for_moved_digits(recipe):
    """A network that sees one pixel sees each of nine, as SciPy's filter of means does."""
    x = np.random.default_rng(0).uniform(0, 1, (3, 6, 5, 1)).astype(np.float32)

    class Eye:
        def predict(self, images, batch, verbose):
            return images[:, 4, 0]

    votes = recipe("lenet_mnist").moved_votes(Eye(), x)
    means = ndimage.uniform_filter(x, (0, 3, 3, 0), mode="constant")
    np.testing.assert_allclose(votes, means[:, 4, 0], rtol=1e-5)


def drawn(slant, width):
    """A bar of 20 rows, of so many pixels, each row so far from the one above."""
    image = np.zeros((28, 28), np.float32)
    for row in range(4, 24):
        left = 14 - width / 2 + slant * (row - 13.5)
        cover = np.minimum(np.arange(28) + 1, left + width) - np.maximum(np.arange(28), left)
        image[row] = np.clip(cover, 0, 1)
    return image[None, :, :, None]


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.3])
def test_upright_digits_have_no_slant(recipe, slant):
    result = recipe("lenet_mnist").upright(drawn(slant, 3))[0, :, :, 0]
    np.testing.assert_allclose(result.sum(), 60, rtol=1e-3)  # sheared, and neither more nor less
    means = result[5:23] @ np.arange(28) / result[5:23].sum(1)
    np.testing.assert_allclose(means, 13.5, atol=0.02)


@pytest.mark.parametrize("width", [2, 6, 20])
def test_digits_of_one_width(recipe, width):
    result = recipe("lenet_mnist").as_wide(drawn(0, width))[0, :, :, 0]
    assert (result[:4] == 0).all() and (result[24:] == 0).all()
    np.testing.assert_allclose(result[10], result[10, ::-1], atol=1e-5)  # still in the middle
    assert np.count_nonzero(result[10] > 0.5) == 14
