"""Between Pillow's images and arrays."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from thalweg.core import OptionError, ShapeError
from thalweg.preprocessing.image import array_to_img, img_to_array

RGB = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
@pytest.mark.parametrize("order", ["channels_last", "channels_first", None])
def test_there_and_back(channels: int, mode: str, order: str | None) -> None:
    x = np.random.default_rng(1).integers(0, 256, (4, 6, channels)).astype(np.float32)
    given = np.moveaxis(x, -1, 0) if order == "channels_first" else x
    picture = array_to_img(given, order, scale=False)
    assert (picture.mode, picture.size) == (mode, (6, 4))
    back = img_to_array(picture, order)
    assert back.dtype == np.float32 and back.flags.c_contiguous
    np.testing.assert_array_equal(back, given)


def test_stretching() -> None:
    x = np.array([[[-3.0], [0.0], [7.0]]])
    expected = np.floor(np.array([0.0, 0.3, 1.0], np.float32) * 255)
    np.testing.assert_array_equal(np.asarray(array_to_img(x))[0], expected)
    assert np.asarray(array_to_img(np.full((2, 2, 3), 9.0))).max() == 0


def test_without_stretching() -> None:
    x = np.array([[[-3.0, 99.9, np.nan], [300.0, 255.0, -np.inf]]])
    got = np.asarray(array_to_img(x, scale=False))
    np.testing.assert_array_equal(got, [[[0, 99, 0], [255, 255, 0]]])
    deep = array_to_img(np.array([[[70_000.0], [3.0]]]), scale=False)
    assert deep.mode == "I" and np.asarray(deep).tolist() == [[70_000, 3]]


def test_dtypes() -> None:
    assert img_to_array(Image.fromarray(RGB), dtype="uint8").dtype == np.uint8
    np.testing.assert_array_equal(img_to_array(RGB[..., 0], dtype="int32")[..., 0], RGB[..., 0])
    array = img_to_array(Image.fromarray(RGB))
    array[:] = 0  # it is the caller's own
    np.testing.assert_array_equal(np.asarray(array_to_img(RGB, scale=False)), RGB)


def test_what_is_no_picture() -> None:
    with pytest.raises(ShapeError, match="this is no single image"):
        array_to_img(np.zeros((4, 4, 2)))
    with pytest.raises(ShapeError, match="this is no single image"):
        array_to_img(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match="this is no image"):
        img_to_array(np.zeros((1, 2, 3, 4)))
    with pytest.raises(OptionError, match="bad data_format"):
        img_to_array(RGB, "channels")
