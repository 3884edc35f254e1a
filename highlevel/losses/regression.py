"""Losses of real-valued outputs. Each function maps (batch, ..., d) twice to (batch, ...)."""

from __future__ import annotations

from typing import Any

import thalweg.core as core
from thalweg.core import convert, reduce_mean, reduce_sum

from ..eager import array_or_tensor
from .base import LossFunctionWrapper, as_floats, same_rank

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]

EPSILON = 1e-7


def _pair(y_true: Any, y_pred: Any) -> tuple[core.Tensor, core.Tensor]:
    y_pred = convert(y_pred)
    return same_rank(as_floats(convert(y_true), y_pred), y_pred)


@array_or_tensor
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_true - y_pred) ** 2) over the last axis.

    >>> mean_squared_error([[1.0, 0.0]], [[0.0, 0.0]]).tolist()
    [0.5]
    """
    y, p = _pair(y_true, y_pred)
    return reduce_mean(core.square(p - y), axis=-1)


@array_or_tensor
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_true - y_pred|) over the last axis."""
    y, p = _pair(y_true, y_pred)
    return reduce_mean(core.abs(y - p), axis=-1)


@array_or_tensor
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 * mean(|y_true - y_pred| / max(|y_true|, 1e-7)) over the last axis."""
    y, p = _pair(y_true, y_pred)
    return 100.0 * reduce_mean(core.abs(y - p) / core.maximum(core.abs(y), EPSILON), axis=-1)


@array_or_tensor
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(y_true + 1) - log(y_pred + 1)) ** 2) over the last axis, from 1e-7 up."""
    y, p = _pair(y_true, y_pred)
    logs = [core.log(core.maximum(x, EPSILON) + 1.0) for x in (p, y)]
    return reduce_mean(core.square(logs[0] - logs[1]), axis=-1)


@array_or_tensor
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """e ** 2 / 2 where |e| <= delta, else delta * (|e| - delta / 2); mean over the last axis.

    Huber, "Robust estimation of a location parameter", 1964.
    """
    y, p = _pair(y_true, y_pred)
    size = core.abs(p - y)
    inner = core.minimum(size, delta)
    return reduce_mean(inner * inner * 0.5 + delta * (size - inner), axis=-1)


@array_or_tensor
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))) over the last axis, in a form that does not overflow."""
    y, p = _pair(y_true, y_pred)
    e = p - y
    return reduce_mean(e + core.softplus(-2.0 * e) - 0.6931471805599453, axis=-1)


@array_or_tensor
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between target and output: 1 where they point the same way.

    As a function it is the similarity; the loss class is its negative (Keras 3's signs).
    """
    y, p = _pair(y_true, y_pred)
    return reduce_sum(_unit(y, axis) * _unit(p, axis), axis=axis)


def _unit(x: core.Tensor, axis: int) -> core.Tensor:
    squares = reduce_sum(core.square(x), axis=axis, keepdims=True)
    return x * core.rsqrt(core.maximum(squares, 1e-12))


@array_or_tensor
def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true * log(y_pred + 1e-7)) over the last axis."""
    y, p = _pair(y_true, y_pred)
    return reduce_mean(p - y * core.log(p + EPSILON), axis=-1)


class MeanSquaredError(LossFunctionWrapper):
    """mean((y_true - y_pred) ** 2).

    >>> import numpy as np
    >>> float(MeanSquaredError()(np.float32([[1.0, 0.0]]), np.float32([[0.0, 0.0]])))
    0.5
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error"
    ) -> None:
        super().__init__(mean_squared_error, reduction, name)


class MeanAbsoluteError(LossFunctionWrapper):
    """mean(|y_true - y_pred|)."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error"
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """100 * mean(|y_true - y_pred| / |y_true|)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """mean((log(y_true + 1) - log(y_pred + 1)) ** 2)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name)


class Huber(LossFunctionWrapper):
    """Quadratic near zero, linear beyond `delta`."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
    ) -> None:
        super().__init__(huber, reduction, name, delta=delta)


class LogCosh(LossFunctionWrapper):
    """mean(log(cosh(y_pred - y_true)))."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh"
    ) -> None:
        super().__init__(log_cosh, reduction, name)


def _negative_cosine_similarity(y_true: Any, y_pred: Any, axis: int) -> Any:
    return -cosine_similarity(y_true, y_pred, axis=axis)


class CosineSimilarity(LossFunctionWrapper):
    """-cos of the angle between target and output: -1 where they point the same way."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
    ) -> None:
        super().__init__(_negative_cosine_similarity, reduction, name, axis=axis)


class Poisson(LossFunctionWrapper):
    """mean(y_pred - y_true * log(y_pred))."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "poisson"
    ) -> None:
        super().__init__(poisson, reduction, name)
