"""Arguments declared once: what is allowed, what it is turned into, and the message that follows.

An option is a small object beside the class that takes the argument. `check` returns the value in
its one normal form, or raises an `OptionError` whose text is derived from the declaration.

>>> RATE = Interval(0, 1)
>>> RATE.check("Dropout", "rate", 0.5)
0.5
>>> Sizes(2).check("Conv2D", "kernel_size", 3)
(3, 3)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import OptionError, nearest, user_site

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


def option_error(
    where: Any, name: str, value: object, expected: str, hint: str | None = None
) -> OptionError:
    """The error for an argument outside its declared values.

    Args:
        where: who takes the argument: an object, whose class is named, or a name.
        name: of the argument.
        value: what came.
        expected: what would have been right.
        hint: the way out.
    """
    return OptionError(
        where if isinstance(where, str) else type(where).__name__,
        f"bad {name}",
        expected=expected,
        got=repr(value),
        site=user_site(),
        hint=hint,
    )


@dataclass(frozen=True)
class Interval:
    """A number between two bounds, which belong to it unless said otherwise.

    Args:
        low, high: the bounds; None for no bound.
        open_low, open_high: whether that bound itself is excluded.
        integer: whether only whole numbers are allowed. Booleans never are.
    """

    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    integer: bool = False

    def check(self, where: Any, name: str, value: Any) -> Any:
        """The value as a Python number.

        Raises:
            OptionError: if it is no such number, or NaN.
        """
        kinds = (int, np.integer) if self.integer else (int, float, np.integer, np.floating)
        if isinstance(value, kinds) and not isinstance(value, bool) and self._contains(value):
            return value.item() if isinstance(value, np.generic) else value
        raise option_error(where, name, value, self.text(name))

    def _contains(self, value: Any) -> bool:
        above = self.low is None or (value > self.low if self.open_low else value >= self.low)
        below = self.high is None or (value < self.high if self.open_high else value <= self.high)
        return above and below and (self.low is not None or not math.isnan(value))

    def text(self, name: str) -> str:
        """What is expected, `"a number, 0 <= rate < 1"`.

        >>> Interval(1, integer=True).text("units")
        'an integer >= 1'
        """
        kind = "an integer" if self.integer else "a number"
        under, over = "<" if self.open_low else "<=", "<" if self.open_high else "<="
        if self.low is not None and self.high is not None:
            return f"{kind}, {self.low} {under} {name} {over} {self.high}"
        if self.low is not None:
            return f"{kind} {under.replace('<', '>')} {self.low}"
        if self.high is not None:
            return f"{kind} {over} {self.high}"
        return kind


class OneOf:
    """One of a few words, in lower or upper case.

    >>> OneOf("valid", "same").check("Conv2D", "padding", "SAME")
    'same'
    """

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def check(self, where: Any, name: str, value: Any) -> str:
        """The word in lower case.

        Raises:
            OptionError: if it is another one; the hint names the nearest.
        """
        word = value.lower() if isinstance(value, str) else value
        if isinstance(word, str) and word in self.choices:
            return word
        raise option_error(where, name, value, self.text(name), nearest(word, self.choices))

    def text(self, name: str) -> str:
        """What is expected, `"'valid' or 'same'"`."""
        *others, last = map(repr, self.choices)
        return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True)
class Sizes:
    """So many integers; one alone stands for all.

    Args:
        count: how many.
        low: the least of them.
    """

    count: int
    low: int = 1

    def check(self, where: Any, name: str, value: Any) -> tuple[int, ...]:
        """The integers as a tuple.

        Raises:
            OptionError: if there are more or fewer, or one is too small or no integer.
        """
        given = value if isinstance(value, Sequence | np.ndarray) else (value,) * self.count
        if len(given) == self.count and all(
            isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= self.low
            for n in given
        ):
            return tuple(int(n) for n in given)
        raise option_error(where, name, value, self.text(name))

    def text(self, name: str) -> str:
        """What is expected, `"an integer >= 1, or 2 of them"`."""
        return f"an integer >= {self.low}, or {self.count} of them"


@dataclass(frozen=True)
class OrNone:
    """Another option, or None.

    >>> OrNone(Interval(0)).check("ReLU", "max_value", None) is None
    True
    """

    option: Interval | OneOf | Sizes

    def check(self, where: Any, name: str, value: Any) -> Any:
        """None, or what the other option makes of the value."""
        if value is None:
            return None
        try:
            return self.option.check(where, name, value)
        except OptionError as error:
            raise option_error(
                where, name, value, f"{self.option.text(name)}; or None", error.hint
            ) from None


COUNT = Interval(1, integer=True)
PADDING = OneOf("valid", "same")
DATA_FORMAT = OneOf("channels_last", "channels_first")
