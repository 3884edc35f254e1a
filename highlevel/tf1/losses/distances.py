"""Losses that measure how far predictions are from labels."""

from __future__ import annotations

from typing import Any

from thalweg.core import (
    OptionError,
    Tensor,
    abs,
    convert,
    less,
    log,
    minimum,
    reduce_sum,
    relu,
    square,
    squared_difference,
    subtract,
    where,
    zeros_like,
)

from ..arguments import either
from ..graph import name_scope
from .weighted import (
    DEFAULT,
    LOSSES,
    add_loss,
    fitted_weights,
    pair,
    present,
    safe_divide,
    weighted,
)

__all__ = [
    "absolute_difference",
    "cosine_distance",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
]


def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """|predictions - labels|, weighted; arguments as in `mean_squared_error`."""
    y, p = pair(labels, predictions)
    return weighted(
        "absolute_difference", scope, lambda: abs(subtract(p, y)), weights, loss_collection,
        reduction,
    )  # fmt: skip


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """(predictions - labels)², weighted.

    Args:
        labels: (...) number.
        predictions: (...) float, of the same shape.
        weights: as of `compute_weighted_loss`, and so the arguments that follow.
        scope: of the name scope.
        loss_collection: which the loss joins; None for none.
        reduction: a `Reduction`.

    Raises:
        ShapeError: if shapes differ or weights do not fit.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     loss = tf.losses.mean_squared_error([1.0, 2.0], [1.0, 4.0])
    ...     print(session.run(loss), tf.losses.get_losses() == [loss])
    2.0 True
    """
    y, p = pair(labels, predictions)
    return weighted(
        "mean_squared_error", scope, lambda: squared_difference(p, y), weights, loss_collection,
        reduction,
    )  # fmt: skip


def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
    dim: int | None = None,
) -> Tensor:
    """1 - sum(labels * predictions) along an axis, for vectors of length 1; weighted.

    Args as of `mean_squared_error`, and:
        axis: of the vectors; it stays, with size 1.
        dim: the old name of `axis`.
    """
    axis = either("cosine_distance", "axis", axis, "dim", dim)
    if axis is None:
        raise OptionError("cosine_distance", "axis is missing", expected="axis=…")
    y, p = pair(labels, predictions)
    return weighted(
        "cosine_distance_loss", scope, lambda: 1 - reduce_sum(y * p, axis, keepdims=True),
        weights, loss_collection, reduction,
    )  # fmt: skip


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """max(0, 1 - (2 labels - 1) logits), weighted; labels are 0 or 1.

    Arguments as in `mean_squared_error`.
    """
    y, z = pair(labels, logits)
    return weighted(
        "hinge_loss", scope, lambda: relu(1 - (2 * y - 1) * z), weights, loss_collection, reduction
    )


def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: float = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """d² / 2 where d = |predictions - labels| <= delta, else delta * d - delta² / 2; weighted.

    Huber, "Robust estimation of a location parameter", 1964.

    Args as of `mean_squared_error`, and:
        delta: where the parabola becomes a line.
    """
    y, p = pair(labels, predictions)

    def losses() -> Tensor:
        distance = abs(subtract(p, y))
        inner = minimum(distance, convert(delta, p.dtype))
        return 0.5 * square(inner) + delta * (distance - inner)

    return weighted("huber_loss", scope, losses, weights, loss_collection, reduction)


def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """-labels log(p + epsilon) - (1 - labels) log(1 - p + epsilon), weighted.

    Args as of `mean_squared_error`, with predictions p in 0..1, and:
        epsilon: keeps the logarithms finite.
    """
    y, p = pair(labels, predictions)
    return weighted(
        "log_loss", scope, lambda: -y * log(p + epsilon) - (1 - y) * log(1 - p + epsilon),
        weights, loss_collection, reduction,
    )  # fmt: skip


def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
) -> Tensor:
    """For each sample, the mean over pairs of elements of ((p_i - p_j) - (y_i - y_j))²; added up.

    Args:
        labels: (batch, ...) number.
        predictions: (batch, ...) float, of the same shape.
        weights: (), or (batch, 1, ...) of the rank of the predictions.
        scope: of the name scope.
        loss_collection: which the loss joins; None for none.
    """
    y, p = pair(labels, predictions)
    with name_scope(scope, "mean_pairwise_squared_error"):
        difference = p - y
        factors = fitted_weights(weights, difference)
        axes = list(range(1, difference.ndim or 1))
        count = reduce_sum(present(difference, factors), axes, keepdims=True)
        squares = reduce_sum(square(difference), axes, keepdims=True)
        sums = reduce_sum(difference, axes, keepdims=True)
        # With n elements, sum_ij (d_i - d_j)² = 2 n sum d² - 2 (sum d)², of n (n - 1) pairs.
        of_samples = 2 * safe_divide(squares, count - 1) - 2 * safe_divide(
            square(sums), count * (count - 1)
        )
        total = reduce_sum(of_samples * factors)
        is_any = less(zeros_like(total), reduce_sum(count))
        loss = where(is_any, total, zeros_like(total), name="value")
        add_loss(loss, loss_collection)
        return loss
