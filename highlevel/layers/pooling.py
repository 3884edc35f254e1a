"""Pooling: the largest or the mean of each window of an image, of all of it, or of a sequence."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import DATA_FORMAT, PADDING, OrNone, Sizes
from .base import Layer
from .images import ImageLayer
from .input_spec import InputSpec

__all__ = [
    "AveragePooling2D",
    "AvgPool2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
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


class _GlobalPooling1D(Layer):
    """What both reductions of whole sequences share."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        checked = OrNone(DATA_FORMAT).check(self, "data_format", data_format)
        self.data_format: str = checked or "channels_last"
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=3)

    @property
    def time_axis(self) -> int:
        """Where the steps are."""
        return 1 if self.data_format == "channels_last" else 2


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each channel of a sequence, over the steps that count.

    Args:
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        keepdims: whether the time axis stays, with size 1.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, channels).

    >>> import numpy as np
    >>> layer = GlobalAveragePooling1D()
    >>> layer(np.float32([[[1], [2], [6]]])).tolist()
    [[3.0]]
    >>> layer(np.float32([[[1], [2], [6]]]), mask=np.array([[True, True, False]])).tolist()
    [[1.5]]
    """

    supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: there are no steps left."""

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The means.

        Args:
            inputs: (batch, time, channels), or (batch, channels, time).
            mask: (batch, time); steps that count are true. A sequence without any gives 0.
        """
        x = core.cast(inputs, self.dtype)
        if mask is None:
            return core.reduce_mean(x, self.time_axis, keepdims=self.keepdims)
        kept = core.expand_dims(core.cast(mask, "bool"), 3 - self.time_axis)
        # differs from Keras: 0 / 0 is NaN there, which would spread over all weights.
        count = core.maximum(core.reduce_sum(core.cast(kept, x.dtype), self.time_axis, True), 1.0)
        total = core.reduce_sum(core.where(kept, x, core.zeros_like(x)), self.time_axis, True)
        mean = total / count
        return mean if self.keepdims else core.squeeze(mean, [self.time_axis])


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest value of each channel of a sequence; masks are not looked at, as in Keras.

    Args:
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        keepdims: whether the time axis stays, with size 1.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, channels).

    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.float32([[[1], [6], [2]]])).tolist()
    [[6.0]]
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The largest values."""
        return core.reduce_max(
            core.cast(inputs, self.dtype), self.time_axis, keepdims=self.keepdims
        )


MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalAvgPool1D = GlobalAveragePooling1D
