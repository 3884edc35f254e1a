"""Precision, poles and errors of `core/ops/gamma.py`."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import special

from thalweg import core
from thalweg.core import DtypeError, OptionError, Session, constant, gradients, placeholder
from thalweg.core.ops import gamma

EULER = 0.57721566490153286


def value(x: Any) -> Any:
    return Session().run(x)


def test_the_tables() -> None:
    zeta = special.zetac(np.arange(2.0, 29.0))
    np.testing.assert_allclose(gamma._ZETA, zeta, rtol=1e-14)
    bernoulli = [Fraction(1)]  # sum of binomial(m + 1, j) B(j) over j <= m is 0
    for m in range(1, 21):
        total = sum(math.comb(m + 1, j) * b for j, b in enumerate(bernoulli))
        bernoulli.append(-total / (m + 1))
    assert gamma._BERNOULLI == tuple(float(b) for b in bernoulli[2::2])
    assert math.fsum(gamma._ZERO_PARTS[:2]) == gamma._ZERO
    assert float(np.float32(gamma._ZERO_PARTS[0])) == gamma._ZERO_PARTS[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lgamma_is_good_to_the_last_places(dtype: str) -> None:
    high = 1e35 if dtype == "float32" else 1e300
    x = np.concatenate([np.geomspace(1e-30, 0.1, 1000), np.linspace(0.1, 20, 20001),
                        np.geomspace(20, high, 1000)])  # fmt: skip
    x = x.astype(dtype)
    exact = special.gammaln(x.astype(np.float64))
    result = value(core.lgamma(constant(x)))
    assert result.dtype == dtype
    eps = np.finfo(dtype).eps  # SciPy is off by 4e-16 near the zeros, of which the next test speaks
    np.testing.assert_allclose(result, exact, rtol=6 * eps, atol=4e-16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lgamma_keeps_its_digits_near_its_zeros(dtype: str) -> None:
    steps = np.array([-1, 1]) * np.geomspace(np.finfo(dtype).eps * 4, 1e-6, 50)[:, None]
    for zero, slope, curve in ((1.0, -EULER, 1.0), (2.0, 1 - EULER, 0.0)):
        x = (zero + steps).astype(dtype)
        d = x.astype(np.float64) - zero
        series = d * (slope + d / 2 * (math.pi**2 / 6 - 1 + curve))
        result = value(core.lgamma(constant(x)))
        np.testing.assert_allclose(result, series, rtol=max(1e-11, 8 * np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_digamma_is_good_to_the_last_places(dtype: str) -> None:
    eps = np.finfo(dtype).eps
    x = np.concatenate([np.geomspace(1e-30, 0.1, 1000), np.linspace(0.1, 20, 20001),
                        np.geomspace(20, 1e30, 1000)]).astype(dtype)  # fmt: skip
    exact = special.psi(x.astype(np.float64))
    np.testing.assert_allclose(value(core.digamma(constant(x))), exact, rtol=6 * eps)
    # around its zero the Taylor polynomial is exact
    near = (1.4616321449683622 + np.linspace(-1e-6, 1e-6, 101)).astype(dtype)
    d = (near.astype(np.float64) - 1.4616321449683622) - 9.5499954299656977e-17
    series = d * (0.96767224544762117 + d / 2 * special.polygamma(2, 1.4616321449683622))
    result = value(core.digamma(constant(near)))
    np.testing.assert_allclose(result, series, rtol=max(2e-12, 6 * eps))


@pytest.mark.parametrize("order", [1, 2, 3, 7, 15, 30])
def test_polygamma_is_good_to_the_last_places(order: int) -> None:
    for dtype in ("float32", "float64"):
        x = np.geomspace(0.5, 50, 2001).astype(dtype)
        exact = special.polygamma(order, x.astype(np.float64))
        result = value(core.polygamma(order, constant(x)))
        assert result.dtype == dtype
        fits = np.abs(exact) < np.finfo(dtype).max
        eps = max(np.finfo(dtype).eps, 2e-15)  # SciPy's own error
        np.testing.assert_allclose(result[fits], exact[fits], rtol=(4 + order) * eps)


def test_below_zero_errors_are_relative_to_the_terms() -> None:
    x = -np.linspace(0.01, 30, 4001)
    x = x[np.abs(x - np.rint(x)) > 1e-3]
    result = value([core.lgamma(constant(x)), core.digamma(constant(x))])
    for found, exact in zip(result, (special.gammaln(x), special.psi(x)), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-13, atol=1e-13)


def test_poles_and_infinities() -> None:
    x = constant([0.0, -1.0, -2.0, math.inf, -math.inf, math.nan], "float64")
    lgamma, digamma, trigamma, tetragamma = value(
        [core.lgamma(x), *(core.polygamma(order, x) for order in range(3))]
    )
    np.testing.assert_equal(lgamma, [math.inf] * 5 + [math.nan])
    np.testing.assert_equal(digamma, [-math.inf, *[math.nan] * 2, math.inf, *[math.nan] * 2])
    np.testing.assert_equal(trigamma, [*[math.inf] * 3, 0.0, math.nan, math.nan])
    np.testing.assert_equal(tetragamma, [-math.inf, *[math.nan] * 2, 0.0, *[math.nan] * 2])
    tiny = value(core.lgamma(constant([-1e-30, 1e-30])))
    np.testing.assert_allclose(tiny, [69.077553, 69.077553], rtol=1e-6)


def test_half_precision() -> None:
    x = np.float16([-2.5, 0.5, 1.5, 100, 6000])
    result = value([core.lgamma(constant(x)), core.digamma(constant(x))])
    assert all(found.dtype == np.float16 for found in result)
    wide = x.astype(float)
    np.testing.assert_allclose(result[0], special.gammaln(wide), rtol=2e-3)
    np.testing.assert_allclose(result[1], special.psi(wide), rtol=2e-3)


def test_it_can_be_differentiated_for_ever() -> None:
    x = constant(np.float64(2.5))
    y = core.lgamma(x)
    for order in range(5):
        [y] = gradients(y, [x])
        exact = special.psi(2.5) if order == 0 else special.polygamma(order, 2.5)
        assert value(y) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("order", [-1, 31, 1.0, True])
def test_orders(order: Any) -> None:
    with pytest.raises(OptionError) as caught:
        core.polygamma(order, [1.0])
    assert str(caught.value).splitlines() == [
        "polygamma: not an order of a derivative",
        "  expected  an integer in 0 <= order <= 30",
        f"  got       {order!r}",
    ]


def test_floats_only() -> None:
    with pytest.raises(DtypeError) as caught:
        core.digamma(placeholder("int32", [3]))
    assert "Polygamma: takes float tensors" in str(caught.value)
