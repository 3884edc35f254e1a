"""Masks against Keras 3: outputs, masks, gradients and moving statistics, within 1e-5."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import core
from thalweg.core import Session, flatten, gradients, set_session
from thalweg.layers.calls import learning_phase

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("mask_cases", HERE / "mask_cases.py")
assert _SPEC is not None and _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

with np.load(HERE / "reference" / "masks.npz") as _file:
    REFERENCE = dict(_file)


@pytest.fixture(autouse=True)
def fresh_session() -> Any:
    session = Session()
    set_session(session)
    yield session
    set_session(None)


def close(got: Any, expected: np.ndarray, what: str) -> None:
    largest = max(float(np.abs(expected).max(initial=0)), 1e-3)
    got = np.asarray(got)
    assert got.shape == expected.shape, f"{what}: {got.shape}, not {expected.shape}"
    difference = float(np.abs(got - expected).max(initial=0))
    assert difference <= 1e-5 * largest, f"{what}: differs by {difference}, largest {largest}"


def built(name: str) -> Any:
    with warnings.catch_warnings():  # of masks that a layer drops
        warnings.simplefilter("ignore", UserWarning)
        model = cases.CASES[name](keras)
    model.set_weights(cases.weights(name, model.weights))
    return model


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("name", cases.CASES)
def test_as_keras(name: str, mode: str, fresh_session: Session) -> None:
    model = built(name)
    inputs, outputs = list(flatten(model.inputs)), list(flatten(model.outputs))
    key = f"{name}/{mode}"
    masks = {f"{key}/mask {i}": y.mask for i, y in enumerate(outputs) if y.mask is not None}
    assert set(masks) == {found for found in REFERENCE if found.startswith(f"{key}/mask ")}
    arrays = cases.data(name, [tuple(t.shape) for t in inputs], [t.dtype.name for t in inputs])
    feeds = dict(zip(inputs, arrays, strict=True))
    feeds[learning_phase(inputs[0].graph)] = mode == "training"
    factors = cases.projections(name, [tuple(y.shape) for y in outputs])
    with inputs[0].graph.as_default():
        total = core.add_n([core.reduce_sum(y * p) for y, p in zip(outputs, factors, strict=True)])
        sources = [*(x for x in inputs if x.dtype.is_float), *model.trainable_weights]
        slopes = [
            core.zeros(x.shape) if slope is None else slope
            for x, slope in zip(sources, gradients(total, sources), strict=True)
        ]
    writes = [write for call in model.network.calls for write in call.writes]
    fetched = {"output": outputs, "gradient": slopes, "mask": list(masks.values())}
    got = fresh_session.run([fetched, writes if mode == "training" else []], feeds)[0]
    for kind in ("output", "gradient"):
        for i, value in enumerate(got[kind]):
            close(value, REFERENCE[f"{key}/{kind} {i}"], f"{kind} {i}")
    for found, value in zip(masks, got["mask"], strict=True):
        np.testing.assert_array_equal(value, REFERENCE[found])
    if mode == "training":
        for i, weight in enumerate(model.non_trainable_weights):
            close(fresh_session.value(weight), REFERENCE[f"{key}/left {i}"], weight.name)


@pytest.mark.parametrize(("loss", "weighted", "nothing"), cases.LOSSES)
def test_losses_and_metrics_of_masked_outputs(loss: str, weighted: str, nothing: bool) -> None:
    got = cases.evaluated(keras, loss, weighted, nothing)
    close(np.float32(got), REFERENCE[f"loss/{loss}/{weighted}/{nothing}"], "loss and metrics")


def test_every_number_of_the_reference_is_compared() -> None:
    named = {key.rpartition("/")[0].rpartition("/")[0] for key in REFERENCE if key.count("/") == 2}
    assert named == set(cases.CASES)
