"""Images: sizes, parts, colours, comparisons and boxes, as `thalweg.core.image`.

All of these take images with the channels last, (height, width, channels), and any axes before.
"""

from __future__ import annotations

from .adjust import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    random_brightness,
    random_contrast,
    random_hue,
    random_saturation,
)
from .blur import elastic_displacement, gaussian_blur
from .boxes import (
    crop_and_resize,
    non_max_suppression,
)
from .color import (
    convert_image_dtype,
    grayscale_to_rgb,
    hsv_to_rgb,
    rgb_to_grayscale,
    rgb_to_hsv,
)
from .crop import (
    central_crop,
    crop_to_bounding_box,
    pad_to_bounding_box,
    random_crop,
    resize_with_crop_or_pad,
)
from .flip import (
    flip_left_right,
    flip_up_down,
    random_flip_left_right,
    random_flip_up_down,
    rot90,
    transpose_image,
)
from .quality import (
    image_gradients,
    per_image_standardization,
    psnr,
    sobel_edges,
    ssim,
    total_variation,
)
from .resize import resize
from .transforms import (
    affine_transforms,
    compose_transforms,
    flip_transforms,
    invert_transforms,
    keras_transforms,
    perspective_transforms,
)
from .warp import warp

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "affine_transforms",
    "central_crop",
    "compose_transforms",
    "convert_image_dtype",
    "crop_and_resize",
    "crop_to_bounding_box",
    "elastic_displacement",
    "flip_left_right",
    "flip_transforms",
    "flip_up_down",
    "gaussian_blur",
    "grayscale_to_rgb",
    "hsv_to_rgb",
    "image_gradients",
    "invert_transforms",
    "keras_transforms",
    "non_max_suppression",
    "pad_to_bounding_box",
    "per_image_standardization",
    "perspective_transforms",
    "psnr",
    "random_brightness",
    "random_contrast",
    "random_crop",
    "random_flip_left_right",
    "random_flip_up_down",
    "random_hue",
    "random_saturation",
    "resize",
    "resize_with_crop_or_pad",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "rot90",
    "sobel_edges",
    "ssim",
    "total_variation",
    "transpose_image",
    "warp",
]
