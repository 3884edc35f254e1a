"""Counts of right and wrong decisions."""

from __future__ import annotations

from typing import Any

from thalweg.core import (
    Tensor,
    cast,
    convert,
    float32,
    logical_and,
    logical_not,
    reduce_sum,
)

from ..variable_scopes import variable_scope
from .parts import Metric, Names, collected, fitted_weights, pair, ratio, state

__all__ = [
    "false_negatives",
    "false_positives",
    "precision",
    "recall",
    "true_negatives",
    "true_positives",
]


def _count(hits: Tensor, weights: Any, name: str) -> Metric:
    """How often something is so."""
    with variable_scope(name, name):
        count = state([], "count")
        numbers = cast(hits, float32)
        factors = fitted_weights(weights, numbers)
        new = count.assign_add(reduce_sum(numbers if factors is None else numbers * factors))
        return Metric(count.value(), convert(new))


def _decisions(labels: Any, predictions: Any) -> tuple[Tensor, Tensor]:
    y, p = pair(labels, predictions)
    return cast(y, "bool"), cast(p, "bool")


def _counted(
    hits: Tensor, weights: Any, metrics: Names, updates: Names, name: str | None, label: str
) -> Metric:
    count = _count(hits, weights, name or label)
    return collected(count.value, count.update_op, metrics, updates)


def true_positives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """How often both are true; arguments as in `accuracy`, with what becomes bool."""
    y, p = _decisions(labels, predictions)
    hits = logical_and(y, p)
    collections = metrics_collections, updates_collections
    return _counted(hits, weights, *collections, name, "true_positives")


def true_negatives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """How often both are false; arguments as in `true_positives`."""
    y, p = _decisions(labels, predictions)
    hits = logical_and(logical_not(y), logical_not(p))
    collections = metrics_collections, updates_collections
    return _counted(hits, weights, *collections, name, "true_negatives")


def false_positives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """How often predictions alone are true; arguments as in `true_positives`."""
    y, p = _decisions(labels, predictions)
    hits = logical_and(logical_not(y), p)
    collections = metrics_collections, updates_collections
    return _counted(hits, weights, *collections, name, "false_positives")


def false_negatives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """How often labels alone are true; arguments as in `true_positives`."""
    y, p = _decisions(labels, predictions)
    hits = logical_and(y, logical_not(p))
    collections = metrics_collections, updates_collections
    return _counted(hits, weights, *collections, name, "false_negatives")


def precision(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """true positives / (true positives + false positives), 0 if there are none.

    Arguments as in `true_positives`.
    """
    with variable_scope(name, "precision"):
        right = true_positives(labels, predictions, weights)
        wrong = false_positives(labels, predictions, weights)
        return collected(
            ratio(right.value, right.value + wrong.value),
            ratio(right.update_op, right.update_op + wrong.update_op),
            metrics_collections,
            updates_collections,
        )


def recall(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Names = None,
    updates_collections: Names = None,
    name: str | None = None,
) -> Metric:
    """true positives / (true positives + false negatives), 0 if there are none.

    Arguments as in `true_positives`.
    """
    with variable_scope(name, "recall"):
        right = true_positives(labels, predictions, weights)
        missed = false_negatives(labels, predictions, weights)
        return collected(
            ratio(right.value, right.value + missed.value),
            ratio(right.update_op, right.update_op + missed.update_op),
            metrics_collections,
            updates_collections,
        )
