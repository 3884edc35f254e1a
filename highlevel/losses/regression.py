"""Losses of real-valued outputs. Each function maps (batch, ..., d) twice to (batch, ...).

`y_true` and `y_pred` broadcast in the functions, as NumPy's; the classes want equal shapes.
"""

from __future__ import annotations

import math
from typing import Any

from thalweg import core
from thalweg.core import Tensor, reduce_mean, reduce_sum

from ..eager import array_or_tensor
from ..options import Interval
from .base import EPSILON, SameShapeLoss, pair

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]

POSITIVE = Interval(0, open_low=True)


@array_or_tensor
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_true - y_pred) ** 2) over the last axis.

    Args:
        y_true: (batch, ..., d).
        y_pred: (batch, ..., d).

    Returns:
        (batch, ...).

    >>> mean_squared_error([[1.0, 0.0]], [[0.0, 0.0]]).tolist()
    [0.5]
    """
    y, p = pair(y_true, y_pred)
    return reduce_mean(core.square(p - y), axis=-1)


@array_or_tensor
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_true - y_pred|) over the last axis.

    Args:
        y_true: (batch, ..., d).
        y_pred: (batch, ..., d).

    Returns:
        (batch, ...).

    >>> mean_absolute_error([[1.0, 0.0]], [[-1.0, 0.0]]).tolist()
    [1.0]
    """
    y, p = pair(y_true, y_pred)
    return reduce_mean(core.abs(y - p), axis=-1)


@array_or_tensor
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 * mean(|y_true - y_pred| / max(|y_true|, 1e-7)) over the last axis, in percent.

    Args:
        y_true: (batch, ..., d).
        y_pred: (batch, ..., d).

    Returns:
        (batch, ...).

    >>> mean_absolute_percentage_error([[4.0]], [[5.0]]).tolist()
    [25.0]
    """
    y, p = pair(y_true, y_pred)
    return 100.0 * reduce_mean(core.abs(y - p) / core.maximum(core.abs(y), EPSILON), axis=-1)


@array_or_tensor
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(y_true + 1) - log(y_pred + 1)) ** 2) over the last axis.

    Args:
        y_true: (batch, ..., d); what is below 1e-7 counts as 1e-7.
        y_pred: (batch, ..., d), likewise.

    Returns:
        (batch, ...).

    >>> print(mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4))
    [0.4805]
    """
    y, p = (core.log(core.maximum(x, EPSILON) + 1.0) for x in pair(y_true, y_pred))
    return reduce_mean(core.square(p - y), axis=-1)


@array_or_tensor
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """e ** 2 / 2 where |e| <= delta, else delta * (|e| - delta / 2); mean over the last axis.

    Huber, "Robust estimation of a location parameter", 1964.

    Args:
        y_true: (batch, ..., d).
        y_pred: (batch, ..., d).
        delta: where the parabola becomes a line, > 0.

    Returns:
        (batch, ...).

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    y, p = pair(y_true, y_pred)
    size = core.abs(p - y)
    inner = core.minimum(size, delta)
    return reduce_mean(inner * inner * 0.5 + delta * (size - inner), axis=-1)


@array_or_tensor
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))) over the last axis, in a form that does not overflow.

    Args:
        y_true: (batch, ..., d).
        y_pred: (batch, ..., d).

    Returns:
        (batch, ...).

    >>> print(log_cosh([[0.0]], [[1000.0]]).round(3))
    [999.307]
    """
    y, p = pair(y_true, y_pred)
    e = p - y
    return reduce_mean(e + core.softplus(-2.0 * e) - math.log(2.0), axis=-1)


@array_or_tensor
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between targets and outputs: -1 where they point alike.

    The sign makes it a loss; the metric of this name is the cosine itself (Keras 3's signs).

    Args:
        y_true: (batch, ..., d).
        y_pred: (batch, ..., d).
        axis: of the vectors' components.

    Returns:
        (batch, ...), without that axis.

    >>> print(cosine_similarity([[3.0, 4.0]], [[6.0, 8.0]]).round(4))
    [-1.]
    """
    return -cosine(y_true, y_pred, axis)


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between targets and outputs, 0 for a vector of zeros."""
    y, p = pair(y_true, y_pred)
    return reduce_sum(_unit(y, axis) * _unit(p, axis), axis=axis)


def _unit(x: Tensor, axis: int) -> Tensor:
    """The vector by its length, if that is above 1e-7."""
    squares = reduce_sum(core.square(x), axis=axis, keepdims=True)
    return x * core.rsqrt(core.maximum(squares, EPSILON**2))


@array_or_tensor
def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true * log(y_pred + 1e-7)) over the last axis.

    The negative log-likelihood of counts under rates, but for a term of the counts alone.

    Args:
        y_true: (batch, ..., d) counts.
        y_pred: (batch, ..., d) rates, >= 0.

    Returns:
        (batch, ...).

    >>> print(poisson([[2.0]], [[1.0]]).round(4))
    [1.]
    """
    y, p = pair(y_true, y_pred)
    return reduce_mean(p - y * core.log(p + EPSILON), axis=-1)


class MeanSquaredError(SameShapeLoss):
    """The mean of `mean_squared_error`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> float(MeanSquaredError()([[1.0, 0.0]], [[0.0, 0.0]]))
    0.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(SameShapeLoss):
    """The mean of `mean_absolute_error`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> float(MeanAbsoluteError()([[1.0, 0.0]], [[-1.0, 0.0]]))
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(SameShapeLoss):
    """The mean of `mean_absolute_percentage_error`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> float(MeanAbsolutePercentageError()([[4.0]], [[5.0]]))
    25.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(SameShapeLoss):
    """The mean of `mean_squared_logarithmic_error`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)
    0.4805
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(SameShapeLoss):
    """The mean of `huber`.

    Args:
        delta: where the parabola becomes a line, > 0.
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    Raises:
        OptionError: if `delta` is not above 0.

    >>> float(Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        delta = POSITIVE.check(self, "delta", delta)
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(SameShapeLoss):
    """The mean of `log_cosh`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> round(float(LogCosh()([[0.0]], [[1000.0]])), 1)
    999.3
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(SameShapeLoss):
    """The mean of `cosine_similarity`: -1 where outputs point as the targets do, 1 against them.

    Args:
        axis: of the vectors' components.
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> round(float(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]])), 4)
    -1.0
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


class Poisson(SameShapeLoss):
    """The mean of `poisson`.

    Args:
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    >>> round(float(Poisson()([[2.0]], [[1.0]])), 4)
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
