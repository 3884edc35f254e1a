"""Brighter, darker and shifted colors, as Keras 2.3.1 computes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.core import (
    CallCache,
    ShapeError,
    Tensor,
    call_at_once,
    cast,
    clip_by_value,
    concat,
    equal,
    floor,
    logical_or,
    maximum,
    minimum,
    ones_like,
    reduce_max,
    reduce_min,
    reshape,
    user_site,
    where,
)
from thalweg.core.options import Interval, option_error

from .draws import Generator, random_source

__all__ = [
    "apply_brightness_shift",
    "apply_channel_shift",
    "as_brightness",
    "brightened",
    "channel_shifted",
    "random_brightness",
    "random_channel_shift",
]

Array = np.ndarray[Any, Any]

_PICTURE = (1, 2, 3)  # the axes of one picture in a batch
_ROUNDING = 2.0**-12  # by which resampled pixels of level 255 may be more or less than that
_CALLS: CallCache = CallCache()


# Graph code, on (batch, height, width, channels) floats -------------------------------------------


def channel_shifted(x: Tensor, intensities: Tensor) -> Tensor:
    """`x + intensities`, (batch,), within the values that each picture has."""
    low = reduce_min(x, _PICTURE, keepdims=True)
    high = reduce_max(x, _PICTURE, keepdims=True)
    return minimum(maximum(x + _one_each(intensities), low), high)


def brightened(x: Tensor, factors: Tensor, is_stretched: bool) -> Tensor:
    """What Pillow makes of the pictures: whole numbers in 0..255 times factors, cut to the same.

    Args:
        x: the pictures. The fourth of four channels is left alone.
        factors: (batch,).
        is_stretched: whether each picture's values are first stretched to 0..255. Without this
            only pictures with values outside 0..255 are, and brought back afterwards.
    """
    low = reduce_min(x, _PICTURE, keepdims=True)
    span = reduce_max(x, _PICTURE, keepdims=True) - low
    stretched = (x - low) / where(equal(span, 0.0), ones_like(span), span) * 255.0
    if is_stretched:
        values = stretched
    else:
        is_outside = logical_or(low < -_ROUNDING, low + span > 255.0 + _ROUNDING)
        values = where(is_outside, stretched, x)
    levels = clip_by_value(floor(values + _ROUNDING), 0.0, 255.0)
    bright = clip_by_value(floor(levels * _one_each(factors)), 0.0, 255.0)
    if x.shape is not None and x.shape[-1] == 4:
        bright = concat([bright[..., :3], levels[..., 3:]], axis=-1)
    if is_stretched:
        return bright
    return where(is_outside, bright / 255.0 * span + low, bright)


def _one_each(values: Tensor) -> Tensor:
    return reshape(values, [-1, 1, 1, 1])


# Single pictures ----------------------------------------------------------------------------------


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Array:
    """A picture with a number added, within the least and the greatest value that it had.

    Args:
        x: numbers, of any shape.
        intensity: what is added.
        channel_axis: has no effect: all channels are treated alike, as in Keras.

    Returns:
        Of the shape of x, floats.

    >>> apply_channel_shift([[[0.0, 5.0, 9.0]]], 3.0).tolist()
    [[[3.0, 8.0, 9.0]]]
    """
    del channel_axis
    x = np.asarray(x)
    result: Array = np.clip(x + intensity, x.min(), x.max())
    return result


def random_channel_shift(
    x: Any,
    intensity_range: float,
    channel_axis: int = 0,
    *,
    seed: int | None = None,
    rng: Generator | None = None,
) -> Array:
    """`apply_channel_shift` by at most `intensity_range` to either side.

    Args:
        x, channel_axis: see `apply_channel_shift`.
        intensity_range: the limit.
        seed, rng: see `random_rotation`.

    >>> random_channel_shift(np.ones((1, 2, 2)), 10, seed=3).max()
    np.float64(1.0)
    """
    intensity = random_source(seed, rng).uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis)


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> Array:
    """A picture with its values multiplied, as Pillow does it: in whole numbers in 0..255.

    Args:
        x: (height, width, channels), numbers. The fourth of four channels is left alone.
        brightness: the factor.
        scale: whether the least value of the picture first becomes 0 and the greatest 255, which
            changes the picture even where the factor is 1. Without it this is done only if values
            lie outside 0..255, and undone afterwards.

    Returns:
        (height, width, channels) float32.

    Raises:
        ShapeError: if x has not three axes.

    >>> apply_brightness_shift([[[10.0, 25.0, 200.0]]], 1.5, scale=False).tolist()
    [[[15.0, 37.0, 255.0]]]
    """
    picture = np.asarray(x, np.float32)
    if picture.ndim != 3:
        raise ShapeError(
            "apply_brightness_shift",
            "this is no single picture",
            expected="(height, width, channels)",
            got=str(picture.shape),
            site=user_site(),
        )

    def build(images: Tensor, factors: Tensor) -> Tensor:
        return brightened(images, cast(factors, "float32"), bool(scale))

    arrays = [picture[None], np.array([brightness], np.float32)]
    result: Array = call_at_once(build, arrays, _CALLS, bool(scale))[0]
    return result


def random_brightness(
    x: Any,
    brightness_range: Any,
    scale: bool = True,
    *,
    seed: int | None = None,
    rng: Generator | None = None,
) -> Array:
    """`apply_brightness_shift` by a random factor.

    Args:
        x, scale: see `apply_brightness_shift`.
        brightness_range: the least and the greatest factor.
        seed, rng: see `random_rotation`.

    Raises:
        OptionError: if the range is not two numbers.

    >>> random_brightness(np.ones((2, 2, 3)), (0.5, 1.5), seed=3).shape
    (2, 2, 3)
    """
    low, high = as_brightness("random_brightness", brightness_range)
    return apply_brightness_shift(x, random_source(seed, rng).uniform(low, high), scale)


def as_brightness(where: str, value: Any) -> tuple[float, float]:
    """The least and the greatest factor.

    Raises:
        OptionError: if it is not two numbers.
    """
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 2:
        raise option_error(where, "brightness_range", value, "the least and the greatest factor")
    low, high = (Interval().check(where, "brightness_range", factor) for factor in value)
    return low, high
