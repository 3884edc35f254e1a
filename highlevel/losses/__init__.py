"""Losses: classes, the functions under them, and the names that `compile` understands.

A function gives one value a sample; a class weighs and reduces them to a scalar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from thalweg.core.errors import OptionError

from ..registry import Registry
from .base import Loss, LossFunctionWrapper
from .classification import (
    CategoricalHinge,
    Hinge,
    KLDivergence,
    SquaredHinge,
    categorical_hinge,
    hinge,
    kl_divergence,
    squared_hinge,
)
from .crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
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
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
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
    "find_function",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

# Keras 2's short names of the functions.
mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh

# A name or a function of ours stands for its class.
_CLASSES: dict[Callable[..., Any], Callable[[], Loss]] = {
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
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{function.__name__: function for function in _CLASSES},
    "mse": mse, "MSE": mse, "mae": mae, "MAE": mae, "mape": mape, "MAPE": mape,
    "msle": msle, "MSLE": msle, "bce": binary_crossentropy, "BCE": binary_crossentropy,
    "kld": kld, "KLD": kld, "kullback_leibler_divergence": kld, "logcosh": log_cosh,
    "cosine": cosine_similarity, "cosine_proximity": cosine_similarity, "huber_loss": huber,
}  # fmt: skip
_REGISTRY = Registry(
    "loss",
    {
        "LossFunctionWrapper": LossFunctionWrapper,
        **{getattr(cls, "__name__", ""): cls for cls in _CLASSES.values()},
        **{name: _CLASSES[function] for name, function in _FUNCTIONS.items()},
    },
)
_FUNCTION_REGISTRY = Registry("loss function", _FUNCTIONS)


def get(identifier: Any) -> Loss | None:
    """The loss that an argument means.

    # differs from Keras: where the names of functions stand for the bare functions.

    Args:
        identifier: None (which stays None), a name, a Loss, a class, what `serialize` wrote, or
            a function `(y_true, y_pred) -> values`.

    Raises:
        OptionError: for an unknown name, with the nearest one, or another object.

    >>> get("mse").name
    'mean_squared_error'
    """
    found = _REGISTRY.get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    for function, cls in _CLASSES.items():
        if found is function:
            return cls()
    if not callable(found):
        raise OptionError(
            "loss", "not a loss", expected="a Loss, or a function", got=repr(identifier)
        )
    return LossFunctionWrapper(found)


def find_function(name: str) -> Callable[..., Any]:
    """The loss function of that name: the library's, or a registered one of the user's.

    Raises:
        OptionError: for an unknown name, with the nearest one.

    >>> find_function("mae") is mean_absolute_error
    True
    """
    function: Callable[..., Any] = _FUNCTION_REGISTRY.get(name)
    return function


def serialize(loss: Any) -> Any:
    """A loss as JSON data: a class and its arguments, or the name of a function.

    Raises:
        OptionError: for a function without a name, which could not be found again.

    >>> serialize(Huber(delta=2.0))["config"]["delta"]
    2.0
    """
    return _REGISTRY.serialize(loss)


def deserialize(data: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that `serialize` wrote.

    Args:
        data: its result.
        custom_objects: further classes and functions, by name.

    Raises:
        OptionError: for a name that is not known, or an argument that a class lacks.

    >>> deserialize({"class_name": "Huber", "config": {"delta": 2.0}}).options
    {'delta': 2.0}
    """
    return _REGISTRY.deserialize(data, custom_objects)
