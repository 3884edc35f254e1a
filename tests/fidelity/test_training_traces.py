"""A hundred steps of training give Keras's losses, from equal weights and equal batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fidelity import fixtures

from thalweg import Sequential, optimizers
from thalweg.core import Graph, Session, set_session
from thalweg.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D

REFERENCE = Path(__file__).parent / "reference"
TOLERANCE = 1e-4  # relative
DATA: dict[str, Any] = json.loads((REFERENCE / "training.json").read_text())
TRACES: list[dict[str, Any]] = DATA["traces"]


def mlp() -> Sequential:
    return Sequential(
        [
            Input((784,)),
            Dense(64, activation="relu"),
            Dense(32, activation="tanh"),
            Dense(10, activation="softmax"),
        ]
    )


def lenet() -> Sequential:
    return Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(6, 5, padding="same", activation="relu"),
            MaxPooling2D(2),
            Conv2D(16, 5, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(120, activation="relu"),
            Dense(84, activation="relu"),
            Dense(10, activation="softmax"),
        ]
    )


def compiled(trace: dict[str, Any]) -> Sequential:
    """The trace's model with its weights and optimizer."""
    is_mlp = trace["model"] == "mlp"
    model = mlp() if is_mlp else lenet()
    key = trace["name"].partition("/")[2]
    weights = fixtures.mlp_weights() if is_mlp else fixtures.lenet_weights(key)
    assert fixtures.sha256(*weights) == trace["weights_sha256"]
    model.set_weights(weights)
    optimizer = getattr(optimizers, trace["optimizer"])(**trace["arguments"])
    model.compile(optimizer, trace["loss"])
    return model


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param(t, id=t["name"], marks=[pytest.mark.slow] * (t["model"] == "lenet"))
        for t in TRACES
    ],
)
def test_losses_of_a_hundred_steps(trace: dict[str, Any]) -> None:
    with np.load(REFERENCE / DATA["digits"]) as file:
        images, labels = file["x"], file["y"]
    assert fixtures.sha256(images, labels) == DATA["digits_sha256"]
    x = fixtures.pixels(images)
    x = x.reshape(-1, 784) if trace["model"] == "mlp" else x[..., None]
    y = labels if trace["loss"].startswith("sparse") else fixtures.one_hot(labels, 10)
    with Graph().as_default():
        session = Session()
        set_session(session)
        try:
            model = compiled(trace)
            runs = session.run_count
            losses = []
            for step in range(DATA["steps"]):
                rows = fixtures.batch_rows(step, len(x))
                losses.append(model.train_on_batch(x[rows], y[rows]))
            assert session.run_count - runs == DATA["steps"]
            np.testing.assert_allclose(losses, trace["losses"], rtol=TOLERANCE)
            norms = [np.sqrt(np.sum(np.square(w, dtype=np.float64))) for w in model.get_weights()]
            np.testing.assert_allclose(norms, trace["final_weight_norms"], rtol=TOLERANCE)
        finally:
            set_session(None)


def test_the_traces_are_complete() -> None:
    """Every optimizer for deep networks, on both models, and all of them train.

    Ftrl is not one: its first step forgets what weights start from.
    """
    promised = {"SGD", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Nadam", "RMSprop"}
    for model in ("mlp", "lenet"):
        of_model = [trace for trace in TRACES if trace["model"] == model]
        assert promised == {trace["optimizer"] for trace in of_model}
        assert all(trace["losses"][-1] < 0.5 * trace["losses"][0] for trace in of_model)
        assert all(len(trace["losses"]) == DATA["steps"] == 100 for trace in of_model)
