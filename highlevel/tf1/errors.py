"""`tf.errors`: the classes that programs catch.

TensorFlow sorts what goes wrong while a graph runs by sixteen codes. thalweg's own errors say more,
and are Python's ValueError and the like; what a session or a saver of `thalweg.tf1` raises is
both: the error of thalweg, with its message, and the class of `tf.errors` that a program expects.

>>> import thalweg.tf1 as tf
>>> x = tf.placeholder(tf.float32, [2], name="x")
>>> with tf.Session() as session:
...     try:
...         session.run(x)
...     except tf.errors.InvalidArgumentError as error:
...         print(type(error).__name__, isinstance(error, ValueError), error.error_code)
FeedError True 3
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "ABORTED",
    "ALREADY_EXISTS",
    "CANCELLED",
    "DATA_LOSS",
    "DEADLINE_EXCEEDED",
    "FAILED_PRECONDITION",
    "INTERNAL",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "OK",
    "OUT_OF_RANGE",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "UNIMPLEMENTED",
    "UNKNOWN",
    "AbortedError",
    "AlreadyExistsError",
    "CancelledError",
    "DataLossError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "OpError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
    "error_code_from_exception_type",
    "exception_type_from_error_code",
]

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """Base of what goes wrong while a graph runs.

    Args:
        node_def: None; graphs have no protocol buffers here.
        op: the operation at fault, or None.
        message: what went wrong.
        error_code: one of the sixteen.
    """

    code: ClassVar[int] = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int) -> None:
        super().__init__(message)
        self._message = message
        self._op = op
        self._node_def = node_def
        self._code = error_code

    @property
    def message(self) -> str:
        """What went wrong."""
        return getattr(self, "_message", None) or str(self)

    @property
    def op(self) -> Any:
        """The operation at fault, where it is known."""
        return getattr(self, "_op", None)

    @property
    def node_def(self) -> Any:
        """None, unless the program that raised the error gave one."""
        return getattr(self, "_node_def", None)

    @property
    def error_code(self) -> int:
        """One of the sixteen codes."""
        return getattr(self, "_code", self.code)


class _Coded(OpError):
    """Base of the sixteen, each of which has its code."""

    def __init__(self, node_def: Any, op: Any, message: str) -> None:
        super().__init__(node_def, op, message, self.code)


class CancelledError(_Coded):
    """Something was stopped before it was done."""

    code = CANCELLED


class UnknownError(_Coded):
    """Anything else."""


class InvalidArgumentError(_Coded):
    """A feed, a shape, a dtype or an option that does not fit."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(_Coded):
    """It took too long."""

    code = DEADLINE_EXCEEDED


class NotFoundError(_Coded):
    """A file, or a name in a checkpoint, that does not exist."""

    code = NOT_FOUND


class AlreadyExistsError(_Coded):
    """A file that would be overwritten."""

    code = ALREADY_EXISTS


class PermissionDeniedError(_Coded):
    """A file that may not be read or written."""

    code = PERMISSION_DENIED


class UnauthenticatedError(_Coded):
    """Nobody is logged in."""

    code = UNAUTHENTICATED


class ResourceExhaustedError(_Coded):
    """No memory or no disk space is left."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(_Coded):
    """Something was not ready; reading a variable never raises it, since all have a value."""

    code = FAILED_PRECONDITION


class AbortedError(_Coded):
    """Something gave up, and may be tried again."""

    code = ABORTED


class OutOfRangeError(_Coded):
    """There are no more data: the end of a data set."""

    code = OUT_OF_RANGE


class UnimplementedError(_Coded):
    """Something that does not exist here."""

    code = UNIMPLEMENTED


class InternalError(_Coded):
    """A kernel failed."""

    code = INTERNAL


class UnavailableError(_Coded):
    """Another machine does not answer."""

    code = UNAVAILABLE


class DataLossError(_Coded):
    """A file is damaged."""

    code = DATA_LOSS


_BY_CODE: dict[int, type[OpError]] = {cls.code: cls for cls in _Coded.__subclasses__()}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class of a code.

    >>> exception_type_from_error_code(11).__name__
    'OutOfRangeError'
    """
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """The code of a class."""
    return cls.code
