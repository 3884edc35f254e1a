"""From what users pass as data to a `Batch`: flat lists of arrays, in the model's own order.

Weights of classes become weights of samples here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from thalweg.core import Tensor, Variable, as_array
from thalweg.core.errors import DataError, nearest

__all__ = ["Array", "Batch", "Layout"]

Array = np.ndarray[Any, Any]


class Batch(NamedTuple):
    """One batch: arrays in the order of the model's inputs and outputs.

    Attributes:
        keys: how x was nested: (None,) for one array, the keys of a dict, 0, 1, … of a list.
    """

    x: list[Array]
    y: list[Array] | None = None
    weights: list[Array | None] | None = None
    keys: tuple[Any, ...] = (None,)

    @property
    def size(self) -> int:
        """Number of samples."""
        return len(self.x[0])

    def arrays(self) -> list[Array]:
        """All of its arrays."""
        weights = [array for array in self.weights or () if array is not None]
        return [*self.x, *(self.y or ()), *weights]

    def part(self, number: int, count: int) -> Batch:
        """One of `count` equal parts."""
        size = self.size // count
        return self.rows(slice(number * size, (number + 1) * size))

    def rows(self, chosen: Any) -> Batch:
        """Some of the samples: a slice, or their numbers."""
        return Batch(
            [array[chosen] for array in self.x],
            None if self.y is None else [array[chosen] for array in self.y],
            None
            if self.weights is None
            else [None if array is None else array[chosen] for array in self.weights],
            self.keys,
        )

    def nested(self, values: Sequence[Any]) -> Any:
        """Values, one an array of x, nested as x was."""
        if self.keys == (None,):
            return values[0]
        is_list = self.keys == tuple(range(len(values)))
        return list(values) if is_list else dict(zip(self.keys, values, strict=True))


class Receiver(Protocol):
    """What a model tells a layout."""

    @property
    def data_names(self) -> Sequence[str] | None:
        """Names of its inputs in order; None if it takes whatever nesting comes."""

    @property
    def output_names(self) -> Sequence[str]:
        """Names of its outputs in order; known once it is built."""

    def ensure_built(self, batch: Batch) -> None:
        """Builds a model whose input was not declared, from its first data."""

    def fitted(self, batch: Batch, where: str) -> Batch:
        """The batch, checked and brought to the ranks of the model's inputs."""


class Layout:
    """How a model takes its data.

    Args:
        model: whose data.
        where: the method that was called, for errors.
    """

    def __init__(self, model: Receiver, where: str) -> None:
        self._model = model
        self.where = where

    @property
    def _outputs(self) -> Sequence[str]:
        return self._model.output_names

    def batch(self, x: Any, y: Any = None, weights: Any = None, class_weight: Any = None) -> Batch:
        """Flat lists from whatever nesting the user has.

        Raises:
            DataError: if numbers of arrays or of samples do not agree.
        """
        names = self._model.data_names
        keys: tuple[Any, ...] = (None,)
        if names is not None:
            inputs = self._flat(x, names, "x")
        elif isinstance(x, Mapping):
            keys, inputs = tuple(x), [self._array(value, "x") for value in x.values()]
        elif _is_several(x):
            keys, inputs = tuple(range(len(x))), [self._array(value, "x") for value in x]
        else:
            inputs = [self._array(x, "x")]
        self._model.ensure_built(Batch(inputs, keys=keys))
        targets = None if y is None else self._flat(y, self._outputs, "y")
        self._check_lengths({"x": inputs, "y": targets or []})
        sample_weights = self._weights(targets, weights, class_weight)
        return self._model.fitted(Batch(inputs, targets, sample_weights, keys), self.where)

    def item(self, item: Any, class_weight: Any = None) -> Batch:
        """A batch from what a generator gives: `(x, y)`, `(x, y, weights)`, or x alone.

        Raises:
            DataError: if it is a longer tuple, or its arrays do not agree.
        """
        if not isinstance(item, tuple) or not item:
            return self.batch(item)
        if len(item) > 3:
            raise self.error(
                "a batch has too many parts",
                expected="(x, y) or (x, y, sample_weight)",
                got=f"a tuple of {len(item)}",
                hint="several inputs belong together: ([a, b], y)",
            )
        x, y, weights = (*item, None, None)[:3]
        return self.batch(x, y, weights, None if y is None else class_weight)

    def error(self, problem: str, **fields: Any) -> DataError:
        """An error that names the method."""
        return DataError(self.where, problem, **fields)

    def _check_keys(self, given: Mapping[Any, Any], names: Sequence[str], what: str) -> None:
        for key in given:
            if key not in names:
                raise self.error(
                    f"{what} names an unknown {'input' if what == 'x' else 'output'} {key!r}",
                    expected=", ".join(names),
                    hint=nearest(key, names),
                )

    def _flat(self, value: Any, names: Sequence[str], what: str) -> list[Array]:
        if isinstance(value, Mapping):
            self._check_keys(value, names, what)
            missing = [name for name in names if name not in value]
            if missing:
                raise self.error(f"{what} lacks {', '.join(missing)}", expected=", ".join(names))
            return [self._array(value[name], what) for name in names]
        if _is_several(value) or (isinstance(value, tuple | list) and len(names) > 1):
            parts = list(value)
        else:
            parts = [value]
        if len(parts) != len(names):
            raise self.error(
                f"{what} has the wrong number of arrays",
                expected=f"{len(names)}: " + ", ".join(names),
                got=str(len(parts)),
                hint=f"numpy.stack({what}) makes one array of equal ones"
                if len(names) == 1
                else None,
            )
        return [self._array(part, what) for part in parts]

    def _array(self, value: Any, what: str) -> Array:
        if isinstance(value, Tensor | Variable):
            raise self.error(
                f"{what} is a symbolic tensor",
                expected="arrays of numbers",
                got=repr(value),
                hint="a tensor has no data: pass arrays, or call the model on it, model(tensor)",
            )
        values = getattr(value, "to_numpy", None)  # pandas objects
        try:
            array = np.asarray(values() if callable(values) else value)
        except ValueError as error:
            raise self.error(f"{what} is not a rectangular array", got=str(error)) from None
        if what == "x" and _holds_words(array):
            array = as_array(array)  # for the layers that begin with words
        elif array.dtype.kind not in "fiub":
            raise self.error(
                f"{what} is not an array of numbers",
                got=f"{type(value).__name__} of {array.dtype}",
            )
        if array.ndim == 0:
            raise self.error(f"{what} has no axis of samples", got=repr(value))
        return array

    def _check_lengths(self, groups: Mapping[str, Sequence[Array]]) -> None:
        lengths = {len(array) for arrays in groups.values() for array in arrays}
        if len(lengths) > 1:
            text = ", ".join(
                f"{name} {array.shape}" for name, arrays in groups.items() for array in arrays
            )
            raise self.error(
                "numbers of samples differ", expected="one length for all arrays", got=text
            )

    def _weights(
        self, targets: list[Array] | None, weights: Any, class_weight: Any
    ) -> list[Array | None] | None:
        """One float32 weight array an output: sample weights times class weights."""
        if weights is None and class_weight is None:
            return None
        if targets is None:
            raise self.error("weights are given, but no targets y")
        per_output = self._weight_list(weights)
        tables = self._class_weight_list(class_weight)
        result: list[Array | None] = []
        for target, given, table in zip(targets, per_output, tables, strict=True):
            array = None if given is None else self._array(given, "sample_weight")
            if array is not None and len(array) != len(target):
                raise self.error(
                    "sample_weight and y differ in length",
                    expected=f"{len(target)} weights",
                    got=str(len(array)),
                )
            if table is not None:
                by_class = self._weights_of_classes(target, table)
                array = by_class if array is None else _product(array, by_class)
            result.append(None if array is None else array.astype(np.float32, copy=False))
        return result

    def _weight_list(self, weights: Any) -> list[Any]:
        if isinstance(weights, Mapping):
            self._check_keys(weights, self._outputs, "sample_weight")
            return [weights.get(name) for name in self._outputs]
        count = len(self._outputs)
        if isinstance(weights, list | tuple) and count > 1 and len(weights) == count:
            return list(weights)
        return [weights] * count

    def _class_weight_list(self, class_weight: Any) -> list[Any]:
        """One table an output: `{"output": {0: 1.0}}`, or `{0: 1.0}` for the only one."""
        names = self._outputs
        if isinstance(class_weight, Mapping) and any(isinstance(k, str) for k in class_weight):
            self._check_keys(class_weight, names, "class_weight")
            return [class_weight.get(name) for name in names]
        if isinstance(class_weight, list | tuple) and len(class_weight) == len(names):
            return list(class_weight)
        if len(names) > 1 and class_weight is not None:
            raise self.error(
                "class_weight does not say which output it is for",
                expected="{output: {class: weight}} with outputs " + ", ".join(names),
                got=repr(class_weight),
            )
        return [class_weight] * len(names)

    def _weights_of_classes(self, target: Array, table: Any) -> Array:
        """The weight of each sample's class; classes that the table lacks weigh 1."""
        if not isinstance(table, Mapping):
            raise self.error(
                "class_weight is no table of weights",
                expected="{class: weight}, such as {0: 1.0, 1: 5.0}",
                got=repr(table),
            )
        if target.ndim > 1:
            target = target[..., 0] if target.shape[-1] == 1 else target.argmax(axis=-1)
        found, positions = np.unique(target, return_inverse=True)
        weights: Array = np.array([table.get(number.item(), 1.0) for number in found], np.float32)
        result: Array = weights[positions.reshape(target.shape)]
        return result


def _holds_words(array: Array) -> bool:
    """Whether it is an array of texts or bytes; of objects the first one tells."""
    if array.dtype.kind == "O":
        return array.size > 0 and isinstance(array.reshape(-1)[0], str | bytes)
    return array.dtype.kind in "US"


def _is_several(value: Any) -> bool:
    """True for a list of arrays that are no rows: of several inputs, or of a single one."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(item, np.ndarray) and (item.ndim > 1 or len(value) == 1)
                for item in value)
    )  # fmt: skip


def _product(a: Array, b: Array) -> Array:
    """Weights of samples times weights of classes, which may have more axes."""
    wide = a if a.ndim >= b.ndim else a.reshape(a.shape + (1,) * (b.ndim - a.ndim))
    return wide * (b if b.ndim >= a.ndim else b.reshape(b.shape + (1,) * (a.ndim - b.ndim)))
