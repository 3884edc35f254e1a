"""A lock between processes: a file of which only one at a time is the holder."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["exclusive"]


@contextmanager
def exclusive(
    path: str | os.PathLike[str],
    may_wait: Callable[[], bool] = lambda: True,
    *,
    poll_s: float = 0.05,
) -> Iterator[None]:
    """Holds the lock of a file name while the block runs.

    The system frees the lock of a process that dies. Two threads exclude each other too.

    Args:
        path: the lock's file; it exists only while somebody holds or waits for the lock
            (on Windows it stays, empty). Its folder must exist.
        may_wait: asked every `poll_s` seconds while another holds the lock.
        poll_s: seconds between two tries.

    Raises:
        TimeoutError: `may_wait` said no.
        OSError: the file cannot be made, or the file system knows no locks.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with exclusive(os.path.join(folder, "a.lock")):
    ...         os.listdir(folder)
    ...     os.listdir(folder)
    ['a.lock']
    []
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            # A holder removes the file when it is done; who locked the removed one starts again.
            is_ours = _lock(descriptor) and _is_still(descriptor, path)
            if is_ours:
                try:
                    yield
                    return
                finally:
                    with suppress(OSError):  # Windows removes no open file
                        os.unlink(path)
        finally:
            os.close(descriptor)  # frees the lock
        if not may_wait():
            raise TimeoutError(f"{os.fspath(path)} is held by another process")
        time.sleep(poll_s)


def _lock(descriptor: int) -> bool:
    """Tries to take the lock without waiting."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            # flock, not lockf: the latter would let a second thread of the process in.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_still(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Whether the name still stands for the open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
