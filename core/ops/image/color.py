"""Colours of images: their dtypes, and the spaces they are measured in.

Floats are colours in 0..1, and integers in 0..their greatest number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import DtypeError, user_site
from ...graph import Tensor
from ...types import as_dtype, float32
from ..compare import clip_by_value, equal, minimum, where
from ..concat import concat, split
from ..elementwise import cast, identity, multiply
from ..math import floordiv, floormod
from ..reduce import reduce_max, reduce_min
from ..source import convert

__all__ = [
    "convert_image_dtype",
    "grayscale_to_rgb",
    "hsv_to_rgb",
    "rgb_to_grayscale",
    "rgb_to_hsv",
]


# Dtypes -------------------------------------------------------------------------------------------


def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Tensor:
    """Images in another dtype, their colours scaled to its range.

    Args:
        image: (...) number: floats in 0..1, or integers in 0..their greatest number.
        dtype: float or integer.
        saturate: whether colours outside the range of an integer dtype become its ends; without,
            what they become is not defined.
        name: of the node.

    Returns:
        The same shape.

    Raises:
        DtypeError: if a dtype is no number.

    >>> from thalweg.core import Session, constant, image
    >>> Session().run(image.convert_image_dtype(constant([0, 51], "uint8"), "float32")).tolist()
    [0.0, 0.2...]
    """
    x, wanted = convert(image), as_dtype(dtype)
    name = name or "convert_image_dtype"
    if not (x.dtype.is_number and wanted.is_number):
        raise DtypeError(
            "convert_image_dtype",
            "takes and gives numbers",
            expected="float or integer dtypes",
            got=f"image {x.type}, dtype {wanted}",
            site=user_site(),
        )
    if x.dtype is wanted:
        return identity(x, name=name)
    if wanted.is_float:
        if x.dtype.is_float:
            return cast(x, wanted, name=name)
        return multiply(cast(x, wanted), 1.0 / _greatest(x), name=name)
    if x.dtype.is_float:
        levels = np.iinfo(wanted.numpy).max
        scaled = x * (levels + 0.5)  # so that all levels are equally wide
        return cast(_clipped(scaled, levels) if saturate else scaled, wanted, name=name)
    return _between_integers(x, wanted, saturate, name)


def _greatest(x: Tensor) -> int:
    return int(np.iinfo(x.dtype.numpy).max)


def _between_integers(x: Tensor, wanted: Any, saturate: bool, name: str) -> Tensor:
    """By a power of two, rounded down; in the wider of the two dtypes."""
    old, new = _greatest(x), int(np.iinfo(wanted.numpy).max)
    if old > new:
        scaled = floordiv(x, (old + 1) // (new + 1))
        return cast(_clipped(scaled, new) if saturate else scaled, wanted, name=name)
    if saturate and x.dtype.numpy.kind == "i":
        x = clip_by_value(x, 0, old)
    return multiply(cast(x, wanted), (new + 1) // (old + 1), name=name)


def _clipped(x: Tensor, levels: int) -> Tensor:
    return clip_by_value(x, 0, _representable(x, levels))


def _representable(x: Tensor, levels: int) -> Any:
    """The greatest number of x's dtype that is no greater: floats round 2**31 - 1 up."""
    if not x.dtype.is_float or x.dtype.numpy.type(levels) <= levels:
        return levels
    return float(np.nextafter(x.dtype.numpy.type(levels), x.dtype.numpy.type(0)))


def as_floats(function: Callable[[Tensor], Tensor], image: Any, name: str) -> Tensor:
    """A function of float colours, applied to images of any dtype and converted back."""
    x = convert(image)
    if x.dtype.is_float:
        return identity(function(x), name=name)
    return convert_image_dtype(
        function(convert_image_dtype(x, float32)), x.dtype, saturate=True, name=name
    )


# Spaces -------------------------------------------------------------------------------------------


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """The luma of colours, 0.2989 R + 0.587 G + 0.114 B.

    Args:
        images: (..., 3) number, red, green and blue.
        name: of the node.

    Returns:
        (..., 1) of the same dtype.

    Raises:
        ShapeError: if there are not three channels.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.rgb_to_grayscale([[[1.0, 0.0, 0.0]]])).round(4).tolist()
    [[[0.298...]]]
    """

    def luma(x: Tensor) -> Tensor:
        r, g, b = split(x, [1, 1, 1], axis=-1)
        return r * 0.2989 + g * 0.5870 + b * 0.1140

    return as_floats(luma, images, name or "rgb_to_grayscale")


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Images whose red, green and blue are all their only channel.

    Args:
        images: (..., 1) any dtype.
        name: of the node.

    Returns:
        (..., 3).

    >>> from thalweg.core import Session, image
    >>> Session().run(image.grayscale_to_rgb([[[7]]])).tolist()
    [[[7, 7, 7]]]
    """
    x = convert(images)
    return concat([x, x, x], axis=-1, name=name or "grayscale_to_rgb")


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation and value of colours.

    With v = max(r, g, b) and d = v - min(r, g, b): s = d / v, and h = (g - b) / 6d, 1/3 +
    (b - r) / 6d or 2/3 + (r - g) / 6d where v is r, g or b; where d is 0, so are h and s.
    A. R. Smith, "Color Gamut Transform Pairs", 1978.

    Args:
        images: (..., 3) float in 0..1, red, green and blue.
        name: of the node.

    Returns:
        (..., 3): hue in 0 <= h < 1, saturation in 0..1, value in 0..1.

    Raises:
        ShapeError: if there are not three channels.
        DtypeError: if the images are not float.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.rgb_to_hsv([[[0.0, 0.5, 0.0]]])).round(4).tolist()
    [[[0.333..., 1.0, 0.5]]]
    """
    x = convert(images)
    r, g, b = split(x, [1, 1, 1], axis=-1)
    value = reduce_max(x, -1, keepdims=True)
    spread = value - reduce_min(x, -1, keepdims=True)
    has_hue = spread > 0.0
    sixth = where(has_hue, spread, 1.0) * 6.0  # a divisor that is not 0 on the other side either
    hue = where(
        equal(r, value),
        (g - b) / sixth,
        where(equal(g, value), (b - r) / sixth + 1 / 3, (r - g) / sixth + 2 / 3),
    )
    hue = where(has_hue, where(hue < 0.0, hue + 1.0, hue), 0.0)
    saturation = where(has_hue, spread / where(value > 0.0, value, 1.0), 0.0)
    return concat([hue, saturation, value], axis=-1, name=name or "rgb_to_hsv")


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Red, green and blue of colours.

    Each is v - v s max(min(k, 4 - k, 1), 0), with k = (n + 6 h) mod 6 and n = 5, 3, 1.

    Args:
        images: (..., 3) float: hue, of which whole numbers do not matter, saturation in 0..1,
            value in 0..1.
        name: of the node.

    Returns:
        (..., 3) float in 0..1.

    Raises:
        ShapeError: if there are not three channels.
        DtypeError: if the images are not float.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.hsv_to_rgb([[[0.5, 1.0, 1.0]]])).tolist()
    [[[0.0, 1.0, 1.0]]]
    """
    h, s, v = split(images, [1, 1, 1], axis=-1)
    k = floormod(h * 6.0 + np.array([5.0, 3.0, 1.0]), 6.0)
    share = clip_by_value(minimum(k, 4.0 - k), 0.0, 1.0)
    return multiply(v, 1.0 - s * share, name=name or "hsv_to_rgb")
