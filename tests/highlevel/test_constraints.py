"""Constraints: what becomes of a weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import constraints
from thalweg.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from thalweg.core import Session, constant
from thalweg.core.errors import OptionError

W = np.random.default_rng(0).normal(size=(3, 3, 2, 5)).astype(np.float32)


def norms(w: Any, axis: Any) -> Any:
    return np.linalg.norm(
        np.moveaxis(w, axis, range(len(axis))).reshape(-1, *_left(w, axis)), axis=0
    )


def _left(w: Any, axis: Any) -> list[int]:
    return [n for i, n in enumerate(w.shape) if i not in axis]


@pytest.mark.parametrize("axis", [[0], [0, 1, 2], [3]])
def test_norms(axis: list[int]) -> None:
    before = norms(W, axis)
    bound = float(np.median(before))
    after = norms(MaxNorm(bound, axis)(W), axis)
    np.testing.assert_allclose(after, np.minimum(before, bound), rtol=1e-5)
    np.testing.assert_allclose(norms(UnitNorm(axis)(W), axis), 1, rtol=1e-5)
    after = norms(MinMaxNorm(bound, 1.1 * bound, axis=axis)(W), axis)
    assert (after > 0.999 * bound).all()
    assert (after < 1.101 * bound).all()
    after = norms(MinMaxNorm(bound, bound, rate=0.25, axis=axis)(W), axis)
    np.testing.assert_allclose(after, 0.75 * before + 0.25 * bound, rtol=1e-5)


def test_columns_by_default() -> None:
    w = np.float32([[3, 0.3], [4, 0.4]])
    np.testing.assert_allclose(MaxNorm(1.0)(w), [[0.6, 0.3], [0.8, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(UnitNorm()(w), [[0.6, 0.6], [0.8, 0.8]], rtol=1e-6)


def test_directions_stay() -> None:
    np.testing.assert_allclose(MaxNorm(0.5, [0, 1, 2])(W) * norms(W, [0, 1, 2]) / 0.5, W, rtol=1e-5)


def test_zeros_stay_zeros() -> None:
    zeros = np.zeros((3, 2), np.float32)
    for constraint in (MaxNorm(), UnitNorm(), MinMaxNorm(1.0, 2.0), NonNeg()):
        np.testing.assert_array_equal(constraint(zeros), zeros)


def test_non_negative() -> None:
    np.testing.assert_array_equal(NonNeg()(W), np.where(W > 0, W, 0))


def test_in_a_graph() -> None:
    for constraint in (MaxNorm(), UnitNorm(), MinMaxNorm(), NonNeg()):
        np.testing.assert_array_equal(Session().run(constraint(constant(W))), constraint(W))


def test_names_and_config() -> None:
    assert constraints.get("max_norm").max_value == 2
    assert type(constraints.get("NonNeg")) is NonNeg
    assert MaxNorm(3, [0, 1]).get_config() == {"max_value": 3, "axis": [0, 1]}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: MaxNorm(-1), "MaxNorm: bad max_value\n  expected  a number >= 0"),
        (lambda: MinMaxNorm(rate=2), "a number, 0 <= rate <= 1"),
        (lambda: constraints.get("max"), "unknown constraint 'max'"),
    ],
)
def test_options(make: Any, expected: str) -> None:
    with pytest.raises(OptionError) as error:
        make()
    assert expected in str(error.value)
