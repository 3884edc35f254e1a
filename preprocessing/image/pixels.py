"""Between Pillow's images and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from thalweg.core import ShapeError, user_site
from thalweg.core.options import DATA_FORMAT

__all__ = ["array_to_img", "as_levels", "img_to_array", "picture_of"]

Array = np.ndarray[Any, Any]


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """The pixels of a Pillow image.

    Args:
        img: a Pillow image, or an array (height, width) or (height, width, channels).
        data_format: "channels_last", which None stands for, or "channels_first".
        dtype: of the result; None is float32.

    Returns:
        (height, width, channels), or (channels, height, width); a grey image has one channel.

    Raises:
        ShapeError: if it has neither two nor three axes.

    >>> img_to_array(Image.new("RGB", (3, 2), (255, 0, 1))).shape
    (2, 3, 3)
    """
    order = DATA_FORMAT.check("img_to_array", "data_format", data_format or "channels_last")
    x = np.array(img, dtype or np.float32)
    if x.ndim == 2:
        x = x[..., None]
    if x.ndim != 3:
        raise ShapeError(
            "img_to_array",
            "this is no image",
            expected="(height, width) or (height, width, channels)",
            got=str(x.shape),
            site=user_site(),
        )
    return np.ascontiguousarray(x.transpose(2, 0, 1)) if order == "channels_first" else x


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Image.Image:
    """A Pillow image of an array.

    Args:
        x: (height, width, channels) with 1, 3 or 4 channels, numbers; or channels first.
        data_format: "channels_last", which None stands for, or "channels_first".
        scale: whether the smallest value becomes 0 and the largest 255. Without it values have
            to lie in 0..255, and their fractions are cut off. Values outside become 0 or 255
            (# differs from Keras: there they wrap around), except in a grey picture with values
            above 255, which becomes one of 32 bits.
        dtype: that the numbers are brought to first; None is float32.

    Returns:
        An image of mode "L", "RGB", "RGBA", or "I" with 32 bits.

    Raises:
        ShapeError: for another number of axes or channels.

    >>> array_to_img([[[0.0], [0.5], [2.0]]]).tobytes()
    b'\\x00?\\xff'
    """
    order = DATA_FORMAT.check("array_to_img", "data_format", data_format or "channels_last")
    x = np.asarray(x, dtype or np.float32)
    channels = x.shape[0 if order == "channels_first" else -1] if x.ndim == 3 else None
    if channels not in (1, 3, 4):
        raise ShapeError(
            "array_to_img",
            "this is no single image",
            expected="three axes, and 1, 3 or 4 channels in the last"
            if order == "channels_last"
            else "three axes, and 1, 3 or 4 channels in the first",
            got=str(x.shape),
            site=user_site(),
        )
    if order == "channels_first":
        x = x.transpose(1, 2, 0)
    if scale:
        x = x - x.min()
        largest = x.max()
        x = x / (largest if largest != 0 else 1) * 255
    if channels == 1 and x.max() > 255:
        return Image.fromarray(x[..., 0].astype(np.int32))
    return picture_of(as_levels(x))


def as_levels(x: Array) -> Array:
    """Numbers as uint8: fractions cut off, what is outside 0..255 brought to its ends, NaN as 0."""
    if x.dtype == np.uint8:
        return x
    if x.dtype.kind == "f":
        x = np.nan_to_num(x, nan=0.0)
    return np.clip(x, 0, 255).astype(np.uint8)


def picture_of(levels: Array) -> Image.Image:
    """A Pillow image of uint8 (height, width, 1, 3 or 4)."""
    levels = np.ascontiguousarray(levels)
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
