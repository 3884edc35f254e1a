"""Ties, special values and errors of `core/ops/compare.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import DtypeError, Session, ShapeError, constant, gradients, placeholder


def value(x: Any) -> Any:
    return Session().run(x)


def slopes(function: Callable[..., Any], *at: float) -> list[float]:
    inputs = [constant(x) for x in at]
    return [float(g) for g in value(gradients(function(*inputs), inputs))]


def test_ties_go_to_the_first() -> None:
    assert slopes(core.maximum, 2.0, 2.0) == [1.0, 0.0]
    assert slopes(core.minimum, 2.0, 2.0) == [1.0, 0.0]


def test_clipping_lets_the_bounds_through() -> None:
    for x, expected in ((-2.0, [0, 1, 0]), (-1.0, [1, 0, 0]), (3.0, [1, 0, 0]), (4.0, [0, 0, 1])):
        assert slopes(core.clip_by_value, x, -1.0, 3.0) == expected


def test_nan_is_unlike_everything() -> None:
    x = constant([math.nan, 1.0])
    assert value(core.equal(x, x)).tolist() == [False, True]
    assert value(core.not_equal(x, x)).tolist() == [True, False]
    assert np.isnan(value(core.maximum(x, 0.0))[0])
    assert np.isnan(value(core.minimum(x, 0.0))[0])


def test_where_hides_values_and_gradients_of_the_other_side() -> None:
    x = constant([-1.0, 4.0])
    safe = core.where(x > 0, x, core.ones_like(x))
    y = core.where(x > 0, core.sqrt(safe), core.zeros_like(x))
    assert value(y).tolist() == [0.0, 2.0]
    assert value(gradients(y, [x])[0]).tolist() == [0.0, 0.25]


def test_where_converts_numbers() -> None:
    x = placeholder("float64", [2])
    assert core.where([True, False], x, 1).dtype == "float64"
    assert core.where([True, False], 0, x).dtype == "float64"
    assert value(core.where(True, "a", "b")) == b"a"


@pytest.mark.parametrize(
    ("build", "kind", "lines"),
    [
        (
            lambda: core.where(constant([1, 0]), 1.0, 2.0),
            DtypeError,
            [
                "Where: the condition is not boolean",
                "expected  condition bool (...)",
                "got       condition int32 (2,), x float32 (), y float32 ()",
                "hint      compare first: not_equal(condition, 0)",
            ],
        ),
        (
            lambda: core.where(True, constant(1.0), constant(1)),
            DtypeError,
            ["Where: dtypes differ", "got       x float32 (), y int32 ()"],
        ),
        (
            lambda: core.where(placeholder("bool", [2]), placeholder("float32", [3]), 0.0),
            ShapeError,
            [
                "Where: shapes cannot be broadcast together",
                "expected  equal sizes, or 1, on each axis counted from the last",
                "got       condition bool (2,), x float32 (3,), y float32 ()",
            ],
        ),
        (
            lambda: core.where(placeholder("float32"), 1.0, 2.0),
            DtypeError,
            ["Where: the condition is not boolean", "got       condition float32 (...)"],
        ),
    ],
)
def test_errors_of_where(build: Callable[[], Any], kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    for line in lines:
        assert line in str(caught.value)
