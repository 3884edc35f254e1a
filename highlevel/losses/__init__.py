"""Losses: classes, the functions under them, and the names that `compile` understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thalweg.core.errors import OptionError

from ..registry import Registry
from .base import Loss, LossFunctionWrapper, UserLoss
from .classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    kl_divergence,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

# Each function's class; a name or a function of ours stands for it.
_CLASS_OF: dict[Any, type[LossFunctionWrapper]] = {
    mean_squared_error: MeanSquaredError,
    mean_absolute_error: MeanAbsoluteError,
    mean_absolute_percentage_error: MeanAbsolutePercentageError,
    mean_squared_logarithmic_error: MeanSquaredLogarithmicError,
    huber: Huber,
    log_cosh: LogCosh,
    cosine_similarity: CosineSimilarity,
    poisson: Poisson,
    kl_divergence: KLDivergence,
    hinge: Hinge,
    squared_hinge: SquaredHinge,
    categorical_hinge: CategoricalHinge,
    binary_crossentropy: BinaryCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
}
_ALIASES = {
    "mse": MeanSquaredError, "MSE": MeanSquaredError,
    "mae": MeanAbsoluteError, "MAE": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError, "MAPE": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError, "MSLE": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy, "BCE": BinaryCrossentropy,
    "kld": KLDivergence, "KLD": KLDivergence, "kullback_leibler_divergence": KLDivergence,
    "logcosh": LogCosh, "cosine": CosineSimilarity, "cosine_proximity": CosineSimilarity,
    "huber_loss": Huber,
}  # fmt: skip
_REGISTRY = Registry(
    "loss",
    {
        **{function.__name__: cls for function, cls in _CLASS_OF.items()},
        **{cls.__name__: cls for cls in _CLASS_OF.values()},
        **_ALIASES,
    },
)


def get(identifier: Any) -> Loss:
    """The loss that an argument means.

    Args:
        identifier: a name, a Loss, a class, what `serialize` wrote, or a function
            `(y_true, y_pred) -> values`.

    Raises:
        OptionError: for an unknown name, with the nearest one.

    >>> get("mse").name
    'mean_squared_error'
    """
    if isinstance(identifier, Loss):
        return identifier
    if callable(identifier) and identifier in _CLASS_OF:
        return _CLASS_OF[identifier]()  # type: ignore[call-arg]
    found = _REGISTRY.get(identifier)
    if isinstance(found, Loss):
        return found
    if not callable(found):
        raise OptionError("loss", "not a loss", got=repr(identifier))
    return UserLoss(found)


def serialize(loss: Any) -> Any:
    """A loss as JSON data."""
    return _REGISTRY.serialize(loss)


def deserialize(data: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that `serialize` wrote."""
    return _REGISTRY.deserialize(data, custom_objects)
