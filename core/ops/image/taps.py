"""Which pixels a position between pixels picks from, and what lies beyond the edges of an image.

An axis of `size` pixels has their centres at 0, 1, …, size - 1. The fill modes are
`scipy.ndimage`'s, to the letter:

    constant       beyond the centres of the outermost pixels is one colour, without transition
    grid-constant  pixels of one colour go on for ever, and the outermost real ones blend into them
    nearest        a a a a | a b c d | d d d d
    reflect        d c b a | a b c d | d c b a
    mirror         d c b   | a b c d |   c b a
    grid-wrap      a b c d | a b c d | a b c d
    wrap             b c d | a b c d | b c d     the last pixel's centre is also the first one's

With `wrap` a position at a multiple of size - 1 is the first pixel to the right of the image and
the last one to its left. An axis of one pixel has it everywhere, but for the two constant modes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__: list[str] = []  # all of it is for warp.py

FILL_MODES = (
    "constant",
    "nearest",
    "reflect",
    "mirror",
    "wrap",
    "grid-constant",
    "grid-wrap",
)
INTERPOLATIONS = ("nearest", "bilinear")
OUTSIDE = -1  # the index of the fill value

# A position this far beyond the centres of the outermost pixels is still on them: a turn by 90
# degrees misses them by rounding.
EDGE = 1e-9


class AxisTaps(NamedTuple):
    """The pixels that positions along one axis pick from.

    Attributes:
        is_inside: where it is not, everything is the fill value.
        taps: pairs of an index, which may be OUTSIDE, and its weight. They add up to 1.
    """

    is_inside: Any
    taps: tuple[tuple[Any, Any], ...]


def axis_taps(xp: Any, position: Any, size: int, fill_mode: str, interpolation: str) -> AxisTaps:
    """The taps of one axis.

    Args:
        xp: numpy, or a module like it.
        position: (...) float64, finite.
        size: of the axis, >= 1.
        fill_mode, interpolation: of the names above; "nearest" takes the pixel at
            floor(position + 0.5).
    """
    last = size - 1
    is_within = (position >= -EDGE) & (position <= last + EDGE)
    is_inside = is_within if fill_mode == "constant" else xp.ones_like(is_within)
    within = xp.clip(position, 0, last)
    place = xp.where(is_within, within, _folded(xp, position, size, fill_mode))
    if interpolation == "nearest":
        index = xp.floor(place + 0.5)
        return AxisTaps(is_inside, ((_on_grid(xp, index, size, fill_mode), xp.ones_like(place)),))
    low = xp.floor(place)
    part = place - low
    pixels = (_on_grid(xp, index, size, fill_mode) for index in (low, low + 1))
    return AxisTaps(is_inside, tuple(zip(pixels, (1 - part, part), strict=True)))


def _folded(xp: Any, position: Any, size: int, fill_mode: str) -> Any:
    """The position in the image that looks like one outside of it."""
    last = size - 1
    if fill_mode == "grid-constant":
        return xp.clip(position, -2.0, size + 1.0)  # far enough for all to be outside
    if fill_mode == "grid-wrap":
        return xp.mod(position, size)
    if fill_mode == "reflect":
        phase = xp.mod(position + 0.5, 2 * size)
        return xp.clip(xp.minimum(phase, 2 * size - phase) - 0.5, 0, last)
    if last and fill_mode == "mirror":
        phase = xp.mod(position, 2 * last)
        return xp.minimum(phase, 2 * last - phase)
    if last and fill_mode == "wrap":
        return xp.where(position < 0, last - xp.mod(-position, last), xp.mod(position, last))
    return xp.clip(position, 0, last)


def _on_grid(xp: Any, index: Any, size: int, fill_mode: str) -> Any:
    """Whole numbers as indices of pixels: at most one further than the image, but for constants."""
    whole = index.astype("int64")
    if fill_mode == "grid-constant":
        return xp.where((whole >= 0) & (whole < size), whole, OUTSIDE)
    if fill_mode == "grid-wrap":
        return whole % size
    return xp.clip(whole, 0, size - 1)
