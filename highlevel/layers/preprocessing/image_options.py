"""Arguments that layers on images share: ranges of factors, ranges of values, sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...options import Interval, OneOf, OrNone, option_error

__all__ = ["FILL_MODES", "INTERPOLATION", "SEED", "Range", "checked_value_range", "is_pair"]

SEED = OrNone(Interval(0, integer=True))
INTERPOLATION = OneOf("nearest", "bilinear")
# Keras's words for what is beyond an image, and what `core.image.warp` calls them.
FILL_MODES = {
    "constant": "grid-constant",
    "nearest": "nearest",
    "wrap": "grid-wrap",
    "mirror": "mirror",
    "reflect": "reflect",
}


def is_pair(value: Any) -> bool:
    """Whether there are two of something, in a list."""
    return isinstance(value, list | tuple | np.ndarray) and len(value) == 2


@dataclass(frozen=True)
class Range:
    """Two bounds between which a factor is drawn; one number stands for those on both sides of 0.

    Args:
        low, high: what the bounds may be.
        open_low: whether `low` itself is excluded.

    >>> Range(-1, 1).check("RandomRotation", "factor", 0.5)
    (-0.5, 0.5)
    >>> Range(0, 1).check("RandomContrast", "factor", 0.5)
    (0, 0.5)
    """

    low: float
    high: float
    open_low: bool = False

    def check(self, where: Any, name: str, value: Any) -> tuple[float, float]:
        """The bounds, the lower first.

        Raises:
            OptionError: if it is neither a number nor two of them, or outside `low` and `high`.
        """
        allowed = Interval(self.low, self.high, open_low=self.open_low)
        sign = "<" if self.open_low else "<="
        expected = f"a number, or two, {self.low} {sign} {name} <= {self.high}"
        given = list(value) if is_pair(value) else [value]
        try:
            numbers = [allowed.check(where, name, number) for number in given]
        except ValueError:
            raise option_error(where, name, value, expected) from None
        if len(numbers) == 2:
            return min(numbers), max(numbers)
        size = abs(numbers[0])
        return max(-size, self.low), size


def checked_value_range(where: Any, value: Any) -> tuple[float, float]:
    """What the colours of images are between: the lower and the upper end.

    Raises:
        OptionError: if these are not two different numbers.
    """
    if is_pair(value):
        low, high = (Interval().check(where, "value_range", end) for end in value)
        if low != high:
            return min(low, high), max(low, high)
    raise option_error(where, "value_range", value, "two numbers, the least and the greatest value")
