"""Errors of thalweg that are also of the classes that TF1's programs catch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from thalweg.core.errors import (
    CheckError,
    DataError,
    DeviceError,
    DtypeError,
    FeedError,
    FileFormatError,
    GraphError,
    KernelError,
    OptionError,
    ShapeError,
    ThalwegError,
)

from .errors import DataLossError, InternalError, InvalidArgumentError, OpError

__all__ = ["raised_for_programs"]

_MEANING: dict[type[ThalwegError], type[OpError]] = {
    CheckError: InvalidArgumentError,
    DataError: InvalidArgumentError,
    DeviceError: InvalidArgumentError,
    DtypeError: InvalidArgumentError,
    FeedError: InvalidArgumentError,
    FileFormatError: DataLossError,
    GraphError: InvalidArgumentError,
    KernelError: InternalError,
    OptionError: InvalidArgumentError,
    ShapeError: InvalidArgumentError,
}


_both_kinds: dict[tuple[type, type], type[ThalwegError]] = {}


def _both(ours: type[ThalwegError], theirs: type[OpError]) -> type[ThalwegError]:
    """A class of errors that are thalweg's and of `tf.errors`, and are named as thalweg's."""
    if (ours, theirs) not in _both_kinds:
        known = {"__module__": ours.__module__, "__doc__": ours.__doc__}
        _both_kinds[ours, theirs] = type(ours.__name__, (ours, theirs), known)
    return _both_kinds[ours, theirs]


def _meaning(error: ThalwegError) -> type[OpError] | None:
    return next((_MEANING[cls] for cls in type(error).__mro__ if cls in _MEANING), None)


@contextmanager
def raised_for_programs(meaning: type[OpError] | None = None) -> Iterator[None]:
    """A `with` block whose errors of thalweg are also of a class of `tf.errors`.

    An error of `tf.errors` that a kernel raised (the end of a data set) comes out as it is.

    Args:
        meaning: that class; by default the one whose code fits the error.
    """
    try:
        yield
    except OpError:
        raise
    except ThalwegError as error:
        if isinstance(error.__cause__, OpError):
            raise error.__cause__ from None
        theirs = meaning or _meaning(error)
        if theirs is not None:
            error.__class__ = _both(type(error), theirs)
        raise
