"""The layer that deforms images as if they were drawn on rubber."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ...options import Interval, OneOf
from .colours import ValueTransform
from .image_base import sizes_of, wide
from .image_draws import Draws
from .image_options import FILL_MODES, INTERPOLATION, Range

__all__ = ["RandomElasticTransform"]

_SHARE = Range(0, 1)
_FILL_MODE = OneOf(*FILL_MODES)
_LEAST_SIGMA = 1e-6


class RandomElasticTransform(ValueTransform):
    """Some of the images deformed: every pixel is taken from a place nearby.

    The displacements are normal noise, smoothed by a Gaussian window and multiplied by alpha and
    sigma. For a drawn strength s they are alpha = 0.1 s max(height, width) and sigma = 0.05 s
    min(height, width), in pixels. P. Y. Simard, D. Steinkraus, J. C. Platt, "Best Practices for
    Convolutional Neural Networks Applied to Visual Document Analysis", 2003, section 2.

    Args:
        factor: the probability for each image, 0..1: drawn between 0 and this number, or between
            two.
        scale: the strength s, 0..1, drawn for the whole batch: between 0 and this number, or
            between two.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: what is beyond an image: `"reflect"` (b a | a b c | c b), `"mirror"` (c b | a b
            c | b a), `"wrap"` (b c | a b c | a b), `"nearest"` (a a | a b c | c c) or
            `"constant"` (the fill value).
        fill_value: for `"constant"`.
        value_range: the least and the greatest value of the images; results are held within it.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandomElasticTransform(0.0)(np.ones((4, 4, 1))).min()
    np.float32(1.0)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)
        self.scale = _SHARE.check(self, "scale", scale)
        self.interpolation = INTERPOLATION.check(self, "interpolation", interpolation)
        self.fill_mode = _FILL_MODE.check(self, "fill_mode", fill_mode)
        self.fill_value: float = Interval().check(self, "fill_value", fill_value)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`apply_transform`, (batch,) bool; `distortion_factor`, (), the strength; `noise`,
        (batch, height, width, 2) float32, standard normal, for rows and columns."""
        shape = draws.per_image(*sizes_of(x), 2)
        return {
            "apply_transform": draws.below(self.factor),
            "distortion_factor": draws.uniform(*self.scale, shape=[]),
            "noise": core.random_normal(shape, key=draws.next_key()),
        }

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images, some deformed."""
        return self.clipped(self._deformed(x, transformation, self.interpolation))

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The masks alike: classes are not mixed."""
        return self._deformed(x, transformation, "nearest")

    def _deformed(self, x: Tensor, transformation: Any, interpolation: str) -> Tensor:
        x = self.floats(x)
        moved = core.image.warp(
            x,
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
            displacement=_displacement(
                core.convert(transformation["noise"]),
                core.convert(transformation["distortion_factor"]),
                sizes_of(x),
            ),
            fill_mode=FILL_MODES[self.fill_mode],
            fill_value=self.fill_value,
            interpolation=interpolation,
        )
        return core.where(wide(transformation["apply_transform"]), moved, x)


def _displacement(noise: Tensor, strength: Tensor, sizes: tuple[Any, Any]) -> Tensor:
    """Rows and columns that each pixel is away: (batch, height, width, 2).

    The window ends at three times the integer below sigma, which is only known once sigma is
    drawn; so the smoothing is two products with matrices of weights.
    """
    height, width = (core.cast(core.convert(size), noise.dtype) for size in sizes)
    strength = core.cast(strength, noise.dtype)
    alpha = core.maximum(height, width) * (0.1 * strength)
    sigma = core.minimum(height, width) * (0.05 * strength)
    rows, columns = (_weights(size, sigma) for size in sizes)
    smooth = core.einsum("ij,bjwc->biwc", rows, noise)
    smooth = core.einsum("ij,bhjc->bhic", columns, smooth)
    return smooth * (alpha * sigma)


def _weights(size: Any, sigma: Tensor) -> Tensor:
    """(size, size): the share of input j in output i of a smoothed axis, zeros beyond its ends."""
    place = core.cast(core.arange(size), sigma.dtype)
    distance = core.abs(core.expand_dims(place, 1) - core.expand_dims(place, 0))
    width = core.maximum(sigma, _LEAST_SIGMA)
    is_near = core.less_equal(distance, 3.0 * core.floor(sigma))
    weights = core.where(is_near, core.exp(-0.5 * core.square(distance / width)), 0.0)
    # the first output sees the middle of the window and one half of it
    return weights / (2.0 * core.reduce_sum(weights[0]) - 1.0)
