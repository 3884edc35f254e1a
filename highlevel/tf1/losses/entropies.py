"""Cross-entropies of logits."""

from __future__ import annotations

from typing import Any

from thalweg.core import (
    Tensor,
    cast,
    convert,
    shape_of,
    squeeze,
    stop_gradient,
)

from ..nn import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from .weighted import DEFAULT, LOSSES, pair, weighted

__all__ = ["sigmoid_cross_entropy", "softmax_cross_entropy", "sparse_softmax_cross_entropy"]


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """The cross-entropy of independent yes-or-no labels, weighted.

    Args:
        multi_class_labels: (batch, classes) number in 0..1.
        logits: (batch, classes) float, before any sigmoid.
        weights: as of `compute_weighted_loss`, and so the arguments that follow.
        label_smoothing: moves labels towards 1/2 by this part of the way.
        scope: of the name scope.
        loss_collection: which the loss joins; None for none.
        reduction: a `Reduction`.
    """
    y, z = pair(multi_class_labels, logits)

    def losses() -> Tensor:
        smooth = y * (1 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y
        return sigmoid_cross_entropy_with_logits(labels=smooth, logits=z, name="xentropy")

    return weighted(
        "sigmoid_cross_entropy_loss", scope, losses, weights, loss_collection, reduction
    )


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """-sum(labels * log(softmax(logits))) along the last axis, weighted.

    Args:
        onehot_labels: (batch, classes) number; rows that sum to 1.
        logits: (batch, classes) float, before any softmax.
        weights: (), or (batch,); as of `compute_weighted_loss`.
        label_smoothing: moves labels towards 1 / classes by this part of the way.
        scope: of the name scope.
        loss_collection: which the loss joins; None for none.
        reduction: a `Reduction`.
    """
    y, z = pair(onehot_labels, logits)

    def losses() -> Tensor:
        smooth = y
        if label_smoothing:
            classes = cast(shape_of(y)[1], z.dtype)
            smooth = y * (1 - label_smoothing) + label_smoothing / classes
        return softmax_cross_entropy_with_logits_v2(stop_gradient(smooth), z, name="xentropy")

    return weighted(
        "softmax_cross_entropy_loss", scope, losses, weights, loss_collection, reduction
    )


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = DEFAULT,
) -> Tensor:
    """-log(softmax(logits)[label]) along the last axis, weighted.

    Args:
        labels: (batch,) or (batch, 1) integer in 0 <= label < classes.
        logits: (batch, classes) float, before any softmax.
        weights: (), (batch,) or (batch, 1); as of `compute_weighted_loss`.
        scope: of the name scope.
        loss_collection: which the loss joins; None for none.
        reduction: a `Reduction`.
    """
    y, z = convert(labels), convert(logits)
    factors = convert(weights)
    if y.ndim is not None and y.ndim == z.ndim:
        y = squeeze(y, -1)
    if factors.ndim is not None and factors.ndim == z.ndim:
        factors = squeeze(factors, -1)

    def losses() -> Tensor:
        return sparse_softmax_cross_entropy_with_logits(labels=y, logits=z, name="xentropy")

    return weighted(
        "sparse_softmax_cross_entropy_loss", scope, losses, factors, loss_collection, reduction
    )
