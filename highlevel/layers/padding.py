"""Borders around images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor
from thalweg.core.errors import OptionError

from ..options import Sizes, option_error
from .images import ImageLayer

__all__ = ["ZeroPadding2D"]

_PAIR = Sizes(2, low=0)


class ZeroPadding2D(ImageLayer):
    """Zeros around images.

    Args:
        padding: rows above and below and columns left and right, >= 0: an integer for all four,
            (rows, columns) for both sides, or ((above, below), (left, right)).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, above + height + below, left + width + right, channels).

    >>> import numpy as np
    >>> ZeroPadding2D(((0, 1), (2, 0)))(np.ones((1, 1, 1, 1))).reshape(2, 3).tolist()
    [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        is_one = not isinstance(padding, Sequence)
        sides = (padding, padding) if is_one else tuple(padding)
        try:
            if len(sides) != 2:
                raise option_error(self, "padding", padding, "")
            height, width = (_PAIR.check(self, "padding", side) for side in sides)
        except OptionError:
            raise option_error(
                self,
                "padding",
                padding,
                "an integer >= 0, (rows, columns), or ((above, below), (left, right))",
            ) from None
        self.padding = (height, width)

    def call(self, inputs: Tensor) -> Tensor:
        """The images with their borders."""
        none = [(0, 0)]
        around = (
            [*none, *self.padding, *none]
            if self.channel_axis == 3
            else [*none, *none, *self.padding]
        )
        return core.pad(core.cast(inputs, self.dtype), around)
