"""Names, aliases and configurations of losses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from thalweg import core, losses
from thalweg.core.errors import FileFormatError, OptionError
from thalweg.saving import config
from thalweg.saving.config import custom_object_scope, register_keras_serializable

CLASSES = {
    "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.1, "axis": 1},
    "CategoricalCrossentropy": {"from_logits": True, "label_smoothing": 0.1, "axis": 1},
    "CategoricalHinge": {},
    "CosineSimilarity": {"axis": 1},
    "Hinge": {},
    "Huber": {"delta": 0.5},
    "KLDivergence": {},
    "LogCosh": {},
    "MeanAbsoluteError": {},
    "MeanAbsolutePercentageError": {},
    "MeanSquaredError": {},
    "MeanSquaredLogarithmicError": {},
    "Poisson": {},
    "SparseCategoricalCrossentropy": {"from_logits": True, "ignore_class": 3, "axis": 1},
    "SquaredHinge": {},
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
    "kld": "kl_divergence",
    "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}


def absolute(y_true: Any, y_pred: Any, factor: float = 1.0) -> Any:
    return factor * core.reduce_mean(core.abs(y_true - y_pred), axis=-1)


def found(identifier: Any) -> losses.Loss:
    loss = losses.get(identifier)
    assert loss is not None
    return loss


def test_every_public_class_is_tested() -> None:
    public = {name for name in losses.__all__ if isinstance(getattr(losses, name), type)}
    assert public == {*CLASSES, "Loss", "LossFunctionWrapper"}


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    cls = getattr(losses, name)
    assert type(found(name)) is type(found(cls)) is cls
    loss = cls()
    assert losses.get(loss) is loss
    function = getattr(losses, loss.fn.__name__)
    assert type(found(loss.fn.__name__)) is type(found(function)) is cls
    assert loss.name == {"Huber": "huber_loss"}.get(name, loss.fn.__name__)
    assert loss.reduction == "sum_over_batch_size"


@pytest.mark.parametrize(("short", "name"), ALIASES.items())
def test_alias(short: str, name: str) -> None:
    assert getattr(losses, short) is getattr(losses, name)
    assert found(short).name == found(name).name


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("bce", "BinaryCrossentropy"),
        ("BCE", "BinaryCrossentropy"),
        ("cosine", "CosineSimilarity"),
        ("cosine_proximity", "CosineSimilarity"),
        ("huber_loss", "Huber"),
    ],
)
def test_word(name: str, cls: str) -> None:
    assert type(found(name)).__name__ == cls


def test_nothing_stays_nothing() -> None:
    assert losses.get(None) is None


def test_unknown_name() -> None:
    with pytest.raises(OptionError) as caught:
        losses.get("categorical_crossentropie")
    told = str(caught.value)
    assert told.startswith(
        "loss: unknown loss 'categorical_crossentropie'\n  expected  one of BCE,"
    )
    assert told.endswith("  hint      did you mean 'categorical_crossentropy'?")


@pytest.mark.parametrize("wrong", [3, ["mse"], 1.5])
def test_what_is_no_loss(wrong: Any) -> None:
    with pytest.raises(OptionError) as caught:
        losses.get(wrong)
    assert str(caught.value).startswith(
        "loss: not one of the losses\n"
        "  expected  a name, an object that can be called, or None\n"
        f"  got       {wrong!r}"
    )


def test_class_that_makes_no_loss() -> None:
    with pytest.raises(OptionError) as caught:
        losses.get(dict)
    assert str(caught.value) == (
        "loss: not a loss\n  expected  a Loss, or a function\n  got       <class 'dict'>"
    )


# Configurations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
def test_round_trip(name: str) -> None:
    loss = getattr(losses, name)(**CLASSES[name], reduction="sum", name="mine", dtype="float64")
    data = json.loads(json.dumps(losses.serialize(loss)))
    assert data == {
        "class_name": name,
        "config": {**CLASSES[name], "reduction": "sum", "name": "mine", "dtype": "float64"},
    }
    for again in (
        losses.deserialize(data),
        found(data),
        type(loss).from_config(data["config"]),
        config.deserialize(json.loads(json.dumps(config.serialize(loss)))),
    ):
        assert type(again) is type(loss)
        assert again.get_config() == loss.get_config()
        assert again.options == CLASSES[name]


def test_same_class_name_in_two_modules() -> None:
    """`losses.MeanSquaredError` inside another object does not come back as the metric."""
    data = config.serialize([losses.MeanSquaredError()])
    assert data[0]["module"] == "thalweg.losses"
    [again] = config.deserialize(data)
    assert type(again) is losses.MeanSquaredError
    data[0]["module"] = "keras.losses"
    assert type(config.deserialize(data)[0]) is losses.MeanSquaredError
    data[0]["module"] = "thalweg.layers"
    with pytest.raises(FileFormatError, match="unknown class 'MeanSquaredError'"):
        config.deserialize(data)


def test_files_of_keras() -> None:
    new = {
        "module": "keras.losses",
        "class_name": "Huber",
        "config": {"name": "huber_loss", "reduction": "sum_over_batch_size", "delta": 2.0},
        "registered_name": None,
    }
    old = {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "name": "mse"}}
    assert losses.deserialize(new).options == {"delta": 2.0}
    loss = losses.deserialize(old)
    assert (loss.name, float(loss([[0.0]], [[2.0]]))) == ("mse", 4.0)


def test_functions() -> None:
    assert losses.serialize(losses.huber) == "huber"
    assert type(losses.deserialize("huber")) is losses.Huber
    assert losses.find_function("mse") is losses.mean_squared_error
    with pytest.raises(OptionError, match="unknown loss function 'hubber'"):
        losses.find_function("hubber")


def test_round_trip_of_a_function() -> None:
    loss = losses.LossFunctionWrapper(absolute, name="l1", factor=2.0)
    data = losses.serialize(loss)
    assert data["config"] == {
        "fn": "absolute",
        "reduction": "sum_over_batch_size",
        "name": "l1",
        "dtype": None,
        "factor": 2.0,
    }
    with pytest.raises(OptionError, match="unknown loss function 'absolute'"):
        losses.deserialize(data)
    again = losses.deserialize(data, {"absolute": absolute})
    assert (again.fn, again.options, again.name) == (absolute, {"factor": 2.0}, "l1")
    wrapped = losses.LossFunctionWrapper("mean_squared_error")
    assert losses.deserialize(losses.serialize(wrapped)).fn is losses.mean_squared_error


def test_function_without_a_name() -> None:
    with pytest.raises(OptionError, match="this value cannot be written to a file"):
        losses.serialize(losses.get(lambda y, p: p))


def test_registered_class() -> None:
    class Power(losses.Loss):
        def __init__(self, exponent: float, name: str | None = None) -> None:
            super().__init__(name)
            self.exponent = exponent

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return core.reduce_mean(core.pow(core.abs(y_true - y_pred), self.exponent), axis=-1)

    with custom_object_scope():
        register_keras_serializable(package="tests")(Power)
        data = losses.serialize(Power(3.0))
        assert data == {
            "class_name": "tests>Power",
            "config": {"exponent": 3.0, "name": "power"},
        }
        again = found(data)
        assert again.name == "power"
        assert again(np.zeros((1, 2)), [[1.0, 2.0]]) == pytest.approx(4.5)
        assert config.deserialize(config.serialize(again)).get_config() == data["config"]
    with pytest.raises(OptionError, match="unknown loss 'tests>Power'"):
        losses.deserialize(data)


def test_argument_that_a_class_lacks() -> None:
    with pytest.raises(OptionError) as caught:
        losses.deserialize({"class_name": "Huber", "config": {"delte": 2.0}})
    assert str(caught.value) == (
        "Huber: has no argument 'delte'\n"
        "  expected  delta, reduction, name, dtype\n"
        "  hint      did you mean 'delta'?"
    )
