"""`DataLayer`: a layer on raw data, which may be a Python list, and how it learns from data."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.core import Tensor, Variable, as_array, as_dtype, user_site
from thalweg.core.errors import DataError, OptionError

from ..base import Layer

__all__ = ["OUTPUT_MODES", "DataLayer", "batches_of"]

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count")


class DataLayer(Layer):
    """A layer on data as they come: arrays, tensors, or lists of numbers or words.

    Args:
        kwargs: `Layer`'s arguments.
    """

    several_inputs = False  # whether a list is a list of inputs, not data
    takes_dicts = False  # whether a dict is one of inputs
    _is_passing = False  # whether the call in hand leaves no graph behind that is used again
    _is_kept = False  # whether a model was built on what the layer knew

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's output: tensors for tensors, computed values for data.

        Args:
            inputs: a tensor, an array, or a list of numbers or words.
            args: further positional arguments of `call`.
            kwargs: further arguments of `call`.

        Raises:
            ShapeError, DtypeError: if the input does not fit.
        """
        if self.several_inputs and isinstance(inputs, list | tuple):
            return super().__call__([self._data(part) for part in inputs], *args, **kwargs)
        return super().__call__(self._data(inputs), *args, **kwargs)

    def _data(self, inputs: Any) -> Any:
        """Data as an array that keeps words and 64-bit integers; tensors as they are."""
        if self.takes_dicts and isinstance(inputs, dict):
            return {name: self._data(value) for name, value in inputs.items()}
        if isinstance(inputs, Tensor | Variable):
            return inputs
        array = as_array(inputs)
        if not array.size:  # a list of nothing says not of what
            return array.astype(as_dtype(self.taken_dtype).numpy)
        is_plain = isinstance(inputs, int | list | tuple)
        return array.astype(np.int64) if is_plain and array.dtype == np.int32 else array

    def require_dense(self, **flags: bool) -> None:
        """Raises an error if a kind of tensor is asked for that does not exist here."""
        for name, is_asked in flags.items():
            if is_asked:
                raise OptionError(
                    type(self).__name__,
                    f"there are no {name} tensors",
                    expected=f"{name}=False",
                    got=f"{name}={is_asked!r}",
                    site=user_site(),
                )

    def _call_on_arrays(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        with self._passing():
            return super()._call_on_arrays(inputs, args, kwargs)

    def _call_on_tensors(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        self._is_kept = self._is_kept or not self._is_passing
        return super()._call_on_tensors(inputs, args, kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input of this shape, or a list of them; None is unknown."""
        with self._passing():
            return super().compute_output_shape(input_shape)

    @contextmanager
    def _passing(self) -> Iterator[None]:
        """A block whose calls do not count as uses in a model."""
        before, self._is_passing = self._is_passing, True
        try:
            yield
        finally:
            self._is_passing = before

    def changed(self) -> None:
        """Forgets what was compiled for what the layer knew before."""
        self._eager_calls.clear()


def batches_of(layer: DataLayer, data: Any, steps: int | None = None) -> Iterator[Any]:
    """The arrays that a layer learns from.

    Args:
        layer: named in errors.
        data: an array or a list of numbers or words, which is one batch; or anything that gives
            batches one after another: a generator, a data set, a list of arrays, an object with
            `__len__` and `__getitem__`. Of a batch `(x, y)` only x is taken.
        steps: how many batches to take; None for all.

    Raises:
        DataError: these are no data, or there are none.
    """
    if isinstance(data, np.ndarray) or (isinstance(data, list | tuple) and not _holds_arrays(data)):
        given: Iterator[Any] = iter([data])
    elif isinstance(data, Iterable):
        given = iter(data)
    elif hasattr(data, "__len__") and hasattr(data, "__getitem__"):
        given = (data[index] for index in range(len(data)))
    else:
        raise _no_data(layer, "an array, a list, or batches one after another", type(data).__name__)
    count = 0
    for batch in itertools.islice(given, steps):
        part = batch[0] if isinstance(batch, tuple) and batch else batch
        yield as_array(part)
        count += 1
    if not count:
        raise _no_data(layer, "at least one batch", "none")


def _holds_arrays(data: Any) -> bool:
    return bool(data) and all(isinstance(part, np.ndarray) and part.ndim for part in data)


def _no_data(layer: DataLayer, expected: str, got: str) -> DataError:
    return DataError(
        f"{type(layer).__name__}.adapt",
        "nothing to learn from",
        expected=expected,
        got=got,
        site=user_site(),
    )
