"""Whole-model files of real tf_keras and Keras 3 load, predict the same, and train on alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg.models import load_model, model_from_config

REFERENCE = Path(__file__).parent / "reference"
MODELS: dict[str, Any] = json.loads((REFERENCE / "models.json").read_text())["models"]
PLAIN: dict[str, Any] = json.loads((REFERENCE / "tf_keras.json").read_text())["models"]
TOLERANCE = 1e-5

Array = npt.NDArray[Any]


@pytest.fixture
def arrays() -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name in ("models.npz", "tf_keras.npz"):
        with np.load(REFERENCE / name) as file:
            found.update(file)
    return found


def alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


@pytest.mark.parametrize("name", PLAIN)
def test_predictions(name: str, arrays: dict[str, Array]) -> None:
    model = load_model(REFERENCE / f"tf_keras_{name}_model.h5")
    assert [layer.name for layer in model.layers] == [
        layer["name"] for layer in PLAIN[name]["layers"]
    ]
    got = model.predict(arrays[PLAIN[name]["input"]])
    np.testing.assert_allclose(got, arrays[PLAIN[name]["predictions"]], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", PLAIN)
def test_each_configuration(name: str) -> None:
    """What tf_keras says of a layer makes that layer, and nothing of it is left out."""
    for described in PLAIN[name]["layers"]:
        entry = {"class_name": described["class_name"], "config": described["config"]}
        layer = model_from_config(entry)
        assert type(layer).__name__ == described["class_name"]
        assert layer.name == described["name"]


@pytest.mark.parametrize("name", MODELS)
def test_predictions_and_next_steps(name: str, arrays: dict[str, Array]) -> None:
    described = MODELS[name]
    x, y, predictions = ([arrays[k] for k in described[p]] for p in ("x", "y", "predictions"))
    model = load_model(REFERENCE / f"models_{name}.h5")
    got = model.predict(alone(x))
    for value, expected in zip(got if len(predictions) > 1 else [got], predictions, strict=True):
        np.testing.assert_allclose(value, expected, rtol=0, atol=TOLERANCE)
    for expected in described["next_steps"]:
        values = model.train_on_batch(alone(x), alone(y), return_dict=True)
        assert values == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_again_through_our_file(name: str, arrays: dict[str, Array], tmp_path: Path) -> None:
    """What was read can be written, and read again, with nothing lost."""
    described = MODELS[name]
    x, y = ([arrays[k] for k in described[p]] for p in ("x", "y"))
    first = load_model(REFERENCE / f"models_{name}.h5")
    first.save(tmp_path / "ours.h5")
    second = load_model(tmp_path / "ours.h5")
    assert second.to_json() == first.to_json()
    for _ in range(3):
        assert second.train_on_batch(alone(x), alone(y)) == first.train_on_batch(alone(x), alone(y))
