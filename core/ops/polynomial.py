"""Polynomials of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__: list[str] = []  # all of it is for the other ops


def polynomial(coefficients: Sequence[float], x: Any) -> Any:
    """Its value at x by Horner's rule; two coefficients or more, the highest power's first."""
    value = x * coefficients[0] + coefficients[1]
    for coefficient in coefficients[2:]:
        value = value * x + coefficient
    return value
