"""What layers on images share: where the channels are."""

from __future__ import annotations

from typing import Any

from thalweg.core import Tensor, transpose

from ..options import DATA_FORMAT, OrNone
from .base import Layer
from .input_spec import InputSpec

__all__ = ["ImageLayer"]


class ImageLayer(Layer):
    """A layer on (batch, height, width, channels), or (batch, channels, height, width).

    The work is always done with the channels last; the other order costs two transposes.

    Args:
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        kwargs: `Layer`'s arguments.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checked = OrNone(DATA_FORMAT).check(self, "data_format", data_format)
        self.data_format: str = checked or "channels_last"
        self.input_spec = InputSpec(ndim=4)

    @property
    def channel_axis(self) -> int:
        """Where the channels are."""
        return 3 if self.data_format == "channels_last" else 1

    def channels_last(self, x: Tensor) -> Tensor:
        """The images with their channels last."""
        return x if self.channel_axis == 3 else transpose(x, [0, 2, 3, 1])

    def as_given(self, y: Tensor) -> Tensor:
        """Images with their channels last in the layer's own order."""
        return y if self.channel_axis == 3 else transpose(y, [0, 3, 1, 2])
