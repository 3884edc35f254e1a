"""Sums and means of values over all samples seen: `Sum`, `Mean`, `MeanMetricWrapper`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import core
from thalweg.core import DType, Tensor, cast, convert, reduce_mean, reduce_sum

from ..losses.base import (
    divide_no_nan,
    function_name,
    masked_weights,
    require_weights_fit,
    same_rank,
)
from .base import Metric

__all__ = ["Mean", "MeanMetricWrapper", "Sum"]

Reduction = Callable[..., Tensor]


def _per_sample(
    values: Any, sample_weight: Any, dtype: DType, reduce: Reduction
) -> tuple[Tensor, Tensor | None]:
    """Weighted values and weights, one of each a sample: the other axes are reduced.

    So every sample counts alike, also where batches differ in length (Keras's rule).
    """
    values = cast(convert(values), dtype)
    if values.shape is None:
        values = core.reshape(values, [-1])
    if sample_weight is None:
        return _reduce_from(1, values, reduce), None
    weights = cast(convert(sample_weight), dtype)
    if values.shape == ():
        values = values * core.ones_like(weights)
    values, weights = same_rank(values, weights)
    if weights.shape is not None:
        require_weights_fit(values, weights)
        values = _reduce_from(len(weights.shape), values, reduce)
    weights = core.broadcast_to(weights, core.shape_of(values))
    return _reduce_from(1, values * weights, reduce), _reduce_from(1, weights, reduce)


def _reduce_from(first: int, x: Tensor, reduce: Reduction) -> Tensor:
    axes = list(range(first, len(x.type.dims())))
    return reduce(x, axis=axes) if axes else x


class Sum(Metric):
    """The sum of all values, each times its weight.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> metric = Sum()
    >>> metric.update_state([1.0, 2.0], sample_weight=[1.0, 0.5])
    >>> float(metric.result())
    2.0
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_variable("total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values.

        Args:
            values: (batch, ...) or a scalar.
            sample_weight: (batch,) or (batch, ...), or None.

        Raises:
            ShapeError: if the weights do not fit.
        """
        weighted, _ = _per_sample(values, sample_weight, self.dtype, reduce_sum)
        self.total.assign_add(reduce_sum(weighted))

    def result(self) -> Any:
        """The sum so far."""
        return self.total


class Mean(Metric):
    """The weighted mean of all values: sum(w * v) / sum(w).

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> metric = Mean()
    >>> metric.update_state([1.0, 3.0])
    >>> metric.update_state([5.0])
    >>> float(metric.result())
    3.0
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_variable("total")
        self.count = self.add_variable("count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Takes values into account.

        Args:
            values: (batch, ...); a sample of several counts as their mean. Or a scalar.
            sample_weight: (batch,) or (batch, ...), or None.

        Raises:
            ShapeError: if the weights do not fit.
        """
        weighted, weights = _per_sample(values, sample_weight, self.dtype, reduce_mean)
        counted = core.ones_like(weighted) if weights is None else weights
        self.total.assign_add(reduce_sum(weighted))
        self.count.assign_add(reduce_sum(counted))

    def result(self) -> Any:
        """The mean so far, 0 before the first value."""
        return divide_no_nan(self.total.value(), self.count.value())


class MeanMetricWrapper(Mean):
    """The mean over samples of a function.

    Args:
        fn: `(y_true, y_pred, **options) -> values`, one value a sample or a scalar; or the name
            of one of the library's, or of a registered one. Like a loss it sees targets in the
            dtype of float outputs.
            # differs from Keras 3: but not from 2; so one function serves as loss and metric
        name: the function's by default.
        dtype: of the state, float32 if None.
        options: further arguments of the function.

    >>> def distance(y_true, y_pred):
    ...     return core.abs(y_true - y_pred)
    >>> metric = MeanMetricWrapper(distance)
    >>> metric.update_state([1.0, 5.0], [2.0, 8.0])
    >>> metric.name, float(metric.result())
    ('distance', 2.0)
    """

    def __init__(
        self,
        fn: Callable[..., Any] | str,
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        self.fn: Callable[..., Any] = _found(fn) if isinstance(fn, str) else fn
        self.options = options
        super().__init__(name or function_name(self.fn), dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Takes the function's values for a batch into account; not those of masked positions.

        Args:
            y_true: targets.
            y_pred: outputs.
            sample_weight: (batch,) or the values' shape, or None.

        Raises:
            ShapeError: if the weights do not fit the values.
        """
        y_true, y_pred = convert(y_true), convert(y_pred)
        if y_pred.dtype.is_float:
            y_true = cast(y_true, y_pred.dtype)
        weights = None if sample_weight is None else cast(convert(sample_weight), self.dtype)
        weights = masked_weights(y_pred.mask, weights, self.dtype)
        super().update_state(self.fn(y_true, y_pred, **self.options), weights)


def _found(name: str) -> Callable[..., Any]:
    from . import find_function  # the table of functions is made of modules that import this one

    return find_function(name)
