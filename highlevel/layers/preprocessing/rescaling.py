"""The layer that scales and shifts numbers, pixels most often."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor

from ...options import Interval, option_error
from .base import DataLayer

__all__ = ["Rescaling"]


class Rescaling(DataLayer):
    """x * scale + offset, in training and afterwards.

    Args:
        scale: a number, or one for each channel: 1 / 255 makes 0..1 of 0..255.
        offset: a number, or one for each channel.
        kwargs: `Layer`'s arguments.

    Input shape:
        any; numbers.

    Output shape:
        the same.

    >>> Rescaling(1 / 127.5, offset=-1)([[0, 255]]).tolist()
    [[-1.0, 1.0]]
    """

    supports_masking = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _numbers(self, "scale", scale)
        self.offset = _numbers(self, "offset", offset)

    def call(self, inputs: Tensor) -> Tensor:
        """The scaled numbers."""
        x = core.cast(inputs, self.dtype)
        scale, offset = (np.asarray(part).astype(self.dtype) for part in (self.scale, self.offset))
        return x * scale + offset


def _numbers(layer: Rescaling, name: str, value: Any) -> Any:
    """A number, or a list of them."""
    if isinstance(value, list | tuple | np.ndarray):
        array = np.asarray(value)
        if array.dtype.kind not in "fiu":
            raise option_error(layer, name, value, "a number, or one for each channel")
        return array.tolist()
    return Interval().check(layer, name, value)
