"""Precision and extreme values of `core/ops/error_function.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erfc_is_good_in_its_tails(dtype: str) -> None:
    far = 9 if dtype == "float32" else 26
    x = np.concatenate([np.linspace(-6, far, 20001), [0.46875, 4.0, 1e-30, -1e-10]]).astype(dtype)
    exact = [math.erfc(float(number)) for number in x]  # SciPy's is off by 5e-14 there
    result = value(core.erfc(constant(x)))
    assert result.dtype == dtype
    np.testing.assert_allclose(result, exact, rtol=6 * np.finfo(dtype).eps)
    ends = value(core.erfc(np.array([math.inf, -math.inf, 1e30, -1e30, math.nan], dtype)))
    assert ends[:4].tolist() == [0.0, 2.0, 0.0, 2.0] and np.isnan(ends[4])
    half = value(core.erfc(constant(np.float16([-3, 0, 1, 2.5]))))
    np.testing.assert_allclose(half, special.erfc([-3, 0, 1, 2.5]), rtol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quantiles_are_good_to_the_last_places(dtype: str) -> None:
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    p = np.concatenate([np.geomspace(tiny, 0.1, 5001), np.linspace(0.1, 0.9999, 5000)])
    p = p.astype(dtype)
    exact = special.ndtri(p.astype(np.float64))
    np.testing.assert_allclose(value(core.ndtri(constant(p))), exact, rtol=8 * eps)
    x = np.concatenate([np.geomspace(tiny, 0.1, 5001), np.linspace(0.1, 0.9999, 5000)])
    x = np.concatenate([-x, x]).astype(dtype)
    exact = special.erfinv(x.astype(np.float64))
    np.testing.assert_allclose(value(core.erfinv(constant(x))), exact, rtol=8 * eps)


def test_quantiles_at_the_ends() -> None:
    assert value(core.ndtri([0.0, 1.0])).tolist() == [-math.inf, math.inf]
    assert value(core.erfinv([-1.0, 1.0])).tolist() == [-math.inf, math.inf]
    outside = value([core.ndtri([-0.1, 1.1, math.nan]), core.erfinv([-1.1, 1.1, math.nan])])
    assert np.isnan(outside).all()
    half = value(core.ndtri(constant(np.float16([0.25, 0.5]))))
    assert half.dtype == np.float16 and half.tolist() == [np.float16(-0.67449), 0.0]
