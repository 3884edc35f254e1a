"""Metrics that are means of a loss function's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import thalweg.core as core

from ..eager import array_or_tensor
from ..losses import classification, regression
from ..losses.base import as_floats, same_rank
from .base import Mean, MeanMetricWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


def _mean_of(function: Callable[..., Any], default_name: str, class_name: str) -> Any:
    """A metric class: the mean over samples of a loss function's values."""

    class MeanOf(MeanMetricWrapper):
        def __init__(self, name: str = default_name, dtype: Any = None, **options: Any) -> None:
            super().__init__(function, name, dtype, **options)

    MeanOf.__name__ = MeanOf.__qualname__ = class_name
    MeanOf.__doc__ = f"The mean over samples of `losses.{function.__name__}`."
    return MeanOf


MeanSquaredError = _mean_of(regression.mean_squared_error, "mean_squared_error", "MeanSquaredError")
MeanAbsoluteError = _mean_of(
    regression.mean_absolute_error, "mean_absolute_error", "MeanAbsoluteError"
)
MeanAbsolutePercentageError = _mean_of(
    regression.mean_absolute_percentage_error,
    "mean_absolute_percentage_error",
    "MeanAbsolutePercentageError",
)
MeanSquaredLogarithmicError = _mean_of(
    regression.mean_squared_logarithmic_error,
    "mean_squared_logarithmic_error",
    "MeanSquaredLogarithmicError",
)
LogCoshError = _mean_of(regression.log_cosh, "logcosh", "LogCoshError")
CosineSimilarity = _mean_of(regression.cosine_similarity, "cosine_similarity", "CosineSimilarity")
Poisson = _mean_of(regression.poisson, "poisson", "Poisson")
KLDivergence = _mean_of(classification.kl_divergence, "kl_divergence", "KLDivergence")
BinaryCrossentropy = _mean_of(
    classification.binary_crossentropy, "binary_crossentropy", "BinaryCrossentropy"
)
CategoricalCrossentropy = _mean_of(
    classification.categorical_crossentropy, "categorical_crossentropy", "CategoricalCrossentropy"
)
SparseCategoricalCrossentropy = _mean_of(
    classification.sparse_categorical_crossentropy,
    "sparse_categorical_crossentropy",
    "SparseCategoricalCrossentropy",
)
Hinge = _mean_of(classification.hinge, "hinge", "Hinge")
SquaredHinge = _mean_of(classification.squared_hinge, "squared_hinge", "SquaredHinge")
CategoricalHinge = _mean_of(
    classification.categorical_hinge, "categorical_hinge", "CategoricalHinge"
)


@array_or_tensor
def _squared_errors(y_true: Any, y_pred: Any) -> Any:
    p = core.convert(y_pred)
    y, p = same_rank(as_floats(core.convert(y_true), p), p)
    return core.square(p - y)


class RootMeanSquaredError(Mean):
    """The square root of the mean of all squared errors.

    >>> metric = RootMeanSquaredError()
    >>> metric.update_state([[3.0], [0.0]], [[0.0], [0.0]])
    >>> round(metric.result_value(), 4)
    2.1213
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds the batch's squared errors."""
        super().update(_squared_errors(y_true, y_pred), sample_weight)

    def result(self) -> Any:
        """The root of the mean so far."""
        return core.sqrt(super().result())
