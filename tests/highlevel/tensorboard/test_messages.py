"""What TensorBoard is told of arrays."""

from __future__ import annotations

import io
import sys
import wave

import numpy as np
import pytest
from PIL import Image

from thalweg import tensorboard
from thalweg.core.errors import DataError, MissingExtraError


def picture(value) -> np.ndarray:
    found = np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)))
    assert found.shape[:2] == (value.image.height, value.image.width)
    return found


def test_a_histogram_counts_every_value_between_its_bounds() -> None:
    values = np.random.default_rng(0).standard_cauchy(1000) * [[1e-9], [1], [1e9]]
    values[0, :5] = 0
    found = tensorboard.histogram("h", values).value[0].histo
    limits, counts = np.array(found.bucket_limit), np.array(found.bucket)
    assert len(limits) == len(counts)
    assert (np.diff(limits) > 0).all()
    for low, high, count in zip(limits[:-1], limits[1:], counts[1:], strict=True):
        assert count == np.count_nonzero((values >= low) & (values < high))
    assert counts[0] == 0  # what only holds the lower bound
    assert counts.sum() == found.num == values.size
    assert (found.min, found.max) == (values.min(), values.max())
    np.testing.assert_allclose(found.sum, values.sum(), rtol=1e-12)
    np.testing.assert_allclose(found.sum_squares, (values**2).sum(), rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 1e300, -1e300, 1e-300, -1.0])
def test_a_histogram_of_one_value_has_it_in_its_last_bin(value) -> None:
    found = tensorboard.histogram("h", value).value[0].histo
    assert list(found.bucket) == [0, 1]
    assert found.bucket_limit[0] <= value < found.bucket_limit[1]


def test_bounds_grow_by_a_tenth() -> None:
    limits = tensorboard.histogram("h", [1e-5, 1e5]).value[0].histo.bucket_limit
    np.testing.assert_allclose(np.divide(limits[1:], limits[:-1]), 1.1, rtol=1e-12)


def test_a_histogram_of_nothing() -> None:
    found = tensorboard.histogram("h", []).value[0].histo
    assert (found.num, found.sum, sum(found.bucket)) == (0, 0, 0)


def test_bytes_are_shown_as_they_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3), "uint8")
    found = tensorboard.image("p", pixels).value
    assert [value.tag for value in found] == ["p/image/0", "p/image/1", "p/image/2"]
    for value, expected in zip(found, pixels, strict=False):
        np.testing.assert_array_equal(picture(value), expected)
        assert value.image.colorspace == 3
    (alone,) = tensorboard.image("p", pixels, 1).value
    assert alone.tag == "p/image"


def test_each_picture_of_floats_is_stretched_by_itself() -> None:
    pixels = np.float32([[0, 1, 2], [0, 10, 40], [-1, 0, 0.5], [0, 0, 1e-9]]).reshape(4, 1, 3, 1)
    found = [picture(value).ravel().tolist() for value in tensorboard.image("p", pixels, 9).value]
    assert found == [[0, 127, 255], [0, 63, 255], [1, 128, 191], [0, 0, 0]]


def test_what_is_not_finite_is_red() -> None:
    pixels = np.zeros((1, 1, 3, 3), "float32")
    pixels[0, 0, 1, 2] = np.nan
    pixels[0, 0, 2] = 1
    (value,) = tensorboard.image("p", pixels).value
    assert picture(value).tolist() == [[[0, 0, 0], [255, 0, 0], [255, 255, 255]]]


def test_sounds_are_wav_files() -> None:
    waves = np.stack([np.linspace(-2, 2, 9), np.linspace(1, 0, 9)], 1)[None]
    (value,) = tensorboard.audio("s", waves, 8000, 1).value
    with wave.open(io.BytesIO(value.audio.encoded_audio_string)) as sound:
        assert sound.getparams()[:4] == (2, 2, 8000, 9)
        found = np.frombuffer(sound.readframes(9), "<i2").reshape(9, 2)
    np.testing.assert_allclose(found / 32767, np.clip(waves[0], -1, 1), atol=0.5 / 32767)
    assert (value.audio.num_channels, value.audio.length_frames) == (2, 9)


@pytest.mark.parametrize(
    "array",
    [
        np.float32([[1.5, 2]]),
        np.float64(3),
        np.int64([2**40]),
        np.array([True, False]),
        np.uint8([255]),
    ],
)
def test_arrays_come_back_from_their_messages(array) -> None:
    message = tensorboard.tensor("a", array).value[0].tensor
    assert [dim.size for dim in message.tensor_shape.dim] == list(np.shape(array))
    values = [value for _, found in message.ListFields()[-1:] for value in found]
    np.testing.assert_array_equal(np.reshape(values, np.shape(array)), array)


def test_texts_of_a_table() -> None:
    value = tensorboard.text("t", [["a", "ü"], [b"c", "d"]]).value[0]
    assert [dim.size for dim in value.tensor.tensor_shape.dim] == [2, 2]
    assert [item.decode() for item in value.tensor.string_val] == ["a", "ü", "c", "d"]
    assert value.metadata.plugin_data.plugin_name == "text"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tensorboard.scalar("x", [1, 2]), "'x' is not one number"),
        (lambda: tensorboard.histogram("x", [1, np.nan, np.inf]), "2 of 3 NaN or infinite"),
        (lambda: tensorboard.image("x", np.zeros((1, 4, 4))), "'x' are no pictures"),
        (lambda: tensorboard.image("x", np.zeros((1, 4, 4, 2))), "with 1, 3 or 4 channels"),
        (lambda: tensorboard.audio("x", np.zeros(4), 8000), "'x' are no sounds"),
        (lambda: tensorboard.tensor("x", [1j]), "dtype complex128"),
    ],
)
def test_errors(make, text) -> None:
    with pytest.raises(DataError) as caught:
        make()
    assert text in str(caught.value)


def test_without_tensorboardx_the_error_says_how_to_get_it(monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tensorboardX")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingExtraError, match=r'pip install "thalweg\[tensorboard\]"'):
        tensorboard.scalar("x", 1)
