"""Initializers draw from the distributions of Keras's, row by row of a table checked against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats

from thalweg import initializers
from thalweg.core import set_seed

REFERENCE = Path(__file__).parent / "reference"
CASES: list[dict[str, Any]] = json.loads((REFERENCE / "initializers.json").read_text())["cases"]
DRAWN = {"uniform", "normal", "truncated_normal"}


def distribution(case: dict[str, Any]) -> Any:
    """SciPy's distribution of the row."""
    mean, variance = case["mean"], case["variance"]
    if case["distribution"] == "uniform":
        return scipy.stats.uniform(case["low"], case["high"] - case["low"])
    if case["distribution"] == "normal":
        return scipy.stats.norm(mean, np.sqrt(variance))
    return scipy.stats.truncnorm(-2, 2, mean, (case["high"] - mean) / 2)


def name(case: dict[str, Any]) -> str:
    return f"{case['class_name']}-{case['shape']}-{case['arguments']}".replace(" ", "")


@pytest.mark.parametrize("case", CASES, ids=name)
def test_row(case: dict[str, Any]) -> None:
    set_seed(0)
    values = getattr(initializers, case["class_name"])(**case["arguments"])(case["shape"])
    set_seed(None)
    assert list(values.shape) == case["shape"]
    wide = np.asarray(values, np.float64)
    if case["distribution"] in DRAWN:
        expected = distribution(case)
        assert expected.var() == pytest.approx(case["variance"], rel=1e-6)
        assert scipy.stats.kstest(wide.ravel(), expected.cdf).pvalue > 1e-4
    elif case["distribution"] == "orthogonal":
        # The mean of the squares is exact; the mean of an entry is that of many draws.
        assert np.mean(wide**2) == pytest.approx(case["variance"] + case["mean"] ** 2, rel=1e-5)
    else:
        assert wide.mean() == pytest.approx(case["mean"], abs=1e-7)
        assert wide.var() == pytest.approx(case["variance"], abs=1e-7)
    if case["low"] is not None:
        slack = 1e-6 * max(abs(case["low"]), abs(case["high"]))
        assert case["low"] - slack <= wide.min()
        assert wide.max() <= case["high"] + slack
