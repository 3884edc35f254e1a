"""Names, words that depend on the data, and configurations of metrics."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from thalweg import core, losses, metrics
from thalweg.core import TensorType, as_dtype
from thalweg.core.errors import OptionError
from thalweg.saving import config
from thalweg.saving.config import custom_object_scope, register_keras_serializable

CLASSES: dict[str, dict[str, Any]] = {
    "AUC": {
        **{"num_thresholds": 20, "curve": "PR", "summation_method": "minoring"},
        **{"thresholds": None, "from_logits": True, "multi_label": True, "num_labels": 3},
        **{"label_weights": [1.0, 2.0, 3.0]},
    },
    "Accuracy": {},
    "BinaryAccuracy": {"threshold": 0.25},
    "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.1},
    "CategoricalAccuracy": {},
    "CategoricalCrossentropy": {"from_logits": True, "label_smoothing": 0.1, "axis": 1},
    "CategoricalHinge": {},
    "CosineSimilarity": {"axis": 1},
    "FalseNegatives": {"thresholds": [0.25, 0.5]},
    "FalsePositives": {"thresholds": 0.25},
    "Hinge": {},
    "KLDivergence": {},
    "LogCoshError": {},
    "Mean": {},
    "MeanAbsoluteError": {},
    "MeanAbsolutePercentageError": {},
    "MeanIoU": {
        **{"num_classes": 3, "ignore_class": 1, "sparse_y_true": False},
        **{"sparse_y_pred": False, "axis": 1},
    },
    "MeanSquaredError": {},
    "MeanSquaredLogarithmicError": {},
    "Poisson": {},
    "Precision": {"thresholds": [0.25], "top_k": 2, "class_id": 1},
    "Recall": {"thresholds": None, "top_k": 2, "class_id": 1},
    "RootMeanSquaredError": {},
    "SparseCategoricalAccuracy": {},
    "SparseCategoricalCrossentropy": {"from_logits": True, "ignore_class": 3, "axis": 1},
    "SparseTopKCategoricalAccuracy": {"k": 3},
    "SquaredHinge": {},
    "Sum": {},
    "TopKCategoricalAccuracy": {"k": 3},
    "TrueNegatives": {"thresholds": None},
    "TruePositives": {"thresholds": None},
}
NAMES = {
    "AUC": "auc",
    "KLDivergence": "kl_divergence",
    "LogCoshError": "logcosh",
    "MeanIoU": "mean_io_u",
}
ALIASES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "MSLE": "mean_squared_logarithmic_error",
    "rmse": "root_mean_squared_error",
    "kld": "kl_divergence",
    "bce": "binary_crossentropy",
    "cosine_proximity": "cosine_similarity",
    "log_cosh": "logcosh",
    "acc": "accuracy",
}


def snake(name: str) -> str:
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return NAMES.get(name, words.lstrip("_"))


def made(kind: str, **further: Any) -> Any:
    return getattr(metrics, kind)(**CLASSES[kind], **further)


def test_every_public_class_is_tested() -> None:
    public = {name for name in metrics.__all__ if isinstance(getattr(metrics, name), type)}
    assert public == {*CLASSES, "Metric", "MeanMetricWrapper"}


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    cls = getattr(metrics, name)
    metric = made(name)
    assert metric.name == snake(name)
    assert metrics.get(metric) is metric
    if name != "MeanIoU":  # which needs an argument
        assert type(metrics.get(name)) is type(metrics.get(cls)) is cls
        assert type(metrics.get(snake(name))) is cls


@pytest.mark.parametrize(("short", "name"), ALIASES.items())
def test_alias(short: str, name: str) -> None:
    assert metrics.get(short).name == name
    assert metrics.get(short) is not metrics.get(short)


def test_functions_are_those_of_the_losses() -> None:
    for name in ("mean_squared_error", "mse", "binary_crossentropy", "kld", "hinge", "poisson"):
        assert getattr(metrics, name) is getattr(losses, name)
    assert metrics.get(metrics.binary_accuracy) is metrics.binary_accuracy
    assert metrics.get(None) is None


def test_unknown_name() -> None:
    with pytest.raises(OptionError) as caught:
        metrics.get("acuracy")
    told = str(caught.value)
    assert told.startswith("metric: unknown metric 'acuracy'\n  expected  one of AUC,")
    assert told.endswith("  hint      did you mean 'accuracy'?")


@pytest.mark.parametrize("wrong", [3, ["mse"]])
def test_what_is_no_metric(wrong: Any) -> None:
    with pytest.raises(OptionError) as caught:
        metrics.get(wrong)
    assert str(caught.value).startswith(
        "metric: not one of the metrics\n"
        "  expected  a name, an object that can be called, or None\n"
        f"  got       {wrong!r}"
    )


# Words that depend on the data -------------------------------------------------------------------


def resolved(
    identifier: Any,
    target: tuple[int | None, ...] | None,
    output: tuple[int | None, ...] | None,
    loss: Any = None,
) -> metrics.Metric:
    types = [TensorType(as_dtype("float32"), shape) for shape in (target, output)]
    return metrics.resolve(identifier, losses.get(loss), *types)


@pytest.mark.parametrize(
    ("target", "output", "kind"),
    [
        ((None, 1), (None, 1), "Binary"),
        ((None,), (None, 1), "Binary"),
        ((None,), (None,), "Binary"),
        ((None, 10), (None, 10), "Categorical"),
        ((None, 7, 10), (None, 7, 10), "Categorical"),
        ((None, None), (None, None), "Categorical"),
        ((None,), (None, 10), "SparseCategorical"),
        ((None, 1), (None, 10), "SparseCategorical"),
        ((None, 7), (None, 7, 10), "SparseCategorical"),
    ],
)
@pytest.mark.parametrize("word", ["accuracy", "acc", "Accuracy", "crossentropy", "ce"])
def test_word(
    word: str, target: tuple[int | None, ...], output: tuple[int | None, ...], kind: str
) -> None:
    """Keras's rule: by the shapes, whatever the loss."""
    for loss in (None, "binary_crossentropy", "sparse_categorical_crossentropy", "mse"):
        metric = resolved(word, target, output, loss)
        suffix = "Accuracy" if word.lower().startswith("acc") else "Crossentropy"
        assert type(metric).__name__ == kind + suffix
        assert metric.name == word
    assert word in metrics.WORDS


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ("binary_crossentropy", "Binary"),
        ("categorical_crossentropy", "Categorical"),
        ("sparse_categorical_crossentropy", "SparseCategorical"),
        ("mse", "SparseCategorical"),
        (None, "SparseCategorical"),
    ],
)
def test_word_for_unknown_shapes(loss: str | None, kind: str) -> None:
    assert type(resolved("acc", (None,), None, loss)).__name__ == f"{kind}Accuracy"
    assert type(resolved("acc", None, (None, 2), loss)).__name__ == f"{kind}Accuracy"


def test_names_that_the_user_gave() -> None:
    assert resolved("mse", (None, 1), (None, 1)).name == "mse"
    assert resolved("AUC", (None, 1), (None, 1)).name == "AUC"
    own = metrics.AUC(name="area")
    assert resolved(own, (None, 1), (None, 1)) is own
    assert own.name == "area"
    assert resolved(metrics.Recall, (None, 1), (None, 1)).name == "recall"
    assert resolved({"class_name": "AUC", "config": {"name": "a"}}, (None,), (None,)).name == "a"


def distance(y_true: Any, y_pred: Any) -> Any:
    return core.reduce_mean(core.abs(y_true - y_pred), axis=-1)


def test_functions_and_losses() -> None:
    for identifier, name, value in (
        (distance, "distance", 1.5),
        (losses.mean_squared_error, "mean_squared_error", 2.5),
        (losses.MeanSquaredError(), "mean_squared_error", 2.5),
        (losses.LossFunctionWrapper(distance, name="far"), "far", 1.5),
        (lambda y, p: distance(y, p), "lambda", 1.5),
    ):
        metric = resolved(identifier, (None, 2), (None, 2))
        assert type(metric) is metrics.MeanMetricWrapper
        assert metric.name == name
        assert metric(np.int64([[0, 0]]), [[1.0, 2.0]]) == value
    with custom_object_scope({"far": distance}):
        assert resolved("far", (None, 2), (None, 2)).name == "far"


@pytest.mark.parametrize("wrong", [None, dict])
def test_what_cannot_be_resolved(wrong: Any) -> None:
    with pytest.raises(OptionError) as caught:
        resolved(wrong, (None,), (None,))
    assert str(caught.value) == f"metric: not a metric\n  got       {wrong!r}"


# Configurations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
def test_round_trip(name: str) -> None:
    metric = made(name, name="mine", dtype="float64")
    data = json.loads(json.dumps(metrics.serialize(metric)))
    assert data == {
        "class_name": name,
        "config": {**CLASSES[name], "name": "mine", "dtype": "float64"},
    }
    for again in (
        metrics.deserialize(data),
        metrics.get(data),
        type(metric).from_config(data["config"]),
        config.deserialize(json.loads(json.dumps(config.serialize(metric)))),
    ):
        assert type(again) is type(metric)
        assert again.get_config() == metric.get_config()
        assert [str(v.type) for v in again.variables] == [str(v.type) for v in metric.variables]


def test_names_stay() -> None:
    metrics.AUC()
    metric = metrics.AUC()
    assert metric.name == "auc_1"
    assert metrics.deserialize(metrics.serialize(metric)).name == "auc_1"


def test_same_class_name_in_two_modules() -> None:
    data = config.serialize({"a": metrics.MeanSquaredError(), "b": losses.MeanSquaredError()})
    assert data["a"]["module"] == "thalweg.metrics"
    assert type(config.deserialize(data["a"])) is metrics.MeanSquaredError
    assert type(config.deserialize(data["b"])) is losses.MeanSquaredError


def test_files_of_keras() -> None:
    new = {
        "module": "keras.metrics",
        "class_name": "AUC",
        "config": {"name": "auc", "dtype": "float32", "num_thresholds": 50, "curve": "ROC"},
        "registered_name": None,
    }
    old = {
        "class_name": "MeanMetricWrapper",
        "config": {"name": "accuracy", "dtype": "float32", "fn": "binary_accuracy"},
    }
    assert metrics.deserialize(new).num_thresholds == 50
    metric = metrics.deserialize(old)
    assert (metric.name, metric.fn) == ("accuracy", metrics.binary_accuracy)


def test_round_trip_of_a_function() -> None:
    data = metrics.serialize(metrics.MeanMetricWrapper(distance, name="far"))
    assert data["config"] == {"fn": "distance", "name": "far", "dtype": None}
    with pytest.raises(OptionError, match="unknown loss function 'distance'"):
        metrics.deserialize(data)
    again = metrics.deserialize(data, {"distance": distance})
    assert (again.fn, again.name) == (distance, "far")
    assert metrics.serialize(metrics.binary_accuracy) == "binary_accuracy"


def test_registered_class() -> None:
    class Least(metrics.Metric):
        def __init__(self, start: float, name: str = "least") -> None:
            super().__init__(name)
            self.seen = self.add_variable("seen", initializer="ones")
            self.start = start

        def update_state(self, y_true: Any, y_pred: Any) -> None:
            self.seen.assign(core.minimum(self.seen, core.reduce_min(y_pred)))

        def result(self) -> Any:
            return self.start + self.seen

    with custom_object_scope():
        register_keras_serializable(package="tests")(Least)
        data = metrics.serialize(Least(2.0))
        assert data == {"class_name": "tests>Least", "config": {"start": 2.0, "name": "least"}}
        assert metrics.deserialize(data)([0.0], [0.5, 0.25]) == 2.25
        assert config.deserialize(config.serialize(Least(3.0))).start == 3.0
    with pytest.raises(OptionError, match="unknown metric 'tests>Least'"):
        metrics.deserialize(data)


def test_directions() -> None:
    """What callbacks take for better."""
    directions = {name: getattr(metrics, name).direction for name in CLASSES}
    assert {name for name, direction in directions.items() if direction is None} == {"Mean", "Sum"}
    for name in ("AUC", "Accuracy", "Precision", "CosineSimilarity", "TruePositives"):
        assert directions[name] == "up"
    for name in ("MeanSquaredError", "BinaryCrossentropy", "FalseNegatives", "Hinge"):
        assert directions[name] == "down"
