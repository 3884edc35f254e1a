"""Networks against Keras 3's: names and order of layers and weights, and outputs within 1e-5."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import thalweg as keras
from thalweg.core import Session, set_session

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("application_cases", HERE / "application_cases.py")
assert _SPEC is not None and _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

REFERENCE = HERE / "reference"
TABLES = json.loads((REFERENCE / "applications.json").read_text(encoding="utf-8"))["layers"]


@pytest.fixture(autouse=True)
def fresh_session() -> Any:
    set_session(Session())
    yield
    set_session(None)


def made(case: Any) -> Any:
    return getattr(keras.applications, case.function)(weights=None, **case.arguments)


@pytest.mark.parametrize("case", cases.CASES.values(), ids=lambda case: case.name)
def test_layers_and_weights(case: Any) -> None:
    """In the order of files: what stands there decides which array goes where."""
    got = [
        [
            layer.name,
            [[w.name.rpartition("/")[2].removeprefix("depthwise_"), list(w.shape)]
             for w in layer.weights],
        ]
        for layer in made(case).layers
        if layer.weights
    ]  # fmt: skip
    assert got == TABLES[case.name]


@pytest.mark.slow
@pytest.mark.parametrize("case", cases.SMALL, ids=lambda case: case.name)
def test_outputs(case: Any) -> None:
    with np.load(REFERENCE / "applications.npz") as file:
        expected = file[case.name]
    model = made(case)
    cases.set_all(model.layers)
    module = getattr(keras.applications, case.module)
    got = model.predict(module.preprocess_input(cases.pictures(case)), verbose=0)
    assert got.shape == expected.shape
    largest = np.abs(expected).max()
    assert np.abs(expected[0] - expected[1]).max() > 0.01 * largest  # pictures matter
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize("name", ["mobilenet_v2_small", "mobilenet_v2_top"])
def test_file_in_the_published_layout(name: str, tmp_path: Path) -> None:
    """Layers and weights in Keras's order, named as there; no layer of ours has written it."""
    case = cases.CASES[name]
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        table = TABLES[name]
        file.attrs["layer_names"] = np.array([layer.encode() for layer, _ in table])
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.1.6"
        for layer, pairs in table:
            group = file.create_group(layer)
            names = [f"{layer}/{weight}:0".encode() for weight, _ in pairs]
            group.attrs["weight_names"] = np.array(names)
            values = cases.weights_of(layer, *zip(*pairs, strict=True))
            for full, value in zip(names, values, strict=True):
                group[full] = value
    model = keras.applications.MobileNetV2(weights=tmp_path / "weights.h5", **case.arguments)
    x = keras.applications.mobilenet_v2.preprocess_input(cases.pictures(case))
    with np.load(REFERENCE / "applications.npz") as file:
        expected = file[name]
    got = model.predict(x, verbose=0)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
