"""Losses and metrics give what real Keras gives for equal arrays and weights."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import core, losses, metrics
from thalweg.core import Session, placeholder

REFERENCE = Path(__file__).parent / "reference"
TOLERANCE = 1e-5

Array = npt.NDArray[Any]


def cases(name: str) -> list[dict[str, Any]]:
    return json.loads((REFERENCE / f"{name}.json").read_text())["cases"]  # type: ignore[no-any-return]


@functools.cache
def arrays(name: str) -> dict[str, Array]:
    with np.load(REFERENCE / f"{name}.npz") as file:
        return dict(file)


LOSSES = cases("losses")
METRICS = cases("metrics")


def assert_close(got: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    assert np.shape(got) == expected.shape
    largest = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(got, expected, rtol=TOLERANCE, atol=TOLERANCE * min(1.0, largest))


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case["name"])
def test_loss(case: dict[str, Any]) -> None:
    y, p, weight = (arrays("losses")[case[key]] for key in ("y_true", "y_pred", "sample_weight"))

    def loss(reduction: str) -> losses.Loss:
        made: losses.Loss = getattr(losses, case["class_name"])(
            **case["arguments"], reduction=reduction
        )
        return made

    assert_close(loss("none")(y, p), arrays("losses")[case["per_sample"]])
    default = getattr(losses, case["class_name"])(**case["arguments"])
    assert_close(default(y, p), case["unweighted"])
    assert_close(default(y, p, sample_weight=weight), case["weighted"])
    assert_close(loss("sum")(y, p, sample_weight=weight), case["weighted_sum"])
    mean = loss("mean_with_sample_weight")
    assert_close(mean(y, p, sample_weight=weight), case["weighted_mean"])


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case["name"])
def test_loss_of_tensors(case: dict[str, Any]) -> None:
    """Sizes are open, and probabilities come from the softmax or sigmoid of logits."""
    y, p, weight = (arrays("losses")[case[key]] for key in ("y_true", "y_pred", "sample_weight"))
    with core.Graph().as_default():
        fed = [placeholder(a.dtype, [None, *a.shape[1:]]) for a in (y, p, weight)]
        outputs = fed[1]
        loss = getattr(losses, case["class_name"])(**case["arguments"])
        if case["arguments"].get("from_logits"):
            activation = core.sigmoid if case["class_name"].startswith("Binary") else core.softmax
            outputs = activation(outputs)
            loss = getattr(losses, case["class_name"])(
                **{**case["arguments"], "from_logits": False}
            )
        value = loss(fed[0], outputs, fed[2])
        got = Session().run(value, dict(zip(fed, (y, p, weight), strict=True)))
    assert_close(got, case["weighted"])


@pytest.mark.parametrize("case", [*LOSSES, *METRICS], ids=lambda case: case["name"])
def test_configuration(case: dict[str, Any]) -> None:
    """What Keras says of the object is understood, and said of ours; ours may say more."""
    module: Any = losses if "per_sample" in case else metrics
    config = case["config"]
    again = module.deserialize({"class_name": case["class_name"], "config": config})
    ours = again.get_config()
    assert {key: ours[key] for key in config} == config
    defaults = getattr(module, case["class_name"])(**case["arguments"]).get_config()
    for key, value in config.items():
        if key not in ("dtype", "name"):
            assert defaults[key] == value


@pytest.mark.parametrize("case", METRICS, ids=lambda case: case["name"])
@pytest.mark.parametrize("word", ["unweighted", "weighted"])
def test_metric(case: dict[str, Any], word: str) -> None:
    metric = getattr(metrics, case["class_name"])(**case["arguments"])
    parts = ("y_true", "y_pred") if "y_true" in case["updates"][0] else ("values",)
    for update, expected in zip(case["updates"], case[word], strict=True):
        data = [arrays("metrics")[update[part]] for part in parts]
        weight = arrays("metrics")[update["sample_weight"]] if word == "weighted" else None
        metric.update_state(*data, sample_weight=weight)
        assert_close(metric.result(), expected)
    metric.reset_state()
    data = [arrays("metrics")[case["updates"][0][part]] for part in parts]
    if word == "unweighted":
        assert_close(metric(*data), case[word][0])


def test_the_files_are_complete() -> None:
    """Every public class of a loss, and the metrics that are more than means of losses."""
    seen = {case["class_name"] for case in LOSSES}
    wrappers = {"Loss", "LossFunctionWrapper"}
    public = {name for name in losses.__all__ if isinstance(getattr(losses, name), type)}
    assert seen == public - wrappers
    assert {case["class_name"] for case in METRICS} >= {
        *("AUC", "Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "Mean", "Precision"),
        *("Recall", "RootMeanSquaredError", "SparseCategoricalAccuracy", "Sum"),
        *("SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy"),
    }
