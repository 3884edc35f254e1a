"""The order and number of elements: shuffling, windows, interleaving, batches, prefetching."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from thalweg.core import shape_text

from ..errors import InvalidArgumentError
from .base import Element, Source, stacked
from .passes import Pass

__all__ = ["batches", "cached", "interleaved", "padded", "prefetched", "shuffled", "windows"]


def batches(run: Pass, source: Source, size: int, drops: bool) -> Iterator[Element]:
    """`size` elements at a time, stacked."""
    elements = source.elements(run)
    while group := list(islice(elements, size)):
        if len(group) == size or not drops:
            yield stacked(group)


def padded(
    run: Pass,
    source: Source,
    size: int,
    drops: bool,
    shapes: Sequence[Any],
    fillings: Sequence[Any],
) -> Iterator[Element]:
    """`size` elements at a time, padded to one shape and stacked."""
    elements = source.elements(run)
    while group := list(islice(elements, size)):
        if len(group) == size or not drops:
            parts = zip(*group, strict=True)
            yield tuple(
                _padded_part(arrays, shape, filling)
                for arrays, shape, filling in zip(parts, shapes, fillings, strict=True)
            )


def _padded_part(arrays: Sequence[Any], shape: Any, filling: Any) -> Any:
    longest = [max(sizes) for sizes in zip(*map(np.shape, arrays), strict=True)]
    wanted = longest if shape is None else [
        largest if size is None else size for size, largest in zip(shape, longest, strict=True)
    ]  # fmt: skip
    if any(size < largest for size, largest in zip(wanted, longest, strict=True)):
        raise InvalidArgumentError(
            None,
            None,
            f"an element of sizes up to {shape_text(tuple(longest))} does not fit padded_shapes "
            f"{shape_text(tuple(wanted))}",
        )
    result = np.full((len(arrays), *wanted), filling, np.asarray(arrays[0]).dtype)
    for row, array in zip(result, arrays, strict=True):
        row[tuple(map(slice, np.shape(array)))] = array
    return result


def shuffled(
    run: Pass, source: Source, size: int, generator: np.random.Generator
) -> Iterator[Element]:
    """Elements drawn from a buffer of `size`, which is filled up again after each."""
    buffer: list[Element] = []
    for element in source.elements(run):
        if len(buffer) < size:
            buffer.append(element)
            continue
        place = int(generator.integers(size))
        drawn, buffer[place] = buffer[place], element
        yield drawn
    for place in generator.permutation(len(buffer)):
        yield buffer[place]


def windows(
    run: Pass, source: Source, size: int, shift: int, stride: int, drops: bool
) -> Iterator[list[Element]]:
    """`size` elements, each `stride` after the one before; each window `shift` after the last."""
    reach = (size - 1) * stride + 1
    elements = source.elements(run)
    buffer: deque[Element] = deque()
    while True:
        buffer.extend(islice(elements, max(0, reach - len(buffer))))
        if not buffer or (drops and len(buffer) < reach):
            return
        yield list(islice(buffer, 0, reach, stride))
        beyond = shift - len(buffer)
        for _ in range(min(shift, len(buffer))):
            buffer.popleft()
        for _ in islice(elements, max(0, beyond)):
            pass  # lie between two windows


def interleaved(
    openers: Iterator[Callable[[], Iterator[Element]]], cycle: int, block: int
) -> Iterator[Element]:
    """`block` elements of one of `cycle` data sets after the other; the next takes an ended one's
    place."""
    slots: list[Iterator[Element] | None] = [None] * cycle
    is_open = True
    while True:
        for place in range(cycle):
            if slots[place] is None and is_open:
                opener = next(openers, None)
                is_open = opener is not None
                slots[place] = opener() if opener is not None else None
            current = slots[place]
            if current is not None:
                taken = 0
                for element in islice(current, block):
                    taken += 1
                    yield element
                if taken < block:
                    slots[place] = None
        if not is_open and not any(slot is not None for slot in slots):
            return


def cached(run: Pass, source: Source, key: Any) -> Iterator[Element]:
    """The elements; from memory, once a repetition has come to their end."""
    if key not in run.memory:
        kept = []
        for element in source.elements(run):
            kept.append(element)
            yield element
        run.memory[key] = kept
    else:
        yield from run.memory[key]


_END = object()


def prefetched(run: Pass, source: Source, size: int) -> Iterator[Element]:
    """The elements, made by a thread that is up to `size` of them ahead and ends with the pass."""
    waiting: queue.Queue[Any] = queue.Queue(size)
    stop = threading.Event()

    def put(item: Any) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                waiting.put(item, timeout=0.05)
                return

    def work() -> None:
        elements = source.elements(run)
        try:
            for element in elements:
                put((element, None))
                if stop.is_set():
                    return
            put((_END, None))
        except BaseException as error:  # it is raised where the element is asked for
            put((_END, error))
        finally:
            close = getattr(elements, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=work, name="thalweg-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            element, error = waiting.get()
            if error is not None:
                raise error
            if element is _END:
                return
            yield element
    finally:
        stop.set()
