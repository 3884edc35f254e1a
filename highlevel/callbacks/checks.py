"""Checks of the numbers and words that callbacks take as options."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence

from thalweg.core.errors import OptionError, nearest

__all__ = ["require_choice", "require_count", "require_real"]


def require_count(where: str, option: str, value: object, minimum: int = 0) -> int:
    """Returns `value` if it is a whole number of at least `minimum`.

    Raises:
        OptionError: it is not.

    Example:
        >>> require_count("EarlyStopping", "patience", 3)
        3
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = float(value)
        if number.is_integer() and number >= minimum:
            return int(number)
    raise OptionError(
        where, f"bad {option}", expected=f"a whole number >= {minimum}", got=repr(value)
    )


def require_real(
    where: str,
    option: str,
    value: object,
    *,
    minimum: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
) -> float:
    """Returns `value` if it is a number, `minimum <= value`, `above < value < below`.

    Raises:
        OptionError: it is not; infinities and NaN are not numbers here.

    Example:
        >>> require_real("ReduceLROnPlateau", "factor", 0.5, above=0.0, below=1.0)
        0.5
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = float(value)
        if minimum <= number and above < number < below:
            return number
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in ((">=", minimum), (">", above), ("<", below))
        if math.isfinite(bound)
    ]
    expected = " ".join(["a finite number", " and ".join(bounds)]).strip()
    raise OptionError(where, f"bad {option}", expected=expected, got=repr(value))


def require_choice(where: str, option: str, value: object, choices: Sequence[str]) -> str:
    """Returns `value` if it is one of `choices`.

    Raises:
        OptionError: it is not; the hint names the nearest choice.

    Example:
        >>> require_choice("EarlyStopping", "mode", "min", ["auto", "min", "max"])
        'min'
    """
    if isinstance(value, str) and value in choices:
        return value
    raise OptionError(
        where,
        f"unknown {option}",
        expected=", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}",
        got=repr(value),
        hint=nearest(value, choices),
    )
