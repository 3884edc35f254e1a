"""`Loss`: options, weights and reduction around a pure function of two tensors.

A loss function maps `y_true` and `y_pred` of shape (batch, ..., classes) to one value a sample,
(batch, ...). The class adds sample weights and reduces to a scalar; nothing here has state.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.core import (
    Tensor,
    cast,
    convert,
    expand_dims,
    reduce_mean,
    reduce_sum,
    size_of,
    squeeze,
)
from thalweg.core.errors import DataError, OptionError, ShapeError, nearest

from ..eager import Cache, call_at_once, is_symbolic
from ..saving.config import Configurable

__all__ = ["REDUCTIONS", "Loss", "LossFunctionWrapper", "apply_weights", "as_floats", "same_rank"]

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """Base of all losses.

    Args:
        name: of the loss, in reports.
        reduction: `"sum_over_batch_size"` divides the sum of the weighted values by their
            number (Keras's rule: by the number, whatever the weights), `"sum"` only sums,
            `"mean_with_sample_weight"` divides by the sum of the weights, `"none"` keeps values.

    >>> class Half(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return reduce_mean((y_true - y_pred) * 0.5, axis=-1)
    >>> float(Half()(np.float32([[2.0]]), np.float32([[0.0]])))
    1.0
    """

    is_sparse = False  # targets are class numbers, not arrays like the output

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size"
    ) -> None:
        if reduction not in REDUCTIONS:
            raise OptionError(
                type(self).__name__,
                "unknown reduction",
                expected="one of " + ", ".join(map(repr, REDUCTIONS[:-1])),
                got=repr(reduction),
                hint=nearest(reduction, [r for r in REDUCTIONS if r]),
            )
        self.name = name or type(self).__name__
        self.reduction = reduction or "none"
        self._eager_calls: Cache = OrderedDict()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value a sample: (batch, ..., classes) twice -> (batch, ...)."""
        raise NotImplementedError(type(self).__name__)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: targets; cast to the dtype of `y_pred`, unless they are class numbers.
            y_pred: (batch, ..., classes) outputs.
            sample_weight: (batch,) or (batch, ...), or None.

        Returns:
            A scalar, or one value a sample if the reduction is "none".
        """
        if is_symbolic(y_true, y_pred, sample_weight):
            return self._reduced(y_true, y_pred, sample_weight)
        data = [y_true, y_pred] + ([] if sample_weight is None else [sample_weight])
        arrays = [np.asarray(item) for item in data]
        arrays = [a.astype(np.float32) if a.dtype == np.float64 else a for a in arrays]
        return call_at_once(self._reduced, arrays, self._eager_calls, None)

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        y_pred = convert(y_pred)
        y_true = convert(y_true)
        if not self.is_sparse:
            y_true = as_floats(y_true, y_pred)
            y_true, y_pred = same_rank(y_true, y_pred)
            self._check_shapes(y_true, y_pred)
        values = convert(self.call(y_true, y_pred))
        weights = None if sample_weight is None else cast(convert(sample_weight), values.dtype)
        return _reduce(apply_weights(values, weights), weights, self.reduction)

    def _check_shapes(self, y_true: Tensor, y_pred: Tensor) -> None:
        if y_pred.type.accepts_shape(y_true.shape):
            return
        raise DataError(
            self.name,
            "targets do not fit the output",
            expected=f"y of shape {y_pred.shape}, as the model's output",
            got=str(y_true.type),
            node=y_pred.op.name,
            layer=y_pred.op.owner,
            site=y_pred.op.site,
            hint=self._hint(y_true.shape, y_pred.shape),
        )

    def _hint(self, target: Any, output: Any) -> str | None:
        """The way out when shapes do not fit."""
        return None

    def check_targets(self, y: np.ndarray[Any, Any], output_shape: Any, output_name: str) -> None:
        """Looks at the targets themselves, once, before training.

        Args:
            y: all targets of one output.
            output_shape: the output's shape, None where unknown.
            output_name: for the message.

        Raises:
            DataError: if they cannot be right.
        """


class LossFunctionWrapper(Loss):
    """A loss made of a function `(y_true, y_pred, **options) -> values`."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name=name or getattr(fn, "__name__", "loss"), reduction=reduction)
        self.fn = fn
        self.options = options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's values."""
        return self.fn(y_true, y_pred, **self.options)


class UserLoss(LossFunctionWrapper):
    """A user's own function: it sees targets as they are fed, cast to the output's dtype."""

    def _check_shapes(self, y_true: Tensor, y_pred: Tensor) -> None:
        """The function knows what it expects."""


def as_floats(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Targets in the dtype of the output."""
    return cast(y_true, y_pred.dtype)


def same_rank(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Removes or adds a last axis of size 1, so that both have one rank (Keras's rule)."""
    a, b = y_true.shape, y_pred.shape
    if a is None or b is None or len(a) == len(b):
        return y_true, y_pred
    if len(a) == len(b) + 1 and a[-1] == 1:
        return squeeze(y_true, -1), y_pred
    if len(a) + 1 == len(b) and b[-1] == 1:
        return expand_dims(y_true, -1), y_pred
    return y_true, y_pred


def apply_weights(values: Tensor, weights: Tensor | None) -> Tensor:
    """Values times weights; weights get axes of size 1 until the ranks agree.

    Raises:
        ShapeError: if the weights have more axes than the values.
    """
    if weights is None:
        return values
    have, want = weights.type.rank, values.type.rank
    if have is not None and want is not None:
        if have > want and weights.dims()[-1] == 1:
            weights, have = squeeze(weights, -1), have - 1
        if have > want:
            raise ShapeError(
                "sample_weight",
                "has more axes than the loss has values",
                expected=f"at most {want} axes, as the values {values.type}",
                got=str(weights.type),
            )
        for _ in range(want - have):
            weights = expand_dims(weights, -1)
    return values * weights


def _reduce(values: Tensor, weights: Tensor | None, reduction: str) -> Tensor:
    if reduction == "none":
        return values
    total = reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        ones = apply_weights(values * 0.0 + 1.0, weights)
        return total / reduce_sum(ones)
    if weights is None:
        return reduce_mean(values)
    return total / cast(size_of(values), values.dtype)
