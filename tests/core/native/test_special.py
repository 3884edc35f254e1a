"""Special functions: the accuracy that core/native/kernels/special_functions.h states, by SciPy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_in_place, run_op
from scipy import special

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.opdef import REGISTRY
from thalweg.core.ops.gamma import Polygamma

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

POSITIVE = np.concatenate([np.geomspace(1e-30, 1e30, 4001), np.linspace(0.01, 12, 4001)])
NEGATIVE = -np.linspace(0.013, 40, 4001)
PROBABILITIES = np.concatenate(
    [np.geomspace(1e-300, 0.5, 4001), 1 - np.geomspace(1e-15, 0.5, 4001)]
)
ENDS = np.array([0.0, -0.0, 1.0, -1.0, -2.0, 2.0, np.inf, -np.inf, np.nan])

OPS = {
    "lgamma": REGISTRY["Lgamma"](),
    "erfinv": REGISTRY["Erfinv"](),
    "ndtri": REGISTRY["Ndtri"](),
    **{f"polygamma {order}": Polygamma(order) for order in (0, 1, 2, 3, 7, 30)},
}


def assert_units(result: np.ndarray, exact: np.ndarray, units: float, weight: Any = 0.0) -> None:
    """Errors in units in the last place of the exact value, or of a term if that is larger."""
    finite = np.isfinite(exact.astype(result.dtype))
    np.testing.assert_array_equal(result[~finite], exact[~finite].astype(result.dtype))
    size = np.maximum(np.abs(exact), weight)[finite].astype(result.dtype)
    unit = np.maximum(np.spacing(size), np.finfo(result.dtype).tiny).astype(np.float64)
    error = np.abs(result[finite].astype(np.float64) - exact[finite]) / unit
    assert error.max(initial=0) <= units, f"{error.max()} in element {int(error.argmax())}"


@pytest.mark.parametrize(("dtype", "units"), [("float32", 0.51), ("float64", 6)])
def test_lgamma(dtype: str, units: float) -> None:
    x = POSITIVE.astype(dtype)
    near = np.where(np.abs(x - 1.5) < 1, 1.0, 0.0)  # where SciPy's own error is that of a term
    assert_units(run_op(OPS["lgamma"], x), special.gammaln(x.astype("f8")), units, near)
    x = NEGATIVE.astype(dtype)
    terms = np.abs(special.gammaln(-x.astype("f8"))) + 2
    assert_units(run_op(OPS["lgamma"], x), special.gammaln(x.astype("f8")), 2 * units, terms)


@pytest.mark.parametrize(("dtype", "units"), [("float32", 0.51), ("float64", 6)])
@pytest.mark.parametrize("zero", [1, 2])
def test_lgamma_near_its_zeros(zero: int, dtype: str, units: float) -> None:
    """log(gamma(1 + z)) by its series (6.1.33); that of 2 + z has log(1 + z) more."""
    z = (zero + np.append(np.linspace(-0.2, 0.2, 400), 1e-9)).astype(dtype).astype("f8") - zero
    terms = [0.0, -np.euler_gamma, *((-1) ** k * special.zeta(k) / k for k in range(2, 60))]
    if zero == 2:
        terms = [0.0, 1 - np.euler_gamma]
        terms += [(-1) ** k * special.zetac(k) / k for k in range(2, 60)]
    exact = np.polynomial.polynomial.polyval(z, terms)
    assert_units(run_op(OPS["lgamma"], (z + zero).astype(dtype)), exact, units)


@pytest.mark.parametrize(("dtype", "units"), [("float32", 0.51), ("float64", 8)])
def test_digamma(dtype: str, units: float) -> None:
    x = POSITIVE[np.abs(POSITIVE - 1.46) > 0.25].astype(dtype)
    assert_units(run_op(Polygamma(0), x), special.psi(x.astype("f8")), units)


@pytest.mark.parametrize(("dtype", "units"), [("float32", 0.51), ("float64", 8)])
def test_digamma_near_its_zero(dtype: str, units: float) -> None:
    """The series around the zero, in which its distance is exact."""
    zero = Fraction("1.4616321449683623412626595423257")
    x = np.append(np.linspace(1.22, 1.7, 480), float(zero)).astype(dtype)
    steps = np.array([float(Fraction(float(value)) - zero) for value in x])
    terms = [special.polygamma(k, float(zero)) / special.factorial(k) for k in range(1, 40)]
    exact = steps * np.polynomial.polynomial.polyval(steps, terms)
    assert_units(run_op(Polygamma(0), x), exact, units)


@pytest.mark.parametrize("order", [1, 2, 3, 7, 30])
@pytest.mark.parametrize(("dtype", "units"), [("float32", 0.51), ("float64", 40)])
def test_polygamma(order: int, dtype: str, units: float) -> None:
    x = np.linspace(0.3, 40, 2001).astype(dtype)
    with np.errstate(over="ignore"):
        assert_units(run_op(Polygamma(order), x), special.polygamma(order, x.astype("f8")), units)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 7])
def test_polygamma_below_zero(order: int) -> None:
    """By the recurrence from a number above zero (6.3.6, 6.4.6)."""
    x = NEGATIVE[np.abs(NEGATIVE - np.rint(NEGATIVE)) > 0.002]
    terms = (-1) ** order * special.factorial(order) / (x[:, None] + np.arange(41)) ** (order + 1)
    start = special.psi(x + 41) if order == 0 else special.polygamma(order, x + 41)
    assert_units(
        run_op(Polygamma(order), x), start - terms.sum(axis=1), 32, np.abs(terms).sum(axis=1)
    )


@pytest.mark.parametrize(("dtype", "units"), [("float32", 0.51), ("float64", 6)])
def test_quantiles(dtype: str, units: float) -> None:
    p = PROBABILITIES.astype(dtype)
    assert_units(run_op(OPS["ndtri"], p), special.ndtri(p.astype("f8")), units)
    x = np.append(-PROBABILITIES, PROBABILITIES).astype(dtype)
    assert_units(run_op(OPS["erfinv"], x), special.erfinv(x.astype("f8")), units)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPS)
def test_ends_and_poles_are_the_reference_s(name: str, dtype: str) -> None:
    x = ENDS.astype(dtype)
    with np.errstate(all="ignore"):
        expected = OPS[name].compute(np, x)
    np.testing.assert_allclose(run_op(OPS[name], x), expected, rtol=3e-7)


@pytest.mark.parametrize("name", OPS)
def test_the_result_may_replace_the_argument(name: str) -> None:
    assert_same_in_place(OPS[name], np.linspace(-0.9, 0.9, 700, dtype=np.float32))


def test_they_join_a_chain() -> None:
    x = core.placeholder("float32", [None])
    y = core.lgamma(2.0 + core.exp(core.polygamma(2, x) * 3.0))
    session = core.Session(backend="native", strict=True)
    values = np.linspace(0.5, 9, 100, dtype=np.float32)
    assert "1 instructions: native kernel" in session.explain(y, {x: values})
    exact = special.gammaln(2.0 + np.exp(special.polygamma(2, values.astype("f8")) * 3.0))
    np.testing.assert_allclose(session.run(y, {x: values}), exact, atol=2e-7, rtol=0)
