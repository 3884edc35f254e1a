"""Layers on sequences, images and volumes read Keras's configurations and give its numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import layers
from thalweg.models import model_from_config

with np.load(Path(__file__).parent / "reference" / "grid_layers.npz") as _file:
    REFERENCE: dict[str, npt.NDArray[Any]] = dict(_file)
CASES = [key for key in REFERENCE if key.endswith(("/keras_2", "/keras_3"))]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", CASES)
def test_output(case: str) -> None:
    name, _ = case.split("/")
    described = json.loads(REFERENCE[case].tobytes())
    layer: Any = model_from_config(described)
    assert type(layer) is getattr(layers, described["class_name"])
    x, expected = (REFERENCE[f"{name}/{key}"] for key in "xy")
    layer(x)
    layer.set_weights([REFERENCE[f"{name}/weight_{i}"] for i in range(len(layer.weights))])
    got = layer(x)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_the_file_is_complete() -> None:
    classes = {json.loads(REFERENCE[case].tobytes())["class_name"] for case in CASES}
    ours = {"Conv", "Transpose", "Separable", "Pooling", "Padding", "Cropping", "UpSampling"}
    assert all(any(part in name for name in classes) for part in ours)
    assert len(CASES) > 70
