"""atomic_path: a file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["atomic_path"]


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary path; what is written there replaces `path` if the block succeeds.

    The temporary file lies in the same folder and keeps the suffix. When the block ends well it
    is forced to disk and renamed; after any error, an interrupt too, it is removed, and what was
    at `path` is untouched. An existing file hands its permissions on; a link is followed.

    Args:
        path: the file to make or replace.

    Raises:
        OSError: the folder is missing or may not be written, or `path` is a folder.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> with atomic_path(folder.name + "/note.txt") as temporary:
        ...     _ = temporary.write_text("whole")
        >>> os.listdir(folder.name)
        ['note.txt']
        >>> folder.cleanup()
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"cannot write the file {os.fspath(path)!r}: it is a folder")
    temporary = target.with_name(f".thalweg-{os.urandom(8).hex()}{target.suffix}")
    # Made here and now, so that a folder that cannot be written is told before the work.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, target.stat().st_mode & 0o7777)
        with open(temporary, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Forces the new name to disk where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse it
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
