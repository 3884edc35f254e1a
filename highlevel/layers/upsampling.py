"""Sequences, images and volumes made larger by whole factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import COUNT, OneOf
from .grids import GridLayer

__all__ = ["UpSampling1D", "UpSampling2D", "UpSampling3D", "repeated", "resized"]

_METHODS = OneOf("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def repeated(x: Tensor, axes: Sequence[int], factors: Sequence[int]) -> Tensor:
    """Each entry of some axes several times over, one after another.

    Args:
        x: any tensor.
        axes: which.
        factors: how often, >= 1, for each axis.
    """
    for axis, factor in zip(axes, factors, strict=True):
        x = core.repeat(x, factor, axis) if factor > 1 else x
    return x


def resized(x: Tensor, factors: Sequence[int], method: str) -> Tensor:
    """(batch, height, width, channels), interpolated to (height, width) times the factors."""
    known, given = x.shape or (None,) * 4, core.shape_of(x)
    sizes = [
        (size if (size := known[axis]) is not None else given[axis]) * factor
        for axis, factor in enumerate(factors, 1)
    ]
    return core.image.resize(x, sizes, method)


class _UpSampling(GridLayer):
    """Each cell several times over along each size."""

    size: Any

    def call(self, inputs: Tensor) -> Tensor:
        """The larger input."""
        factors = (self.size,) if self.rank == 1 else self.size
        return repeated(core.cast(inputs, self.dtype), self.size_axes, factors)


class UpSampling1D(_UpSampling):
    """Sequences, each step of which is repeated.

    Args:
        size: how often.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, time * size, channels).

    >>> import numpy as np
    >>> UpSampling1D(2)(np.float32([[[1], [2]]])).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        single = size[0] if isinstance(size, list | tuple) and len(size) == 1 else size
        self.size: int = COUNT.check(self, "size", single)


class UpSampling2D(_UpSampling):
    """Images, whose rows and columns are repeated or interpolated.

    Args:
        size: factors of (height, width), or one for both.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        interpolation: `"nearest"` (repeats), `"bilinear"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`, with pixels' centres at halves, as in `core.image.resize`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height * factor, width * factor, channels).

    >>> import numpy as np
    >>> UpSampling2D((1, 2))(np.float32([[[[1], [2]]]])).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    >>> UpSampling2D((1, 2), interpolation="bilinear")(np.float32([[[[1], [2]]]])).ravel().tolist()
    [1.0, 1.25, 1.75, 2.0]
    """

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = self.checked_sizes("size", size)
        self.interpolation = _METHODS.check(self, "interpolation", interpolation)

    def call(self, inputs: Tensor) -> Tensor:
        """The larger images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        x = self.channels_last(core.cast(inputs, self.dtype))
        return self.as_given(resized(x, self.size, self.interpolation))


class UpSampling3D(_UpSampling):
    """Volumes, whose cells are repeated.

    Args:
        size: factors of (depth, height, width), or one for all.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        the same with larger sizes.

    >>> import numpy as np
    >>> UpSampling3D((1, 2, 3))(np.ones((1, 1, 1, 1, 1))).shape
    (1, 1, 2, 3, 1)
    """

    rank = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = self.checked_sizes("size", size)
