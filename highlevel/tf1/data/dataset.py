"""`tf.data.Dataset`: elements made lazily, in Python, by functions compiled once.

Nothing runs before an iterator asks for an element. Functions of elements are traced once, where
the data set is made; they run between two steps of the graph that asked. Arguments such as
`batch_size` may be tensors: they, and what a function takes from outside, have the values of the
moment at which the iterator is initialized.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from thalweg.core import (
    OptionError,
    Tensor,
    TensorType,
    as_array,
    as_dtype,
    convert,
    int64,
)

from . import orders, sources
from .base import Element, Source
from .iterators import Iterator as DatasetIterator
from .iterators import reduced, start
from .nesting import leaves_of, mapped, packed
from .options import Options
from .ordered import Ordered
from .parts import (
    Part,
    as_value,
    declared,
    number,
    require_tensors,
    type_of,
    types_and_shapes,
    without_first,
)
from .passes import ElementFunction, Pass

__all__ = ["Dataset"]

_Elements = Callable[[Pass], Iterator[Element]]


class Dataset(Ordered):
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
        self._options: Options = options or next(
            (i._options for i in inputs if isinstance(i, Dataset)), Options()
        )

    def elements(self, run: Pass) -> Iterator[Element]:
        """The elements of one pass, as tuples of their parts."""
        if self._elements is None:  # it stands for a part of an element
            return cast(Dataset, run.values[self]).elements(run)
        return self._elements(run)

    def _made(
        self,
        structure: Any,
        elements: _Elements,
        inputs: Sequence[Source] = (),
        tensors: Sequence[Any] = (),
    ) -> Dataset:
        return Dataset(structure, elements, inputs, tensors)

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
            numbers = range(*(int(run.value(bound)) for bound in bounds))
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
            for group in zip(*(source.elements(run) for source in inputs), strict=False):
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
        >>> [int(x) for x in tf.data.Dataset.range(3).as_numpy_iterator()]
        [0, 1, 2]
        """
        require_tensors("as_numpy_iterator", self.structure, "flat_map(…) opens them")
        tensors = self.tensors()
        run = Pass({})
        if tensors:
            found = run.session.run(tensors)
            run.values.update(zip(tensors, map(as_array, found), strict=True))
        for element in self.elements(run):
            yield packed(self.structure, (np.asarray(part)[()] for part in element))
