"""Global pooling: the largest value or the mean of whole sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .grids import GridLayer

__all__ = [
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
]


class _GlobalPooling(GridLayer):
    """What both reductions share, for any number of sizes."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.keepdims = bool(keepdims)


class _GlobalMaxPooling(_GlobalPooling):
    """The largest value of each channel."""

    def call(self, inputs: Tensor) -> Tensor:
        """The largest values."""
        x = core.cast(inputs, self.dtype)
        return core.reduce_max(x, self.size_axes, keepdims=self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    """The mean of each channel."""

    def call(self, inputs: Tensor) -> Tensor:
        """The means."""
        x = core.cast(inputs, self.dtype)
        return core.reduce_mean(x, self.size_axes, keepdims=self.keepdims)


class GlobalAveragePooling1D(_GlobalPooling):
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

    rank = 1
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
        [time] = self.size_axes
        if mask is None:
            return core.reduce_mean(x, time, keepdims=self.keepdims)
        kept = core.expand_dims(core.cast(mask, "bool"), self.channel_axis)
        # differs from Keras: 0 / 0 is NaN there, which would spread over all weights.
        count = core.maximum(core.reduce_sum(core.cast(kept, x.dtype), time, True), 1.0)
        total = core.reduce_sum(core.where(kept, x, core.zeros_like(x)), time, True)
        mean = total / count
        return mean if self.keepdims else core.squeeze(mean, [time])


class GlobalAveragePooling2D(_GlobalAveragePooling):
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


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean of each channel of a volume.

    Args:
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        keepdims: whether the sizes' axes stay, with size 1.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        (batch, channels).

    >>> import numpy as np
    >>> GlobalAveragePooling3D()(np.arange(8.0).reshape(1, 2, 2, 2, 1)).tolist()
    [[3.5]]
    """

    rank = 3


class GlobalMaxPooling1D(_GlobalMaxPooling):
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

    rank = 1


class GlobalMaxPooling2D(_GlobalMaxPooling):
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


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The largest value of each channel of a volume.

    Args:
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        keepdims: whether the sizes' axes stay, with size 1.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        (batch, channels).

    >>> import numpy as np
    >>> GlobalMaxPooling3D()(np.arange(8.0).reshape(1, 2, 2, 2, 1)).tolist()
    [[7.0]]
    """

    rank = 3


GlobalMaxPool1D = GlobalMaxPooling1D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool3D = GlobalAveragePooling3D
