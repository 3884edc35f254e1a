"""A whole `fit` gives Keras's history, evaluation, weights and predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fidelity import fixtures

from thalweg import Sequential, optimizers
from thalweg.core import Graph, Session, set_session
from thalweg.layers import BatchNormalization, Dense, Input
from thalweg.regularizers import L1L2

REFERENCE = Path(__file__).parent / "reference"
TOLERANCE = 1e-4  # relative
DATA: dict[str, Any] = json.loads((REFERENCE / "fit.json").read_text())
RUNS: dict[str, dict[str, Any]] = {run["name"]: run for run in DATA["runs"]}
CLASS_WEIGHT = {int(label): weight for label, weight in DATA["class_weight"].items()}


@pytest.fixture
def session() -> Iterator[Session]:
    with Graph().as_default():
        session = Session()
        set_session(session)
        yield session
    set_session(None)


@pytest.fixture
def arrays() -> dict[str, npt.NDArray[Any]]:
    with np.load(REFERENCE / DATA["arrays"]) as file:
        return dict(file)


def passed(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `fit` and `evaluate` got beside the stored arguments."""
    data = fixtures.fit_data()
    assert fixtures.sha256(*vars(data).values()) == DATA["data_sha256"]
    held = {"x": data.x_validation, "y": data.y_validation}
    if name == "class_weight":
        fit: dict[str, Any] = {"x": data.x, "y": data.y, "class_weight": CLASS_WEIGHT}
        return {**fit, "validation_data": (data.x_validation, data.y_validation)}, held
    if name == "sample_weight":
        hot, hot_held = fixtures.one_hot(data.y, 3), fixtures.one_hot(data.y_validation, 3)
        fit = {"x": data.x, "y": hot, "sample_weight": data.sample_weight}
        return (
            {**fit, "validation_data": (data.x_validation, hot_held, data.validation_weight)},
            {"x": data.x_validation, "y": hot_held, "sample_weight": data.validation_weight},
        )
    return {"x": data.x, "y": data.y, "sample_weight": data.sample_weight}, held


def model_of(run: dict[str, Any]) -> Sequential:
    model = Sequential(
        [
            Input((8,)),
            Dense(12, activation="relu", kernel_regularizer=L1L2(1e-3, 1e-2)),
            BatchNormalization(momentum=0.9),
            Dense(3, activation="softmax"),
        ]
    )
    weights = fixtures.fit_weights()
    assert fixtures.sha256(*weights) == DATA["weights_sha256"]
    model.set_weights(weights)
    model.compile(
        getattr(optimizers, run["optimizer"])(**run["arguments"]),
        run["loss"],
        metrics=run["metrics"],
        weighted_metrics=run["weighted_metrics"],
    )
    return model


@pytest.mark.parametrize("name", list(RUNS))
def test_fit(name: str, session: Session, arrays: dict[str, npt.NDArray[Any]]) -> None:
    run = RUNS[name]
    model = model_of(run)
    fit, evaluate = passed(name)
    common = {"batch_size": DATA["batch_size"], "verbose": 0}
    history = model.fit(**fit, **common, **run["fit_arguments"]).history
    assert set(history) == set(run["history"])
    for key, expected in run["history"].items():
        np.testing.assert_allclose(history[key], expected, rtol=TOLERANCE, err_msg=key)
    evaluation = model.evaluate(**evaluate, **common, return_dict=True)
    assert set(evaluation) == set(run["evaluate"])
    for key, expected in run["evaluate"].items():
        np.testing.assert_allclose(evaluation[key], expected, rtol=TOLERANCE, err_msg=key)
    for key, weight in zip(run["weights_after"], model.get_weights(), strict=True):
        scale = np.abs(arrays[key]).max()
        np.testing.assert_allclose(weight, arrays[key], rtol=0, atol=TOLERANCE * scale)
    predictions = model.predict(fixtures.fit_data().x_validation, batch_size=DATA["batch_size"])
    np.testing.assert_allclose(predictions, arrays[run["predictions"]], rtol=0, atol=1e-4)


def test_the_runs_are_complete() -> None:
    assert set(RUNS) == {"class_weight", "sample_weight", "validation_split"}
