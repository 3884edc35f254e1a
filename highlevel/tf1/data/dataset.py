"""`tf.data.Dataset`: elements made lazily, in Python, by functions compiled once.

Nothing runs before an iterator asks for an element. Functions of elements are traced once, where
the data set is made; they run between two steps of the graph that asked. Arguments such as
`batch_size` may be tensors: they, and what a function takes from outside, have the values of the
moment at which the iterator is initialized.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

import numpy as np

from thalweg.core import (
    OptionError,
    Tensor,
    TensorType,
    as_array,
    as_dtype,
    as_shape,
    convert,
    get_default_graph,
    int64,
)

from . import orders, sources
from .base import Element, Source, joined_type
from .iterators import Iterator as DatasetIterator
from .iterators import reduced, start
from .nesting import leaves_of, mapped, packed
from .options import Options
from .parts import (
    Part,
    as_value,
    declared,
    fresh_entropy,
    number,
    require_tensors,
    spread,
    type_of,
    types_and_shapes,
    with_first,
    without_first,
    zero_of,
)
from .passes import ElementFunction, Pass

__all__ = ["Dataset"]

_Elements = Callable[[Pass], Iterator[Element]]


class Dataset(Source):
    """Elements, each a tensor or nested tuples and dicts of them, one after the other.

    >>> import thalweg.tf1 as tf
    >>> data = tf.data.Dataset.range(5).map(lambda x: x * x).batch(2)
    >>> next_element = data.make_one_shot_iterator().get_next()
    >>> with tf.Session() as session:
    ...     print(session.run(next_element), session.run(next_element))
    [0 1] [4 9]
    """

    def __init__(
        self,
        structure: Any,
        elements: _Elements | None = None,
        inputs: Sequence[Source] = (),
        tensors: Sequence[Any] = (),
        options: Options | None = None,
    ) -> None:
        super().__init__(structure, inputs, tensors)
        self._elements = elements
        self._options = options or next(
            (i._options for i in inputs if isinstance(i, Dataset)), Options()
        )

    def elements(self, run: Pass) -> Iterator[Element]:
        """The elements of one pass, as tuples of their parts."""
        if self._elements is None:  # it stands for a part of an element
            return cast(Dataset, run.values[self]).elements(run)
        return self._elements(run)

    def as_part(self) -> Part:
        """What a structure says of it."""
        return Part(self.structure)

    def bound(self, run: Pass) -> Dataset:
        """It, with the values of a pass: a part of an element of that pass."""
        return Dataset(self.structure, lambda _: self.elements(run))

    # Properties ---------------------------------------------------------------------------------

    @property
    def output_types(self) -> Any:
        """The dtypes of an element."""
        return types_and_shapes(self.structure)[0]

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element."""
        return types_and_shapes(self.structure)[1]

    @property
    def output_classes(self) -> Any:
        """The classes of an element's parts: `Tensor`, or `Dataset`."""
        return mapped(lambda p: Dataset if isinstance(p, Part) else Tensor, self.structure)

    def options(self) -> Options:
        """The options that were set."""
        return self._options

    def with_options(self, options: Options) -> Dataset:
        """The same elements; options speak of speed alone, and change nothing here."""
        return Dataset(self.structure, self.elements, [self], options=options)

    # Sources ------------------------------------------------------------------------------------

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element."""
        nest = mapped(as_value, tensors)
        parts = list(leaves_of(nest))
        return Dataset(
            mapped(type_of, nest),
            lambda run: iter([tuple(run.value(part) for part in parts)]),
            tensors=parts,
        )

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """An element a row of arrays, or of tensors; all have the same number of rows.

        Raises:
            OptionError: if one is a scalar.
        """
        nest = mapped(as_value, tensors)
        parts = list(leaves_of(nest))
        for part in parts:
            if type_of(part).shape == ():
                raise OptionError("from_tensor_slices", "a scalar has no rows", got=repr(part))
        return Dataset(
            mapped(lambda part: without_first(type_of(part)), nest),
            lambda run: sources.slices(run, parts),
            tensors=parts,
        )

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any,
        output_shapes: Any = None,
        args: Any = None,
    ) -> Dataset:
        """What a Python generator gives.

        Args:
            generator: a function that returns something that can be iterated over; called anew
                for every repetition.
            output_types: the dtypes of an element, nested as its parts are.
            output_shapes: their shapes, nested alike; unknown if None.
            args: a tuple of tensors, whose arrays the function takes.
        """
        structure = declared(output_types, output_shapes)
        arguments = [as_value(argument) for argument in args or ()]
        types = list(leaves_of(structure))
        is_nest = isinstance(structure, tuple | dict)

        def split(item: Any) -> list[Any]:
            if isinstance(structure, tuple) and isinstance(item, list):
                item = tuple(item)
            return list(leaves_of(item)) if is_nest else [item]

        return Dataset(
            structure,
            lambda run: sources.generated(run, generator, types, split, arguments),
            tensors=arguments,
        )

    @staticmethod
    def range(*args: Any) -> Dataset:
        """Integers: `range(stop)`, `range(start, stop)` or `range(start, stop, step)`."""
        bounds = [number(bound) for bound in args]

        def elements(run: Pass) -> Iterator[Element]:
            numbers = builtins.range(*(int(run.value(bound)) for bound in bounds))
            return ((np.asarray(i, np.int64),) for i in numbers)

        return Dataset(TensorType(int64, ()), elements, tensors=bounds)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: Any = None) -> Dataset:
        """The files that fit a pattern, or one of several; shuffled unless `shuffle` is False.

        The folders are searched anew for every pass.
        """
        patterns = as_value(file_pattern)
        files = Dataset(
            TensorType(as_dtype("string"), ()),
            lambda run: iter(
                [(as_array(path),) for path in sources.matching_files(run.value(patterns))]
            ),
            tensors=[patterns],
        )
        return files if shuffle is False else files.shuffle(1 << 20, seed)

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements of several data sets side by side, until one ends."""
        inputs = list(leaves_of(datasets))
        structure = packed(datasets, (source.structure for source in inputs))

        def elements(run: Pass) -> Iterator[Element]:
            for group in builtins.zip(*(source.elements(run) for source in inputs), strict=False):
                yield tuple(part for element in group for part in element)

        return Dataset(structure, elements, inputs)

    # Functions of elements ----------------------------------------------------------------------

    def _function(self, function: Callable[..., Any], structure: Any = None) -> ElementFunction:
        given = self.structure if structure is None else structure
        return ElementFunction(function, given, lambda part: Dataset(part.structure))

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Dataset:
        """A function of every element, in order; `num_parallel_calls` is ignored."""
        function = self._function(map_func)

        def elements(run: Pass) -> Iterator[Element]:
            return (function(run, element) for element in self.elements(run))

        return Dataset(function.structure, elements, [self], function.captured)

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function is true."""
        function = self._function(predicate)
        found = function.structure
        if (
            not isinstance(found, TensorType)
            or not found.dtype.is_bool
            or found.shape
            not in (
                None,
                (),
            )
        ):
            raise OptionError(
                "filter", "the predicate is not one boolean", expected="bool ()", got=str(found)
            )

        def elements(run: Pass) -> Iterator[Element]:
            return (e for e in self.elements(run) if bool(function(run, e)[0]))

        return Dataset(self.structure, elements, [self], function.captured)

    def _opening(self, where: str, map_func: Callable[..., Any]) -> tuple[ElementFunction, Dataset]:
        function = self._function(map_func)
        if not isinstance(function.result, Dataset):
            raise OptionError(
                where,
                "the function does not return a data set",
                expected="a tf.data.Dataset",
                got=type(function.result).__name__,
                hint="map(…) is for functions that return tensors",
            )
        return function, function.result

    def flat_map(self, map_func: Callable[..., Any]) -> Dataset:
        """The elements of a data set that a function makes of each element."""
        function, opened = self._opening("flat_map", map_func)

        def elements(run: Pass) -> Iterator[Element]:
            for element in self.elements(run):
                yield from opened.elements(function.inside(run, element))

        return Dataset(opened.structure, elements, [self], function.captured)

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = -1,
        block_length: Any = 1,
        num_parallel_calls: Any = None,
    ) -> Dataset:
        """Elements of several data sets in turn.

        Args:
            map_func: makes a data set of an element.
            cycle_length: how many are open at once; 2 where it is `AUTOTUNE`, whatever machine
                runs it, so that the order of elements never depends on it.
            block_length: how many elements of one follow each other.
            num_parallel_calls: ignored.
        """
        function, opened = self._opening("interleave", map_func)
        cycle, block = number(cycle_length), number(block_length)

        def elements(run: Pass) -> Iterator[Element]:
            openers = (
                (lambda e=e: opened.elements(function.inside(run, e))) for e in self.elements(run)
            )
            at_once = int(run.value(cycle))
            return orders.interleaved(
                openers, 2 if at_once == -1 else at_once, int(run.value(block))
            )

        tensors = [*function.captured, cycle, block]
        return Dataset(opened.structure, elements, [self], tensors)

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any]) -> Any:
        """The last state: each is a function of the one before and an element.

        Returns:
            Tensors, nested as the state is.

        >>> import thalweg.tf1 as tf
        >>> total = tf.data.Dataset.range(5).reduce(tf.constant(0, tf.int64), lambda s, x: s + x)
        >>> int(tf.Session().run(total))
        10
        """
        state = mapped(convert, initial_state)
        types = mapped(lambda tensor: TensorType(tensor.dtype, tensor.shape), state)
        function = self._function(reduce_func, (types, self.structure))
        return reduced(self, function, state)

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """What a function makes of the data set."""
        return transformation_func(self)

    # Numbers and order of elements --------------------------------------------------------------

    def batch(self, batch_size: Any, drop_remainder: bool = False) -> Dataset:
        """`batch_size` elements at a time, stacked; the last batch may be smaller."""
        size = number(batch_size, "batch_size", 1)
        first = size if drop_remainder and isinstance(size, int) else None
        require_tensors("batch", self.structure, "window(…).flat_map(…) opens them")
        return Dataset(
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
    ) -> Dataset:
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
        return Dataset(
            packed(self.structure, padded_types),
            lambda run: orders.padded(run, self, int(run.value(size)), drops, shapes, fillings),
            [self],
            [size],
        )

    def unbatch(self) -> Dataset:
        """The rows of every element, one after the other."""

        def elements(run: Pass) -> Iterator[Element]:
            for element in self.elements(run):
                yield from sources.slices(run, element)

        return Dataset(mapped(without_first, self.structure), elements, [self])

    def window(
        self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False
    ) -> Dataset:
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

        def part_of(rows: list[Element], place: int, structure: Any) -> Dataset:
            return Dataset(structure, lambda _: iter([(row[place],) for row in rows]))

        def elements(run: Pass) -> Iterator[Element]:
            width, step, apart = (int(run.value(n)) for n in numbers)
            drops = bool(drop_remainder)
            for rows in orders.windows(run, self, width, step, apart, drops):
                parts = leaves_of(self.structure)
                yield tuple(part_of(rows, i, part) for i, part in enumerate(parts))

        return Dataset(mapped(Part, self.structure), elements, [self], numbers)

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None
    ) -> Dataset:
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

        result = Dataset(self.structure, elements, [self], [size, own])
        return result

    def repeat(self, count: Any = None) -> Dataset:
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

        return Dataset(self.structure, elements, [self], [times])

    def take(self, count: Any) -> Dataset:
        """The first elements; all of them if `count` is -1."""
        amount = number(count)

        def elements(run: Pass) -> Iterator[Element]:
            limit = int(run.value(amount))
            return islice(self.elements(run), None if limit < 0 else limit)

        return Dataset(self.structure, elements, [self], [amount])

    def skip(self, count: Any) -> Dataset:
        """All but the first elements; none of them if `count` is -1."""
        amount = number(count)

        def elements(run: Pass) -> Iterator[Element]:
            left_out = int(run.value(amount))
            return iter(()) if left_out < 0 else islice(self.elements(run), left_out, None)

        return Dataset(self.structure, elements, [self], [amount])

    def shard(self, num_shards: Any, index: Any) -> Dataset:
        """Every `num_shards`-th element, beginning with number `index`."""
        shards, first = number(num_shards, "num_shards", 1), number(index, "index", 0)
        if isinstance(shards, int) and isinstance(first, int) and first >= shards:
            raise OptionError(
                "shard", "there is no such shard", expected=f"0 <= index < {shards}", got=str(first)
            )

        def elements(run: Pass) -> Iterator[Element]:
            return islice(self.elements(run), int(run.value(first)), None, int(run.value(shards)))

        return Dataset(self.structure, elements, [self], [shards, first])

    def enumerate(self, start: Any = 0) -> Dataset:
        """Pairs of a number, counting from `start`, and an element."""
        first = number(start)

        def elements(run: Pass) -> Iterator[Element]:
            numbers = sources.counted(int(run.value(first)))
            return ((next(numbers), *element) for element in self.elements(run))

        return Dataset((TensorType(int64, ()), self.structure), elements, [self], [first])

    def concatenate(self, dataset: Dataset) -> Dataset:
        """The elements of this data set, then those of another of the same dtypes."""
        types, others = self.output_types, dataset.output_types
        if types != others:
            raise OptionError(
                "concatenate", "the dtypes differ", expected=repr(types), got=repr(others)
            )

        def elements(run: Pass) -> Iterator[Element]:
            yield from self.elements(run)
            yield from dataset.elements(run)

        pairs = zip(leaves_of(self.structure), leaves_of(dataset.structure), strict=True)
        joined = packed(self.structure, (joined_type(a, b) for a, b in pairs))
        return Dataset(joined, elements, [self, dataset])

    def cache(self, filename: str = "") -> Dataset:
        """The elements, kept in memory from the first repetition on.

        Raises:
            OptionError: if a file is named: elements are kept in memory only.
        """
        if filename:
            raise OptionError(
                "cache", "elements are kept in memory only", expected="cache()", got=repr(filename)
            )
        result = Dataset(self.structure, lambda run: orders.cached(run, self, result), [self])
        return result

    def prefetch(self, buffer_size: Any) -> Dataset:
        """The elements, made ahead by a thread; 2 of them where `buffer_size` is `AUTOTUNE`."""
        size = number(buffer_size, "buffer_size", -1)

        def elements(run: Pass) -> Iterator[Element]:
            ahead = int(run.value(size))
            if ahead == 0:
                return self.elements(run)
            return orders.prefetched(run, self, 2 if ahead < 0 else ahead)

        return Dataset(self.structure, elements, [self], [size])

    # Iterators ----------------------------------------------------------------------------------

    def make_one_shot_iterator(self) -> DatasetIterator:
        """An iterator that starts by itself, and ends with the last element."""
        return start(self, is_one_shot=True)

    def make_initializable_iterator(self, shared_name: str | None = None) -> DatasetIterator:
        """An iterator that starts, and starts again, where its `initializer` is run."""
        return start(self, is_one_shot=False)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as NumPy values, without a session.

        >>> import thalweg.tf1 as tf
        >>> list(tf.data.Dataset.range(3).as_numpy_iterator())
        [0, 1, 2]
        """
        require_tensors("as_numpy_iterator", self.structure, "flat_map(…) opens them")
        tensors = self.tensors()
        run = Pass({})
        if tensors:
            found = run.session.run(tensors)
            run.values.update(zip(tensors, found, strict=True))
        for element in self.elements(run):
            yield packed(self.structure, (np.asarray(part)[()] for part in element))
