"""Cross-entropies of logits in TF1's spelling, in the forms that do not overflow."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import Tensor, convert_all, stop_gradient

from .arguments import either, only_named
from .axes import to_last

__all__ = [
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "sparse_softmax_cross_entropy_with_logits",
]


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: int = -1,
    name: str | None = None,
    axis: int | None = None,
) -> Tensor:
    """-sum(labels * log(softmax(logits))) along an axis; gradients flow into the logits only.

    Args:
        _sentinel: None: everything goes by name.
        labels: the shape and dtype of the logits; rows that sum to 1.
        logits: (..., classes) float, before any softmax.
        dim: the old name of `axis`.
        name: of the node.
        axis: of the classes.

    Returns:
        (...) losses, without the axis of the classes.

    Raises:
        OptionError: if labels or logits are given by position, or missing.
        ShapeError: if their shapes differ.

    >>> import thalweg.tf1 as tf
    >>> loss = tf.nn.softmax_cross_entropy_with_logits(labels=[[1.0, 0.0]], logits=[[0.0, 0.0]])
    >>> with tf.Session() as session:
    ...     print(session.run(loss).round(4))
    [0.6931]
    """
    only_named("softmax_cross_entropy_with_logits", _sentinel, labels=labels, logits=logits)
    y, z = convert_all(labels, logits)
    classes = dim if axis is None else axis
    return softmax_cross_entropy_with_logits_v2(stop_gradient(y), z, classes, name)


def softmax_cross_entropy_with_logits_v2(
    labels: Any,
    logits: Any,
    axis: int | None = None,
    name: str | None = None,
    dim: int | None = None,
) -> Tensor:
    """-sum(labels * log(softmax(logits))) along an axis; gradients flow into both.

    Args:
        labels: the shape and dtype of the logits; rows that sum to 1.
        logits: (..., classes) float, before any softmax.
        axis: of the classes; the last if None.
        name: of the node.
        dim: the old name of `axis`.
    """
    axis = either("softmax_cross_entropy_with_logits_v2", "axis", axis, "dim", dim)
    y, z = convert_all(labels, logits)
    y, z = to_last(y, axis), to_last(z, axis)
    return thalweg.core.softmax_cross_entropy(y, z, name=name)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """-log(softmax(logits)[label]) along the last axis.

    Args:
        _sentinel: None: everything goes by name.
        labels: (...) integer in 0 <= label < classes; others give NaN.
        logits: (..., classes) float, before any softmax.
        name: of the node.
    """
    only_named("sparse_softmax_cross_entropy_with_logits", _sentinel, labels=labels, logits=logits)
    return thalweg.core.sparse_softmax_cross_entropy(labels, logits, name=name)


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross-entropy of independent yes-or-no labels, elementwise.

    Args:
        _sentinel: None: everything goes by name.
        labels: (...) float in 0..1.
        logits: the same shape and dtype, before any sigmoid.
        name: of the node.
    """
    only_named("sigmoid_cross_entropy_with_logits", _sentinel, labels=labels, logits=logits)
    y, z = convert_all(labels, logits)
    return thalweg.core.sigmoid_cross_entropy(y, z, name=name)
