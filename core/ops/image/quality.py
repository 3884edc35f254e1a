"""Statistics of images, differences between neighbours, and how alike two images are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import OptionError, user_site
from ...graph import Tensor
from ...types import float32
from ..compare import maximum
from ..concat import concat
from ..conv import conv2d
from ..elementwise import add, cast, multiply, shape_of, subtract, zeros_like
from ..math import abs, log, rsqrt, square, squared_difference
from ..reduce import reduce_mean, reduce_prod, reduce_sum
from ..shape import reshape
from ..source import constant, convert, convert_all
from ..stack import stack
from ..statistics import moments

__all__ = [
    "image_gradients",
    "per_image_standardization",
    "psnr",
    "sobel_edges",
    "ssim",
    "total_variation",
]

_IMAGE = [-3, -2, -1]  # height, width, channels


def per_image_standardization(image: Any, name: str | None = None) -> Tensor:
    """Images with mean 0 and variance 1, each by itself.

    (x - mean) / max(standard deviation, 1 / sqrt(n)), n being the number of its colours: an image
    of one colour becomes 0.

    Args:
        image: (..., height, width, channels), number.
        name: of the node.

    Returns:
        The same shape, float; integers become float32.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.per_image_standardization([[[1.0], [3.0]]])).tolist()
    [[[-1.0], [1.0]]]
    """
    x = _floats(convert(image))
    mean, variance = moments(x, _IMAGE, keepdims=True)
    sizes = shape_of(x)
    count = cast(sizes[-3] * sizes[-2] * sizes[-1], x.dtype)
    least = 1.0 / maximum(count, 1.0)
    r = rsqrt(maximum(variance, least))
    return multiply(x - mean, r, name=name or "per_image_standardization")


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of absolute differences between neighbours, right and below.

    L. Rudin, S. Osher, E. Fatemi, "Nonlinear total variation based noise removal algorithms",
    1992, in its anisotropic form.

    Args:
        images: (..., height, width, channels), number.
        name: of the node.

    Returns:
        (...), one number an image, float.

    >>> from thalweg.core import Session, image
    >>> float(Session().run(image.total_variation([[[1.0], [3.0]], [[1.0], [4.0]]])))
    6.0
    """
    down, right = _differences(_floats(convert(images)))
    return add(
        reduce_sum(abs(down), _IMAGE),
        reduce_sum(abs(right), _IMAGE),
        name=name or "total_variation",
    )


def image_gradients(image: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Differences between each pixel and its neighbours below and on the right.

    Args:
        image: (..., height, width, channels), number.
        name: prefix of the two nodes.

    Returns:
        dy and dx, of the same shape, float; the last row of dy and the last column of dx are 0.

    >>> from thalweg.core import Session, image
    >>> dy, dx = Session().run(image.image_gradients([[[1.0], [3.0]], [[1.0], [4.0]]]))
    >>> dy[:, :, 0].tolist(), dx[:, :, 0].tolist()
    ([[0.0, 1.0], [0.0, 0.0]], [[2.0, 0.0], [3.0, 0.0]])
    """
    name = name or "image_gradients"
    x = _floats(convert(image))
    down, right = _differences(x)
    return (
        concat([down, zeros_like(x[..., :1, :, :])], axis=-3, name=f"{name}_dy"),
        concat([right, zeros_like(x[..., :1, :])], axis=-2, name=f"{name}_dx"),
    )


def _differences(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :, :] - x[..., :-1, :, :], x[..., 1:, :] - x[..., :-1, :]


def sobel_edges(image: Any, name: str | None = None) -> Tensor:
    """Slopes of images by Sobel's masks, the images mirrored at their edges.

    Args:
        image: (..., height, width, channels), number, with at least two rows and columns.
        name: of the node.

    Returns:
        (..., height, width, channels, 2), float: the slope down and to the right, eight times as
        steep.

    >>> from thalweg.core import Session, image
    >>> edges = Session().run(image.sobel_edges([[[0.0], [1.0], [2.0]]] * 3))
    >>> edges[1, 1, 0].tolist()
    [0.0, 8.0]
    """
    x = _floats(convert(image))
    x = concat([x[..., 1:2, :, :], x, x[..., -2:-1, :, :]], axis=-3)
    x = concat([x[..., 1:2, :], x, x[..., -2:-1, :]], axis=-2)
    down = x[..., 2:, :, :] - x[..., :-2, :, :]
    right = x[..., 2:, :] - x[..., :-2, :]
    dy = down[..., :-2, :] + down[..., 1:-1, :] * 2 + down[..., 2:, :]
    dx = right[..., :-2, :, :] + right[..., 1:-1, :, :] * 2 + right[..., 2:, :, :]
    return stack([dy, dx], axis=-1, name=name or "sobel_edges")


def psnr(a: Any, b: Any, max_val: float, name: str | None = None) -> Tensor:
    """Peak signal-to-noise ratio, 20 log10(max_val) - 10 log10(mean((a - b)**2)).

    Args:
        a: (..., height, width, channels), number.
        b: the same shape and dtype.
        max_val: the largest difference there could be: 255, or 1.
        name: of the node.

    Returns:
        (...) float, in decibels; infinite for equal images.

    Raises:
        ShapeError: if the shapes differ.

    >>> from thalweg.core import Session, image
    >>> float(Session().run(image.psnr([[[0.0]]], [[[0.1]]], max_val=1.0)).round(4))
    20.0
    """
    x, y = map(_floats, convert_all(a, b))
    error = reduce_mean(squared_difference(x, y), _IMAGE)
    scale = 10 / math.log(10)
    return subtract(2 * scale * math.log(max_val), log(error) * scale, name=name or "psnr")


def ssim(
    img1: Any,
    img2: Any,
    max_val: float,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    name: str | None = None,
) -> Tensor:
    """Structural similarity: how alike luminance, contrast and structure are around each pixel.

    With means m, variances v and the covariance c under a Gaussian window, the mean over all
    windows that lie within the images, and over channels, of

        (2 m1 m2 + (k1 L)**2) (2 c + (k2 L)**2)
        / ((m1**2 + m2**2 + (k1 L)**2) (v1 + v2 + (k2 L)**2)).

    Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity",
    2004, equation 13.

    Args:
        img1: (..., height, width, channels), number.
        img2: the same shape and dtype.
        max_val: L, the range of the colours: 255, or 1.
        filter_size: of the window, an integer >= 1, no larger than the images.
        filter_sigma: standard deviation of the window in pixels, > 0.
        k1: keeps luminance from division by 0.
        k2: keeps contrast from division by 0.
        name: of the node.

    Returns:
        (...) float, at most 1, which equal images have.

    Raises:
        ShapeError: if the shapes differ, or images are smaller than the window.
        OptionError: if the window's size is no count.

    >>> from thalweg.core import Session, image
    >>> picture = [[[float(x * y)] for x in range(12)] for y in range(12)]
    >>> float(Session().run(image.ssim(picture, picture, max_val=121.0)).round(4))
    1.0
    """
    if not isinstance(filter_size, int) or filter_size < 1:
        raise OptionError(
            "ssim",
            "filter_size is no count",
            expected="an integer >= 1",
            got=repr(filter_size),
            site=user_site(),
        )
    x, y = map(_floats, convert_all(img1, img2))
    window = _gaussian(filter_size, filter_sigma, x)
    mean_x, mean_y = _blurred(x, window), _blurred(y, window)
    products, squares = mean_x * mean_y * 2.0, square(mean_x) + square(mean_y)
    covariances = _blurred(x * y, window) * 2.0 - products
    variances = _blurred(square(x) + square(y), window) - squares
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    luminance = (products + c1) / (squares + c1)
    structure = (covariances + c2) / (variances + c2)
    return reduce_mean(luminance * structure, _IMAGE, name=name or "ssim")


def _gaussian(size: int, sigma: float, like: Tensor) -> Tensor:
    """Weights of one axis, which add up to 1."""
    distance = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    return constant(weights / weights.sum(), like.dtype)


def _blurred(x: Tensor, window: Tensor) -> Tensor:
    """Each channel's mean under the window, first by columns and then by rows."""
    shape = shape_of(x)
    height, width, channels = shape[-3], shape[-2], shape[-1]
    kernel = reshape(window, [-1, 1, 1, 1])
    count, size = reduce_prod(shape[:-3]), shape_of(window)[0]
    inside = stack([height - size + 1, width - size + 1, channels])
    columns = conv2d(reshape(x, [count, height, width * channels, 1]), kernel)
    rows = conv2d(reshape(columns, [count * inside[0], width, channels, 1]), kernel)
    return reshape(rows, concat([shape[:-3], inside], axis=0))


def _floats(x: Tensor) -> Tensor:
    """Integers as float32: differences of unsigned ones would wrap."""
    return x if x.dtype.is_float else cast(x, float32)
