"""Checks of the numbers in optimizers' formulas."""

from __future__ import annotations

from typing import Any

from thalweg.core import OptionError

__all__ = ["not_negative", "number", "positive"]


def number(where: str, argument: str, value: Any) -> float:
    """A hyperparameter that the formula holds fixed."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise OptionError(
            where,
            f"{argument} is not a number",
            expected="a Python number; only the learning rate may be a tensor",
            got=repr(value),
        ) from None


def positive(where: str, argument: str, value: Any) -> float:
    """A hyperparameter > 0."""
    found = number(where, argument, value)
    if found <= 0:
        raise OptionError(where, f"{argument} is not positive", expected="> 0", got=repr(found))
    return found


def not_negative(where: str, argument: str, value: Any) -> float:
    """A hyperparameter >= 0."""
    found = number(where, argument, value)
    if found < 0:
        raise OptionError(where, f"{argument} is negative", expected=">= 0", got=repr(found))
    return found
