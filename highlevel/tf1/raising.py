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

__all__ = ["for_programs", "raised_for_programs"]

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


def for_programs(error: ThalwegError, meaning: type[OpError] | None = None) -> BaseException:
    """An error of thalweg made one of a class of `tf.errors` as well.

    An error of `tf.errors` that a kernel raised (the end of a data set) comes out as it is.

    Args:
        error: the error, which keeps its message and its class.
        meaning: that class; by default the one whose code fits the error.
    """
    if isinstance(error, OpError):
        return error
    if isinstance(error.__cause__, OpError):
        return error.__cause__
    theirs = meaning or _meaning(error)
    if theirs is not None:
        error.__class__ = _both(type(error), theirs)
    return error


@contextmanager
def raised_for_programs(meaning: type[OpError] | None = None) -> Iterator[None]:
    """A `with` block whose errors of thalweg come out as `for_programs` makes them."""
    try:
        yield
    except ThalwegError as error:
        told = for_programs(error, meaning)
        if told is error:
            raise
        raise told from None
