"""From what users pass as data to batches: flat lists of arrays, in the model's own order.

A source yields `Batch`es. Arrays are sliced, and shuffled by a permutation that follows from the
seed, the model and the epoch; objects with `__len__` and `__getitem__` give a batch an index;
iterators are read as they come. Weights of classes become weights of samples here and nowhere
else.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from thalweg.core.errors import DataError, nearest

__all__ = ["ArraySource", "Batch", "Layout", "Source", "make_source", "split_validation"]

Array = np.ndarray[Any, Any]


class Batch(NamedTuple):
    """One batch: arrays in the order of the model's inputs and outputs."""

    x: list[Array]
    y: list[Array] | None
    weights: list[Array | None] | None

    @property
    def size(self) -> int:
        """Number of samples."""
        return len(self.x[0])


class Layout(NamedTuple):
    """Names of a model's inputs and outputs, in order; dicts of data go by them."""

    inputs: Sequence[str]
    outputs: Sequence[str]

    def batch(self, x: Any, y: Any = None, weights: Any = None, class_weight: Any = None) -> Batch:
        """Flat lists from whatever nesting the user has.

        Raises:
            DataError: if numbers of arrays or of samples do not agree.
        """
        inputs = _flat(x, self.inputs, "x")
        targets = None if y is None else _flat(y, self.outputs, "y")
        _check_lengths({"x": inputs, "y": targets or []})
        return Batch(inputs, targets, self.weights(targets, weights, class_weight))

    def weights(
        self, targets: list[Array] | None, weights: Any, class_weight: Any
    ) -> list[Array | None] | None:
        """One float32 weight array an output: sample weights times class weights."""
        if weights is None and class_weight is None:
            return None
        if targets is None:
            raise DataError("fit", "weights are given, but no targets y")
        per_output = _weight_list(weights, self.outputs)
        classes = _class_weight_list(class_weight, self.outputs)
        result: list[Array | None] = []
        for target, given, table in zip(targets, per_output, classes, strict=True):
            array = None if given is None else np.asarray(given, np.float32)
            if array is not None and len(array) != len(target):
                raise DataError(
                    "fit",
                    "sample_weight and y differ in length",
                    expected=f"{len(target)} weights",
                    got=str(len(array)),
                )
            if table is not None:
                by_class = _weights_of_classes(target, table)
                array = by_class if array is None else array * by_class
            result.append(array)
        return result


def _flat(value: Any, names: Sequence[str], what: str) -> list[Array]:
    if isinstance(value, Mapping):
        for key in value:
            if key not in names:
                raise DataError(
                    "fit",
                    f"{what} has an unknown name {key!r}",
                    expected=", ".join(names),
                    hint=nearest(key, names),
                )
        missing = [name for name in names if name not in value]
        if missing:
            raise DataError("fit", f"{what} lacks {', '.join(missing)}", expected=", ".join(names))
        return [_array(value[name], what) for name in names]
    if isinstance(value, tuple | list) and len(names) > 1:
        if len(value) != len(names):
            raise DataError(
                "fit",
                f"{what} has the wrong number of arrays",
                expected=f"{len(names)}: " + ", ".join(names),
                got=str(len(value)),
            )
        return [_array(item, what) for item in value]
    if isinstance(value, tuple | list) and len(value) == 1 and isinstance(value[0], np.ndarray):
        value = value[0]
    return [_array(value, what)]


def _array(value: Any, what: str) -> Array:
    values = getattr(value, "to_numpy", None)  # pandas objects
    try:
        array = np.asarray(values() if callable(values) else value)
    except ValueError as error:
        raise DataError("fit", f"{what} is not a rectangular array", got=str(error)) from None
    if array.dtype.kind not in "fiub":
        raise DataError(
            "fit",
            f"{what} is not an array of numbers",
            got=f"{type(value).__name__} of {array.dtype}",
        )
    if array.ndim == 0:
        raise DataError("fit", f"{what} has no axis of samples", got=repr(value))
    return array


def _check_lengths(groups: Mapping[str, Sequence[Array]]) -> None:
    lengths = {len(array) for arrays in groups.values() for array in arrays}
    if len(lengths) > 1:
        text = ", ".join(
            f"{name} {array.shape}" for name, arrays in groups.items() for array in arrays
        )
        raise DataError(
            "fit", "numbers of samples differ", expected="one length for all arrays", got=text
        )


def _weight_list(weights: Any, names: Sequence[str]) -> list[Any]:
    if isinstance(weights, Mapping):
        return [weights.get(name) for name in names]
    if isinstance(weights, list | tuple) and len(names) > 1 and len(weights) == len(names):
        return list(weights)
    return [weights] * len(names)


def _class_weight_list(class_weight: Any, names: Sequence[str]) -> list[Any]:
    """One table an output; `{"output": {0: 1.0}}` names them, `{0: 1.0}` is for the only one."""
    if class_weight is None:
        return [None] * len(names)
    if isinstance(class_weight, Mapping) and any(isinstance(key, str) for key in class_weight):
        for key in class_weight:
            if key not in names:
                raise DataError(
                    "fit",
                    f"class_weight names an unknown output {key!r}",
                    expected=", ".join(names),
                    hint=nearest(key, names),
                )
        return [class_weight.get(name) for name in names]
    if isinstance(class_weight, list | tuple) and len(class_weight) == len(names):
        return list(class_weight)
    if len(names) > 1:
        raise DataError(
            "fit",
            "class_weight does not say which output it is for",
            expected="{output: {class: weight}} with outputs " + ", ".join(names),
            got=repr(class_weight),
        )
    return [class_weight]


def _weights_of_classes(target: Array, table: Mapping[int, float]) -> Array:
    """The weight of each sample's class; classes that the table lacks weigh 1."""
    if target.ndim > 1 and target.shape[-1] > 1:
        classes = target.argmax(axis=-1)
    else:
        classes = target.reshape(len(target)).astype(np.int64)
    largest = max(int(classes.max(initial=0)), *map(int, table), 0)
    weights: Array = np.ones(largest + 1, np.float32)
    for number, weight in table.items():
        weights[int(number)] = weight
    result: Array = weights[classes]
    return result


class Source(Protocol):
    """Batches of one epoch after another.

    Attributes:
        steps: batches an epoch, None if not known yet.
    """

    steps: int | None

    def epoch(self) -> Iterator[Batch]:
        """The batches of the next epoch."""


class ArraySource:
    """Slices arrays into batches.

    Args:
        data: the whole data as one batch.
        batch_size: samples a batch; the last may be smaller.
        generator: draws a new order each epoch; None keeps the order.
        steps: an upper bound of batches an epoch.
    """

    def __init__(
        self,
        data: Batch,
        batch_size: int,
        generator: np.random.Generator | None = None,
        steps: int | None = None,
    ) -> None:
        self._data = data
        self._batch_size = batch_size
        self._generator = generator
        available = -(-data.size // batch_size)
        self.steps: int | None = available if steps is None else min(steps, available)

    def epoch(self) -> Iterator[Batch]:
        """The batches of one pass."""
        order = None if self._generator is None else self._generator.permutation(self._data.size)
        for step in range(self.steps or 0):
            piece = slice(step * self._batch_size, (step + 1) * self._batch_size)
            rows = piece if order is None else order[piece]
            x, y, weights = self._data
            yield Batch(
                [array[rows] for array in x],
                None if y is None else [array[rows] for array in y],
                None
                if weights is None
                else [None if array is None else array[rows] for array in weights],
            )


class IndexedSource:
    """Batches from an object with `__len__` and `__getitem__` (Keras's `Sequence`)."""

    def __init__(
        self,
        data: Any,
        layout: Layout,
        class_weight: Any,
        generator: np.random.Generator | None,
        steps: int | None,
    ) -> None:
        self._data = data
        self._layout = layout
        self._class_weight = class_weight
        self._generator = generator
        self.steps: int | None = len(data) if steps is None else min(steps, len(data))

    def epoch(self) -> Iterator[Batch]:
        """One pass; the object's `on_epoch_end` is called after it."""
        count = len(self._data)
        order = range(count) if self._generator is None else self._generator.permutation(count)
        for index in list(order)[: self.steps]:
            yield _from_item(self._data[int(index)], self._layout, self._class_weight)
        on_epoch_end = getattr(self._data, "on_epoch_end", None)
        if callable(on_epoch_end):
            on_epoch_end()


class IteratorSource:
    """Batches from an iterable; one that can start again does, when an epoch needs more."""

    def __init__(self, data: Any, layout: Layout, class_weight: Any, steps: int | None) -> None:
        self._data = data
        self._layout = layout
        self._class_weight = class_weight
        self._iterator: Iterator[Any] | None = None
        self.steps = steps
        self._limit = steps

    def epoch(self) -> Iterator[Batch]:
        """`steps` batches, or all there are; the first epoch learns how many."""
        if self._iterator is None or self._limit is None:
            self._iterator = iter(self._data)
        taken = 0
        while self._limit is None or taken < self._limit:
            try:
                item = next(self._iterator)
            except StopIteration:
                restarted = iter(self._data)
                if restarted is self._iterator or self._limit is None or not taken:
                    if self._limit is not None and taken < self._limit:
                        _warn_of_end(taken, self._limit)
                    break
                self._iterator = restarted
                continue
            taken += 1
            yield _from_item(item, self._layout, self._class_weight)
        if self._limit is None:
            self.steps = taken


def _warn_of_end(taken: int, wanted: int) -> None:
    warnings.warn(
        f"thalweg: the data ended after {taken} of {wanted} batches and cannot start again; "
        "pass a generator that does not end, an object with __len__ and __getitem__, or fewer "
        "steps.",
        UserWarning,
        stacklevel=3,
    )


def _from_item(item: Any, layout: Layout, class_weight: Any) -> Batch:
    """A batch from `(x, y)`, `(x, y, weights)`, or x alone."""
    if isinstance(item, tuple) and 1 <= len(item) <= 3:
        x, y, weights = (*item, None, None)[:3]
    else:
        x, y, weights = item, None, None
    return layout.batch(x, y, weights, None if y is None else class_weight)


def make_source(
    layout: Layout,
    x: Any,
    y: Any = None,
    weights: Any = None,
    class_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    generator: np.random.Generator | None = None,
) -> Source:
    """The source for what the user passed.

    Raises:
        DataError: if y or weights are given beside data that contain them, or sizes differ.
    """
    is_indexed = hasattr(x, "__getitem__") and hasattr(x, "__len__")
    is_arrays = isinstance(x, np.ndarray | list | tuple | Mapping) or hasattr(x, "to_numpy")
    if is_arrays:
        if isinstance(batch_size, bool) or (batch_size is not None and batch_size < 1):
            raise DataError(
                "fit", "not a batch size", expected="an integer >= 1", got=repr(batch_size)
            )
        data = layout.batch(x, y, weights, class_weight)
        if not data.size:
            raise DataError("fit", "there are no samples", got=f"x {data.x[0].shape}")
        return ArraySource(data, batch_size or 32, generator, steps)
    if y is not None or weights is not None:
        raise DataError(
            "fit",
            "y and sample_weight come from the generator",
            expected="batches (x, y) or (x, y, sample_weight)",
            got="y or sample_weight beside it",
        )
    if is_indexed:
        return IndexedSource(x, layout, class_weight, generator, steps)
    if hasattr(x, "__iter__"):
        return IteratorSource(x, layout, class_weight, steps)
    raise DataError(
        "fit",
        "these data cannot be read",
        expected="arrays, an object with __len__ and __getitem__, or an iterator of batches",
        got=type(x).__name__,
    )


def split_validation(data: Batch, fraction: float) -> tuple[Batch, Batch]:
    """The head and the tail of the samples, before any shuffling (Keras's rule).

    Raises:
        DataError: if either part would be empty.
    """
    count = int(data.size * (1.0 - fraction))
    if not 0.0 < fraction < 1.0 or count == 0 or count == data.size:
        raise DataError(
            "fit",
            "validation_split leaves a part empty",
            expected="0 < validation_split < 1, and samples on both sides",
            got=f"{fraction} of {data.size} samples",
        )

    def part(rows: slice) -> Batch:
        x, y, weights = data
        return Batch(
            [array[rows] for array in x],
            None if y is None else [array[rows] for array in y],
            None if weights is None else [None if w is None else w[rows] for w in weights],
        )

    return part(slice(None, count)), part(slice(count, None))
