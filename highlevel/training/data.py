"""Sources of batches: arrays, indexed objects and iterators.

Arrays are sliced, and shuffled by a permutation that follows from the seed, the model and the
epoch; objects with `__len__` and `__getitem__` give a batch an index; iterators are read as they
come.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np

from thalweg.core import Tensor, Variable
from thalweg.core.workers import Workers

from ..options import COUNT, OrNone
from ..utils.sequences import PyDataset
from .layout import Batch, Layout

__all__ = [
    "ArraySource",
    "Source",
    "groups_of",
    "make_source",
    "split_validation",
    "warn_of_end",
    "whole_steps",
]

GROUP_BYTES = 2 << 20  # of batches that are put together: they stay in the third-level cache


class Source(Protocol):
    """Batches of one epoch after another.

    Attributes:
        steps: batches an epoch, None if not known yet; may change from epoch to epoch.
        has_ended: whether there will be no further epoch.
    """

    has_ended: bool

    @property
    def steps(self) -> int | None:
        """Batches an epoch."""

    def epoch(self) -> Iterator[Batch]:
        """The batches of the next epoch."""

    def skip_epoch(self) -> None:
        """Makes the epoch after the next one the next, as far as the data allow it."""


class ArraySource:
    """Slices arrays into batches.

    Args:
        data: the whole data as one batch.
        batch_size: samples a batch; the last may be smaller.
        generator: draws a new order each pass; None keeps the order.
        steps: batches an epoch; None for all.
        repeats: whether the data start again where `steps` is more than they give.
    """

    has_ended = False

    def __init__(
        self,
        data: Batch,
        batch_size: int,
        generator: np.random.Generator | None = None,
        steps: int | None = None,
        repeats: bool = False,
    ) -> None:
        self.data = data
        self._batch_size = batch_size
        self._generator = generator
        self.steps: int | None = _steps(-(-data.size // batch_size), steps, repeats)

    def epoch(self) -> Iterator[Batch]:
        """`steps` batches: of one pass, or of several."""
        return (batch for batch, _ in self._groups(1))

    def groups(self) -> Iterator[tuple[Batch, int]]:
        """The same batches, several of full size at a time: their rows, and how many they are."""
        size_bytes = sum(array.nbytes for array in self.data.arrays()) // max(self.data.size, 1)
        return self._groups(max(1, GROUP_BYTES // max(size_bytes * self._batch_size, 1)))

    def skip_epoch(self) -> None:
        """Draws the orders of an epoch."""
        passes = -(-(self.steps or 0) // max(1, -(-self.data.size // self._batch_size)))
        for _ in range(passes):
            self._order()

    def _order(self) -> np.ndarray[Any, Any] | None:
        """Of the samples in the next pass; None for the data's own."""
        return None if self._generator is None else self._generator.permutation(self.data.size)

    def _groups(self, most: int) -> Iterator[tuple[Batch, int]]:
        size, count, left = self._batch_size, self.data.size, self.steps or 0
        while left:
            order = self._order()
            start = 0
            while start < count and left:
                batches = max(1, min(most, left, (count - start) // size))
                piece = slice(start, start + batches * size)
                yield self.data.rows(piece if order is None else order[piece]), batches
                start += batches * size
                left -= batches


def groups_of(source: Source) -> Iterator[tuple[Batch, int]]:
    """The batches of the next epoch, several at a time where they come from arrays."""
    if isinstance(source, ArraySource):
        return source.groups()
    return ((batch, 1) for batch in source.epoch())


class IndexedSource:
    """Batches from an object with `__len__` and `__getitem__` (Keras's `Sequence`).

    Args:
        data: the object; its length may change from epoch to epoch. If it has a method
            `expect_batches(order)`, it is told the numbers of the batches before they are asked
            for.
        layout: of the model.
        class_weight: factors by class.
        generator, steps, repeats: as in `ArraySource`.
    """

    has_ended = False

    def __init__(
        self,
        data: Any,
        layout: Layout,
        class_weight: Any,
        generator: np.random.Generator | None,
        steps: int | None,
        repeats: bool,
    ) -> None:
        self._data = data
        self._layout = layout
        self._class_weight = class_weight
        self._generator = generator
        self._limit = steps
        self._repeats = repeats
        _steps(len(data), steps, repeats)  # says so if they repeat

    @property
    def steps(self) -> int | None:
        """Batches an epoch."""
        if self._limit is not None and self._repeats:
            return self._limit
        count = len(self._data)
        return count if self._limit is None else min(self._limit, count)

    def epoch(self) -> Iterator[Batch]:
        """`steps` batches; the object's `on_epoch_end` is called after them."""
        yield from itertools.islice(self._batches(), self.steps)
        self._end_epoch()

    def skip_epoch(self) -> None:
        """Draws the orders of an epoch, and tells the object that it has ended."""
        left = self.steps or 0
        while left > 0 and (count := len(self._data)):
            self._order(count)
            left -= count
        self._end_epoch()

    def _end_epoch(self) -> None:
        on_epoch_end = getattr(self._data, "on_epoch_end", None)
        if callable(on_epoch_end):
            on_epoch_end()

    def _order(self, count: int) -> Any:
        return range(count) if self._generator is None else self._generator.permutation(count)

    def _batches(self) -> Iterator[Batch]:
        expect_batches = getattr(self._data, "expect_batches", None)
        while count := len(self._data):
            order = self._order(count)
            if callable(expect_batches):  # so that it can make them ahead
                expect_batches(order)
            for item in _items(self._data, [int(index) for index in order[: self._limit]]):
                yield self._layout.item(item, self._class_weight)


def _items(data: Any, order: list[int]) -> Iterator[Any]:
    """What an object has at these numbers; made ahead if it is told to have several workers."""
    if not isinstance(data, PyDataset) or data.workers < 2:
        yield from map(data.__getitem__, order)
        return
    threads = Workers(data.workers, "thalweg-dataset")
    begun: deque[Future[Any]] = deque()
    try:
        for index in order:
            begun.append(threads.submit(data.__getitem__, index))
            if len(begun) > data.max_queue_size:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        threads.end()


def _steps(available: int, wanted: int | None, repeats: bool) -> int:
    """Batches an epoch."""
    if wanted is None or wanted <= available:
        return available if wanted is None else wanted
    if not repeats:
        return available
    warn_of_repeats(wanted)
    return wanted


class IteratorSource:
    """Batches from an iterable; one that can start again does, when an epoch needs more."""

    def __init__(self, data: Any, layout: Layout, class_weight: Any, steps: int | None) -> None:
        self._data = data
        self._layout = layout
        self._class_weight = class_weight
        self._limit = steps
        self._iterator: Iterator[Any] | None = iter(data)
        self._is_one_shot = self._iterator is data
        self._is_fresh = True  # nothing was read from the iterator
        self._has_warned = False
        self.steps = len(data) if steps is None and hasattr(data, "__len__") else steps
        self.has_ended = False

    def skip_epoch(self) -> None:
        """Does nothing: the items would have to be read."""

    def epoch(self) -> Iterator[Batch]:
        """`steps` batches, or all there are; the first epoch learns how many."""
        taken = 0
        began_here = self._is_fresh
        while not self.has_ended and (self._limit is None or taken < self._limit):
            if self._iterator is None:
                self._iterator, self._is_fresh = iter(self._data), True
            try:
                item = next(self._iterator)
            except StopIteration:
                self._iterator = None
                self.has_ended = self._is_one_shot or self._is_fresh
                if self._limit is None:
                    break
                if began_here and taken and not self.has_ended and not self._has_warned:
                    warn_of_repeats(self._limit)
                    self._has_warned = True
                began_here = True
                continue
            self._is_fresh = False
            taken += 1
            yield self._layout.item(item, self._class_weight)
        if self._limit is None:
            self.steps = taken
        if taken < (self._limit or 1):
            warn_of_end(taken, self._limit, "batches")


def warn_of_repeats(steps: int) -> None:
    """Says that an epoch is more than one pass over the data."""
    warnings.warn(
        f"thalweg: the data give fewer than the {steps} steps of an epoch, and start again in it.",
        UserWarning,
        stacklevel=3,
    )


def warn_of_end(taken: int, wanted: int | None, unit: str) -> None:
    """Says that the data were too short."""
    warnings.warn(
        f"thalweg: the data ended after {taken}{f' of {wanted}' if wanted else ''} {unit} and "
        "cannot start again; pass a generator that does not end, an object with __len__ and "
        "__getitem__, or ask for less.",
        UserWarning,
        stacklevel=3,
    )


def make_source(
    layout: Layout,
    x: Any,
    y: Any = None,
    weights: Any = None,
    class_weight: Any = None,
    batch_size: int | None = None,
    steps: float | None = None,
    generator: np.random.Generator | None = None,
    repeats: bool = False,
) -> ArraySource | IndexedSource | IteratorSource:
    """The source for what the user passed.

    Args:
        layout: of the model.
        x, y, weights, class_weight, batch_size, steps: as `fit` takes them.
        generator: draws the order of samples or batches; None keeps it.
        repeats: whether the data start again where `steps` is more than they give.

    Raises:
        DataError: if y or weights are given beside data that contain them, or sizes differ.
        OptionError: for a batch size or steps that are not counts.
    """
    size = OrNone(COUNT).check(layout.where, "batch_size", batch_size)
    steps = whole_steps(layout.where, "steps", steps)
    if _is_arrays(x):
        data = layout.batch(x, y, weights, class_weight)
        if not data.size:
            raise layout.error("there are no samples", got=f"x {data.x[0].shape}")
        return ArraySource(data, size or 32, generator, steps, repeats)
    if isinstance(x, str | bytes) or not (hasattr(x, "__getitem__") or hasattr(x, "__iter__")):
        raise layout.error(
            "these data cannot be read",
            expected="arrays, an object with __len__ and __getitem__, or an iterator of batches",
            got=type(x).__name__,
        )
    if y is not None or weights is not None:
        raise layout.error(
            "y and sample_weight come from the generator",
            expected="batches (x, y) or (x, y, sample_weight)",
            got=f"y or sample_weight beside a {type(x).__name__}",
        )
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        return IndexedSource(x, layout, class_weight, generator, steps, repeats)
    return IteratorSource(x, layout, class_weight, steps)


def whole_steps(where: str, name: str, value: Any) -> int | None:
    """A number of batches; the last one may have been counted in part, as in `len(x) / 32`.

    Raises:
        OptionError: if it is neither None nor a number above 0.

    >>> whole_steps("fit", "steps_per_epoch", 100 / 32)
    4
    """
    if isinstance(value, float | np.floating) and math.isfinite(value):
        value = math.ceil(value)
    steps: int | None = OrNone(COUNT).check(where, name, value)
    return steps


def _is_arrays(x: Any) -> bool:
    kinds = (np.ndarray, np.generic, list, tuple, Mapping, Tensor, Variable)
    return isinstance(x, kinds) or hasattr(x, "to_numpy") or hasattr(x, "__array__")


def split_validation(data: Batch, fraction: float, layout: Layout) -> tuple[Batch, Batch]:
    """The head and the tail of the samples, before any shuffling (Keras's rule).

    Raises:
        DataError: if either part would be empty.
    """
    count = int(data.size * (1.0 - fraction))
    if not 0.0 < fraction < 1.0 or count == 0 or count == data.size:
        raise layout.error(
            "validation_split leaves a part empty",
            expected="0 < validation_split < 1, and samples on both sides",
            got=f"{fraction} of {data.size} samples",
        )
    return data.rows(slice(None, count)), data.rows(slice(count, None))
