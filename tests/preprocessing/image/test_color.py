"""Brightness against Pillow itself, channel shifts against arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from thalweg.core import OptionError, ShapeError
from thalweg.preprocessing.image import (
    ImageDataGenerator,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
)

BYTES = np.random.default_rng(0).integers(0, 256, (7, 5, 4)).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("factor", [0.0, 0.37, 1.0, 1.63, 5.0, -1.0])
def test_brightness_is_pillows(channels: int, factor: float) -> None:
    x = BYTES[..., :channels]
    picture = Image.fromarray(x if channels > 1 else x[..., 0])
    expected = np.asarray(ImageEnhance.Brightness(picture).enhance(factor)).reshape(x.shape)
    got = apply_brightness_shift(x, factor, scale=False)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)
    generator = ImageDataGenerator(corrected=True)
    np.testing.assert_array_equal(generator.apply_transform(x, {"brightness": factor}), expected)


def test_other_ranges_are_stretched_and_brought_back() -> None:
    x = BYTES[..., :3].astype(np.float32) * 4 - 300
    low, high = x.min(), x.max()
    levels = ((x - low) / (high - low) * 255).astype(np.uint8)
    bright = np.asarray(ImageEnhance.Brightness(Image.fromarray(levels)).enhance(0.6))
    got = apply_brightness_shift(x, 0.6, scale=False)
    np.testing.assert_allclose(got, bright / 255 * (high - low) + low, atol=1e-3)
    np.testing.assert_array_equal(apply_brightness_shift(x, 0.6), bright)


def test_flat_pictures() -> None:
    flat = np.full((3, 3, 3), 77.0)
    np.testing.assert_array_equal(apply_brightness_shift(flat, 0.5, scale=False), flat // 2)
    np.testing.assert_array_equal(apply_brightness_shift(flat, 0.5), np.zeros((3, 3, 3)))


@pytest.mark.parametrize("theta", [13, 33, 71])
def test_flat_parts_of_turned_pictures_keep_their_level(theta: float) -> None:
    x = np.full((60, 60, 3), 200, np.uint8)
    x[20:40, 20:40] = 255
    generator = ImageDataGenerator(corrected=True, shear_range=5)
    got = generator.apply_transform(x, {"theta": theta, "shear": 3, "brightness": 0.5})
    np.testing.assert_array_equal(got[26:34, 26:34], 127)
    np.testing.assert_array_equal(got[:10], 100)


def test_channel_shift() -> None:
    x = BYTES.astype(np.float64) / 2 + 10
    for axis in (0, 1, 2):
        got = apply_channel_shift(x, 33.5, axis)
        np.testing.assert_array_equal(got, np.minimum(x + 33.5, x.max()))
    generator = ImageDataGenerator()
    got = generator.apply_transform(x[..., :3], {"channel_shift_intensity": -20.0})
    np.testing.assert_allclose(got, np.maximum(x[..., :3] - 20, x[..., :3].min()), rtol=1e-6)


def test_random_ones() -> None:
    x = BYTES[..., :3]
    dark, same = (random_brightness(x, (0.2, 0.4), scale=False, seed=5) for _ in range(2))
    np.testing.assert_array_equal(dark, same)
    assert 0.15 * x.sum() < dark.sum() < 0.4 * x.sum()
    shifted = random_channel_shift(x, 9.0, rng=np.random.default_rng(0))
    assert 0 < np.abs(shifted - x).max() <= 9


def test_arguments_are_checked() -> None:
    with pytest.raises(OptionError, match="the least and the greatest factor"):
        random_brightness(BYTES, 0.5)
    with pytest.raises(OptionError, match="bad brightness_range"):
        ImageDataGenerator(brightness_range=(0.5, 1.0, 1.5))
    with pytest.raises(ShapeError, match="this is no single picture"):
        apply_brightness_shift(BYTES[0], 0.5)
