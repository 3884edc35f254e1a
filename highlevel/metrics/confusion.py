"""Counts of true and false positives and negatives, and the rates made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, cast, convert, matmul, reshape
from thalweg.core.errors import DataError

from ..losses.base import divide_no_nan, pair, require_same_shape, weighted
from ..options import COUNT, Interval, OrNone, option_error
from .base import Metric

__all__ = [
    "ConfusionMetric",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
    "thresholds_of",
]

# Of an output that is not among the top k: below every threshold (Keras's number).
EXCLUDED = -1e10

TOP_K = OrNone(COUNT)
CLASS_ID = OrNone(Interval(0, integer=True))


def thresholds_of(where: Any, thresholds: Any, default: float) -> list[float]:
    """Thresholds as a list; `default` alone if None.

    Raises:
        OptionError: if one is not in 0..1.
    """
    if thresholds is None:
        return [default]
    given = thresholds if isinstance(thresholds, Sequence | np.ndarray) else [thresholds]
    numbers = (int, float, np.integer, np.floating)
    if not len(given) or not all(isinstance(t, numbers) and 0 <= t <= 1 for t in given):
        raise option_error(where, "thresholds", thresholds, "a number in 0..1, or several")
    return [float(t) for t in given]


class ConfusionMetric(Metric):
    """Weighted numbers of outputs by what they were and should have been, at each threshold.

    An output is positive where it lies above the threshold, a target where it is not 0.

    Args:
        counted: which numbers, of `"true_positives"`, `"false_negatives"`, and so on.
        thresholds: one or several.
        name: in reports.
        dtype: of the state, float32 if None.

    >>> metric = ConfusionMetric(["true_positives"], [0.0, 0.5], name="found")
    >>> metric.update_state([0, 1, 1], [0.9, 0.8, 0.1])
    >>> [(variable.name, variable.shape) for variable in metric.variables]
    [('found/true_positives', (2,))]
    """

    def __init__(
        self,
        counted: Sequence[str],
        thresholds: Sequence[float],
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        self.thresholds = list(thresholds)
        self._counts = {kind: self.add_variable(kind, (len(self.thresholds),)) for kind in counted}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts a batch.

        Args:
            y_true: (batch, ...) targets.
            y_pred: (batch, ...) outputs.
            sample_weight: (batch,) or (batch, ...), or None.

        Raises:
            DataError: if the shapes of targets and outputs differ.
            ShapeError: if the weights do not fit.
        """
        y, p = pair(y_true, y_pred)
        require_same_shape(self.name, y, p)
        y, p = (cast(x, self.dtype) for x in self._chosen(y, p))
        weights = core.ones_like(p)
        if sample_weight is not None:
            weights = weighted(weights, cast(convert(sample_weight), self.dtype))
        self._count(y, p, weights)

    def _chosen(self, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """The part of targets and outputs that is looked at."""
        return y, p

    def _count(self, y: Tensor, p: Tensor, weights: Tensor) -> None:
        """Adds to the state; all three have one shape."""
        for kind, number in self._numbers(*(reshape(x, [1, -1]) for x in (y, p, weights))).items():
            self._counts[kind].assign_add(reshape(number, [-1]))

    def _numbers(self, y: Tensor, p: Tensor, weights: Tensor) -> dict[str, Tensor]:
        """Each kind of number by label and threshold.

        y, p, weights: (labels, outputs) -> (labels, 1, thresholds)
        """
        is_positive = cast(core.not_equal(y, 0.0), self.dtype)
        positives = core.expand_dims(weights * is_positive, 1)
        negatives = core.expand_dims(weights * (1.0 - is_positive), 1)
        limits = np.asarray(self.thresholds, self.dtype.numpy)
        above = cast(core.expand_dims(p, -1) > limits, self.dtype)
        found = {}
        for kind in self._counts:
            side = above if kind.endswith("positives") else 1.0 - above
            targets = positives if kind in ("true_positives", "false_negatives") else negatives
            found[kind] = matmul(targets, side)
        return found

    def _value(self, kind: str) -> Tensor:
        return self._counts[kind].value()

    def _shaped(self, values: Tensor) -> Tensor:
        """A scalar if there is one threshold."""
        return core.squeeze(values, 0) if len(self.thresholds) == 1 else values


class TruePositives(ConfusionMetric):
    """How many positives were found: targets not 0, outputs above the threshold.

    Args:
        thresholds: one in 0..1, or several; 0.5 if None. The result has one number for each.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if a threshold is not in 0..1.

    >>> float(TruePositives()([0, 1, 1], [0.9, 0.8, 0.1]))
    1.0
    """

    direction = "up"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(["true_positives"], thresholds_of(self, thresholds, 0.5), name, dtype)

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("true_positives"))


class FalsePositives(ConfusionMetric):
    """How many alarms were false: targets 0, outputs above the threshold.

    Args:
        thresholds: one in 0..1, or several; 0.5 if None. The result has one number for each.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if a threshold is not in 0..1.

    >>> float(FalsePositives()([0, 1, 1], [0.9, 0.8, 0.1]))
    1.0
    """

    direction = "down"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(["false_positives"], thresholds_of(self, thresholds, 0.5), name, dtype)

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("false_positives"))


class TrueNegatives(ConfusionMetric):
    """How many negatives were left alone: targets 0, outputs not above the threshold.

    Args:
        thresholds: one in 0..1, or several; 0.5 if None. The result has one number for each.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if a threshold is not in 0..1.

    >>> float(TrueNegatives()([0, 1, 1], [0.9, 0.8, 0.1]))
    0.0
    """

    direction = "up"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(["true_negatives"], thresholds_of(self, thresholds, 0.5), name, dtype)

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("true_negatives"))


class FalseNegatives(ConfusionMetric):
    """How many positives were missed: targets not 0, outputs not above the threshold.

    Args:
        thresholds: one in 0..1, or several; 0.5 if None. The result has one number for each.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if a threshold is not in 0..1.

    >>> float(FalseNegatives()([0, 1, 1], [0.9, 0.8, 0.1]))
    1.0
    """

    direction = "down"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(["false_negatives"], thresholds_of(self, thresholds, 0.5), name, dtype)

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("false_negatives"))


class _Rate(ConfusionMetric):
    """true positives / (true positives + another number)."""

    direction = "up"
    other: str

    def __init__(self, thresholds: Any, top_k: Any, class_id: Any, name: Any, dtype: Any) -> None:
        self.top_k = TOP_K.check(self, "top_k", top_k)
        self.class_id = CLASS_ID.check(self, "class_id", class_id)
        default = 0.5 if top_k is None else EXCLUDED
        limits = thresholds_of(self, thresholds, default)
        super().__init__(["true_positives", self.other], limits, name, dtype)

    def _chosen(self, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        if self.top_k is not None:
            p = core.where(_among_top(p, self.top_k), p, core.fill(core.shape_of(p), EXCLUDED))
        if self.class_id is None:
            return y, p
        classes = p.shape[-1] if p.shape else None
        if p.ndim == 1 or (classes is not None and self.class_id >= classes):
            raise DataError(
                self.name,
                "there is no such class",
                expected=f"outputs (..., classes) with more than {self.class_id} classes",
                got=str(p.type),
                hint="class_id counts from 0",
            )
        index = (..., self.class_id)
        return y[index], p[index]

    def result(self) -> Any:
        """The quotient so far, 0 where nothing was counted."""
        found = self._value("true_positives")
        return self._shaped(divide_no_nan(found, found + self._value(self.other)))


def _among_top(p: Tensor, k: int) -> Tensor:
    """True at the k largest entries of the last axis; of equal ones the first count."""
    found = core.zeros_like(p)
    for _ in range(k):
        left = core.where(found > 0.0, core.fill(core.shape_of(p), -np.inf), p)
        place = core.argmax(left, axis=-1)
        found = core.maximum(found, core.one_hot(place, core.shape_of(p)[-1], dtype=p.dtype))
    return found > 0.0


class Precision(_Rate):
    """true positives / all predicted positives; 0 where there are none.

    Args:
        thresholds: one in 0..1, or several; 0.5 if None. The result has one number for each.
        top_k: only the k largest outputs of a sample may be positive; without `thresholds`
            all of these are.
        class_id: looks at this class alone, counted from 0.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if an argument is none of its values.

    >>> float(Precision()([0, 1, 1], [0.9, 0.8, 0.1]))
    0.5
    """

    other = "false_positives"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)


class Recall(_Rate):
    """true positives / all positives; 0 where there are none.

    Args:
        thresholds: one in 0..1, or several; 0.5 if None. The result has one number for each.
        top_k: only the k largest outputs of a sample may be positive; without `thresholds`
            all of these are.
        class_id: looks at this class alone, counted from 0.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if an argument is none of its values.

    >>> float(Recall()([0, 1, 1], [0.9, 0.8, 0.1]))
    0.5
    """

    other = "false_negatives"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)
