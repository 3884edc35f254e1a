"""How many threads the engine uses."""

from __future__ import annotations

from ...errors import OptionError, user_site
from .extension import extension

__all__ = ["get_threads", "set_threads"]


def set_threads(count: int) -> None:
    """Sets the number of threads that the engine's kernels use, from the next run on.

    Results do not depend on it, to the last bit: work is cut by its shape alone. The default is the
    number of processors that the process may use. Two runs at once do not add up to more: the
    second one is then serial.

    Args:
        count: 1 or more.

    Raises:
        OptionError: if it is not an integer of at least 1.

    >>> before = get_threads()
    >>> set_threads(1)
    >>> get_threads()
    1
    >>> set_threads(before)
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise OptionError(
            "set_threads",
            "not a number of threads",
            expected="an integer >= 1",
            got=repr(count),
            site=user_site(2),
        )
    if extension is not None:
        extension.set_thread_count(count)


def get_threads() -> int:
    """The number of threads that the engine's kernels use; 1 where the engine is not built.

    >>> get_threads() >= 1
    True
    """
    return 1 if extension is None else int(extension.thread_count())
