"""Layers that map values to other values: inverted, solarized, in fewer steps, spread out."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor

from ...options import COUNT, option_error
from .colours import ValueTransform
from .image_base import ImageTransform, wide
from .image_draws import Draws
from .image_options import Range, checked_value_range

__all__ = ["AutoContrast", "Equalization", "RandomInvert", "RandomPosterization", "Solarization"]

_SHARE = Range(0, 1)
_BITS = Range(1, 8)


class RandomInvert(ValueTransform):
    """Some of the images as negatives: low + high - x.

    Args:
        factor: the probability for each image, 0..1: drawn between 0 and this number, or between
            two.
        value_range: the least and the greatest value of the images, low and high.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandomInvert((1.0, 1.0))(np.float32([[[0], [100]]])).reshape(-1).tolist()
    [255.0, 155.0]
    """

    # differs from Keras: Keras 3.15 has high - x, which is the same where low is 0.

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`apply_inversion`, (batch,) bool."""
        return {"apply_inversion": draws.below(self.factor)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images, some as negatives."""
        x = self.floats(x)
        return core.where(wide(transformation["apply_inversion"]), sum(self.value_range) - x, x)


class Solarization(ValueTransform):
    """Images whose bright parts are negatives.

    To values as of 0..255 a number is added, and those that are then at or above a threshold v
    become 255 - v. The threshold 0 makes negatives.

    Args:
        addition_factor: the largest share of 255 that is added, 0..1, or the least and the
            largest.
        threshold_factor: the same of the threshold.
        value_range: the least and the greatest value of the images.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `data_format` and `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> x = np.float32([[[10], [100], [200]]])
    >>> Solarization(threshold_factor=(0.5, 0.5))(x).reshape(-1).tolist()
    [10.0, 100.0, 55.0]
    """

    # differs from Keras: where two numbers are given, the lower too is a share of 255.

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, **kwargs)
        self.addition_factor = _SHARE.check(self, "addition_factor", addition_factor)
        self.threshold_factor = _SHARE.check(self, "threshold_factor", threshold_factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`additions` and `thresholds`, (batch,) float32 in 0..255."""
        additions, thresholds = (
            draws.uniform(*factor) * 255.0
            for factor in (self.addition_factor, self.threshold_factor)
        )
        return {"additions": additions, "thresholds": thresholds}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The solarized images."""
        added = self.unscaled(self.floats(x)) + self.factors(transformation, "additions")
        y = core.clip_by_value(added, 0.0, 255.0)
        is_dark = core.less(y, self.factors(transformation, "thresholds"))
        return self.scaled(core.where(is_dark, y, 255.0 - y))


class RandomPosterization(ValueTransform):
    """Images of fewer shades: of the 8 bits of each value only the upper ones are kept.

    Args:
        factor: how many bits, 1..8: drawn in 1 <= bits < factor, or least <= bits < greatest.
        value_range: the least and the greatest value of the images.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandomPosterization((2, 2))(np.float32([[[10], [100], [200]]])).reshape(-1).tolist()
    [0.0, 64.0, 192.0]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _BITS.check(self, "factor", factor)
        if any(int(bits) != bits for bits in self.factor):
            raise option_error(self, "factor", factor, "an integer, or two, 1 <= factor <= 8")

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`shift_factor`, (batch,) int32: how many of the lower bits become 0."""
        low, high = (int(bits) for bits in self.factor)
        bits = core.floor(draws.uniform(float(low), float(max(high, low + 1))))
        return {"shift_factor": core.cast(8.0 - bits, "int32")}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Images of fewer shades."""
        shades = core.floor(core.clip_by_value(self.unscaled(self.floats(x)), 0.0, 255.0))
        step = core.pow(2.0, self.factors(transformation, "shift_factor"))
        return self.scaled(core.floor(shades / step) * step)


class AutoContrast(ImageTransform):
    """Images whose values reach from the least to the greatest, each channel for itself.

    Training or not. A channel of one value stays as it is.

    Args:
        value_range: the least and the greatest value of the images.
        kwargs: `data_format` and `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> AutoContrast()(np.float32([[[50], [60], [100]]])).reshape(-1).tolist()
    [0.0, 51.0, 255.0]
    """

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = checked_value_range(self, value_range)

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The spread images."""
        x = self.floats(x)
        low, high = (
            function(x, [1, 2], keepdims=True) for function in (core.reduce_min, core.reduce_max)
        )
        spread = high - low
        is_flat = core.equal(spread, 0.0)
        least, greatest = (float(end) for end in self.value_range)
        y = (x - low) / core.where(is_flat, 1.0, spread) * (greatest - least) + least
        return core.where(is_flat, x, core.clip_by_value(y, least, greatest))


class Equalization(ValueTransform):
    """Images in which all shades are about equally frequent, each channel for itself.

    Shades are counted in the whole batch, as Keras 3.15 does. A channel of one shade stays as it
    is. Nothing is drawn, but only training changes images.

    Args:
        value_range: the least and the greatest value of the images.
        bins: how many shades are told apart.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> Equalization()(np.float32([[[50], [60], [61], [62]]])).reshape(-1).tolist()
    [0.0, 85.0, 170.0, 255.0]
    """

    _always_acts = True

    def __init__(
        self,
        value_range: Any = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, None, data_format, **kwargs)
        self.bins: int = COUNT.check(self, "bins", bins)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The equalized images."""
        shades = self.unscaled(self.floats(x))
        top = float(self.bins - 1)
        place = core.clip_by_value(shades / 255.0 * top, 0.0, top)
        channels = core.shape_of(x)[-1]
        # one table for all channels, one after another
        number = core.cast(place, "int32") + core.arange(channels) * np.int32(self.bins)
        table, is_flat = self._table(number, channels)
        equalized = core.reshape(core.gather(table, core.reshape(number, [-1])), core.shape_of(x))
        return self.scaled(core.where(is_flat, shades, core.cast(equalized, shades.dtype)))

    def _table(self, number: Tensor, channels: Tensor) -> tuple[Tensor, Tensor]:
        """The shade that each becomes, (channels * bins,), and channels of one, (channels,)."""
        flat = core.reshape(number, [-1])
        ones = core.ones_like(flat)
        counts = core.unsorted_segment_sum(ones, flat, channels * np.int32(self.bins))
        counts = core.reshape(counts, core.stack([channels, np.int32(self.bins)]))
        is_flat = core.less_equal(
            core.reduce_sum(core.cast(core.greater(counts, 0), "int32"), 1), 1
        )
        total = core.cast(core.cumsum(counts, 1), "float64")
        # The first shade that occurs becomes 0: the least sum above 0.
        first = core.reduce_min(
            core.where(core.greater(total, 0.0), total, np.inf), 1, keepdims=True
        )
        last = total[:, self.bins - 1 :]
        spread = core.maximum(last - first, 1.0)
        table = core.clip_by_value(core.round((total - first) * 255.0 / spread), 0.0, 255.0)
        return core.reshape(table, [-1]), is_flat
