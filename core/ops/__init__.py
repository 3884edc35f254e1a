"""The ops, one family a file; importing this package registers all of them."""

from __future__ import annotations

from ..graph import OPERATORS
from . import control, elementwise, source, state

__all__ = ["control", "elementwise", "source", "state"]

OPERATORS.update(
    {
        name: getattr(elementwise, name)
        for name in ("add", "subtract", "multiply", "divide", "negative")
    }
)
