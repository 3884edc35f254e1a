"""Counts at thresholds, and of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.core import (
    OptionError,
    Tensor,
    cast,
    constant,
    convert,
    float32,
    greater,
    logical_and,
    logical_not,
    maximum,
    minimum,
    one_hot,
    reduce_sum,
    reshape,
    transpose,
    zeros_like,
)

from ..elementwise import matmul
from ..variable_scopes import variable_scope
from .parts import Metric, Names, collected, fitted_weights, pair, ratio, state

__all__ = ["auc", "mean_iou"]


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """The area under a curve of decisions, approximated at thresholds.

    Args:
        labels: (...) what becomes bool.
        predictions: (...) float in 0..1, of the same shape.
        weights: as of `mean`.
        num_thresholds: evenly spaced in 0..1.
        metrics_collections: names of collections that the value joins.
        updates_collections: names of collections that the update joins.
        curve: `"ROC"`, true over false positive rate, or `"PR"`, precision over recall.
        name: of the variable scope.
        summation_method: `"trapezoidal"`, or `"minoring"` and `"majoring"`, which bound it.
        thresholds: numbers in the place of evenly spaced ones.

    Raises:
        OptionError: for another curve or method.
    """
    if curve not in ("ROC", "PR"):
        raise OptionError("auc", "unknown curve", expected="'ROC' or 'PR'", got=repr(curve))
    methods = ("trapezoidal", "minoring", "majoring")
    if summation_method not in methods:
        raise OptionError(
            "auc", "unknown summation_method", expected=" or ".join(map(repr, methods)),
            got=repr(summation_method),
        )  # fmt: skip
    inner = np.linspace(0, 1, num_thresholds)[1:-1] if thresholds is None else np.sort(thresholds)
    bounds = np.array([-1e-7, *inner, 1 + 1e-7], np.float32)
    y, p = pair(labels, predictions)
    with variable_scope(name, "auc"):
        counts = _at_thresholds(y, p, weights, bounds)
        areas = [_area([count[i] for count in counts], curve, summation_method) for i in (0, 1)]
        return collected(areas[0], areas[1], metrics_collections, updates_collections)


def _at_thresholds(y: Tensor, p: Tensor, weights: Any, bounds: Any) -> list[Metric]:
    """True positives, false positives, true negatives and false negatives, (thresholds,) each."""
    flat = reshape(cast(p, float32), [1, -1])
    above = greater(flat, constant(bounds[:, None]))
    is_true = reshape(cast(y, "bool"), [1, -1])
    factors = fitted_weights(weights, p)
    row = None if factors is None else reshape(factors, [1, -1])
    hits = {
        "true_positives": logical_and(above, is_true),
        "false_positives": logical_and(above, logical_not(is_true)),
        "true_negatives": logical_and(logical_not(above), logical_not(is_true)),
        "false_negatives": logical_and(logical_not(above), is_true),
    }
    counts = []
    for label, found in hits.items():
        count = state([len(bounds)], label)
        numbers = cast(found, float32)
        new = count.assign_add(reduce_sum(numbers if row is None else numbers * row, 1))
        counts.append(Metric(count.value(), convert(new)))
    return counts


def _area(counts: Sequence[Tensor], curve: str, method: str) -> Tensor:
    """The area under the curve through points that go from many positives to none."""
    right, wrong, rejected, missed = counts
    share = (right + 1e-6) / (right + missed + 1e-6)
    if curve == "ROC":
        x, y = wrong / (wrong + rejected + 1e-6), share
    else:
        x, y = share, (right + 1e-6) / (right + wrong + 1e-6)
    widths = x[:-1] - x[1:]
    if method == "trapezoidal":
        heights = (y[:-1] + y[1:]) / 2.0
    else:
        heights = (minimum if method == "minoring" else maximum)(y[:-1], y[1:])
    return reduce_sum(widths * heights)


def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """The mean over classes of intersection / union; classes that never occur do not count.

    Args:
        labels: (...) integer in 0 <= label < num_classes.
        predictions: (...) integer, of the same shape.
        num_classes: how many classes there are.
        weights: as of `mean`, and so the arguments that follow.
        metrics_collections: names of collections that the value joins.
        updates_collections: names of collections that the update joins.
        name: of the variable scope.

    Returns:
        (value, update_op); the update gives the matrix of counts, (labels, predictions).
    """
    y, p = pair(labels, predictions)
    with variable_scope(name, "mean_iou"):
        matrix = state([num_classes, num_classes], "total_confusion_matrix")
        rows = one_hot(reshape(y, [-1]), num_classes, dtype=float32)
        columns = one_hot(reshape(p, [-1]), num_classes, dtype=float32)
        factors = fitted_weights(weights, cast(y, float32))
        if factors is not None:
            rows = rows * reshape(factors, [-1, 1])
        update = convert(matrix.assign_add(matmul(transpose(rows), columns)))
        found = matrix.value()
        both = reduce_sum(found * constant(np.eye(num_classes, dtype=np.float32)), 1)
        union = reduce_sum(found, 0) + reduce_sum(found, 1) - both
        occurs = cast(greater(union, zeros_like(union)), float32)
        value = ratio(reduce_sum(ratio(both, union)), reduce_sum(occurs))
        return collected(value, update, metrics_collections, updates_collections)
