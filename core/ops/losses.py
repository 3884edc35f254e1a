"""Losses that are short expressions of other ops, in forms that neither overflow nor cancel."""

from __future__ import annotations

import math
from typing import Any

from ..graph import Tensor
from .compare import greater, where
from .elementwise import add, multiply, negative, subtract
from .math import exp, log, softplus, square
from .reduce import reduce_sum
from .source import convert, convert_all

__all__ = ["l2_loss", "log_poisson_loss", "weighted_cross_entropy_with_logits"]


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """sum(t ** 2) / 2 over all elements.

    Args:
        t: (...) float.
        name: of the node.

    Returns:
        () of the same dtype. Its gradient is `t` itself.

    Raises:
        DtypeError: if `t` is not float.

    >>> from thalweg.core import Session
    >>> float(Session().run(l2_loss([3.0, 4.0])))
    12.5
    """
    return multiply(reduce_sum(square(convert(t))), 0.5, name=name or "l2_loss")


def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Tensor:
    """Binary cross-entropy in which the positive class counts `pos_weight` times, elementwise.

    -w * y * log(sigmoid(z)) - (1 - y) * log(1 - sigmoid(z)), computed as
    w * y * softplus(-z) + (1 - y) * softplus(z), in which nothing cancels.

    Args:
        labels: (...) float in 0..1.
        logits: (...) float.
        pos_weight: float >= 0, a shape that broadcasts: above 1 it buys recall, below 1 precision.
        name: of the node.

    Returns:
        (...) losses.

    Raises:
        DtypeError: if the dtypes differ or are not float.
        ShapeError: if the shapes cannot be broadcast together.

    >>> from thalweg.core import Session
    >>> loss = weighted_cross_entropy_with_logits([1.0, 0.0], [0.0, 0.0], 3.0)
    >>> [round(float(value), 4) for value in Session().run(loss)]
    [2.0794, 0.6931]
    """
    y, z, w = convert_all(labels, logits, pos_weight)
    positive = y * w * softplus(negative(z))
    return add(positive, (1.0 - y) * softplus(z), name=name or "weighted_cross_entropy_with_logits")


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """exp(c) - z * c: the negative log-likelihood of Poisson counts z of rate exp(c), elementwise.

    The loss lacks log(z!), which no gradient of the prediction sees. With `compute_full_loss`,
    Stirling's approximation of it is added where z > 1: z * log(z) - z + log(2 * pi * z) / 2.

    Args:
        targets: (...) float >= 0, the counts z.
        log_input: (...) float, the logarithms c of the predicted rates.
        compute_full_loss: whether to add the term of z alone.
        name: of the node.

    Returns:
        (...) losses.

    Raises:
        DtypeError: if the dtypes differ or are not float.
        ShapeError: if the shapes cannot be broadcast together.

    >>> from thalweg.core import Session
    >>> [round(float(v), 4) for v in Session().run(log_poisson_loss([0.0, 2.0], [0.0, 1.0]))]
    [1.0, 0.7183]
    """
    z, c = convert_all(targets, log_input)
    loss = subtract(exp(c), z * c, name=name or "log_poisson_loss")
    if not compute_full_loss:
        return loss
    is_large = greater(z, 1.0)
    safe = where(is_large, z, 1.0)  # so that log(0) has no gradient either
    stirling = safe * log(safe) - safe + 0.5 * log(2.0 * math.pi * safe)
    return add(loss, where(is_large, stirling, 0.0), name=name or "log_poisson_loss")
