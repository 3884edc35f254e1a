"""What goes into a pipeline, and what comes out of it for one picture that all must agree on.

This module needs only NumPy: workers import it in other environments.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["FIXED", "RANGES", "SIZE", "Fixed", "Ranges", "drawn", "inner"]

SIZE = 224
_WAVES = 6


class Ranges(NamedTuple):
    """How pictures are changed by chance; half of them are mirrored as well.

    Attributes:
        degrees: turned by so much to either side.
        shift: moved by such a part of their height and width, in any direction.
        zoom: made larger or smaller by such a part.
    """

    degrees: float = 20.0
    shift: float = 0.1
    zoom: float = 0.2


class Fixed(NamedTuple):
    """One change that every framework has a way to ask for.

    With places counted from the picture's centre, a pixel of the result at (row, column) is picked
    at `turned(row + rows, column + columns)`, where
    `turned(r, c) = (cos(degrees) r - sin(degrees) c, sin(degrees) r + cos(degrees) c)`.
    """

    degrees: float = 20.0
    rows: int = 8
    columns: int = -12


RANGES = Ranges()
FIXED = Fixed()


def drawn(count: int, height: int = SIZE, width: int = SIZE, seed: int = 0) -> np.ndarray:
    """Smooth pictures, as photographs are for the most part.

    Args:
        count: how many.
        height: of each.
        width: of each.
        seed: other pictures for another.

    Returns:
        (count, height, width, 3) uint8; neighbours differ by a few levels.
    """
    random = np.random.default_rng(seed)

    def waves(length: int) -> np.ndarray:
        """(count, channels, waves, length): periods of 24 pixels and more."""
        periods, phases = random.uniform((24, 0), (160, 2 * np.pi), (count, 3, _WAVES, 2)).T
        places = np.arange(length)[:, None, None, None]
        return np.sin(2 * np.pi * places / periods + phases).T.astype(np.float32)

    values = np.swapaxes(waves(height), 2, 3) @ waves(width)
    values *= 110 / np.abs(values).max((2, 3), keepdims=True)
    return np.ascontiguousarray(np.moveaxis(values + 127.5, 1, -1), np.uint8)


def inner(picture: np.ndarray) -> np.ndarray:
    """The middle of a picture, where `FIXED` picks nothing from beyond its border."""
    border = SIZE // 4
    return picture[border:-border, border:-border]
