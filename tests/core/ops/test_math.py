"""Extreme values, kinks and errors of `core/ops/math.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from thalweg import core
from thalweg.core import OptionError, Session, ShapeError, constant, gradients, placeholder


def value(x: Any) -> Any:
    return Session().run(x)


def slope(function: Callable[..., Any], *at: float) -> list[float]:
    """Gradients at one point."""
    inputs = [constant(np.float64(x)) for x in at]
    return [float(g) for g in value(gradients(function(*inputs), inputs))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_and_softplus_never_overflow(dtype: str) -> None:
    x = constant([-1e4, -30.0, 0.0, 30.0, 1e4], dtype)
    wide = np.array([-1e4, -30.0, 0.0, 30.0, 1e4])
    sigmoid, softplus = value([core.sigmoid(x), core.softplus(x)])
    np.testing.assert_allclose(sigmoid, special.expit(wide), rtol=1e-6)
    np.testing.assert_allclose(softplus, -special.log_expit(-wide), rtol=1e-6)
    for function in (core.sigmoid, core.softplus, core.tanh, core.elu, core.selu, core.softsign):
        assert np.isfinite(value(gradients(function(x), [x])[0])).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log_of_sigmoid_is_safe(dtype: str) -> None:
    x = placeholder(dtype, [None])
    result = Session().run(core.log(core.sigmoid(x)), {x: [-1000.0, 0.0, 1000.0]})
    np.testing.assert_allclose(result, [-1000.0, -math.log(2), 0.0], rtol=1e-6)


def test_slopes_at_kinks() -> None:
    assert slope(core.relu, 0.0) == [0.0]
    assert slope(core.abs, 0.0) == [0.0]
    assert slope(core.leaky_relu, 0.0) == [0.2]
    assert slope(core.elu, 0.0) == [1.0]
    assert slope(core.selu, 0.0) == pytest.approx([1.0507009873554805])
    assert slope(core.clipped_relu, 0.0) == slope(core.clipped_relu, 6.0) == [0.0]
    assert slope(core.clipped_relu, 5.0) == [1.0]
    assert slope(core.sign, 2.0) == [0.0]


def test_slopes_of_powers() -> None:
    assert slope(core.pow, 0.0, 2.0) == [0.0, 0.0]  # not NaN, although log(0) is -infinity
    assert slope(core.pow, 0.0, 1.0) == [1.0, 0.0]
    assert slope(core.pow, 0.0, 0.0) == [0.0, 0.0]  # x**0 is 1 everywhere
    assert slope(core.pow, -2.0, 3.0) == [12.0, 0.0]
    assert slope(core.pow, 2.0, 3.0) == pytest.approx([12.0, 8 * math.log(2)])


def test_infinite_gradients_do_not_leak_through_relu() -> None:
    x = constant([-1.0, 1.0])
    [g] = gradients(core.relu(x), [x], [constant([math.inf, math.inf])])
    assert value(g).tolist() == [0.0, math.inf]


def test_nan_stays() -> None:
    for function in (core.relu, core.elu, core.selu, core.sigmoid, core.softplus, core.sign):
        assert np.isnan(value(function(math.nan)))


def test_whole_numbers_divide_as_in_python() -> None:
    x, y = np.array([7, -7, 7, -7]), np.array([2, 2, -2, -2])
    quotient, rest = value([core.floordiv(x, y), core.floormod(x, y)])
    assert quotient.tolist() == [a // b for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert rest.tolist() == [a % b for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert value(core.floordiv(-7.5, 2.0)) == -4.0
    assert value(core.floormod(-7.5, 2.0)) == 0.5


def test_names_of_composites() -> None:
    x = placeholder("float32", [2])
    assert core.selu(x).op.name.startswith("selu")
    assert core.leaky_relu(x, name="leaky").op.name == "leaky"
    assert core.squared_difference(x, 1.0).op.name.startswith("squared_difference")


def test_add_n_takes_at_least_one() -> None:
    with pytest.raises(OptionError) as caught:
        core.add_n([])
    assert str(caught.value).splitlines()[:2] == [
        "add_n: there is nothing to add",
        "  expected  at least one tensor",
    ]
    x = placeholder("float32", [2])
    assert core.add_n([x]) is x
    assert core.add_n(x) is x


def test_add_n_does_not_broadcast() -> None:
    with pytest.raises(ShapeError) as caught:
        core.add_n([placeholder("float32", [None, 3]), placeholder("float32", [3])])
    assert str(caught.value).splitlines()[:3] == [
        "add_n: shapes differ",
        "  expected  every tensor as the first, float32 (None, 3)",
        "  got       tensor float32 (3,)",
    ]
