"""Pooling: the largest or the mean of each window of an image, or of all of it."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import PADDING, Sizes
from .images import ImageLayer

__all__ = [
    "AveragePooling2D",
    "AvgPool2D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "MaxPool2D",
    "MaxPooling2D",
]

_PAIR = Sizes(2)


class _Pooling2D(ImageLayer):
    """What both kinds of windows share."""

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, name=name, **kwargs)
        self.pool_size = _PAIR.check(self, "pool_size", pool_size)
        given = self.pool_size if strides is None else strides
        self.strides = _PAIR.check(self, "strides", given)
        self.padding = PADDING.check(self, "padding", padding)

    def call(self, inputs: Tensor) -> Tensor:
        """The pooled images."""
        x = self.channels_last(core.cast(inputs, self.dtype))
        return self.as_given(self._pool(x))

    def _pool(self, x: Tensor) -> Tensor:
        raise NotImplementedError(type(self).__name__)


class MaxPooling2D(_Pooling2D):
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

    def _pool(self, x: Tensor) -> Tensor:
        return core.max_pool2d(x, self.pool_size, self.strides, self.padding)


class AveragePooling2D(_Pooling2D):
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

    def _pool(self, x: Tensor) -> Tensor:
        return core.avg_pool2d(x, self.pool_size, self.strides, self.padding)


class _GlobalPooling2D(ImageLayer):
    """What both reductions of whole images share."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.keepdims = bool(keepdims)

    def call(self, inputs: Tensor) -> Tensor:
        """The reduced images."""
        axes = [1, 2] if self.channel_axis == 3 else [2, 3]
        return self._reduce(core.cast(inputs, self.dtype), axes)

    def _reduce(self, x: Tensor, axes: list[int]) -> Tensor:
        raise NotImplementedError(type(self).__name__)


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel of an image.

    Lin, Chen, Yan, "Network In Network", 2014, section 3.2.

    Args:
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        keepdims: whether height and width stay, with size 1.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, channels).

    >>> import numpy as np
    >>> GlobalAveragePooling2D()(np.float32([[[[1], [2]], [[3], [4]]]])).tolist()
    [[2.5]]
    """

    def _reduce(self, x: Tensor, axes: list[int]) -> Tensor:
        return core.reduce_mean(x, axes, keepdims=self.keepdims)


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The largest value of each channel of an image.

    Args:
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        keepdims: whether height and width stay, with size 1.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, channels).

    >>> import numpy as np
    >>> GlobalMaxPooling2D()(np.float32([[[[1], [2]], [[3], [4]]]])).tolist()
    [[4.0]]
    """

    def _reduce(self, x: Tensor, axes: list[int]) -> Tensor:
        return core.reduce_max(x, axes, keepdims=self.keepdims)


MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
