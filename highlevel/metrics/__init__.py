"""Metrics: what `compile(metrics=[...])` understands, and objects to use by hand.

Functions give one value a sample; classes keep state and take batch after batch into account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from thalweg.core import TensorType
from thalweg.core.errors import OptionError

from ..losses import (
    KLD,
    MAE,
    MAPE,
    MSE,
    MSLE,
    Loss,
    LossFunctionWrapper,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    kld,
    kullback_leibler_divergence,
    log_cosh,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from ..losses import find_function as find_loss_function
from ..registry import Registry
from .auc import AUC
from .base import Metric
from .classification import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from .iou import MeanIoU
from .probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from .reduction import Mean, MeanMetricWrapper, Sum
from .regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)

__all__ = [
    "AUC",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "WORDS",
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
    "MeanIoU",
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
    "accuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
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
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_CLASSES: dict[str, type[Metric]] = {
    "accuracy": Accuracy, "acc": Accuracy,
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "auc": AUC, "precision": Precision, "recall": Recall, "mean_io_u": MeanIoU,
    "true_positives": TruePositives, "false_positives": FalsePositives,
    "true_negatives": TrueNegatives, "false_negatives": FalseNegatives,
    "mean_squared_error": MeanSquaredError, "mse": MeanSquaredError, "MSE": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError, "mae": MeanAbsoluteError, "MAE": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mape": MeanAbsolutePercentageError, "MAPE": MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "msle": MeanSquaredLogarithmicError, "MSLE": MeanSquaredLogarithmicError,
    "root_mean_squared_error": RootMeanSquaredError, "rmse": RootMeanSquaredError,
    "logcosh": LogCoshError, "log_cosh": LogCoshError, "log_cosh_error": LogCoshError,
    "cosine_similarity": CosineSimilarity, "cosine_proximity": CosineSimilarity,
    "poisson": Poisson,
    "kl_divergence": KLDivergence, "kld": KLDivergence, "KLD": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
    "hinge": Hinge, "squared_hinge": SquaredHinge, "categorical_hinge": CategoricalHinge,
    "binary_crossentropy": BinaryCrossentropy, "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "mean": Mean, "sum": Sum, "MeanMetricWrapper": MeanMetricWrapper,
}  # fmt: skip
_REGISTRY = Registry("metric", {**_CLASSES, **{cls.__name__: cls for cls in _CLASSES.values()}})
_FUNCTIONS = {
    function.__name__: function
    for function in (
        accuracy,
        binary_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )
}
# Words that mean one of three metrics, by what the targets and the output are.
_ACCURACIES = (BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy)
_CROSSENTROPIES = (BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy)
_CHOICES: dict[str, tuple[type[Metric], ...]] = {
    "accuracy": _ACCURACIES,
    "Accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}
WORDS = frozenset(_CHOICES)


def get(identifier: Any) -> Any:
    """The metric that an argument means.

    Args:
        identifier: None (which stays None), a name, a Metric, a class, what `serialize` wrote, or
            a function, which is returned as it is.

    Raises:
        OptionError: for an unknown name, with the nearest one, or another object.

    >>> get("mse").name
    'mean_squared_error'
    """
    return _REGISTRY.get(identifier)


def find_function(name: str) -> Callable[..., Any]:
    """The metric or loss function of that name: the library's, or a registered one of the user's.

    Raises:
        OptionError: for an unknown name, with the nearest one.

    >>> find_function("binary_accuracy") is binary_accuracy
    True
    """
    return _FUNCTIONS[name] if name in _FUNCTIONS else find_loss_function(name)


def resolve(identifier: Any, loss: Loss | None, target: TensorType, output: TensorType) -> Metric:
    """The metric for one output of a model; a name that the user gave becomes its name.

    Args:
        identifier: what the user gave. "accuracy" and "crossentropy" mean the binary one for
            outputs of one unit, the sparse one for targets without an axis of classes, else the
            categorical one (Keras's rule).
        loss: of that output; it decides where shapes are unknown.
        target: type of its targets.
        output: its type.

    Raises:
        OptionError: for an unknown name, with the nearest one, or an object that is no metric.

    >>> from thalweg.core import float32, int64
    >>> metric = resolve("acc", None, TensorType(int64, (None,)), TensorType(float32, (None, 10)))
    >>> metric.name, type(metric).__name__
    ('acc', 'SparseCategoricalAccuracy')
    """
    name = identifier if isinstance(identifier, str) else None
    choices = _CHOICES.get(name) if name else None
    found = get(choices[_kind(loss, target, output)] if choices else identifier)
    if isinstance(found, Loss):
        found = MeanMetricWrapper(found.per_sample, name=found.name)
    elif callable(found) and not isinstance(found, Metric):
        found = MeanMetricWrapper(found)
    if not isinstance(found, Metric):
        raise OptionError("metric", "not a metric", got=repr(identifier))
    found.name = name or found.name
    return found


def _kind(loss: Loss | None, target: TensorType, output: TensorType) -> int:
    """0 binary, 1 categorical, 2 sparse."""
    if target.shape is None or output.shape is None:
        function = loss.fn if isinstance(loss, LossFunctionWrapper) else None
        if function is binary_crossentropy:
            return 0
        return 1 if function is categorical_crossentropy else 2
    if len(output.shape) < 2 or output.shape[-1] == 1:
        return 0
    return 2 if len(target.shape) < len(output.shape) or target.shape[-1] == 1 else 1


def serialize(metric: Any) -> Any:
    """A metric as JSON data: a class and its arguments, or the name of a function.

    Raises:
        OptionError: for a function without a name, which could not be found again.

    >>> serialize(BinaryAccuracy(threshold=0.25))["config"]["threshold"]
    0.25
    """
    return _REGISTRY.serialize(metric)


def deserialize(data: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that `serialize` wrote.

    Args:
        data: its result.
        custom_objects: further classes and functions, by name.

    Raises:
        OptionError: for a name that is not known, or an argument that a class lacks.

    >>> deserialize({"class_name": "AUC", "config": {"num_thresholds": 50}}).num_thresholds
    50
    """
    return _REGISTRY.deserialize(data, custom_objects)
