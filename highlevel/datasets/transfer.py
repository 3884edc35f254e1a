"""One file over HTTP: continued, bounded in time and size, checked by its checksum.

A thread of its own does all network calls, because some of them (a name server that never
answers) cannot be interrupted. The caller waits for that thread no longer than its
:class:`Pace` allows and then leaves it behind; it is a daemon, so it holds up no exit.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .files import checksum_of, named_checksum

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from urllib.error import HTTPError

__all__ = ["Pace", "Source", "TransferError", "is_good", "transfer"]

_ATTEMPTS = 3  # a connection that breaks is continued twice
_PIECE_BYTES = 2**16


class TransferError(Exception):
    """A download that failed; the caller makes of it what the user reads.

    Args:
        problem: what went wrong, in a few words.
        expected: what would have been right.
        got: what came instead.
        scope: what the failure says something about: `"host"` (its other files will fail
            too), `"file"`, or `"local"` (this machine; the network was not the reason).
    """

    def __init__(self, problem: str, *, expected: str, got: str, scope: str = "file") -> None:
        super().__init__(problem, expected, got)
        self.problem = problem
        self.expected = expected
        self.got = got
        self.scope = scope


class _TryAgain(Exception):
    """Another attempt could do better; carries the error for the case that it was the last."""

    def __init__(self, error: TransferError) -> None:
        super().__init__(str(error))
        self.error = error


class _Lost(Exception):
    """The connection broke after the answer had begun."""


class Source(Protocol):
    """What a transfer must know of a file; :class:`~.download.RemoteFile` is one."""

    @property
    def name(self) -> str:
        """What the progress bar says."""

    @property
    def url(self) -> str:
        """Where the file is."""

    @property
    def checksum(self) -> str | None:
        """Its SHA-256 or MD5, lower-case hexadecimal; None if none is published."""

    @property
    def signature(self) -> bytes:
        """What a file without a checksum begins with."""

    @property
    def maximum_bytes(self) -> int:
        """The most that is accepted."""


class Pace:
    """How long to wait: `patience_s` seconds for every `minimum_bytes`, from now on.

    So a dead network costs `patience_s` in all, whatever is dead in it, and a slow but living
    one is never cut off.
    """

    def __init__(self, patience_s: float, minimum_bytes: int) -> None:
        self.patience_s = patience_s
        self.rule = f"{minimum_bytes} bytes in {patience_s:g} s"
        self._minimum_bytes = minimum_bytes
        self._watched: int | None = None
        self._restart()

    def _restart(self) -> None:
        self._deadline = time.monotonic() + self.patience_s
        self._count = 0

    def remaining_s(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._deadline - time.monotonic())

    def count(self, size: int) -> None:
        """Notes that `size` more bytes have arrived."""
        self._count += size
        if self._count >= self._minimum_bytes:
            self._restart()

    def watch(self, file: Path) -> bool:
        """Counts what another process adds to a file; whether to go on waiting for it."""
        size = _size(file)
        if self._watched is not None:
            self.count(max(0, size - self._watched))
        self._watched = size
        return self.remaining_s() > 0


def is_good(file: Path, checksum: str | None) -> bool:
    """Whether a file can be read and has this checksum; None: whether it is there."""
    try:
        return file.is_file() if checksum is None else checksum_of(file, checksum) == checksum
    except OSError:
        return False


def transfer(source: Source, part: Path, pace: Pace) -> None:
    """Downloads a file to `part`, going on from what is there, until its checksum is right.

    Without a checksum nobody could tell a piece of an older file, so it is begun anew.

    Raises:
        TransferError: `part` is kept if a later call can go on from it.
        OSError: `part` cannot be written.
    """
    if source.checksum is None:
        part.unlink(missing_ok=True)
    for attempt in range(_ATTEMPTS):
        try:
            is_continued = _receive(source, part, pace)
            _require_checksum(source, part, is_continued)
            return
        except _TryAgain as again:
            if attempt == _ATTEMPTS - 1:
                raise again.error from None


def _receive(source: Source, part: Path, pace: Pace) -> bool:
    """Makes one request and stores the answer; returns whether an older piece was continued."""
    start = _size(part)
    received = 0
    lost = ""
    stream = _Stream(source.url, start, pace)
    try:
        head = stream.head()
        if head.status == 416:  # nothing lies beyond our piece: perhaps it is the whole file
            return True
        is_continued = head.status == 206 and start > 0
        older = start if is_continued else 0
        if head.first != older:
            part.unlink(missing_ok=True)
            wrong = TransferError(
                "the server sent another piece than it was asked for",
                expected=f"bytes from {older}",
                got="no position" if head.first is None else f"bytes from {head.first}",
            )
            raise _TryAgain(wrong) if is_continued else wrong
        total = head.total if head.length is None else older + head.length
        _require_room(source, part, total or 0, "announced")
        with (
            open(part, "ab" if is_continued else "wb") as file,
            _progress(source.name, total) as show,
        ):
            try:
                for piece in stream.pieces():
                    received += len(piece)
                    if older + received > source.maximum_bytes:
                        break
                    file.write(piece)
                    show(older + received)
            except _Lost as error:
                lost = str(error)
            file.flush()
            os.fsync(file.fileno())
    finally:
        stream.abandon()
    _require_room(source, part, older + received, "received")
    if lost or (head.length is not None and received < head.length):
        ended = TransferError(
            "the connection broke",
            expected="all bytes" if total is None else f"{total} bytes",
            got=f"{older + received} bytes{lost and ', then '}{lost}",
        )
        raise _TryAgain(ended) if received else ended
    return is_continued


def _require_checksum(source: Source, part: Path, is_continued: bool) -> None:
    """Removes a finished file that is not the right one."""
    if source.checksum is None:
        _require_signature(source, part)
        return
    got = checksum_of(part, source.checksum)
    if got == source.checksum:
        return
    size = _size(part)
    part.unlink()
    wrong = TransferError(
        "wrong checksum",
        expected=named_checksum(source.checksum),
        got=f"{named_checksum(got)} of {size} bytes",
    )
    raise _TryAgain(wrong) if is_continued else wrong  # perhaps the older piece was to blame


def _require_signature(source: Source, part: Path) -> None:
    """Removes a finished file of another kind, such as the page that a hotel's network sends."""
    with open(part, "rb") as file:
        head = file.read(len(source.signature))
    if head != source.signature:
        part.unlink()
        raise TransferError(
            "another kind of file",
            expected=f"a file that begins with {source.signature!r}",
            got=repr(head),
        )


def _require_room(source: Source, part: Path, size: int, how: str) -> None:
    """Refuses a file that is larger than it may be, and what has come of it."""
    if size > source.maximum_bytes:
        part.unlink(missing_ok=True)
        raise TransferError(
            "larger than it may be",
            expected=f"at most {source.maximum_bytes} bytes",
            got=f"{size} bytes {how}",
        )


def _size(file: Path) -> int:
    """Bytes of a file; 0 if it is not there."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


class _Head(NamedTuple):
    """What the answer's headers say; sizes in bytes, None where they say nothing."""

    status: int
    length: int | None
    first: int | None
    total: int | None


class _Stream:
    """One answer, read by a thread of its own and handed over in pieces."""

    def __init__(self, url: str, start: int, pace: Pace) -> None:
        self._url = url
        self._start = start
        self._pace = pace
        self._received = 0
        self._items: queue.Queue[_Head | bytes | Exception] = queue.Queue(maxsize=16)
        self._is_abandoned = threading.Event()
        threading.Thread(target=self._run, name="thalweg-download", daemon=True).start()

    def head(self) -> _Head:
        """The answer's headers, or the reason why there is none."""
        item = self._next()
        if isinstance(item, _Head):
            return item
        error = item if isinstance(item, Exception) else ConnectionError("no headers")
        raise self._failure(error) from error

    def pieces(self) -> Iterator[bytes]:
        """The answer's bytes as they come; `_Lost` if the connection breaks."""
        while piece := self._next():
            if isinstance(piece, TimeoutError):
                raise self._too_slow()
            if not isinstance(piece, bytes):
                raise _Lost(f"{type(piece).__name__}: {piece}")
            self._received += len(piece)
            self._pace.count(len(piece))
            yield piece

    def abandon(self) -> None:
        """Lets the thread end by itself; it is not waited for."""
        self._is_abandoned.set()

    def _next(self) -> _Head | bytes | Exception:
        """The next item, if it comes in time."""
        remaining_s = self._pace.remaining_s()
        if remaining_s:
            with suppress(queue.Empty):
                return self._items.get(timeout=remaining_s)
        raise self._too_slow()

    def _too_slow(self) -> TransferError:
        """The error of a network that is dead, or as good as dead."""
        return TransferError(
            "too slow" if self._received else "no answer",
            expected=f"at least {self._pace.rule}",
            got=f"{self._received} bytes" if self._received else "nothing",
            scope="host",
        )

    def _failure(self, error: Exception) -> TransferError:
        """The error for an answer that never began."""
        reason = getattr(error, "reason", error)  # URLError wraps what really happened
        if isinstance(reason, TimeoutError):
            return self._too_slow()
        code = getattr(error, "code", None)
        if code is not None:
            return TransferError("the server refused", expected="status 200", got=f"status {code}")
        got = f"{type(reason).__name__}: {reason}"
        return TransferError("cannot be reached", expected="an answer", got=got, scope="host")

    def _run(self) -> None:
        """The thread: everything that may block."""
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        try:
            request = Request(self._url, headers={"User-Agent": "thalweg"})
            if self._start:
                request.add_header("Range", f"bytes={self._start}-")
            with urlopen(request, timeout=self._pace.patience_s) as response:
                self._put(_head_of(response))
                # read1: a piece as soon as there is one, so that the pace sees a trickle.
                while not self._is_abandoned.is_set():
                    piece = response.read1(_PIECE_BYTES)
                    self._put(piece)
                    if not piece:
                        return
        except HTTPError as error:
            with error:
                is_beyond = error.code == 416 and self._start > 0
                self._put(_head_of(error) if is_beyond else error)
        except (HTTPException, OSError, ValueError) as error:
            self._put(error)

    def _put(self, item: _Head | bytes | Exception) -> None:
        """Hands an item over, unless nobody wants it any more."""
        while not self._is_abandoned.is_set():
            with suppress(queue.Full):
                self._items.put(item, timeout=0.1)
                return


def _head_of(response: HTTPResponse | HTTPError) -> _Head:
    """Reads the few headers that matter."""
    status = response.status or 0
    length = response.headers.get("Content-Length", "")
    first: int | None = 0
    total = None
    if status == 206:
        # bytes 100-199/200
        unit, _, span = response.headers.get("Content-Range", "").partition(" ")
        begin, _, rest = span.partition("-")
        end = rest.rpartition("/")[2]
        first = int(begin) if unit == "bytes" and begin.isdecimal() else None
        total = int(end) if end.isdecimal() else None
    return _Head(status, int(length) if length.isdecimal() else None, first, total)


@contextmanager
def _progress(name: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing elsewhere; gives the function that moves it."""
    if not (sys.stderr and sys.stderr.isatty()):  # a program without a console has none
        yield lambda completed: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=total)
        yield lambda completed: bar.update(task, completed=completed)
