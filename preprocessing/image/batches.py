"""Batches by number, made ahead of who asks for them.

One thread a source makes batches, so what a user's function does in it is never done twice at a
time; the pictures of a batch are decoded by several. What a batch contains depends on its epoch
and number alone, never on when it was made.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

import numpy as np

from thalweg.core.options import COUNT, Interval
from thalweg.core.workers import Workers

from .draws import Draws, permutation

__all__ = ["Batches", "decoders"]

Array = np.ndarray[Any, Any]

_PREFETCH = Interval(0, integer=True)
_MOST_DECODERS = 8


class Batches:
    """Samples in an order that is new in every epoch, cut into batches.

    Subclasses write `_batch`.

    Args:
        n: number of samples.
        batch_size: samples a batch; the last may be smaller.
        shuffle: whether the order is random, and another one in every epoch.
        seed: an integer >= 0 from which the order and all else that is random follows. None
            follows from `thalweg.utils.set_random_seed`.
        prefetch: how many batches are made ahead; 0 makes each when it is asked for.

    Attributes:
        epoch: how many have ended.
        total_batches_seen: how many batches were handed out.
    """

    def __init__(
        self, n: int, batch_size: int, shuffle: bool, seed: int | None, prefetch: int = 2
    ) -> None:
        self.n: int = COUNT.check(self, "n", n)
        self.batch_size: int = COUNT.check(self, "batch_size", batch_size)
        self.shuffle = shuffle
        self.seed = seed
        self.prefetch: int = _PREFETCH.check(self, "prefetch", prefetch)
        self.epoch = 0
        self.total_batches_seen = 0
        self.lock = threading.RLock()
        self._draws = Draws(seed)
        self._orders: dict[int, Array] = {}  # of the epochs that are being made
        self._plan: deque[int] = deque()  # numbers that will be asked for, as we were told
        self._last = -1
        self._ahead = _Ahead(4 * self.prefetch)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    @property
    def index_array(self) -> Array:
        """The samples in the order of this epoch."""
        return self._ordered(self.epoch)

    def _ordered(self, epoch: int) -> Array:
        with self.lock:
            if epoch not in self._orders:
                self._orders = {e: order for e, order in self._orders.items() if e == epoch - 1}
                self._orders[epoch] = (
                    permutation(self._draws, epoch, self.n) if self.shuffle else np.arange(self.n)
                )
            return self._orders[epoch]

    def _batch(self, chosen: Array, epoch: int) -> Any:
        """The batch of some samples.

        Args:
            chosen: their numbers.
            epoch: in which they are asked for.
        """
        raise NotImplementedError

    def _handed_out(self, batch: Any, chosen: Array, epoch: int) -> Any:
        """Called with each batch that is handed out, in the caller's thread."""
        del chosen, epoch
        return batch

    def __getitem__(self, idx: int) -> Any:
        count = len(self)
        if not -count <= idx < count:  # IndexError ends a loop over the object
            raise IndexError(f"{type(self).__name__}: batch {idx} of {count}")
        number = int(idx) % count
        with self.lock:
            following = self._following(number, count)
            epoch = self.epoch
        return self._take(epoch, number, [(epoch, next_) for next_ in following])

    def _following(self, number: int, count: int) -> list[int]:
        """The batches that will probably be asked for after this one."""
        if self._plan and self._plan[0] == number:
            self._plan.popleft()
            following = list(self._plan)[: self.prefetch]
        elif number == self._last + 1:
            following = list(range(number + 1, min(number + 1 + self.prefetch, count)))
        else:
            following = []
        self._last = number
        return following

    def expect_batches(self, order: Iterable[int]) -> None:
        """Tells in which order batches are going to be asked for, so that they are made ahead."""
        with self.lock:
            self._plan = deque(int(number) for number in order)
            first = list(self._plan)[: self.prefetch]
            self._start((self.epoch, number) for number in first)

    def on_epoch_end(self) -> None:
        """Starts the next epoch, with another order and other transformations."""
        with self.lock:
            self.epoch += 1
            self._last = -1
            self._plan.clear()
            self._ahead.drop_before(self.epoch)

    def _take(self, epoch: int, number: int, following: Iterable[tuple[int, int]]) -> Any:
        """The batch, and those that follow are started."""
        chosen = self._chosen(epoch, number)
        if self.prefetch:
            with self.lock:
                future = self._started((epoch, number))
                self._ahead.forget((epoch, number))
                self._start(following)
            batch = future.result()
        else:
            batch = self._batch(chosen, epoch)
        with self.lock:
            self.total_batches_seen += 1
        return self._handed_out(batch, chosen, epoch)

    def _chosen(self, epoch: int, number: int) -> Array:
        start = number * self.batch_size
        chosen: Array = self._ordered(epoch)[start : start + self.batch_size]
        return chosen

    def _start(self, keys: Iterable[tuple[int, int]]) -> None:
        for key in keys:
            self._started(key)

    def _started(self, key: tuple[int, int]) -> Future[Any]:
        epoch, number = key
        return self._ahead.start(key, self._batch, self._chosen(epoch, number), epoch)


class _Ahead:
    """Batches that are being made, by epoch and number; a child process starts with none.

    Args:
        most: how many are kept that nobody has asked for; the oldest leave.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._futures: dict[tuple[int, int], Future[Any]] = {}
        self._maker: Workers | None = None

    def start(self, key: tuple[int, int], function: Any, *arguments: Any) -> Future[Any]:
        if self._process != os.getpid():
            self._renew()
        if key not in self._futures:
            if self._maker is None:
                self._maker = Workers(1, "thalweg-batches")
            if len(self._futures) >= self._most:
                self._drop(next(iter(self._futures)))
            self._futures[key] = self._maker.submit(function, *arguments)
        return self._futures[key]

    def forget(self, key: tuple[int, int]) -> None:
        self._futures.pop(key, None)

    def drop_before(self, epoch: int) -> None:
        for key in [key for key in self._futures if key[0] < epoch]:
            self._drop(key)

    def _drop(self, key: tuple[int, int]) -> None:
        self._futures.pop(key).cancel()


class _Decoders:
    """The threads that decode pictures, shared by all sources of a process."""

    process = -1
    pool: Workers | None = None
    lock = threading.Lock()


def decoders() -> Workers:
    """Threads for work that waits for files, or for Pillow, which lets others run meanwhile."""
    if _Decoders.process != os.getpid():  # a child has none of its parent's threads
        _Decoders.process, _Decoders.lock, _Decoders.pool = os.getpid(), threading.Lock(), None
    with _Decoders.lock:
        if _Decoders.pool is None:
            count = min(_MOST_DECODERS, os.cpu_count() or 1)
            _Decoders.pool = Workers(count, "thalweg-decoder")
        return _Decoders.pool
