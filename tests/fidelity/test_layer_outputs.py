"""Layers give what real Keras gives from equal weights and inputs."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import layers

REFERENCE = Path(__file__).parent / "reference"
TOLERANCE = 1e-5  # of the largest value of the output

Array = npt.NDArray[Any]
CASES: list[dict[str, Any]] = json.loads((REFERENCE / "layers.json").read_text())["cases"]


@functools.cache
def arrays() -> dict[str, Array]:
    with np.load(REFERENCE / "layers.npz") as file:
        return dict(file)


def assert_close(got: Array, expected: Array) -> None:
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_output(case: dict[str, Any]) -> None:
    layer = getattr(layers, case["class_name"])(**case["arguments"])
    inputs: Any = [arrays()[key] for key in case["inputs"]]
    if len(inputs) == 1:
        [inputs] = inputs
    layer(inputs)
    assert [w.name.rpartition("/")[2] for w in layer.weights] == case["weight_names"]
    layer.set_weights([arrays()[key] for key in case["weights"]])
    output = layer(inputs, training=case["training"])
    assert_close(output, arrays()[case["output"]])
    for got, key in zip(layer.get_weights(), case["weights_after"], strict=False):
        assert_close(got, arrays()[key])


def test_the_files_are_complete() -> None:
    classes = {case["class_name"] for case in CASES}
    assert {"Dense", "Conv2D", "MaxPooling2D", "BatchNormalization", "Activation"} <= classes
    trained = [case for case in CASES if case["training"]]
    assert trained
    assert all(case["weights_after"] for case in trained)
