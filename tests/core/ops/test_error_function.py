"""Precision and extreme values of `core/ops/error_function.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from thalweg import core
from thalweg.core import Session, constant


def value(x: Any) -> Any:
    return Session().run(x)


def test_erf_is_good_to_the_last_places() -> None:
    x = np.concatenate([np.linspace(-7, 7, 20001), [0.46875, -0.46875, 1e-300, 1e-10, 30, -1e30]])
    exact = special.erf(x)
    result = value(core.erf(constant(x)))
    assert np.abs(result - exact).max() <= 4e-16
    near = np.abs(x) < 0.4
    assert np.all(np.abs(result - exact)[near] <= 1e-15 * np.abs(exact)[near])
    single = value(core.erf(constant(x.astype(np.float32))))
    assert single.dtype == np.float32 and np.abs(single - exact).max() <= 3e-7
    half = value(core.erf(constant(np.clip(x, -9, 9).astype(np.float16))))
    assert half.dtype == np.float16 and np.abs(half - exact).max() <= 1e-3
    assert value(core.erf([math.inf, -math.inf])).tolist() == [1.0, -1.0]
    assert np.isnan(value(core.erf(math.nan)))
