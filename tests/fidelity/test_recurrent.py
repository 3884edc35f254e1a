"""Recurrent layers against Keras 3: outputs, states and gradients, within 1e-5."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import core
from thalweg.core import Session, flatten, gradients, set_session

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("recurrent_cases", HERE / "recurrent_cases.py")
assert _SPEC is not None and _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

with np.load(HERE / "reference" / "recurrent.npz") as _file:
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


@pytest.mark.parametrize("name", cases.CASES)
def test_outputs_and_gradients(name: str, fresh_session: Session) -> None:
    model = cases.CASES[name](keras)
    model.set_weights(cases.weights(name, [w.shape for w in model.weights]))
    inputs = list(flatten(model.inputs))
    outputs = list(flatten(model.outputs))
    arrays = cases.data(name, [tuple(t.shape) for t in inputs])
    feeds = dict(zip(inputs, arrays, strict=True))
    factors = cases.projections(name, [tuple(y.shape) for y in outputs])
    with inputs[0].graph.as_default():
        total = core.add_n([core.reduce_sum(y * p) for y, p in zip(outputs, factors, strict=True)])
        floats = [x for x in inputs if x.dtype.is_float]
        slopes = gradients(total, [*floats, *model.trainable_weights])
    assert None not in slopes
    got = fresh_session.run([*outputs, *slopes], feeds)
    for i, value in enumerate(got[: len(outputs)]):
        close(value, REFERENCE[f"{name}/output {i}"], f"output {i}")
    for i, value in enumerate(got[len(outputs) :]):
        close(value, REFERENCE[f"{name}/gradient {i}"], f"gradient {i}")


@pytest.mark.parametrize("name", [name for name in cases.CASES if "stateful" in name])
def test_states_are_kept_between_batches(name: str) -> None:
    model = cases.CASES[name](keras)
    model.set_weights(cases.weights(name, [w.shape for w in model.weights]))
    [data] = cases.data(name, [tuple(t.shape) for t in flatten(model.inputs)])
    for key in ("output 0", "second 0"):
        close(model.predict(data, batch_size=len(data), verbose=0), REFERENCE[f"{name}/{key}"], key)
    model.reset_states()
    first = model.predict_on_batch(data)
    close(first, REFERENCE[f"{name}/output 0"], "after reset_states")


def test_losses_of_masked_outputs() -> None:
    name = "masked loss"
    x = keras.Input(batch_shape=(cases.BATCH, cases.TIME, cases.FEATURES))
    y = keras.layers.LSTM(cases.UNITS, return_sequences=True)(keras.layers.Masking(0.0)(x))
    model = keras.Model(x, y)
    model.set_weights(cases.weights(name, [w.shape for w in model.weights]))
    [data] = cases.data("masked masked", [tuple(x.shape)])
    target = cases.generator("target").normal(size=(cases.BATCH, cases.TIME, cases.UNITS))
    weight = np.float32([[1.0], [2.0], [0.5]]) * np.ones((1, cases.TIME), np.float32)
    model.compile("sgd", "mse")
    plain = model.evaluate(data, target, batch_size=cases.BATCH, verbose=0)
    heavy = model.evaluate(data, target, sample_weight=weight, batch_size=cases.BATCH, verbose=0)
    assert plain == pytest.approx(float(REFERENCE[f"{name}/plain"]), rel=1e-5)
    assert heavy == pytest.approx(float(REFERENCE[f"{name}/weighted"]), rel=1e-5)
