"""Adjustments of colours, fixed or by chance: those of integers are made of floats in between."""

from __future__ import annotations

from typing import Any

from ...errors import OptionError, user_site
from ...graph import Tensor
from ..compare import clip_by_value
from ..concat import concat, split
from ..elementwise import cast
from ..math import pow
from ..random import random_uniform
from ..reduce import reduce_mean
from ..source import convert
from .color import as_floats, hsv_to_rgb, rgb_to_hsv

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "random_brightness",
    "random_contrast",
    "random_hue",
    "random_saturation",
]


def adjust_brightness(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """Images with a number added to all colours.

    Args:
        image: (...) number; integers are added to in 0..1, and end at the ends of their range.
        delta: () number, usually in -1 < delta < 1.
        name: of the node.

    Returns:
        The same shape and dtype.

    >>> from thalweg.core import Session, constant, image
    >>> Session().run(image.adjust_brightness(constant([0, 250], "uint8"), 0.2)).tolist()
    [51, 255]
    """
    return as_floats(lambda x: x + _like(x, delta), image, name or "adjust_brightness")


def adjust_contrast(images: Any, contrast_factor: Any, name: str | None = None) -> Tensor:
    """Images with each channel's distance from its mean multiplied: (x - mean) factor + mean.

    Args:
        images: (..., height, width, channels), number; each image has its own means.
        contrast_factor: () number.
        name: of the node.

    Returns:
        The same shape and dtype.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.adjust_contrast([[[1.0], [3.0]]], 2.0)).tolist()
    [[[0.0], [4.0]]]
    """

    def adjusted(x: Tensor) -> Tensor:
        mean = reduce_mean(x, [-3, -2], keepdims=True)
        return (x - mean) * _like(x, contrast_factor) + mean

    return as_floats(adjusted, images, name or "adjust_contrast")


def adjust_gamma(image: Any, gamma: Any = 1.0, gain: Any = 1.0, name: str | None = None) -> Tensor:
    """gain * x ** gamma, for each colour x in 0..1.

    Args:
        image: (...) number.
        gamma: () number >= 0; more than 1 makes images darker.
        gain: () number, a factor.
        name: of the node.

    Returns:
        The same shape and dtype.

    Raises:
        OptionError: if gamma is negative.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.adjust_gamma([0.5, 1.0], 2.0)).tolist()
    [0.25, 1.0]
    """
    if isinstance(gamma, int | float) and gamma < 0:
        raise OptionError(
            "adjust_gamma",
            "gamma is negative",
            expected="a number >= 0",
            got=repr(gamma),
            site=user_site(),
        )
    return as_floats(
        lambda x: pow(x, _like(x, gamma)) * _like(x, gain), image, name or "adjust_gamma"
    )


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """Images whose hues are turned by a part of the colour circle.

    Args:
        image: (..., 3) number, red, green and blue.
        delta: () number; 1 is the whole circle.
        name: of the node.

    Returns:
        The same shape and dtype.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.adjust_hue([[[1.0, 0.0, 0.0]]], 0.5)).tolist()
    [[[0.0, 1.0, 1.0]]]
    """

    def adjusted(x: Tensor) -> Tensor:
        h, s, v = split(rgb_to_hsv(x), [1, 1, 1], axis=-1)
        return hsv_to_rgb(concat([h + _like(x, delta), s, v], axis=-1))

    return as_floats(adjusted, image, name or "adjust_hue")


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """Images whose saturation is multiplied, up to 1.

    Args:
        image: (..., 3) number, red, green and blue.
        saturation_factor: () number >= 0; 0 makes images grey.
        name: of the node.

    Returns:
        The same shape and dtype.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.adjust_saturation([[[1.0, 0.5, 0.5]]], 2.0)).tolist()
    [[[1.0, 0.0, 0.0]]]
    """

    def adjusted(x: Tensor) -> Tensor:
        h, s, v = split(rgb_to_hsv(x), [1, 1, 1], axis=-1)
        saturation = clip_by_value(s * _like(x, saturation_factor), 0.0, 1.0)
        return hsv_to_rgb(concat([h, saturation, v], axis=-1))

    return as_floats(adjusted, image, name or "adjust_saturation")


def _like(x: Tensor, value: Any) -> Tensor:
    """A number in the dtype of x."""
    is_symbolic = isinstance(value, Tensor) or hasattr(value, "__thalweg_tensor__")
    return cast(value, x.dtype) if is_symbolic else convert(value, x.dtype)


# By chance ----------------------------------------------------------------------------------------


def random_brightness(
    image: Any, max_delta: float, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`adjust_brightness` by another number in every run.

    Args:
        image: (...) number.
        max_delta: the number is in -max_delta <= delta < max_delta; >= 0.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Raises:
        OptionError: if `max_delta` is negative.

    >>> from thalweg.core import Session, image
    >>> 0.0 <= float(Session().run(image.random_brightness(0.5, 0.5))) < 1.0
    True
    """
    delta = _drawn("random_brightness", -max_delta, max_delta, seed)
    return adjust_brightness(image, delta, name or "random_brightness")


def random_contrast(
    image: Any, lower: float, upper: float, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`adjust_contrast` by another factor in every run.

    Args:
        image: (..., height, width, channels), number.
        lower: the least factor.
        upper: the greatest factor, >= lower.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Raises:
        OptionError: if `upper` is less than `lower`.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.random_contrast([[[1.0], [3.0]]], 2.0, 2.0)).tolist()
    [[[0.0], [4.0]]]
    """
    factor = _drawn("random_contrast", lower, upper, seed)
    return adjust_contrast(image, factor, name or "random_contrast")


def random_hue(
    image: Any, max_delta: float, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`adjust_hue` by another angle in every run.

    Args:
        image: (..., 3) number, red, green and blue.
        max_delta: the angle is in -max_delta <= delta < max_delta; in 0..0.5.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Raises:
        OptionError: if `max_delta` is not in 0..0.5.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.random_hue([[[0.5, 0.5, 0.5]]], 0.1)).tolist()
    [[[0.5, 0.5, 0.5]]]
    """
    if not 0 <= max_delta <= 0.5:
        raise OptionError(
            "random_hue",
            "no angle",
            expected="0 <= max_delta <= 0.5",
            got=repr(max_delta),
            site=user_site(),
        )
    delta = _drawn("random_hue", -max_delta, max_delta, seed)
    return adjust_hue(image, delta, name or "random_hue")


def random_saturation(
    image: Any, lower: float, upper: float, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`adjust_saturation` by another factor in every run.

    Args:
        image: (..., 3) number, red, green and blue.
        lower: the least factor.
        upper: the greatest factor, >= lower.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Raises:
        OptionError: if `upper` is less than `lower`.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.random_saturation([[[1.0, 0.5, 0.5]]], 2.0, 2.0)).tolist()
    [[[1.0, 0.0, 0.0]]]
    """
    factor = _drawn("random_saturation", lower, upper, seed)
    return adjust_saturation(image, factor, name or "random_saturation")


def _drawn(where: str, low: float, high: float, seed: int | None) -> Tensor:
    """A scalar that is drawn anew in every run."""
    if not low <= high:
        raise OptionError(
            where,
            "an empty range",
            expected="a lower bound that is no greater than the upper one",
            got=f"{low} and {high}",
            site=user_site(),
        )
    return random_uniform([], low, high, seed=seed)
