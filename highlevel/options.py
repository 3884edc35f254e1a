"""Arguments declared once, and the messages that follow: core's declarations."""

from __future__ import annotations

from thalweg.core.options import (
    COUNT,
    DATA_FORMAT,
    PADDING,
    Interval,
    OneOf,
    OrNone,
    Sizes,
    option_error,
)

__all__ = [
    "COUNT",
    "DATA_FORMAT",
    "PADDING",
    "Interval",
    "OneOf",
    "OrNone",
    "Sizes",
    "option_error",
]
