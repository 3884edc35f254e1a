"""Means over many runs."""

from __future__ import annotations

from typing import Any

from thalweg.core import (
    ShapeError,
    abs,
    cast,
    convert,
    equal,
    float32,
    less,
    reduce_sum,
    size_of,
    sqrt,
    squared_difference,
    subtract,
    zeros_like,
)

from ..variable_scopes import variable_scope
from .parts import Metric, Names, collected, fitted_weights, pair, ratio, state

__all__ = [
    "accuracy",
    "mean",
    "mean_absolute_error",
    "mean_relative_error",
    "mean_squared_error",
    "mean_tensor",
    "percentage_below",
    "root_mean_squared_error",
]


def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """The weighted mean of all values.

    Args:
        values: (...) number or bool.
        weights: what broadcasts to the values; ones if None.
        metrics_collections: names of collections that the value joins.
        updates_collections: names of collections that the update joins.
        name: of the variable scope.

    Returns:
        (value, update_op), () float32 each.
    """
    with variable_scope(name, "mean"):
        x = cast(convert(values), float32)
        total, count = state([], "total"), state([], "count")
        factors = fitted_weights(weights, x)
        number = cast(size_of(x), float32) if factors is None else reduce_sum(factors)
        new_total = total.assign_add(reduce_sum(x if factors is None else x * factors))
        new_count = count.assign_add(number)
        return collected(
            ratio(total, count),
            ratio(new_total, new_count),
            metrics_collections,
            updates_collections,
        )


def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """The weighted mean of each element; arguments as in `mean`, with values of a known shape."""
    with variable_scope(name, "mean"):
        x = cast(convert(values), float32)
        if not x.type.is_static:
            raise ShapeError(
                "mean_tensor", "the shape is not fully known", expected="known sizes",
                got=str(x.type),
            )  # fmt: skip
        total, count = state(x.shape, "total_tensor"), state(x.shape, "count_tensor")
        factors = fitted_weights(weights, x)
        new_total = total.assign_add(x if factors is None else x * factors)
        new_count = count.assign_add(zeros_like(x) + 1.0 if factors is None else factors)
        return collected(
            ratio(total, count),
            ratio(new_total, new_count),
            metrics_collections,
            updates_collections,
        )


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """How often predictions equal labels.

    Args:
        labels: (...) any dtype.
        predictions: (...) of the same shape.
        weights: as of `mean`, and so the arguments that follow.
        metrics_collections: names of collections that the value joins.
        updates_collections: names of collections that the update joins.
        name: of the variable scope.
    """
    y, p = pair(labels, predictions)
    hits = equal(y, p if p.dtype is y.dtype else cast(p, y.dtype))
    return mean(hits, weights, metrics_collections, updates_collections, name or "accuracy")


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """The mean of (predictions - labels)²; arguments as in `accuracy`."""
    y, p = pair(labels, predictions)
    error = squared_difference(cast(p, float32), cast(y, float32))
    name = name or "mean_squared_error"
    return mean(error, weights, metrics_collections, updates_collections, name)


def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """The root of the mean of (predictions - labels)²; arguments as in `accuracy`."""
    squares = mean_squared_error(
        labels, predictions, weights, name=name or "root_mean_squared_error"
    )
    return collected(
        sqrt(squares.value), sqrt(squares.update_op), metrics_collections, updates_collections
    )


def mean_absolute_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """The mean of |predictions - labels|; arguments as in `accuracy`."""
    y, p = pair(labels, predictions)
    error = abs(subtract(cast(p, float32), cast(y, float32)))
    name = name or "mean_absolute_error"
    return mean(error, weights, metrics_collections, updates_collections, name)


def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """The mean of |labels - predictions| / normalizer, 0 where that is 0.

    Args as of `accuracy`, and:
        normalizer: of the same shape.
    """
    y, p = pair(labels, predictions)
    scale = cast(convert(normalizer), float32)
    error = ratio(abs(subtract(cast(y, float32), cast(p, float32))), scale)
    name = name or "mean_relative_error"
    return mean(error, weights, metrics_collections, updates_collections, name)


def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """How often values are less than a threshold; arguments as in `mean`."""
    is_below = less(convert(values), threshold)
    name = name or "percentage_below_threshold"
    return mean(is_below, weights, metrics_collections, updates_collections, name)
