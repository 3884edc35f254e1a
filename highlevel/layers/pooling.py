"""Pooling: the largest or the mean of each window of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import PADDING
from .grids import GridLayer

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]


class _Pooling(GridLayer):
    """What both kinds of windows share, for any number of sizes."""

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, name=name, **kwargs)
        self.pool_size = self.checked_sizes("pool_size", pool_size)
        given = self.pool_size if strides is None else strides
        self.strides = self.checked_sizes("strides", given)
        self.padding = PADDING.check(self, "padding", padding)

    def call(self, inputs: Tensor) -> Tensor:
        """The pooled input."""
        x = self.channels_last(core.cast(inputs, self.dtype))
        return self.as_given(self._pool(x))

    def _pool(self, x: Tensor) -> Tensor:
        raise NotImplementedError(type(self).__name__)


class _MaxPooling(_Pooling):
    """The largest value of each window."""

    def _pool(self, x: Tensor) -> Tensor:
        pool = {1: core.max_pool1d, 2: core.max_pool2d, 3: core.max_pool3d}[self.rank]
        return pool(x, self.pool_size, self.strides, self.padding)


class _AveragePooling(_Pooling):
    """The mean of each window."""

    def _pool(self, x: Tensor) -> Tensor:
        pool = {1: core.avg_pool1d, 2: core.avg_pool2d, 3: core.avg_pool3d}[self.rank]
        return pool(x, self.pool_size, self.strides, self.padding)


class MaxPooling1D(_MaxPooling):
    """The largest value of each window, channel by channel.

    Args:
        pool_size: steps of a window.
        strides: steps between two windows; None means the window's size.
        padding: `"valid"` (whole windows only) or `"same"` (ceil(size / stride) windows, the
            last ones perhaps cut off).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, windows, channels).

    >>> import numpy as np
    >>> MaxPooling1D()(np.float32([[[1], [3], [2], [0]]])).tolist()
    [[[3.0], [2.0]]]
    """

    rank = 1


class MaxPooling2D(_MaxPooling):
    """The largest value of each window, channel by channel.

    Args:
        pool_size: (height, width) of a window, or one integer for both.
        strides: cells between two windows; None means the window's size.
        padding: `"valid"` (whole windows only) or `"same"` (ceil(size / stride) windows, the
            last ones perhaps cut off).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, windows, windows, channels).

    >>> import numpy as np
    >>> MaxPooling2D()(np.float32([[[[1], [2]], [[3], [4]]]])).tolist()
    [[[[4.0]]]]
    """


class MaxPooling3D(_MaxPooling):
    """The largest value of each window, channel by channel.

    Args:
        pool_size: (depth, height, width) of a window, or one integer for all.
        strides: cells between two windows; None means the window's size.
        padding: `"valid"` (whole windows only) or `"same"` (ceil(size / stride) windows, the
            last ones perhaps cut off).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        (batch, windows, windows, windows, channels).

    >>> import numpy as np
    >>> MaxPooling3D()(np.arange(8.0).reshape(1, 2, 2, 2, 1)).tolist()
    [[[[[7.0]]]]]
    """

    rank = 3


class AveragePooling1D(_AveragePooling):
    """The mean of each window, channel by channel; padding does not count.

    Args:
        pool_size: steps of a window.
        strides: steps between two windows; None means the window's size.
        padding: `"valid"` (whole windows only) or `"same"` (ceil(size / stride) windows, the
            last ones perhaps cut off).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, windows, channels).

    >>> import numpy as np
    >>> AveragePooling1D()(np.float32([[[1], [3], [2], [0]]])).tolist()
    [[[2.0], [1.0]]]
    """

    rank = 1


class AveragePooling2D(_AveragePooling):
    """The mean of each window, channel by channel; padding does not count.

    Args:
        pool_size: (height, width) of a window, or one integer for both.
        strides: cells between two windows; None means the window's size.
        padding: `"valid"` (whole windows only) or `"same"` (ceil(size / stride) windows, the
            last ones perhaps cut off).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, windows, windows, channels).

    >>> import numpy as np
    >>> AveragePooling2D()(np.float32([[[[1], [2]], [[3], [4]]]])).tolist()
    [[[[2.5]]]]
    """


class AveragePooling3D(_AveragePooling):
    """The mean of each window, channel by channel; padding does not count.

    Args:
        pool_size: (depth, height, width) of a window, or one integer for all.
        strides: cells between two windows; None means the window's size.
        padding: `"valid"` (whole windows only) or `"same"` (ceil(size / stride) windows, the
            last ones perhaps cut off).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        (batch, windows, windows, windows, channels).

    >>> import numpy as np
    >>> AveragePooling3D()(np.arange(8.0).reshape(1, 2, 2, 2, 1)).tolist()
    [[[[[3.5]]]]]
    """

    rank = 3


MaxPool1D = MaxPooling1D
AvgPool1D = AveragePooling1D
MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
MaxPool3D = MaxPooling3D
AvgPool3D = AveragePooling3D
