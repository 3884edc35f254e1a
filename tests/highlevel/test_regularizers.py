"""Regularizers: their values, on arrays and in the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import regularizers
from thalweg.core import Session, Variable, constant, gradients
from thalweg.core.errors import OptionError
from thalweg.regularizers import L1, L1L2, L2, Regularizer

W = np.float32([[1, -2], [0, 0.5]])


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (L1(), 0.01 * 3.5),
        (L2(), 0.01 * 5.25),
        (L1L2(), 0.0),
        (L1(2.0), 7.0),
        (L2(2.0), 10.5),
        (L1L2(1.0, 2.0), 3.5 + 10.5),
        (L1L2(l2=2.0), 10.5),
        (regularizers.l1_l2(1.0, 2.0), 14.0),
    ],
)
def test_values(regularizer: Any, expected: float) -> None:
    value = regularizer(W)
    assert value.shape == ()
    assert value.dtype == np.float32
    assert value == pytest.approx(expected, rel=1e-6)
    assert Session().run(regularizer(constant(W))) == value


def test_gradient() -> None:
    w = Variable(W)
    [slope] = gradients(L1L2(0.5, 0.25)(w.value()), [w])
    np.testing.assert_allclose(Session().run(slope), 0.5 * np.sign(W) + 0.5 * W)


def test_of_a_variable() -> None:
    assert L2(1.0)(Variable(W)) == np.float32(5.25)


def test_names_and_config() -> None:
    assert (regularizers.l1, regularizers.l2, regularizers.l1_l2) == (L1, L2, L1L2)
    assert type(regularizers.get("l2")) is L2
    assert L1(0.5).get_config() == {"l1": 0.5}
    assert regularizers.get({"class_name": "L1L2", "config": {"l1": 1.0, "l2": 2.0}}).l2 == 2.0


def test_user_class() -> None:
    class Largest(Regularizer):
        def __call__(self, x: Any) -> Any:
            return abs(x).max()

    assert regularizers.get(Largest())(W) == 2.0


@pytest.mark.parametrize("factor", [-0.1, float("nan"), "1", None])
def test_options(factor: Any) -> None:
    with pytest.raises(OptionError) as error:
        L2(factor)
    assert "L2: bad l2\n  expected  a number >= 0" in str(error.value)
