"""Preprocessing layers against Keras 3: learning, calls, vocabularies, also from a saved config."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg.core import Session, set_session

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location(
    "preprocessing_cases", HERE / "preprocessing_cases.py"
)
assert _SPEC is not None and _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
sys.modules["preprocessing_cases"] = cases  # its dataclass looks itself up there
_SPEC.loader.exec_module(cases)

_TEXT = (HERE / "reference" / "preprocessing.json").read_text(encoding="utf-8")
REFERENCE = json.loads(_TEXT)["cases"]


@pytest.fixture(autouse=True)
def fresh_session() -> Any:
    set_session(Session())
    yield
    set_session(None)


def close(got: Any, expected: Any) -> None:
    """Equal words and integers; floats within six digits."""
    if isinstance(expected, list):
        assert isinstance(got, list)
        assert len(got) == len(expected), f"{got} is not {expected}"
        for one, other in zip(got, expected, strict=True):
            close(one, other)
    elif isinstance(expected, float) or isinstance(got, float):
        assert got == pytest.approx(expected, rel=2e-6, abs=2e-6)
    else:
        assert got == expected


def test_all_cases_are_there() -> None:
    assert set(REFERENCE) == set(cases.CASES)


@pytest.mark.parametrize("name", cases.CASES)
def test_as_keras(name: str) -> None:
    close(cases.answer(keras, cases.CASES[name], np.asarray), REFERENCE[name])


@pytest.mark.parametrize("name", [n for n, c in cases.CASES.items() if c.learn])
def test_from_the_config_of_what_was_learnt(name: str) -> None:
    """Weights apart, a configuration holds all that a layer has learnt."""
    case = cases.CASES[name]
    layer = getattr(keras.layers, case.layer)(**case.arguments)
    layer.adapt(case.learn())
    again = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    again(case.inputs[0])
    again.set_weights(layer.get_weights())
    got = [np.asarray(again(given, **case.keywords)) for given in case.inputs]
    close([cases.plain(y) for y in got], REFERENCE[name][: len(got)])
    assert again.get_config() == layer.get_config()
