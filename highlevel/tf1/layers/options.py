"""What arguments of layers mean, each once: functions, Keras's names of them, flags, formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import thalweg.core
from thalweg.core import OptionError, convert

__all__ = [
    "activation_of",
    "flag_of",
    "format_of",
    "initializer_of",
    "padding_of",
    "regularizer_of",
    "sizes_of",
]


def activation_of(activation: Any) -> Callable[[Any], Any] | None:
    """A function from a function, Keras's name of one, or None."""
    if isinstance(activation, str):
        from ...activations import get

        found: Callable[[Any], Any] | None = get(activation)
        return None if activation == "linear" else found
    chosen: Callable[[Any], Any] | None = activation
    return chosen


def initializer_of(initializer: Any) -> Any:
    """An initializer from one, Keras's name of one, or None."""
    if isinstance(initializer, str):
        from ...initializers import get

        return get(initializer)
    return initializer


def regularizer_of(regularizer: Any) -> Any:
    """A regularizer from one, Keras's name of one, or None."""
    if isinstance(regularizer, str):
        from ...regularizers import get

        return get(regularizer)
    return regularizer


def flag_of(training: Any) -> Any:
    """A flag for `choose`: a bool, or a bool tensor."""
    if isinstance(training, bool | int):
        return bool(training)
    flag = convert(training)
    return flag if flag.dtype.is_bool else thalweg.core.cast(flag, "bool")


def format_of(where: str, data_format: str) -> str:
    """One of the two data formats.

    Raises:
        OptionError: for another.
    """
    chosen = data_format.lower()
    if chosen not in ("channels_last", "channels_first"):
        raise OptionError(
            where,
            "unknown data_format",
            expected="'channels_last' or 'channels_first'",
            got=repr(data_format),
        )
    return chosen


def padding_of(where: str, padding: str) -> str:
    """`"VALID"` or `"SAME"`.

    Raises:
        OptionError: for another.
    """
    chosen = padding.upper() if isinstance(padding, str) else ""
    if chosen not in ("VALID", "SAME"):
        raise OptionError(where, "unknown padding", expected="'valid' or 'same'", got=repr(padding))
    return chosen


def sizes_of(where: str, argument: str, value: Any, rank: int) -> tuple[int, ...]:
    """One size an axis, from one for all or one for each.

    Raises:
        OptionError: for another number of them, or what is no size.
    """
    sizes = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    if len(sizes) == 1:
        sizes *= rank
    if len(sizes) != rank or not all(isinstance(n, int | np.integer) and n > 0 for n in sizes):
        raise OptionError(
            where,
            f"{argument} does not fit",
            expected="one integer > 0" + (f", or {rank}" if rank > 1 else ""),
            got=repr(value),
        )
    return tuple(int(size) for size in sizes)
