"""How many elements, in which order: batches, windows, shuffling, repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from thalweg.core import OptionError, TensorType, as_array, as_shape, get_default_graph, int64

from . import orders, sources
from .base import Element, Source, joined_type
from .nesting import leaves_of, mapped, packed
from .parts import (
    Part,
    fresh_entropy,
    number,
    require_tensors,
    spread,
    types_and_shapes,
    with_first,
    without_first,
    zero_of,
)
from .passes import Pass

__all__ = ["Ordered"]


class Ordered(Source):
    """The methods of a data set that keep its elements, and change their number or order."""

    def _made(
        self,
        structure: Any,
        elements: Callable[[Pass], Iterator[Element]],
        inputs: Sequence[Source] = (),
        tensors: Sequence[Any] = (),
    ) -> Any:
        """A data set made of this one."""
        raise NotImplementedError(type(self).__name__)

    def batch(self, batch_size: Any, drop_remainder: bool = False) -> Any:
        """`batch_size` elements at a time, stacked; the last batch may be smaller."""
        size = number(batch_size, "batch_size", 1)
        first = size if drop_remainder and isinstance(size, int) else None
        require_tensors("batch", self.structure, "window(…).flat_map(…) opens them")
        return self._made(
            mapped(lambda part: with_first(part, first), self.structure),
            lambda run: orders.batches(run, self, int(run.value(size)), bool(drop_remainder)),
            [self],
            [size],
        )

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any,
        padding_values: Any = None,
        drop_remainder: bool = False,
    ) -> Any:
        """`batch_size` elements at a time, padded at the ends of their axes, and stacked.

        Args:
            batch_size: how many.
            padded_shapes: a shape for each part of an element; None or -1 for the longest in the
                batch.
            padding_values: a value for each part; zeros, empty strings and False if None.
            drop_remainder: leaves out a last batch that is smaller.

        Raises:
            InvalidArgumentError: in the run, if an element is larger than its shape.
        """
        size = number(batch_size, "batch_size", 1)
        types = list(leaves_of(self.structure))
        given = spread(self.structure, padded_shapes)
        shapes = [as_shape(shape) for shape in given]
        values: list[Any] = [None] * len(types)
        if padding_values is not None:
            values = spread(self.structure, padding_values)
        fillings = [
            as_array(zero_of(type_) if value is None else value, type_.dtype)[()]
            for value, type_ in zip(values, types, strict=True)
        ]
        first = size if drop_remainder and isinstance(size, int) else None
        padded_types = (
            with_first(TensorType(type_.dtype, shape), first)
            for type_, shape in zip(types, shapes, strict=True)
        )
        drops = bool(drop_remainder)
        return self._made(
            packed(self.structure, padded_types),
            lambda run: orders.padded(run, self, int(run.value(size)), drops, shapes, fillings),
            [self],
            [size],
        )

    def unbatch(self) -> Any:
        """The rows of every element, one after the other."""

        def elements(run: Pass) -> Iterator[Element]:
            for element in self.elements(run):
                yield from sources.slices(run, element)

        return self._made(mapped(without_first, self.structure), elements, [self])

    def window(
        self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False
    ) -> Any:
        """Data sets of `size` elements each.

        Args:
            size: how many elements.
            shift: how many elements after the beginning of one window the next begins; `size` if
                None.
            stride: how far apart the elements of a window lie.
            drop_remainder: leaves out windows that are smaller.
        """
        numbers = [
            number(value, name, 1)
            for name, value in (
                ("size", size), ("shift", size if shift is None else shift), ("stride", stride)
            )
        ]  # fmt: skip

        def part_of(rows: list[Element], place: int, structure: Any) -> Any:
            return self._made(structure, lambda _: iter([(row[place],) for row in rows]))

        def elements(run: Pass) -> Iterator[Element]:
            width, step, apart = (int(run.value(n)) for n in numbers)
            drops = bool(drop_remainder)
            for rows in orders.windows(run, self, width, step, apart, drops):
                parts = leaves_of(self.structure)
                yield tuple(part_of(rows, i, part) for i, part in enumerate(parts))

        return self._made(mapped(Part, self.structure), elements, [self], numbers)

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None
    ) -> Any:
        """Elements drawn at random from a buffer.

        Args:
            buffer_size: how many elements wait; as many as there are shuffle perfectly.
            seed: makes the order the same in every program; so does `tf.set_random_seed`.
            reshuffle_each_iteration: False gives every repetition the same order.
        """
        size, own = number(buffer_size, "buffer_size", 1), number(seed)
        graph = get_default_graph()
        graph_seed, place = graph.seed, len(graph.get_operations())
        is_fixed = reshuffle_each_iteration is False

        def elements(run: Pass) -> Iterator[Element]:
            given = run.value(own)
            if given is None and graph_seed is None:
                entropy = run.memory.setdefault((result, "entropy"), fresh_entropy())
            else:
                entropy = [graph_seed or 0, place if given is None else int(given)]
            repetition = run.memory.get((result, "repetitions"), 0)
            run.memory[result, "repetitions"] = repetition + 1
            words = [*entropy, 0 if is_fixed else repetition]
            generator = np.random.default_rng([word % (1 << 63) for word in words])
            return orders.shuffled(run, self, int(run.value(size)), generator)

        result = self._made(self.structure, elements, [self], [size, own])
        return result

    def repeat(self, count: Any = None) -> Any:
        """The elements again, `count` times in all; without end if it is None or -1."""
        times = number(-1 if count is None else count)

        def elements(run: Pass) -> Iterator[Element]:
            left = int(run.value(times))
            while left:
                left -= 1
                is_empty = True
                for element in self.elements(run):
                    is_empty = False
                    yield element
                if is_empty:
                    return  # it would be for ever

        return self._made(self.structure, elements, [self], [times])

    def take(self, count: Any) -> Any:
        """The first elements; all of them if `count` is -1."""
        amount = number(count)

        def elements(run: Pass) -> Iterator[Element]:
            limit = int(run.value(amount))
            return islice(self.elements(run), None if limit < 0 else limit)

        return self._made(self.structure, elements, [self], [amount])

    def skip(self, count: Any) -> Any:
        """All but the first elements; none of them if `count` is -1."""
        amount = number(count)

        def elements(run: Pass) -> Iterator[Element]:
            left_out = int(run.value(amount))
            return iter(()) if left_out < 0 else islice(self.elements(run), left_out, None)

        return self._made(self.structure, elements, [self], [amount])

    def shard(self, num_shards: Any, index: Any) -> Any:
        """Every `num_shards`-th element, beginning with number `index`."""
        shards, first = number(num_shards, "num_shards", 1), number(index, "index", 0)
        if isinstance(shards, int) and isinstance(first, int) and first >= shards:
            raise OptionError(
                "shard", "there is no such shard", expected=f"0 <= index < {shards}", got=str(first)
            )

        def elements(run: Pass) -> Iterator[Element]:
            return islice(self.elements(run), int(run.value(first)), None, int(run.value(shards)))

        return self._made(self.structure, elements, [self], [shards, first])

    def enumerate(self, start: Any = 0) -> Any:
        """Pairs of a number, counting from `start`, and an element."""
        first = number(start)

        def elements(run: Pass) -> Iterator[Element]:
            numbers = sources.counted(int(run.value(first)))
            return ((next(numbers), *element) for element in self.elements(run))

        return self._made((TensorType(int64, ()), self.structure), elements, [self], [first])

    def concatenate(self, dataset: Any) -> Any:
        """The elements of this data set, then those of another of the same dtypes."""
        types = types_and_shapes(self.structure)[0]
        others = types_and_shapes(dataset.structure)[0]
        if types != others:
            raise OptionError(
                "concatenate", "the dtypes differ", expected=repr(types), got=repr(others)
            )

        def elements(run: Pass) -> Iterator[Element]:
            yield from self.elements(run)
            yield from dataset.elements(run)

        pairs = zip(leaves_of(self.structure), leaves_of(dataset.structure), strict=True)
        joined = packed(self.structure, (joined_type(a, b) for a, b in pairs))
        return self._made(joined, elements, [self, dataset])

    def cache(self, filename: str = "") -> Any:
        """The elements, kept in memory from the first repetition on.

        Raises:
            OptionError: if a file is named: elements are kept in memory only.
        """
        if filename:
            raise OptionError(
                "cache", "elements are kept in memory only", expected="cache()", got=repr(filename)
            )
        result = self._made(self.structure, lambda run: orders.cached(run, self, result), [self])
        return result

    def prefetch(self, buffer_size: Any) -> Any:
        """The elements, made ahead by a thread; 2 of them where `buffer_size` is `AUTOTUNE`."""
        size = number(buffer_size, "buffer_size", -1)

        def elements(run: Pass) -> Iterator[Element]:
            ahead = int(run.value(size))
            if ahead == 0:
                return self.elements(run)
            return orders.prefetched(run, self, 2 if ahead < 0 else ahead)

        return self._made(self.structure, elements, [self], [size])
