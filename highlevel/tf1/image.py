"""`tf.image`: images resized, cropped, turned, and their colours changed.

Images are (batch, height, width, channels) or (height, width, channels). Colours are floats in
0..1, or integers in 0..their greatest number.
"""

from __future__ import annotations

from typing import Any

from thalweg.core import Tensor
from thalweg.core import image as core

from .arguments import missing_name
from .boxes import (
    central_crop,
    crop_and_resize,
    crop_to_bounding_box,
    non_max_suppression,
    pad_to_bounding_box,
    random_crop,
    resize_image_with_crop_or_pad,
    resize_image_with_pad,
)
from .rearranging import extract_image_patches
from .resizing import (
    ResizeMethod,
    resize_area,
    resize_bicubic,
    resize_bilinear,
    resize_images,
    resize_nearest_neighbor,
)

__all__ = [
    "ResizeMethod",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "central_crop",
    "convert_image_dtype",
    "crop_and_resize",
    "crop_to_bounding_box",
    "extract_image_patches",
    "flip_left_right",
    "flip_up_down",
    "grayscale_to_rgb",
    "hsv_to_rgb",
    "image_gradients",
    "non_max_suppression",
    "pad_to_bounding_box",
    "per_image_standardization",
    "psnr",
    "random_brightness",
    "random_contrast",
    "random_crop",
    "random_flip_left_right",
    "random_flip_up_down",
    "random_hue",
    "random_saturation",
    "resize",
    "resize_area",
    "resize_bicubic",
    "resize_bilinear",
    "resize_image_with_crop_or_pad",
    "resize_image_with_pad",
    "resize_images",
    "resize_nearest_neighbor",
    "resize_with_crop_or_pad",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "rot90",
    "sobel_edges",
    "ssim",
    "total_variation",
    "transpose",
    "transpose_image",
]

__getattr__ = missing_name(__name__, __all__)

resize = resize_images
resize_with_crop_or_pad = resize_image_with_crop_or_pad


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """Images with `delta` added to all colours."""
    return core.adjust_brightness(image, delta)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Images with each channel's distance from its mean multiplied."""
    return core.adjust_contrast(images, contrast_factor)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """gain * colour ** gamma."""
    return core.adjust_gamma(image, gamma, gain)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """RGB images with their hue turned by `delta`, 1 being the whole circle."""
    return core.adjust_hue(image, delta, name)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """RGB images with their saturation multiplied."""
    return core.adjust_saturation(image, saturation_factor, name)


def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Tensor:
    """Images in another dtype, colours scaled to its range.

    Args:
        image: (...) float in 0..1, or integer in 0..its greatest number.
        dtype: float or integer.
        saturate: whether colours outside of the range become its ends.
        name: of the node.
    """
    return core.convert_image_dtype(image, dtype, saturate, name)


def flip_left_right(image: Any) -> Tensor:
    """Images with left and right exchanged."""
    return core.flip_left_right(image)


def flip_up_down(image: Any) -> Tensor:
    """Images upside down."""
    return core.flip_up_down(image)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Grey images with three equal channels.  (..., 1) -> (..., 3)."""
    return core.grayscale_to_rgb(images, name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Red, green and blue from hue, saturation and value, all in 0..1."""
    return core.hsv_to_rgb(images, name)


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation and value from red, green and blue, all in 0..1."""
    return core.rgb_to_hsv(images, name)


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """Images in grey, by the weights of ITU-R BT.601.  (..., 3) -> (..., 1)."""
    return core.rgb_to_grayscale(images, name)


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """The differences to the next row and to the next column, 0 in the last one."""
    return core.image_gradients(image)


def per_image_standardization(image: Any) -> Tensor:
    """Images with mean 0 and variance 1, each by itself."""
    return core.per_image_standardization(image)


def psnr(a: Any, b: Any, max_val: float, name: str | None = None) -> Tensor:
    """The peak signal-to-noise ratio of images in decibels.  (..., h, w, c) -> (...)."""
    return core.psnr(a, b, max_val, name)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_brightness` by a random number in -max_delta..max_delta."""
    return core.random_brightness(image, max_delta, seed)


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_contrast` by a random factor in lower..upper."""
    return core.random_contrast(image, lower, upper, seed)


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_hue` by a random number in -max_delta..max_delta."""
    return core.random_hue(image, max_delta, seed)


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_saturation` by a random factor in lower..upper."""
    return core.random_saturation(image, lower, upper, seed)


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """Images, or with probability 1/2 their mirror images, each by itself."""
    return core.random_flip_left_right(image, seed)


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """Images, or with probability 1/2 upside down, each by itself."""
    return core.random_flip_up_down(image, seed)


def rot90(image: Any, k: int = 1, name: str | None = None) -> Tensor:
    """Images turned to the left by `k` right angles."""
    return core.rot90(image, k, name)


def sobel_edges(image: Any) -> Tensor:
    """The slopes of images by Sobel's kernels.  (..., c) -> (..., c, 2), y and x."""
    return core.sobel_edges(image)


def ssim(
    img1: Any,
    img2: Any,
    max_val: float,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The structural similarity of images; Wang et al., 2004.  (..., h, w, c) -> (...)."""
    return core.ssim(img1, img2, max_val, filter_size, filter_sigma, k1, k2)


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the absolute differences of neighbours.  (..., h, w, c) -> (...)."""
    return core.total_variation(images, name)


def transpose_image(image: Any) -> Tensor:
    """Images with rows and columns exchanged."""
    return core.transpose_image(image)


transpose = transpose_image
