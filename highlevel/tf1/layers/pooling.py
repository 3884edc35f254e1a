"""The largest value, or the mean, of windows of signals, images and volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import thalweg.core
from thalweg.core import Tensor

from .base import InputSpec, Layer
from .functional import as_function
from .options import format_of, padding_of, sizes_of

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "average_pooling1d",
    "average_pooling2d",
    "average_pooling3d",
    "max_pooling1d",
    "max_pooling2d",
    "max_pooling3d",
]


class _Pooling(Layer):
    """Base of all six."""

    rank: ClassVar[int]
    function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        where = type(self).__name__
        self.pool_size = sizes_of(where, "pool_size", pool_size, self.rank)
        self.strides = sizes_of(where, "strides", strides, self.rank)
        self.padding = padding_of(where, padding)
        self.data_format = format_of(where, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """Each channel by itself."""
        axes = "DHW"[-self.rank :]
        layout = f"NC{axes}" if self.data_format == "channels_first" else f"N{axes}C"
        pool = type(self).function
        return pool(inputs, self.pool_size, self.strides, self.padding, data_format=layout)


class MaxPooling1D(_Pooling):
    """The largest value of each window.  (batch, width, channels) -> (batch, windows, channels).

    Args:
        pool_size: cells of a window.
        strides: cells between two windows.
        padding: `"valid"`, whole windows only, or `"same"`.
        data_format: `"channels_last"`, or `"channels_first"`: (batch, channels, width).
        name: of the layer.
        kwargs: ignored: `dtype`.
    """

    rank = 1
    function = staticmethod(thalweg.core.max_pool1d)


class MaxPooling2D(_Pooling):
    """As `MaxPooling1D`, of images; sizes are one or two integers.

    >>> import thalweg.tf1 as tf
    >>> tf.layers.max_pooling2d(tf.zeros([1, 28, 28, 8]), 2, 2).shape
    (1, 14, 14, 8)
    """

    rank = 2
    function = staticmethod(thalweg.core.max_pool2d)


class MaxPooling3D(_Pooling):
    """As `MaxPooling1D`, of volumes; sizes are one or three integers."""

    rank = 3
    function = staticmethod(thalweg.core.max_pool3d)


class AveragePooling1D(_Pooling):
    """As `MaxPooling1D`, with the mean of each window."""

    rank = 1
    function = staticmethod(thalweg.core.avg_pool1d)


class AveragePooling2D(_Pooling):
    """As `MaxPooling2D`, with the mean of each window."""

    rank = 2
    function = staticmethod(thalweg.core.avg_pool2d)


class AveragePooling3D(_Pooling):
    """As `MaxPooling3D`, with the mean of each window."""

    rank = 3
    function = staticmethod(thalweg.core.avg_pool3d)


max_pooling1d = as_function(MaxPooling1D, "max_pooling1d", shares=False)
max_pooling2d = as_function(MaxPooling2D, "max_pooling2d", shares=False)
max_pooling3d = as_function(MaxPooling3D, "max_pooling3d", shares=False)
average_pooling1d = as_function(AveragePooling1D, "average_pooling1d", shares=False)
average_pooling2d = as_function(AveragePooling2D, "average_pooling2d", shares=False)
average_pooling3d = as_function(AveragePooling3D, "average_pooling3d", shares=False)
