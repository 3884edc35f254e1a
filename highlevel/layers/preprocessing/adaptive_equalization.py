"""Histogram equalization tile by tile, with its contrast limited (CLAHE)."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor

from ...options import COUNT, Interval, option_error
from .colours import ValueRange
from .image_base import ImageTransform, sizes_of
from .image_options import checked_value_range, is_pair

__all__ = ["ContrastLimitedAdaptiveHistogramEqualization"]

_SHADES = 256


class ContrastLimitedAdaptiveHistogramEqualization(ValueRange, ImageTransform):
    """Images in which shades are about equally frequent in every part, each channel for itself.

    The image is cut into tiles; each has a table that says what its shades become. Between the
    middles of tiles the tables of the four nearest are mixed, so that no borders show. A shade
    counts at most `clip_limit` times the mean in its tile, and what is above is shared among all:
    this keeps noise in even areas from being spread over all shades. Training or not.

    Source: K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV,
    1994.

    Args:
        value_range: the least and the greatest value of the images.
        clip_limit: how often a shade counts at most, as a multiple of the mean; 0 or
            less: no limit.
        tile_grid_size: how many tiles lie above and beside each other, two integers >= 1.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image. Sizes that the tiles do not divide are
        continued as in a mirror.

    Output shape:
        the same.

    >>> import numpy as np
    >>> layer = ContrastLimitedAdaptiveHistogramEqualization(clip_limit=0, tile_grid_size=(1, 1))
    >>> layer(np.float32([[[50], [60], [61], [62]]])).reshape(-1).tolist()
    [63.75, 127.5, 191.25, 255.0]
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = checked_value_range(self, value_range)
        self.clip_limit: float = Interval().check(self, "clip_limit", clip_limit)
        if not is_pair(tile_grid_size):
            raise option_error(self, "tile_grid_size", tile_grid_size, "two integers >= 1")
        self.tile_grid_size = tuple(
            COUNT.check(self, "tile_grid_size", count) for count in tile_grid_size
        )

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The equalized images."""
        values = core.clip_by_value(self.unscaled(self.floats(x)), 0.0, _SHADES - 1.0)
        shades = core.cast(values, "int32")
        sides = [
            _Side(size, count) for size, count in zip(sizes_of(x), self.tile_grid_size, strict=True)
        ]
        table = self._table(shades, sides)
        mixed = _mixed(table, shades, sides)
        return self.scaled(core.cast(mixed, values.dtype))

    def _table(self, shades: Tensor, sides: list[_Side]) -> Tensor:
        """What each shade becomes: (batch * tiles down * tiles across * channels * 256,)."""
        down, across = sides
        whole = core.gather(core.gather(shades, down.mirrored, axis=1), across.mirrored, axis=2)
        place = _places(whole, sides, down.tiles, across.tiles)
        histograms = _images(shades) * np.int32(down.count * across.count)
        histograms = histograms * core.shape_of(shades)[-1]
        flat = core.reshape(place, [-1])
        counts = core.unsorted_segment_sum(
            core.ones_like(flat), flat, histograms * np.int32(_SHADES)
        )
        pixels = core.cast(core.convert(down.size * across.size), "float32")
        frequent = core.cast(core.reshape(counts, [-1, _SHADES]), "float32")
        if self.clip_limit > 0:
            kept = core.minimum(frequent, pixels * np.float32(self.clip_limit / _SHADES))
            above = core.reduce_sum(frequent - kept, 1, keepdims=True)
            frequent = kept + above / float(_SHADES)
        total = core.cumsum(frequent, 1)
        least = total[:, :1]
        rest = pixels - least
        spread = core.where(core.equal(rest, 0.0), 1.0, rest)
        table = core.clip_by_value((total - least) * 255.0 / spread, 0.0, 255.0)
        return core.reshape(table, [-1])


class _Side:
    """How the tiles lie along one axis of images.

    Attributes:
        count: of tiles.
        size: of a tile, in pixels.
        mirrored: (count * size,) int32: the pixel that each place holds, mirrored at the end.
        tiles: (count * size,) int32: the tile that each place belongs to.
        near: for each pixel its two nearest tiles, (length,) int32 each.
        share: (length,) float32: how much the second one counts.
    """

    def __init__(self, length: Any, count: int) -> None:
        self.count = count
        self.size = (length + (count - 1)) // count
        places = core.arange(self.size * count)
        turned = core.floormod(places, 2 * length)
        self.mirrored = core.where(core.less(turned, length), turned, 2 * length - 1 - turned)
        self.tiles = core.floordiv(places, self.size)
        size = core.cast(core.convert(self.size), "float32")
        at = (core.cast(core.arange(length), "float32") - size / 2.0) / size
        first = core.floor(at)
        self.share = at - first
        first = core.cast(first, "int32")
        self.near = tuple(core.clip_by_value(first + step, 0, count - 1) for step in (0, 1))


def _images(x: Tensor) -> Tensor:
    """How many images there are."""
    count: Tensor = core.shape_of(x)[0]
    return count


def _places(shades: Tensor, sides: list[_Side], tiles_down: Tensor, tiles_across: Tensor) -> Tensor:
    """Where a table has the shades, each in the tile that is given for its row and column."""
    channels = core.shape_of(shades)[-1]
    image = core.reshape(core.arange(_images(shades)), [-1, 1, 1, 1])
    row, column = core.reshape(tiles_down, [1, -1, 1, 1]), core.reshape(tiles_across, [1, 1, -1, 1])
    tile = (image * np.int32(sides[0].count) + row) * np.int32(sides[1].count) + column
    place: Tensor = (tile * channels + core.arange(channels)) * np.int32(_SHADES) + shades
    return place


def _mixed(table: Tensor, shades: Tensor, sides: list[_Side]) -> Tensor:
    """What becomes of shades by the tables of their four nearest tiles."""
    down, across = sides
    lower, right = (
        core.reshape(down.share, [1, -1, 1, 1]),
        core.reshape(across.share, [1, 1, -1, 1]),
    )

    def looked_up(row: Tensor, column: Tensor) -> Tensor:
        return core.gather(table, _places(shades, sides, row, column))

    first, second = (
        looked_up(row, across.near[0]) * (1.0 - right) + looked_up(row, across.near[1]) * right
        for row in down.near
    )
    return first * (1.0 - lower) + second * lower
