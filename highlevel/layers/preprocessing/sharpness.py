"""Layers that mix each pixel with its neighbours: sharper or softer images."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor

from ...options import option_error
from .colours import ValueTransform
from .image_base import wide
from .image_draws import Draws
from .image_options import Range, is_pair

__all__ = ["RandomGaussianBlur", "RandomSharpness"]

_SHARE = Range(0, 1)
_LEAST_SIGMA = 1e-6  # Keras's


class RandomSharpness(ValueTransform):
    """Images made softer or sharper.

    Images are mixed with themselves smoothed by [[1, 1, 1], [1, 5, 1], [1, 1, 1]] / 13 (beyond
    the edges are zeros): smooth + 2 f (x - smooth), so that f = 0.5 changes nothing.

    Args:
        factor: f in 0..1: drawn between 0 and this number, or between two.
        value_range: the least and the greatest value of the images; results are held within it.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandomSharpness((0.0, 0.0))(np.float32([[[130], [0]]])).reshape(-1).round(3).tolist()
    [50.0, 10.0]
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
        self.factor = _SHARE.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`factor`, (batch,) float32: f."""
        return {"factor": draws.uniform(*self.factor)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Softer or sharper images."""
        x = self.floats(x)
        factor = self.factors(transformation, "factor") * 2.0
        smooth = _smoothed(x)
        return self.clipped(x + (1.0 - factor) * (smooth - x))


def _smoothed(x: Tensor) -> Tensor:
    """The sum of nine neighbours, of which the middle one counts five times, by 13.

    A box is a sum along the rows of a sum along the columns.
    """
    edges = [[0, 0], [1, 1], [1, 1], [0, 0]]
    framed = core.pad(x, edges)
    down = framed[:, :-2] + framed[:, 1:-1] + framed[:, 2:]
    box = down[:, :, :-2] + down[:, :, 1:-1] + down[:, :, 2:]
    return (box + 4.0 * x) * (1.0 / 13.0)


class RandomGaussianBlur(ValueTransform):
    """Some of the images smoothed by a Gaussian window.

    Args:
        factor: the probability for each image, 0..1: drawn between 0 and this number, or between
            two.
        kernel_size: of the window, an odd number of pixels, or two: its height and its width.
        sigma: the window's standard deviation in pixels, 0..1: drawn between 0 and this number,
            or between two, for the whole batch, once along the rows and once along the columns.
        value_range: the least and the greatest value of the images; results are held within it.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> spot = np.float32([[[0], [100], [0]]])
    >>> RandomGaussianBlur((1, 1), sigma=(1, 1))(spot).reshape(-1).round(1).tolist()
    [12.3..., 20.3..., 12.3...]
    """

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)
        sizes = tuple(kernel_size) if is_pair(kernel_size) else (kernel_size, kernel_size)
        is_odd = [isinstance(n, int | np.integer) and n % 2 == 1 and n > 0 for n in sizes]
        if not all(is_odd):
            raise option_error(
                self, "kernel_size", kernel_size, "an odd integer >= 1, or two of them"
            )
        self.kernel_size = tuple(int(n) for n in sizes)
        self.sigma = _SHARE.check(self, "sigma", sigma)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`should_apply_blur`, (batch,) bool; `blur_factor`, (2,): along rows and columns."""
        return {
            "should_apply_blur": draws.below(self.factor),
            "blur_factor": draws.uniform(*self.sigma, shape=[2]) + _LEAST_SIGMA,
        }

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images, some smoothed."""
        x = self.floats(x)
        sigma = self.floats(core.convert(transformation["blur_factor"]))
        radius = [n // 2 for n in self.kernel_size]
        y = core.image.gaussian_blur(x, [sigma[1], sigma[0]], mode="constant", radius=radius)
        return self.clipped(core.where(wide(transformation["should_apply_blur"]), y, x))
