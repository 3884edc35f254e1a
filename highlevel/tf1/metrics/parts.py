"""What metrics are made of: local variables, and pairs of value and update."""

from __future__ import annotations

from typing import Any, NamedTuple

from thalweg.core import (
    ShapeError,
    Tensor,
    broadcast_to,
    cast,
    convert,
    equal,
    expand_dims,
    float32,
    shape_of,
    types_text,
    where,
    zeros,
    zeros_like,
)

from ..collections import GraphKeys, add_to_collections
from ..variables import Variable

__all__ = ["Metric", "Names", "collected", "fitted_weights", "pair", "ratio", "state"]

Names = Any


class Metric(NamedTuple):
    """What a metric returns.

    Attributes:
        value: so far.
        update_op: takes a batch in; its value is the one after that.
    """

    value: Tensor
    update_op: Tensor


def state(shape: Any, name: str) -> Variable:
    """A variable of zeros that is neither trained nor saved."""
    return Variable(
        zeros(shape, float32),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        name=name,
    )


def collected(value: Tensor, update: Tensor, metrics: Names, updates: Names) -> Metric:
    """The two tensors, in the collections that are named."""
    if metrics:
        add_to_collections(metrics, value)
    if updates:
        add_to_collections(updates, update)
    return Metric(value, update)


def ratio(total: Any, count: Any) -> Tensor:
    """total / count, and 0 where the count is 0."""
    a, b = convert(total), convert(count)
    is_zero = equal(b, zeros_like(b))
    return where(is_zero, zeros_like(a), a / where(is_zero, zeros_like(b) + 1.0, b))


def fitted_weights(weights: Any, values: Tensor) -> Tensor | None:
    """Weights in the shape of the values, or None."""
    if weights is None:
        return None
    factors = cast(convert(weights), float32)
    if factors.ndim and values.ndim is not None and factors.ndim < values.ndim:
        for _ in range(values.ndim - factors.ndim):
            factors = expand_dims(factors, -1)
    return broadcast_to(factors, shape_of(values))


def pair(labels: Any, predictions: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of one shape.

    Raises:
        ShapeError: if their shapes differ.
    """
    y, p = convert(labels), convert(predictions)
    if not y.type.accepts_shape(p.type.shape):
        raise ShapeError(
            "metrics",
            "labels and predictions have different shapes",
            expected="one shape",
            got=types_text(labels=y.type, predictions=p.type),
        )
    return y, p
