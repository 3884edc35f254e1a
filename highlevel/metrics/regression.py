"""Metrics of real-valued outputs: means over samples of the functions of `losses`."""

from __future__ import annotations

from typing import Any

from thalweg import core

from ..losses import regression
from ..losses.base import pair
from .reduction import Mean, MeanMetricWrapper

__all__ = [
    "CosineSimilarity",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "RootMeanSquaredError",
]


class MeanSquaredError(MeanMetricWrapper):
    """The mean of `losses.mean_squared_error`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(MeanSquaredError()([[1.0, 0.0]], [[0.0, 0.0]]))
    0.5
    """

    direction = "down"

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_squared_error, name, dtype)


class RootMeanSquaredError(Mean):
    """The square root of the mean of all squared errors.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> round(float(RootMeanSquaredError()([[3.0], [5.0]], [[0.0], [4.0]])), 4)
    2.2361
    """

    direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Takes the squared errors of a batch into account.

        Args:
            y_true: (batch, ...) targets.
            y_pred: (batch, ...) outputs.
            sample_weight: (batch,) or (batch, ...), or None.
        """
        y, p = pair(y_true, y_pred)
        super().update_state(core.square(p - y), sample_weight)

    def result(self) -> Any:
        """The root of the mean so far."""
        return core.sqrt(super().result())


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `losses.mean_absolute_error`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(MeanAbsoluteError()([[1.0, 0.0]], [[-1.0, 0.0]]))
    1.0
    """

    direction = "down"

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `losses.mean_absolute_percentage_error`, in percent.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(MeanAbsolutePercentageError()([[4.0]], [[5.0]]))
    25.0
    """

    direction = "down"

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `losses.mean_squared_logarithmic_error`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)
    0.4805
    """

    direction = "down"

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of `losses.log_cosh`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> round(float(LogCoshError()([[0.0]], [[1000.0]])), 1)
    999.3
    """

    direction = "down"

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(regression.log_cosh, name, dtype)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between targets and outputs: 1 where they point alike.

    As in Keras it is the cosine itself, where the loss of this name is minus the cosine.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.
        axis: of the vectors' components.

    >>> round(float(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]])), 4)
    1.0
    """

    direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(regression.cosine, name, dtype, axis=axis)
