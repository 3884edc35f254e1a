"""What layers on sequences, images and volumes share: where the channels are."""

from __future__ import annotations

from typing import Any, ClassVar

from thalweg.core import Tensor, transpose

from ..options import DATA_FORMAT, OrNone, Sizes
from .base import Layer
from .input_spec import InputSpec

__all__ = ["GridLayer"]


class GridLayer(Layer):
    """A layer on (batch, *sizes, channels), or (batch, channels, *sizes).

    There are `rank` sizes: one of sequences, two of images, three of volumes. The work is always
    done with the channels last; the other order costs two transposes.

    Args:
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        kwargs: `Layer`'s arguments.
    """

    rank: ClassVar[int] = 2

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checked = OrNone(DATA_FORMAT).check(self, "data_format", data_format)
        self.data_format: str = checked or "channels_last"
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def channel_axis(self) -> int:
        """Where the channels are."""
        return self.rank + 1 if self.data_format == "channels_last" else 1

    @property
    def size_axes(self) -> list[int]:
        """Where the sizes are."""
        first = 1 if self.data_format == "channels_last" else 2
        return list(range(first, first + self.rank))

    def checked_sizes(self, name: str, value: Any, low: int = 1) -> tuple[int, ...]:
        """An argument with a number for each size, or one for all, as a tuple.

        Raises:
            OptionError: if there are more or fewer, or one is below `low` or no integer.
        """
        return Sizes(self.rank, low).check(self, name, value)

    def channels_last(self, x: Tensor) -> Tensor:
        """The input with its channels last."""
        if self.channel_axis != 1:
            return x
        return transpose(x, [0, *self.size_axes, 1])

    def as_given(self, y: Tensor) -> Tensor:
        """What has its channels last in the layer's own order."""
        if self.channel_axis != 1:
            return y
        return transpose(y, [0, self.rank + 1, *range(1, self.rank + 1)])
