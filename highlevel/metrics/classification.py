"""Accuracies and confusion: how often the right class was predicted."""

from __future__ import annotations

from typing import Any

import numpy as np

import thalweg.core as core
from thalweg.core import Tensor, cast, convert, reduce_sum
from thalweg.core.errors import OptionError

from ..eager import array_or_tensor
from ..losses.base import apply_weights, same_rank
from .base import MeanMetricWrapper, Metric, divide_no_nan

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _floats(x: Tensor) -> Tensor:
    return cast(x, "float32")


@array_or_tensor
def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where target and output are equal, else 0.  (...) twice -> (...)."""
    p = convert(y_pred)
    y, p = same_rank(cast(convert(y_true), p.dtype), p)
    return _floats(core.equal(y, p))


@array_or_tensor
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """The share of outputs on the right side of `threshold`, over the last axis.

    >>> binary_accuracy([[1.0, 0.0]], [[0.9, 0.8]]).tolist()
    [0.5]
    """
    p = convert(y_pred)
    y, p = same_rank(cast(convert(y_true), p.dtype), p)
    return core.reduce_mean(_floats(core.equal(y, cast(p > threshold, p.dtype))), axis=-1)


@array_or_tensor
def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is at the place of the largest target.

    y_true, y_pred: (batch, ..., classes) -> (batch, ...).
    """
    return _floats(core.equal(_best(y_true), _best(y_pred)))


@array_or_tensor
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is that of the right class.

    y_true: (batch, ...) class numbers, y_pred: (batch, ..., classes) -> (batch, ...).
    """
    return _floats(core.equal(_class_numbers(y_true, y_pred), _best(y_pred)))


def _best(x: Any) -> Tensor:
    return core.argmax(convert(x), axis=-1)


def _class_numbers(y_true: Any, y_pred: Any) -> Tensor:
    y, p = convert(y_true), convert(y_pred)
    if y.shape is not None and p.shape is not None and len(y.shape) == len(p.shape):
        y = core.squeeze(y, -1)
    return cast(y, "int64")


@array_or_tensor
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where fewer than `k` outputs are larger than that of the right class.

    y_true: (batch, ...) class numbers, y_pred: (batch, ..., classes) -> (batch, ...).
    """
    p = convert(y_pred)
    labels = _class_numbers(y_true, p)
    chosen = core.one_hot(labels, core.shape_of(p)[-1], dtype=p.dtype)
    score = reduce_sum(chosen * p, axis=-1, keepdims=True)
    larger = reduce_sum(_floats(p > score), axis=-1)
    return _floats(core.logical_and(larger < float(k), core.is_finite(reduce_sum(p, axis=-1))))


@array_or_tensor
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the class of the largest target is among the `k` largest outputs."""
    return sparse_top_k_categorical_accuracy(_best(y_true), y_pred, k=k)


class Accuracy(MeanMetricWrapper):
    """How often outputs equal targets."""

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often outputs lie on the right side of a threshold.

    >>> metric = BinaryAccuracy()
    >>> metric.update_state([[1.0], [0.0]], [[0.9], [0.8]])
    >>> metric.result_value()
    0.5
    """

    def __init__(
        self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        if not 0 < threshold < 1:
            raise OptionError(
                "BinaryAccuracy", "bad threshold", expected="0 < threshold < 1", got=repr(threshold)
            )
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest output is at the place of the largest target."""

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest output is that of the right class number."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` largest outputs; targets are one-hot."""

    def __init__(
        self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` largest outputs; targets are class numbers."""

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)


class _Confusion(Metric):
    """Weighted numbers of true and false positives and negatives, at each threshold."""

    def __init__(self, name: str | None, thresholds: Any, counted: str) -> None:
        super().__init__(name)
        self.thresholds = _thresholds(type(self).__name__, thresholds)
        self._is_single = not isinstance(thresholds, list | tuple | np.ndarray)
        shape = (len(self.thresholds),)
        self._counts = {kind: self.add_variable(kind, shape) for kind in counted.split()}

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts the batch."""
        p = cast(convert(y_pred), "float32")
        y, p = same_rank(cast(convert(y_true), "float32"), p)
        weights = core.ones_like(p)
        if sample_weight is not None:
            weights = apply_weights(weights, cast(convert(sample_weight), "float32"))
        y, p, weights = (core.reshape(x, [-1, 1]) for x in (y, p, weights))
        is_positive = y > 0.5
        is_predicted = p > np.asarray(self.thresholds, np.float32)
        for kind, variable in self._counts.items():
            right = is_predicted if kind.endswith("positives") else core.logical_not(is_predicted)
            wanted = is_positive if kind in _OF_POSITIVES else core.logical_not(is_positive)
            found = _floats(core.logical_and(right, wanted)) * weights
            variable.assign_add(reduce_sum(found, axis=0))

    def _value(self, kind: str) -> Tensor:
        return self._counts[kind].value()

    def _shaped(self, values: Tensor) -> Tensor:
        return core.squeeze(values, 0) if self._is_single else values


_OF_POSITIVES = {"true_positives", "false_negatives"}


def _thresholds(where: str, given: Any) -> list[float]:
    values = [0.5] if given is None else np.atleast_1d(np.asarray(given, float)).tolist()
    if not values or min(values) < 0 or max(values) > 1:
        raise OptionError(where, "bad thresholds", expected="numbers in 0..1", got=repr(given))
    return [float(value) for value in values]


class TruePositives(_Confusion):
    """Positives found: target 1, output above the threshold."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, thresholds, "true_positives")

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("true_positives"))


class FalsePositives(_Confusion):
    """False alarms: target 0, output above the threshold."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, thresholds, "false_positives")

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("false_positives"))


class TrueNegatives(_Confusion):
    """Negatives left alone: target 0, output not above the threshold."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, thresholds, "true_negatives")

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("true_negatives"))


class FalseNegatives(_Confusion):
    """Positives missed: target 1, output not above the threshold."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, thresholds, "false_negatives")

    def result(self) -> Any:
        """The weighted number so far."""
        return self._shaped(self._value("false_negatives"))


class Precision(_Confusion):
    """true positives / all predicted positives; 0 where there are none.

    >>> metric = Precision()
    >>> metric.update_state([0, 1, 1], [0.9, 0.8, 0.1])
    >>> metric.result_value()
    0.5
    """

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, thresholds, "true_positives false_positives")

    def result(self) -> Any:
        """The quotient so far."""
        found = self._value("true_positives")
        return self._shaped(divide_no_nan(found, found + self._value("false_positives")))


class Recall(_Confusion):
    """true positives / all positives; 0 where there are none.

    >>> metric = Recall()
    >>> metric.update_state([0, 1, 1], [0.9, 0.8, 0.1])
    >>> metric.result_value()
    0.5
    """

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, thresholds, "true_positives false_negatives")

    def result(self) -> Any:
        """The quotient so far."""
        found = self._value("true_positives")
        return self._shaped(divide_no_nan(found, found + self._value("false_negatives")))


class AUC(_Confusion):
    """Area under the curve of true against false positive rate (ROC), or precision against recall.

    The curve is taken at `num_thresholds` thresholds. "interpolation" (the default) is the
    trapezoid rule for ROC and the interpolation of Davis and Goadrich (ICML 2006) for PR.

    Args:
        num_thresholds: points of the curve, at least 2.
        curve: `"ROC"` or `"PR"`.
        summation_method: `"interpolation"`, `"minoring"` or `"majoring"` (Riemann sums).
        name: in reports.
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if num_thresholds < 2:
            raise OptionError("AUC", "too few thresholds", expected=">= 2", got=str(num_thresholds))
        if curve not in ("ROC", "PR"):
            raise OptionError("AUC", "unknown curve", expected="'ROC' or 'PR'", got=repr(curve))
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise OptionError(
                "AUC",
                "unknown summation_method",
                expected="'interpolation', 'minoring' or 'majoring'",
                got=repr(summation_method),
            )
        inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
        counted = "true_positives false_positives true_negatives false_negatives"
        super().__init__(name, [0.0, *inner, 1.0], counted)
        # all outputs lie above the first threshold and below the last
        self.thresholds = [-1e-7, *inner, 1.0 + 1e-7]
        self.curve = curve
        self.summation_method = summation_method

    def result(self) -> Any:
        """The area so far."""
        found = self._value("true_positives")
        false = self._value("false_positives")
        missed = self._value("false_negatives")
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated_pr(found, false, missed)
        recall = divide_no_nan(found, found + missed)
        if self.curve == "ROC":
            x, y = divide_no_nan(false, false + self._value("true_negatives")), recall
        else:
            x, y = recall, divide_no_nan(found, found + false)
        left, right = y[:-1], y[1:]
        heights = {
            "interpolation": (left + right) / 2.0,
            "minoring": core.minimum(left, right),
            "majoring": core.maximum(left, right),
        }[self.summation_method]
        return reduce_sum((x[:-1] - x[1:]) * heights)


def _interpolated_pr(found: Tensor, false: Tensor, missed: Tensor) -> Tensor:
    """Between two thresholds precision changes as true positives do, not linearly in recall."""
    change = found[:-1] - found[1:]
    predicted = found + false
    slope = divide_no_nan(change, core.maximum(predicted[:-1] - predicted[1:], 0.0))
    intercept = found[1:] - slope * predicted[1:]
    has_both = core.logical_and(predicted[:-1] > 0.0, predicted[1:] > 0.0)
    ratio = divide_no_nan(predicted[:-1], core.maximum(predicted[1:], 0.0))
    ratio = core.where(has_both, ratio, core.ones_like(ratio))
    area = slope * (change + intercept * core.log(ratio))
    total = core.maximum(found[1:] + missed[1:], 0.0)
    return reduce_sum(divide_no_nan(area, total))
