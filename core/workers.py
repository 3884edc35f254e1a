"""Threads that work off tasks, and keep no program from ending.

The threads of `concurrent.futures` live until the interpreter waits for them at its end, so whoever
runs one program after another would wait for ever.
"""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

__all__ = ["Workers"]

_Task = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Workers:
    """A few threads that work off tasks in their order; they end with this object.

    Args:
        count: of threads.
        name: of theirs.

    >>> Workers(2, "adders").map(sum, [[1, 2], [3]])
    [3, 3]
    """

    def __init__(self, count: int, name: str) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=_work, args=(self._tasks,), name=f"{name}-{i}", daemon=True)
            for i in range(count)
        ]
        for thread in self._threads:
            thread.start()
        weakref.finalize(self, _tell_to_end, self._tasks, count).atexit = False  # see _end_all
        _ALIVE.add(self)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Has a function called by one of the threads."""
        future: Future[Any] = Future()
        self._tasks.put((future, function, arguments))
        return future

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """What a function makes of each item, in their order."""
        futures = [self.submit(function, item) for item in items]
        return [future.result() for future in futures]

    @property
    def is_alive(self) -> bool:
        """Whether a thread has not ended."""
        return any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Cancels what waits, and waits a moment for what has begun."""
        with suppress(Empty):
            while True:
                task = self._tasks.get_nowait()
                if task is not None:
                    task[0].cancel()
        _tell_to_end(self._tasks, len(self._threads))
        for thread in self._threads:
            thread.join(0.02)


def _work(tasks: SimpleQueue[_Task | None]) -> None:
    """What a thread does; it holds no reference to anything while it waits."""
    while (task := tasks.get()) is not None:
        future, function, arguments = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function(*arguments))
            except BaseException as error:
                future.set_exception(error)
        del task, future, function, arguments


def _tell_to_end(tasks: SimpleQueue[_Task | None], count: int) -> None:
    for _ in range(count):
        tasks.put(None)


_ALIVE: weakref.WeakSet[Workers] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """No thread may be inside the engine when the interpreter takes it down.

    One may wait for another's, or give it tasks meanwhile; so all are told until all have ended.
    """
    workers = list(_ALIVE)
    while any(each.is_alive for each in workers):
        for each in workers:
            each.end()
