"""`tf.bitwise`: integers as rows of bits."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, bitwise_and, bitwise_or, bitwise_xor

from .arguments import missing_name

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]

__getattr__ = missing_name(__name__, __all__)


def invert(x: Any, name: str | None = None) -> Tensor:
    """All bits flipped, elementwise."""
    return core.bitwise_invert(x, name=name)


def left_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits moved up by `y` places, elementwise."""
    return core.bitwise_left_shift(x, y, name=name)


def right_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits moved down by `y` places, the sign kept, elementwise."""
    return core.bitwise_right_shift(x, y, name=name)
