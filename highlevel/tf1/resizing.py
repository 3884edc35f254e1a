"""`tf.image`: other heights and widths of images, where TF1 says their pixels lie."""

from __future__ import annotations

from typing import Any

from thalweg.core import OptionError, Tensor, convert, nearest
from thalweg.core import image as core

__all__ = [
    "ResizeMethod",
    "resize_area",
    "resize_bicubic",
    "resize_bilinear",
    "resize_images",
    "resize_nearest_neighbor",
]


class ResizeMethod:
    """How the colours between pixels are found."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_METHODS = {0: "bilinear", 1: "nearest", 2: "bicubic", 3: "area"}


def _coordinates(where: str, align_corners: bool, half_pixel_centers: bool = False) -> str:
    """The core's word for where the centre of a pixel lies.

    Raises:
        OptionError: if both are asked for.
    """
    if align_corners and half_pixel_centers:
        raise OptionError(
            where,
            "pixels lie in one place",
            expected="align_corners or half_pixel_centers",
            got="both",
        )
    if align_corners:
        return "align_corners"
    return "half_pixel" if half_pixel_centers else "asymmetric"


def method_of(where: str, method: Any) -> str:
    """The core's name of a `ResizeMethod`, or of its name in TF2.

    Raises:
        OptionError: for another one.
    """
    name = _METHODS.get(method, method)
    if name not in _METHODS.values():
        raise OptionError(
            where,
            "unknown method",
            expected=" or ".join(f"{number} ({word})" for number, word in _METHODS.items()),
            got=repr(method),
            hint=nearest(str(method), _METHODS.values()),
        )
    return str(name)


def resize_images(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """Images with another height and width.

    Args:
        images: (batch, height, width, channels) or (height, width, channels), number.
        size: (2,) integer, the new height and width.
        method: one of `ResizeMethod`.
        align_corners: whether the outermost pixels keep their place; else pixel i lies at
            i * scale, as in TF1 by default.
        preserve_aspect_ratio: whether `size` is only the largest the result may have.
        name: of the node.

    Returns:
        The dtype of the images for NEAREST_NEIGHBOR, for floats, and where the size is the
        images' own; else float32.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.image.resize_images([[[0.0], [4.0]]], [1, 4])).reshape(-1))
    [0. 2. 4. 4.]
    """
    word = method_of("resize_images", method)
    pictures = convert(images)
    shape = pictures.type.shape
    known = convert(size).type.value
    if known is not None and shape is not None and tuple(shape[-3:-1]) == tuple(known):
        return pictures
    where = _coordinates("resize_images", align_corners)
    if word == "area":
        where = "half_pixel"  # what a pixel covers does not depend on its centre
    return core.resize(
        pictures, size, word, where, preserve_aspect_ratio=preserve_aspect_ratio, name=name
    )


def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Images resized, colours mixed of the four nearest pixels.

    Args:
        images: (batch, height, width, channels) number.
        size: (2,) integer, the new height and width.
        align_corners: whether the outermost pixels keep their place.
        name: of the node.
        half_pixel_centers: whether pixels lie at their centres, as in TF2.

    Raises:
        OptionError: if both are wanted.
    """
    where = _coordinates("resize_bilinear", align_corners, half_pixel_centers)
    return core.resize(images, size, "bilinear", where, name=name)


def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Images resized, each colour that of one pixel; arguments as in `resize_bilinear`."""
    where = _coordinates("resize_nearest_neighbor", align_corners, half_pixel_centers)
    return core.resize(images, size, "nearest", where, name=name)


def resize_bicubic(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Images resized by cubic curves; Keys, 1981.  Arguments as in `resize_bilinear`."""
    where = _coordinates("resize_bicubic", align_corners, half_pixel_centers)
    return core.resize(images, size, "bicubic", where, name=name)


def resize_area(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None
) -> Tensor:
    """Images resized, each colour the mean of what its pixel covers.

    Args:
        images: (batch, height, width, channels) number.
        size: (2,) integer, the new height and width.
        align_corners: must be False.
        name: of the node.

    Raises:
        OptionError: for aligned corners, where no pixel covers its share.
    """
    if align_corners:
        raise OptionError(
            "resize_area", "areas have no corners to align", expected="align_corners=False"
        )
    return core.resize(images, size, "area", name=name)
