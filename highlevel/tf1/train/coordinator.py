"""`tf.train.Coordinator`: lets several threads stop together, and hands on what went wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from ..errors import OutOfRangeError

__all__ = ["Coordinator", "LooperThread"]


class Coordinator:
    """Stops threads together: each asks `should_stop()`, any may `request_stop()`.

    Args:
        clean_stop_exception_types: errors that stop the threads and are not raised by `join`;
            the end of data, `tf.errors.OutOfRangeError`, if None.

    >>> import thalweg.tf1 as tf
    >>> coord = tf.train.Coordinator()
    >>> def work():
    ...     with coord.stop_on_exception():
    ...         raise ValueError("no more coffee")
    >>> thread = threading.Thread(target=work)
    >>> thread.start()
    >>> coord.join([thread])
    Traceback (most recent call last):
        ...
    ValueError: no more coffee
    """

    def __init__(
        self, clean_stop_exception_types: Iterable[type[BaseException]] | None = None
    ) -> None:
        self._clean = tuple(
            (OutOfRangeError,) if clean_stop_exception_types is None else clean_stop_exception_types
        )
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._threads: set[threading.Thread] = set()
        self._joined = False

    def request_stop(self, ex: Any = None) -> None:
        """Asks all threads to stop.

        Args:
            ex: what went wrong, an exception or what `sys.exc_info()` gave; `join` raises the
                first that is not a clean end.
        """
        error = ex[1] if isinstance(ex, tuple) else ex
        with self._lock:
            self._joined = False
            if error is not None and not isinstance(error, self._clean) and self._error is None:
                self._error = error
            self._stop.set()

    def clear_stop(self) -> None:
        """Takes a request to stop back, and forgets what went wrong."""
        with self._lock:
            self._joined = False
            self._error = None
            self._stop.clear()

    def should_stop(self) -> bool:
        """Whether a stop was requested."""
        return self._stop.is_set()

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Waits for a request to stop, at most for so many seconds; returns whether it came."""
        return self._stop.wait(timeout)

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """A `with` block whose errors are handed to `request_stop` instead of raised."""
        try:
            yield
        except BaseException as error:
            self.request_stop(error)

    def register_thread(self, thread: threading.Thread) -> None:
        """Adds a thread to those that `join` waits for."""
        with self._lock:
            self._threads.add(thread)

    def join(
        self,
        threads: Sequence[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Waits until the threads have ended, then raises what went wrong in one of them.

        Args:
            threads: more threads to wait for than those that are registered.
            stop_grace_period_secs: how long they may take after a request to stop.
            ignore_live_threads: does not mind those that take longer.

        Raises:
            RuntimeError: if threads take longer.
        """
        with self._lock:
            waited = {*self._threads, *(threads or ())}
        while any(thread.is_alive() for thread in waited) and not self.wait_for_stop(0.05):
            pass
        deadline = time.monotonic() + stop_grace_period_secs
        for thread in waited:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [thread.name for thread in waited if thread.is_alive()]
        with self._lock:
            self._joined = True
            self._threads = set()
            error = self._error
        if error is not None:
            raise error
        if late and not ignore_live_threads:
            raise RuntimeError(
                f"{len(late)} threads have not stopped after {stop_grace_period_secs} s: "
                + ", ".join(sorted(late))
            )

    @property
    def joined(self) -> bool:
        """Whether `join` has returned, or raised."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raises what went wrong, if anything has."""
        with self._lock:
            error = self._error
        if error is not None:
            raise error

    def __enter__(self) -> Coordinator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.request_stop(error)


class LooperThread(threading.Thread):
    """A thread that calls a function again and again, until its coordinator stops.

    Args:
        coord: the coordinator, which also gets what the function raises.
        timer_interval_secs: between the beginnings of two calls; at once if None.
        target: the function; a subclass may override `run_loop` instead.
        args: its arguments.
        kwargs: its arguments by name.
    """

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any] | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(daemon=True)
        self._coord = coord
        self._interval_s = timer_interval_secs
        self._function = target
        self._arguments = tuple(args or ())
        self._named = dict(kwargs or {})
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> LooperThread:
        """Makes and starts such a thread."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        """Calls until the coordinator stops."""
        with self._coord.stop_on_exception():
            self.start_loop()
            next_time = time.monotonic()
            while not self._coord.should_stop():
                self.run_loop()
                if self._interval_s is not None:
                    next_time += self._interval_s
                    self._coord.wait_for_stop(max(0.0, next_time - time.monotonic()))
            self.stop_loop()

    def start_loop(self) -> None:
        """Called once before the first call."""

    def stop_loop(self) -> None:
        """Called once after the last call."""

    def run_loop(self) -> None:
        """One call."""
        if self._function is not None:
            self._function(*self._arguments, **self._named)
