"""Weighted losses: how many numbers become one, and the collections they join."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.core import (
    OptionError,
    ShapeError,
    Tensor,
    add_n,
    broadcast_to,
    cast,
    constant,
    convert,
    divide,
    equal,
    float32,
    identity,
    not_equal,
    ones_like,
    reduce_sum,
    shape_of,
    size_of,
    types_text,
    where,
    zeros_like,
)

from ..collections import GraphKeys, add_to_collection, get_collection
from ..graph import name_scope

__all__ = [
    "DEFAULT",
    "LOSSES",
    "Reduction",
    "add_loss",
    "compute_weighted_loss",
    "fitted_weights",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "pair",
    "present",
    "safe_divide",
    "weighted",
]


class Reduction:
    """How weighted losses become one number.

    NONE leaves them as they are; SUM adds them up; MEAN divides that by the sum of weights;
    SUM_OVER_BATCH_SIZE by the number of losses; SUM_BY_NONZERO_WEIGHTS by the number of those
    whose weight is not 0.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return (
            cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS,
        )  # fmt: skip

    @classmethod
    def validate(cls, key: str) -> None:
        """Refuses what is none of them.

        Raises:
            OptionError: if it is not.
        """
        if key not in cls.all():
            raise OptionError(
                "losses", "unknown reduction", expected=" or ".join(map(repr, cls.all())),
                got=repr(key),
            )  # fmt: skip


DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS
LOSSES = GraphKeys.LOSSES


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """Losses times weights, reduced to one number.

    Args:
        losses: (...) float.
        weights: (), or of the rank of the losses, with their size or 1 on each axis.
        scope: of the name scope.
        loss_collection: which the loss joins; None for none.
        reduction: a `Reduction`.

    Returns:
        () of the dtype of the losses; (...) for `Reduction.NONE`.

    Raises:
        ShapeError: if the weights do not fit.
        OptionError: for another reduction.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     print(session.run(tf.losses.compute_weighted_loss([1.0, 5.0, 6.0], [1.0, 0.0, 1.0])))
    3.5
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss"):
        given = convert(losses)
        values = given if given.dtype.size_bytes >= 4 else cast(given, float32)
        factors = fitted_weights(weights, values)
        weighted = values * factors
        if reduction == Reduction.NONE:
            result = weighted
        else:
            result = reduce_sum(weighted)
            if reduction == Reduction.MEAN:
                result = safe_divide(result, reduce_sum(broadcast_to(factors, shape_of(values))))
            elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                result = safe_divide(result, cast(size_of(values), values.dtype))
            elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
                result = safe_divide(result, reduce_sum(present(values, factors)))
        loss = identity(cast(result, given.dtype), name="value")
        add_loss(loss, loss_collection)
        return loss


def fitted_weights(weights: Any, values: Tensor) -> Tensor:
    """Weights in the dtype of the losses, if they may be broadcast to them.

    Raises:
        ShapeError: if not.
    """
    factors = cast(convert(weights), values.dtype)
    shape, sizes = factors.type.shape, values.type.shape
    if shape and sizes is not None:
        fits = len(shape) == len(sizes) and all(
            m in (1, None) or n is None or m == n for m, n in zip(shape, sizes, strict=True)
        )
        if not fits:
            raise ShapeError(
                "losses",
                "the weights do not fit the losses",
                expected="a scalar, or the rank of the losses, with their size or 1 on each axis",
                got=types_text(losses=values.type, weights=factors.type),
            )
    return factors


def present(values: Tensor, factors: Tensor) -> Tensor:
    """1 where the weight is not 0, in the shape of the losses."""
    counted = cast(not_equal(factors, zeros_like(factors)), values.dtype)
    return broadcast_to(counted, shape_of(values))


def safe_divide(total: Tensor, count: Tensor) -> Tensor:
    """total / count, and 0 where the count is 0."""
    is_zero = equal(count, zeros_like(count))
    ratio = divide(total, where(is_zero, ones_like(count), count))
    return where(is_zero, zeros_like(ratio), ratio)


def pair(labels: Any, predictions: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of the predictions' dtype and of one shape.

    Raises:
        ShapeError: if their shapes differ.
    """
    p = convert(predictions)
    p = p if p.dtype.is_float else cast(p, float32)
    y = cast(convert(labels), p.dtype)
    if not p.type.accepts_shape(y.type.shape):
        raise ShapeError(
            "losses",
            "labels and predictions have different shapes",
            expected="one shape",
            got=types_text(labels=y.type, predictions=p.type),
        )
    return y, p


def weighted(
    label: str,
    scope: str | None,
    losses: Callable[[], Any],
    weights: Any,
    loss_collection: str | None,
    reduction: str,
) -> Tensor:
    """The weighted loss of what a function makes in the name scope."""
    with name_scope(scope, label) as opened:
        return compute_weighted_loss(losses(), weights, opened, loss_collection, reduction)


def add_loss(loss: Any, loss_collection: str | None = LOSSES) -> None:
    """Adds a loss to a collection, if one is named."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = LOSSES) -> list[Any]:
    """The losses of a collection, whose names begin with a match of `scope`, if it is given."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The losses of regularizers; `scope` as in `get_losses`."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Tensor:
    """The sum of the losses of regularizers, 0 if there are none."""
    losses = get_regularization_losses(scope)
    return identity(add_n(losses), name=name) if losses else constant(0.0, name=name)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """The sum of all losses, those of regularizers included; `scope` as in `get_losses`.

    Raises:
        OptionError: if there is none.
    """
    losses = get_losses(scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope)
    if not losses:
        raise OptionError(
            "get_total_loss", "there are no losses", expected="a loss of tf.losses in the graph"
        )
    return identity(add_n(losses), name=name)
