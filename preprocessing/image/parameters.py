"""Which transformation: the ranges an image generator is given, and draws from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.core.options import Interval, option_error

from .draws import Generator

__all__ = ["Ranges", "as_shift", "as_zoom"]

_NUMBER = Interval(None)


@dataclass
class Ranges:
    """What may happen to a picture, as `ImageDataGenerator` takes it.

    Attributes:
        rotation: degrees to either side.
        height_shift, width_shift: see `as_shift`.
        shear: degrees to either side.
        zoom: the least and the greatest factor; below 1 the picture gets larger.
        horizontal_flip, vertical_flip: whether half of the pictures are mirrored.
        channel_shift: added to all values, at most so much to either side.
        brightness: the least and the greatest factor, or None.
    """

    rotation: float = 0.0
    height_shift: Any = 0.0
    width_shift: Any = 0.0
    shear: float = 0.0
    zoom: Any = (1.0, 1.0)
    horizontal_flip: bool = False
    vertical_flip: bool = False
    channel_shift: float = 0.0
    brightness: Any = None

    @property
    def is_still(self) -> bool:
        """Whether nothing may happen."""
        return not (
            self.rotation
            or np.any(self.height_shift)
            or np.any(self.width_shift)
            or self.shear
            or tuple(self.zoom) != (1, 1)
            or self.horizontal_flip
            or self.vertical_flip
            or self.channel_shift
            or self.brightness is not None
        )

    def draw(self, rng: Generator, height: int, width: int) -> dict[str, Any]:
        """The parameters of one transformation, under Keras's names and drawn in its order."""
        theta = rng.uniform(-self.rotation, self.rotation) if self.rotation else 0
        tx = draw_shift(rng, self.height_shift, height)
        ty = draw_shift(rng, self.width_shift, width)
        shear = rng.uniform(-self.shear, self.shear) if self.shear else 0
        zx, zy = draw_zoom(rng, self.zoom)
        flip_horizontal = bool(rng.random() < 0.5) and bool(self.horizontal_flip)
        flip_vertical = bool(rng.random() < 0.5) and bool(self.vertical_flip)
        limit = self.channel_shift
        intensity = rng.uniform(-limit, limit) if limit else None
        brightness = None if self.brightness is None else rng.uniform(*self.brightness)
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": intensity,
            "brightness": brightness,
        }


def draw_shift(rng: Generator, limit: Any, size: int) -> Any:
    """Pixels to shift by.

    Args:
        rng: what to draw from.
        limit: as `as_shift` returns it.
        size: of the picture along this axis.
    """
    if np.ndim(limit) == 0 and not limit:
        return 0
    if isinstance(limit, float):
        shift = rng.uniform(-limit, limit)
    else:  # one of some values, or of the integers below one, and a sign
        shift = rng.choice(limit) * rng.choice([-1, 1])
    return shift * size if np.max(limit) < 1 else shift


def draw_zoom(rng: Generator, limits: Any) -> tuple[Any, Any]:
    """Factors for the height and the width."""
    if limits[0] == 1 and limits[1] == 1:
        return 1, 1
    zx, zy = rng.uniform(limits[0], limits[1], 2)
    return zx, zy


def as_shift(where: str, name: str, value: Any) -> Any:
    """A range of shifts: a float below 1 of the size, a float of pixels, an int, or values.

    Raises:
        OptionError: if it is none of these.
    """
    if isinstance(value, bool | str):
        raise option_error(where, name, value, _SHIFT_TEXT)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    try:
        values = np.asarray(value)
    except ValueError:
        values = np.empty(())
    if values.ndim != 1 or not values.size or values.dtype.kind not in "iuf":
        raise option_error(where, name, value, _SHIFT_TEXT)
    return values


_SHIFT_TEXT = "a number, or a list of numbers to choose from"


def as_zoom(where: str, value: Any) -> list[float]:
    """The least and the greatest factor of zoom.

    Raises:
        OptionError: if it is neither a number nor two.
    """
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return [1 - value, 1 + value]
    if isinstance(value, tuple | list | np.ndarray) and len(value) == 2:
        low, high = (_NUMBER.check(where, "zoom_range", factor) for factor in value)
        return [low, high]
    raise option_error(where, "zoom_range", value, "a number, or the least and greatest factor")
