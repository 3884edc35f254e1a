"""Hinge losses and the divergence of distributions: (batch, ..., classes) twice -> (batch, ...)."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, reduce_mean, reduce_sum

from ..eager import array_or_tensor
from .base import EPSILON, SameShapeLoss, pair

__all__ = [
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "SquaredHinge",
    "categorical_hinge",
    "hinge",
    "kl_divergence",
    "squared_hinge",
]


@array_or_tensor
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y * log(y / p)) over the last axis, with both held in 1e-7..1.

    Kullback and Leibler, "On information and sufficiency", 1951.

    Args:
        y_true: (batch, ..., classes) probabilities.
        y_pred: the same shape.

    Returns:
        (batch, ...).

    >>> print(kl_divergence([[1.0, 0.0]], [[0.5, 0.5]]).round(4))
    [0.6931]
    """
    y, p = (core.clip_by_value(x, EPSILON, 1.0) for x in pair(y_true, y_pred))
    return reduce_sum(y * core.log(y / p), axis=-1)


def _signs(y: Tensor) -> Tensor:
    """Targets in -1..1; targets that are all 0 or 1 are taken for {0, 1} labels, as in Keras."""
    is_binary = core.reduce_all(core.logical_or(core.equal(y, 0.0), core.equal(y, 1.0)))
    return core.where(is_binary, 2.0 * y - 1.0, y)


@array_or_tensor
def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y * p, 0)) over the last axis.

    Args:
        y_true: (batch, ..., d) of -1 and 1; if all are 0 or 1, 0 stands for -1.
        y_pred: (batch, ..., d) scores.

    Returns:
        (batch, ...).

    >>> hinge([[1.0, -1.0]], [[0.5, 0.5]]).tolist()
    [1.0]
    """
    y, p = pair(y_true, y_pred)
    return reduce_mean(core.maximum(1.0 - _signs(y) * p, 0.0), axis=-1)


@array_or_tensor
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y * p, 0) ** 2) over the last axis.

    Args:
        y_true: (batch, ..., d) of -1 and 1; if all are 0 or 1, 0 stands for -1.
        y_pred: (batch, ..., d) scores.

    Returns:
        (batch, ...).

    >>> squared_hinge([[1.0, -1.0]], [[0.5, 0.5]]).tolist()
    [1.25]
    """
    y, p = pair(y_true, y_pred)
    return reduce_mean(core.square(core.maximum(1.0 - _signs(y) * p, 0.0)), axis=-1)


@array_or_tensor
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(1 + the largest score of a wrong class - the right one's, 0).

    Args:
        y_true: (batch, ..., classes) one-hot.
        y_pred: (batch, ..., classes) scores; as in Keras the right class competes with score 0.

    Returns:
        (batch, ...).

    >>> categorical_hinge([[1.0, 0.0]], [[0.5, 0.75]]).tolist()
    [1.25]
    """
    y, p = pair(y_true, y_pred)
    right = reduce_sum(y * p, axis=-1)
    wrong = core.reduce_max((1.0 - y) * p, axis=-1)
    return core.maximum(wrong - right + 1.0, 0.0)


class KLDivergence(SameShapeLoss):
    """The mean of `kl_divergence`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> round(float(KLDivergence()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Hinge(SameShapeLoss):
    """The mean of `hinge`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> float(Hinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(SameShapeLoss):
    """The mean of `squared_hinge`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> float(SquaredHinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(SameShapeLoss):
    """The mean of `categorical_hinge`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> float(CategoricalHinge()([[1.0, 0.0]], [[0.5, 0.75]]))
    1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
