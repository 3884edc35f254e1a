"""The layer that masks time steps by their values."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .base import Layer

__all__ = ["Masking"]


class Masking(Layer):
    """Masks the time steps all of whose features equal a value, and sets them to zero.

    Args:
        mask_value: the value that stands for "nothing here".
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, ..., features).

    Output shape:
        the same; its mask is (batch, time, ...).

    >>> import numpy as np
    >>> Masking(-1.0)(np.float32([[[1, -1], [-1, -1]]])).tolist()
    [[[1.0, -1.0], [0.0, 0.0]]]
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = float(mask_value)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where a feature differs from the value.  -> (batch, time, ...)."""
        return core.reduce_any(core.not_equal(core.convert(inputs), self.mask_value), axis=-1)

    def call(self, inputs: Tensor) -> Tensor:
        """The input, with zeros in masked steps."""
        kept = core.expand_dims(self.compute_mask(inputs), -1)
        return core.where(kept, inputs, core.zeros_like(inputs))
