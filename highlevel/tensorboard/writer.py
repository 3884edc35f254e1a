"""Event files: summaries and graphs in the order in which they were written."""

from __future__ import annotations

import importlib
import itertools
import os
import time
import weakref
from types import TracebackType
from typing import Any

from thalweg.core.errors import GraphError

from .messages import protocol

__all__ = ["EventWriter"]

_serial = itertools.count()


class EventWriter:
    """Appends events to a new file in a folder, for `tensorboard --logdir FOLDER`.

    What is written reaches the disk when so many events or seconds have passed, on `flush` and
    `close`, and when the program ends.

    Args:
        folder: where the file is made; missing folders are made.
        max_queue: events that may wait.
        flush_secs: how long they may.
        suffix: of the file's name.

    Raises:
        MissingExtraError: if tensorboardX is not installed.

    >>> import tempfile
    >>> from .messages import scalar
    >>> events = EventWriter(tempfile.mkdtemp())
    >>> for step in range(3):
    ...     events.add_summary(scalar("loss", 1 / (step + 1)), step)
    >>> events.close()
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        max_queue: int = 10,
        flush_secs: float = 120,
        suffix: str = "",
    ) -> None:
        self.folder = os.fspath(folder)
        self._max_queue = max_queue
        self._flush_secs = flush_secs
        self._suffix = suffix
        self._open()

    def _open(self) -> None:
        protocol("event")  # says how to get tensorboardX if it is missing
        files = importlib.import_module("tensorboardX.event_file_writer")
        os.makedirs(self.folder, exist_ok=True)
        # The name has the second; two writers of one second may not have the same file.
        suffix = f".{os.getpid()}.{next(_serial)}{self._suffix}"
        self._file = files.EventsWriter(os.path.join(self.folder, "events"), suffix)
        self._file.flush()  # TensorBoard sees the run from now on
        self._waiting, self._flushed = 0, time.monotonic()
        # Programs that never close their writer lose nothing.
        self._close = weakref.finalize(self, self._file.close)

    def add_summary(self, summary: Any, step: int | None = None) -> None:
        """Writes a summary.

        Args:
            summary: a `Summary`, or its bytes.
            step: the step that it is of.
        """
        if isinstance(summary, bytes):
            summary = protocol("summary").Summary.FromString(summary)
        self.add_event(protocol("event").Event(summary=summary), step)

    def add_graph(self, graph: Any, step: int | None = None) -> None:
        """Writes a graph.

        Args:
            graph: a `GraphDef`.
            step: the step that it is of.
        """
        self.add_event(protocol("event").Event(graph_def=graph.SerializeToString()), step)
        self.flush()

    def add_event(self, event: Any, step: int | None = None) -> None:
        """Writes an event, with the present time if it has none.

        Raises:
            GraphError: if the writer is closed.
        """
        if not self._close.alive:
            raise GraphError(
                "EventWriter", "the writer is closed", hint="reopen() goes on with a new file"
            )
        if not event.wall_time:
            event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self._file.write_event(event)
        self._waiting += 1
        waited = time.monotonic() - self._flushed
        if self._waiting >= self._max_queue or waited >= self._flush_secs:
            self.flush()

    def flush(self) -> None:
        """Brings what was written to the disk."""
        if self._close.alive:
            self._file.flush()
            self._waiting, self._flushed = 0, time.monotonic()

    def close(self) -> None:
        """Ends the file; a second call does nothing."""
        self._close()

    def reopen(self) -> None:
        """Begins a new file in the same folder, if the writer was closed."""
        if not self._close.alive:
            self._open()

    def __enter__(self) -> EventWriter:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the file."""
        self.close()
