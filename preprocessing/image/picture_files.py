"""Pictures in files: decoded by several threads, kept in memory within a budget, skipped if bad."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from thalweg.core import DataError
from thalweg.core.options import Interval, OneOf, OrNone

from .batches import decoders

__all__ = ["PictureFiles", "Pictures", "cache_budget"]

Array = np.ndarray[Any, Any]

_ON_ERROR = OneOf("raise", "skip")
_BYTES = OrNone(Interval(0, integer=True))
_MOST_CACHED = 2**30


class Pictures(NamedTuple):
    """Some pictures that could be read.

    Attributes:
        images: (count, …), uint8 or float32.
        numbers: of the samples they are.
        skipped: files that could not be read, and why.
    """

    images: Array
    numbers: Array
    skipped: tuple[tuple[str, str], ...]


class PictureFiles:
    """Decoded pictures by number.

    Args:
        where: who reads, for messages.
        paths: the files.
        decode: a function of a path that returns the pixels, all of one shape.
        on_error: "raise" hands on the error of the first file of a batch that cannot be read.
            "skip" leaves such files out and tells which: a batch is smaller then. One of which
            no picture is left has the next one that can be read, so that no run ends for it.
        cache_bytes: how many bytes of pixels are kept in memory, the first that are read, so
            that they are decoded once; None for `cache_budget()`, 0 for none. Files that change
            meanwhile are not read anew.

    Raises:
        OptionError: for an argument outside its values.
    """

    def __init__(
        self,
        where: str,
        paths: Sequence[str],
        decode: Callable[[str], Array],
        on_error: str = "raise",
        cache_bytes: int | None = None,
    ) -> None:
        self._where = where
        self.paths = paths
        self._decode = decode
        self._skips = _ON_ERROR.check(where, "on_error", on_error) == "skip"
        budget = _BYTES.check(where, "cache_bytes", cache_bytes)
        self._cache = _Cache(len(paths), cache_budget() if budget is None else budget)

    def read(self, chosen: Array, following: Iterable[int]) -> Pictures:
        """Some pictures, in their order.

        Args:
            chosen: their numbers.
            following: samples to try if none of them can be read.

        Raises:
            DataError: if a file is damaged, too large, or has another number of channels than
                the others, unless such files are skipped; or if no file at all can be read.
            OSError: if a file cannot be opened, unless such files are skipped.
        """
        cached = self._cache.all_of(chosen)
        if cached is not None:
            return Pictures(cached, np.array(chosen), ())
        images, numbers, skipped = [], [], []
        for number, result in zip(chosen.tolist(), self._results(chosen.tolist()), strict=True):
            if isinstance(result, Exception):
                if not self._skips:
                    raise result
                skipped.append((self.paths[number], _reason(result)))
            else:
                images.append(result)
                numbers.append(number)
        if not images:
            number, result = self._first_good(following)
            images, numbers = [result], [number]
        return Pictures(self._stacked(images, numbers), np.array(numbers), tuple(skipped))

    def _results(self, chosen: list[int]) -> list[Array | Exception]:
        """Pictures, or why they could not be read; those that are not in memory by the decoders."""
        found: dict[int, Any] = {number: self._cache.get(number) for number in chosen}
        missing = [number for number, pixels in found.items() if pixels is None]
        found.update(zip(missing, decoders().map(self._one, missing), strict=True))
        return [found[number] for number in chosen]

    def _first_good(self, numbers: Iterable[int]) -> tuple[int, Array]:
        """The first of some pictures that can be read."""
        error: Exception | None = None
        for number in numbers:
            result = self._one(number)
            if not isinstance(result, Exception):
                return number, result
            error = error or result
        raise DataError(
            self._where,
            "not one of the files can be read",
            got=f"{len(self.paths)} files: {_reason(error) if error else 'none'}",
        )

    def _one(self, number: int) -> Array | Exception:
        cached = self._cache.get(number)
        if cached is not None:
            return cached
        try:
            pixels = self._decode(self.paths[number])
        except (DataError, OSError) as error:
            return error
        self._cache.put(number, pixels)
        return pixels

    def _stacked(self, images: list[Array], numbers: list[int]) -> Array:
        for image, number in zip(images, numbers, strict=True):
            if image.shape != images[0].shape:
                raise DataError(
                    self._where,
                    "pictures of one batch differ in size",
                    expected=f"{images[0].shape}, as {self.paths[numbers[0]]!r}",
                    got=f"{image.shape}, {self.paths[number]!r}",
                )
        is_bytes = all(image.dtype == np.uint8 for image in images)
        return np.stack(images if is_bytes else [image.astype(np.float32) for image in images])


def _reason(error: Exception) -> str:
    """Why, in one line."""
    if isinstance(error, DataError):
        return f"{error.problem}: {error.got}"
    return str(error)


class _Cache:
    """Pixels by number, as many as fit; what is in it stays.

    They lie in one array, so that a batch of them is one gather: a dict of arrays, asked for one by
    one, took longer than a small network's step. Memory is touched as pictures come. Those that are
    not of the first one's shape and dtype are not kept.

    Args:
        count: how many pictures there are.
        budget: bytes.
    """

    def __init__(self, count: int, budget: int) -> None:
        self._budget = budget
        self._slots = np.full(count, -1, np.int64)
        self._used = 0
        self._store: Array | None = None
        self._lock = threading.Lock()

    def get(self, number: int) -> Array | None:
        slot = self._slots[number]
        return None if slot < 0 or self._store is None else self._store[slot]

    def all_of(self, numbers: Array) -> Array | None:
        """A copy of some, or None if one is missing."""
        slots = self._slots[numbers]
        if self._store is None or not slots.size or slots.min() < 0:
            return None
        return self._store[slots]

    def put(self, number: int, pixels: Array) -> None:
        with self._lock:
            if self._store is None and pixels.nbytes:
                fitting = min(len(self._slots), self._budget // pixels.nbytes)
                self._store = np.empty((fitting, *pixels.shape), pixels.dtype)
            store = self._store
            if store is None or self._slots[number] >= 0 or self._used == len(store):
                return
            if (pixels.shape, pixels.dtype) == (store.shape[1:], store.dtype):
                store[self._used] = pixels
                self._slots[number] = self._used  # last: readers take no lock
                self._used += 1


def cache_budget() -> int:
    """Bytes of pixels that are kept unless told otherwise: a quarter of free memory, at most 1 GiB.

    >>> 0 < cache_budget() <= 2**30
    True
    """
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return _MOST_CACHED
    return max(1, min(_MOST_CACHED, free // 4))
