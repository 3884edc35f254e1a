"""Zeros, infinities and whole numbers of `core/ops/arithmetic.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import DtypeError, Session, constant, gradients


def value(x: Any) -> Any:
    return Session().run(x)


def slopes(function: Callable[..., Any], *at: float) -> list[float]:
    inputs = [constant(np.float64(x)) for x in at]
    return [float(g) for g in value(gradients(function(*inputs), inputs))]


def test_a_zero_decides() -> None:
    bad = np.array([0.0, 1.0, math.inf, math.nan])
    zero = np.zeros(4)
    results = value(
        [
            core.div_no_nan(bad, zero),
            core.multiply_no_nan(bad, zero),
            core.xdivy(zero, [0.0, math.inf, math.nan, 1.0]),
            core.xlogy(zero, [0.0, -1.0, math.nan, math.inf]),
        ]
    )
    assert np.array(results).tolist() == [[0.0] * 4] * 4


def test_other_values_stay_what_they_are() -> None:
    assert value(core.div_no_nan(math.inf, 2.0)) == math.inf
    assert np.isnan(value(core.div_no_nan(1.0, math.nan)))
    assert value(core.multiply_no_nan(0.0, 2.0)) == 0.0
    assert np.isnan(value(core.multiply_no_nan(0.0, math.inf)))  # only y decides
    assert value(core.xlogy(2.0, 0.0)) == -math.inf
    assert value(core.xdivy(2.0, 0.0)) == math.inf


def test_slopes_where_a_zero_decides() -> None:
    assert slopes(core.div_no_nan, 3.0, 0.0) == [0.0, 0.0]
    assert slopes(core.multiply_no_nan, math.inf, 0.0) == [0.0, math.inf]
    assert slopes(core.xlogy, 0.0, 0.0) == [0.0, 0.0]
    assert slopes(core.xdivy, 0.0, 0.0) == [0.0, 0.0]
    assert slopes(core.log_sigmoid, -1000.0) == [1.0]


@pytest.mark.parametrize("dtype", ["int8", "int64", "float32"])
def test_division_towards_zero(dtype: str) -> None:
    x, y = np.array([7, -7, 7, -7, 6, -6], dtype), np.array([2, 2, -2, -2, 3, 3], dtype)
    quotient, rest = value([core.truncatediv(x, y), core.truncatemod(x, y)])
    assert quotient.dtype == rest.dtype == dtype
    assert quotient.tolist() == [3, -3, -3, 3, 2, -2]
    assert rest.tolist() == [1, -1, 1, -1, 0, 0]


def test_large_whole_numbers_are_exact() -> None:
    x = np.array([2**62 + 1, -(2**62) - 1])
    assert value(core.truncatediv(x, np.int64(2))).tolist() == [2**61, -(2**61)]
    assert value(core.truncatemod(x, np.int64(2**31))).tolist() == [1, -1]


def test_floats_only() -> None:
    with pytest.raises(DtypeError) as caught:
        core.div_no_nan([1, 2], [1, 2])
    assert "DivNoNan: takes float tensors" in str(caught.value)
