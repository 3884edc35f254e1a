"""`tf.logging`: messages to the error stream, above a level that the program chooses.

>>> import thalweg.tf1 as tf
>>> tf.logging.set_verbosity(tf.logging.INFO)
>>> tf.logging.get_verbosity() == tf.logging.INFO
True
>>> tf.logging.set_verbosity(tf.logging.WARN)
"""

from __future__ import annotations

import itertools
import logging as _logging
import sys
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from .arguments import missing_name

__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "TaskLevelStatusMessage",
    "debug",
    "error",
    "fatal",
    "flush",
    "get_verbosity",
    "info",
    "log",
    "log_every_n",
    "log_first_n",
    "log_if",
    "set_verbosity",
    "vlog",
    "warn",
    "warning",
]

DEBUG = _logging.DEBUG
INFO = _logging.INFO
WARN = _logging.WARNING
ERROR = _logging.ERROR
FATAL = _logging.FATAL

__getattr__ = missing_name(__name__, __all__)


if TYPE_CHECKING:
    _StreamHandler = _logging.StreamHandler[Any]
else:
    _StreamHandler = _logging.StreamHandler  # Python 3.10 has no index for it


class _ErrorStream(_StreamHandler):
    """Writes to what `sys.stderr` is at the moment, as tests and notebooks replace it."""

    def __init__(self) -> None:
        _logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        del value


class _Shared:
    lock = threading.Lock()
    logger: _logging.Logger | None = None
    counts: ClassVar[dict[tuple[str, int], itertools.count[int]]] = {}


def _logger() -> _logging.Logger:
    """The logger, which Python's `logging` knows as well."""
    with _Shared.lock:
        if _Shared.logger is None:
            logger = _logging.getLogger("thalweg.tf1")
            if logger.level == _logging.NOTSET:
                logger.setLevel(WARN)
            if not _logging.getLogger().handlers:  # else the program has set them up
                handler = _ErrorStream()
                handler.setFormatter(_logging.Formatter("%(levelname)s:thalweg:%(message)s"))
                logger.addHandler(handler)
                logger.propagate = False
            _Shared.logger = logger
        return _Shared.logger


def set_verbosity(v: Any) -> None:
    """Shows messages of this level and above: DEBUG, INFO, WARN, ERROR or FATAL, or its name."""
    _logger().setLevel(v)


def get_verbosity() -> int:
    """The level from which messages are shown."""
    return _logger().getEffectiveLevel()


def log(level: int, msg: str, *args: Any, **kwargs: Any) -> None:
    """A message of a level; `msg % args` is made if it is shown."""
    _logger().log(level, msg, *args, **kwargs)


vlog = log


def debug(msg: str, *args: Any, **kwargs: Any) -> None:
    """A message of the level DEBUG."""
    _logger().debug(msg, *args, **kwargs)


def info(msg: str, *args: Any, **kwargs: Any) -> None:
    """A message of the level INFO."""
    _logger().info(msg, *args, **kwargs)


def warning(msg: str, *args: Any, **kwargs: Any) -> None:
    """A message of the level WARN."""
    _logger().warning(msg, *args, **kwargs)


def warn(msg: str, *args: Any, **kwargs: Any) -> None:
    """A message of the level WARN."""
    warning(msg, *args, **kwargs)


def error(msg: str, *args: Any, **kwargs: Any) -> None:
    """A message of the level ERROR."""
    _logger().error(msg, *args, **kwargs)


def fatal(msg: str, *args: Any, **kwargs: Any) -> None:
    """A message of the level FATAL; the program goes on."""
    _logger().critical(msg, *args, **kwargs)


def TaskLevelStatusMessage(msg: str) -> None:
    """A message of the level ERROR."""
    error(msg)


def flush() -> None:
    """Writes out what is waiting."""
    for handler in _logger().handlers:
        handler.flush()


def log_if(level: int, msg: str, condition: bool, *args: Any, **kwargs: Any) -> None:
    """A message, if a condition holds."""
    if condition:
        log(level, msg, *args, **kwargs)


def log_every_n(level: int, msg: str, n: int, *args: Any) -> None:
    """A message at the first call from this line, and at every n-th after it."""
    log_if(level, msg, not _calls() % n, *args)


def log_first_n(level: int, msg: str, n: int, *args: Any) -> None:
    """A message at the first n calls from this line."""
    log_if(level, msg, _calls() < n, *args)


def _calls() -> int:
    """How often the line two frames out was here before."""
    frame = sys._getframe(2)
    key = (frame.f_code.co_filename, frame.f_lineno)
    with _Shared.lock:
        return next(_Shared.counts.setdefault(key, itertools.count()))
