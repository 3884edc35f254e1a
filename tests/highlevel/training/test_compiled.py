"""What `compile` makes of its arguments: losses, weights, metrics and their names."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, Sequential, core
from thalweg.core.errors import OptionError
from thalweg.layers import Dense
from thalweg.losses import MeanSquaredError
from thalweg.metrics import BinaryAccuracy, Precision

RNG = np.random.default_rng(13)
X = RNG.normal(size=(8, 3)).astype(np.float32)
Y = [np.ones((8, 1)), np.zeros((8, 2))]


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return re.sub(r"(test_\w+\.py):.*", r"\1", str(error.value))


def two_outputs() -> Model:
    x = Input((3,))
    return Model(x, [Dense(1, name="one")(x), Dense(2, name="two")(x)])


def names(model: Model, **options: Any) -> list[str]:
    model.compile("sgd", "mse", **options)
    y = Y if len(model.outputs) == 2 else Y[0]
    model.evaluate(X, y, verbose=0)
    return model.metrics_names


class TestNames:
    """tf_keras 2.21 prints these names, in this order, for the same calls of `compile`."""

    def test_one_output(self) -> None:
        model = Sequential([Dense(1, input_shape=(3,))])
        options: dict[str, Any] = {"metrics": ["accuracy", "acc", "mae"]}
        assert names(model, **options) == ["loss", "accuracy", "acc", "mae"]

    def test_weighted(self) -> None:
        model = Sequential([Dense(1, input_shape=(3,))])
        options: dict[str, Any] = {"metrics": ["accuracy"], "weighted_metrics": ["accuracy", "mae"]}
        assert names(model, **options) == ["loss", "accuracy", "weighted_accuracy", "mae"]

    def test_two_outputs(self) -> None:
        metrics = {"one": ["mae", "mse"], "two": "mae"}
        found = names(two_outputs(), metrics=metrics, weighted_metrics={"one": ["mae"]})
        assert found == [
            "loss", "one_loss", "two_loss",
            "one_mae", "one_mse", "one_weighted_mae", "two_mae",
        ]  # fmt: skip

    def test_one_list_for_both_outputs(self) -> None:
        found = names(two_outputs(), metrics=["mae"])
        assert found == ["loss", "one_loss", "two_loss", "one_mae", "two_mae"]

    def test_a_list_an_output(self) -> None:
        found = names(two_outputs(), metrics=[["mae"], ["mse", "accuracy"]])
        assert found[3:] == ["one_mae", "two_mse", "two_accuracy"]

    def test_objects_and_functions(self) -> None:
        def worst(y_true: Any, y_pred: Any) -> Any:
            return core.reduce_max(core.abs(y_true - y_pred), axis=-1)

        model = Sequential([Dense(1, input_shape=(3,))])
        metrics = [Precision(), BinaryAccuracy(name="right"), worst]
        assert names(model, metrics=metrics) == ["loss", "precision", "right", "worst"]

    def test_the_same_twice(self) -> None:
        model = Sequential([Dense(1, input_shape=(3,))])
        assert names(model, metrics=["mae", "mae"]) == ["loss", "mae", "mae_1"]


def test_values_of_several_outputs() -> None:
    model = two_outputs()
    model.compile("sgd", {"two": "mae", "one": MeanSquaredError()}, loss_weights=[0.5, 2.0])
    one, two = model.predict(X)
    first, second = np.mean((one - 1) ** 2), np.mean(np.abs(two))
    values = model.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(values, [0.5 * first + 2 * second, first, second], rtol=1e-5)
    model.compile("sgd", "mse", loss_weights={"two": 3.0})
    first, second = np.mean((one - 1) ** 2), np.mean(two**2)
    np.testing.assert_allclose(
        model.evaluate(X, Y, verbose=0), [first + 3 * second, first, second], rtol=1e-5
    )


def test_output_without_a_loss() -> None:
    model = two_outputs()
    model.compile("sgd", ["mse", None])
    one, _ = model.predict(X)
    values = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(values) == ["loss", "one_loss"]
    np.testing.assert_allclose(values["loss"], np.mean((one - 1) ** 2), rtol=1e-5)


def test_metric_object_starts_afresh_in_the_next_model() -> None:
    accuracy = BinaryAccuracy()
    results = []
    for _ in range(2):
        model = Sequential([Dense(1, input_shape=(3,), kernel_initializer="zeros")])
        model.compile("sgd", "mse", metrics=[accuracy])
        results.append(model.evaluate(X, np.full(8, len(results)), verbose=0)[1])
    assert results == [1.0, 0.0]


def test_compile_again() -> None:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, Y[0], verbose=0)
    model.compile("adam", "mae")
    assert list(model.fit(X, Y[0], verbose=0).history) == ["loss"]
    assert type(model.optimizer).__name__ == "Adam"


class TestErrors:
    def fails(self, expected: str, *args: Any, model: Model | None = None, **options: Any) -> None:
        model = model or two_outputs()
        with pytest.raises(OptionError) as error:
            model.compile(*args, **options)
        assert message(error) == expected

    def test_unknown_optimizer(self) -> None:
        self.fails(
            "optimizer: unknown optimizer 'adamm'\n"
            "  expected  one of adadelta, adagrad, adam, adamax, adamw, ftrl, nadam, rmsprop, sgd\n"
            "  made at   test_compiled.py\n"
            "  hint      did you mean 'adam'?",
            "adamm",
        )

    @pytest.mark.parametrize("late", [False, True])
    def test_unknown_loss_and_metric(self, late: bool) -> None:
        """Said at `compile`, also by a model that has no input shape yet."""
        model = Sequential([Dense(1)]) if late else two_outputs()
        for options, what, name, near in (
            ({"loss": "categorical_crosentropy"}, "loss", "categorical_crosentropy",
             "categorical_crossentropy"),
            ({"loss": "mse", "metrics": ["acuracy"]}, "metric", "acuracy", "accuracy"),
            ({"loss": "mse", "weighted_metrics": ["mea"]}, "metric", "mea", "mean"),
        ):  # fmt: skip
            with pytest.raises(OptionError) as error:
                model.compile("sgd", **options)
            assert message(error).startswith(f"{what}: unknown {what} '{name}'\n  expected  one of")
            assert error.value.hint == f"did you mean '{near}'?"

    def test_unknown_argument(self) -> None:
        self.fails(
            "compile: has no argument 'metric'\n"
            "  made at   test_compiled.py\n"
            "  hint      did you mean 'metrics'?",
            "sgd",
            metric=["mae"],
        )

    @pytest.mark.parametrize("what", ["loss", "metrics", "loss_weights"])
    def test_unknown_output(self, what: str) -> None:
        self.fails(
            f"compile: {what} names an unknown output 'tow'\n"
            "  expected  one, two\n"
            "  hint      did you mean 'two'?",
            "sgd",
            **{"loss": "mse", what: {"tow": 1.0 if what == "loss_weights" else "mse"}},
        )

    def test_wrong_number_of_losses(self) -> None:
        self.fails(
            "compile: loss does not fit the outputs\n"
            "  expected  2 entries: one, two\n"
            "  got       1",
            "sgd",
            ["mse"],
        )

    def test_one_weight_for_two_outputs(self) -> None:
        self.fails(
            "compile: loss_weights must be a list or dict for several outputs\n  got       2.0",
            "sgd",
            "mse",
            loss_weights=2.0,
        )

    def test_one_metric_object_for_two_outputs(self) -> None:
        metric = Precision()
        self.fails(
            "compile: one metric object cannot watch several outputs\n"
            "  expected  {output: [metrics]} with outputs one, two\n"
            f"  got       [{metric!r}]",
            "sgd",
            "mse",
            metrics=[metric],
        )
