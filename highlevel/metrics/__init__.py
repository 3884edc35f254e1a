"""Metrics: what `compile(metrics=[...])` understands, and objects to use by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thalweg.core import TensorType

from ..losses import Loss, LossFunctionWrapper
from ..registry import Registry
from .base import Mean, MeanMetricWrapper, Metric, Sum
from .classification import (
    AUC,
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .regression import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "Poisson",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "categorical_accuracy",
    "deserialize",
    "get",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]

_CLASSES: dict[str, type[Metric]] = {
    "accuracy": Accuracy, "acc": Accuracy,
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "auc": AUC, "precision": Precision, "recall": Recall,
    "true_positives": TruePositives, "false_positives": FalsePositives,
    "true_negatives": TrueNegatives, "false_negatives": FalseNegatives,
    "mean_squared_error": MeanSquaredError, "mse": MeanSquaredError, "MSE": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError, "mae": MeanAbsoluteError, "MAE": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mape": MeanAbsolutePercentageError, "MAPE": MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "msle": MeanSquaredLogarithmicError, "MSLE": MeanSquaredLogarithmicError,
    "root_mean_squared_error": RootMeanSquaredError, "rmse": RootMeanSquaredError,
    "logcosh": LogCoshError, "log_cosh": LogCoshError,
    "cosine_similarity": CosineSimilarity, "cosine_proximity": CosineSimilarity,
    "poisson": Poisson,
    "kl_divergence": KLDivergence, "kld": KLDivergence, "kullback_leibler_divergence": KLDivergence,
    "hinge": Hinge, "squared_hinge": SquaredHinge, "categorical_hinge": CategoricalHinge,
    "binary_crossentropy": BinaryCrossentropy, "bce": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "mean": Mean, "sum": Sum,
}  # fmt: skip
_CHOICES = {  # a word that means one of three, by what the output and the targets are
    "accuracy": (BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy),
    "crossentropy": (BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy),
}
_WORDS = {
    "accuracy": "accuracy", "acc": "accuracy", "crossentropy": "crossentropy", "ce": "crossentropy",
}  # fmt: skip
_REGISTRY = Registry("metric", {**_CLASSES, **{cls.__name__: cls for cls in _CLASSES.values()}})


def get(identifier: Any) -> Any:
    """The metric that an argument means: a name, a Metric, a class, or what `serialize` wrote.

    A function is returned as it is.

    Raises:
        OptionError: for an unknown name, with the nearest one.

    >>> get("mse").name
    'mean_squared_error'
    """
    return identifier if isinstance(identifier, Metric) else _REGISTRY.get(identifier)


def resolve(identifier: Any, loss: Loss | None, target: TensorType, output: TensorType) -> Metric:
    """The metric for one output of a model.

    Args:
        identifier: what the user gave; "accuracy" and "crossentropy" depend on the other three.
        loss: of that output.
        target: type of its targets.
        output: its type.

    Raises:
        OptionError: for an unknown name, with the nearest one.
    """
    if identifier in _WORDS if isinstance(identifier, str) else False:
        word = _WORDS[identifier]
        kind = _kind(loss, target, output)
        return _CHOICES[word][kind]()
    found = get(identifier)
    if isinstance(found, Metric):
        return found
    if isinstance(found, Loss):
        return MeanMetricWrapper(_values_of(found), name=found.name)
    return MeanMetricWrapper(found, name=getattr(found, "__name__", None))


def _kind(loss: Loss | None, target: TensorType, output: TensorType) -> int:
    """0 binary, 1 categorical, 2 sparse (Keras's rule)."""
    if isinstance(loss, LossFunctionWrapper):
        name = getattr(loss.fn, "__name__", "")
        if name == "binary_crossentropy":
            return 0
        if name == "sparse_categorical_crossentropy":
            return 2
    if output.shape and output.shape[-1] == 1:
        return 0
    one_hot = (
        target.shape is not None
        and output.shape is not None
        and len(target.shape) == len(output.shape)
        and target.shape[-1] != 1
    )
    return 1 if one_hot else 2


def _values_of(loss: Loss) -> Any:
    def values(y_true: Any, y_pred: Any) -> Any:
        return loss.call(y_true, y_pred)

    return values


def serialize(metric: Any) -> Any:
    """A metric as JSON data."""
    return _REGISTRY.serialize(metric)


def deserialize(data: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that `serialize` wrote."""
    return _REGISTRY.deserialize(data, custom_objects)
