"""`tf.image`: parts of images, and images with a border."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import Tensor, convert, shape_of
from thalweg.core import image as core

from .arguments import either
from .resizing import ResizeMethod, resize_images
from .window_sizes import given

__all__ = [
    "central_crop",
    "crop_and_resize",
    "crop_to_bounding_box",
    "non_max_suppression",
    "pad_to_bounding_box",
    "random_crop",
    "resize_image_with_crop_or_pad",
    "resize_image_with_pad",
]


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of images; `central_fraction` of height and of width stays."""
    return core.central_crop(image, central_fraction)


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """The part of images that begins at the offsets and has the target's height and width."""
    return core.crop_to_bounding_box(
        image, offset_height, offset_width, target_height, target_width
    )


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Images put at the offsets in black ones of the target's height and width."""
    return core.pad_to_bounding_box(image, offset_height, offset_width, target_height, target_width)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of a tensor at a random place.

    Args:
        value: (...) number.
        size: the sizes of the part, one for each axis.
        seed: of the place.
        name: of the node.
    """
    return core.random_crop(value, size, seed, name)


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """Images cropped around their centre, or with a black border, to a height and width."""
    return core.resize_with_crop_or_pad(image, target_height, target_width)


def resize_image_with_pad(
    image: Any,
    target_height: int,
    target_width: int,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Tensor:
    """Images resized without distortion until one side fits, with a black border beside.

    Args:
        image: (batch, height, width, channels) or (height, width, channels), number.
        target_height: of the result.
        target_width: of the result.
        method: one of `ResizeMethod`.
        align_corners: as in `resize_images`.
    """
    pictures = convert(image)
    sizes = thalweg.core.cast(shape_of(pictures)[-3:-1], "float64")
    target = thalweg.core.cast(convert([target_height, target_width]), "float64")
    scale = thalweg.core.reduce_min(target / sizes)
    # As TF1 does: what is left of a pixel is cut off; a little more than the product of floats.
    fitting = thalweg.core.cast(thalweg.core.floor(sizes * scale + 1e-9), "int32")
    resized = resize_images(pictures, fitting, method, align_corners)
    return core.resize_with_crop_or_pad(resized, target_height, target_width)


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Tensor:
    """What lies in boxes of images, each resized to one height and width.

    Args:
        image: (batch, height, width, channels) number.
        boxes: (boxes, 4) float: y1, x1, y2, x2 in 0..1 of the way to the last pixel.
        box_ind: (boxes,) integer, the image of each box.
        crop_size: (2,) integer, height and width of the result.
        method: "bilinear" or "nearest".
        extrapolation_value: of samples outside of the images.
        name: of the node.
        box_indices: the new name of `box_ind`.
    """
    places = either("crop_and_resize", "box_indices", box_indices, "box_ind", box_ind)
    given("crop_and_resize", box_ind=places, crop_size=crop_size)
    return core.crop_and_resize(image, boxes, places, crop_size, method, extrapolation_value, name)


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """The indices of boxes that no box of a better score overlaps too much.

    Args:
        boxes: (boxes, 4) float, two opposite corners each.
        scores: (boxes,) of the same dtype.
        max_output_size: () integer.
        iou_threshold: intersection over union above which the worse box goes.
        score_threshold: boxes of this score or less go.
        name: of the node.
    """
    return core.non_max_suppression(
        boxes, scores, max_output_size, iou_threshold, score_threshold, name
    )
