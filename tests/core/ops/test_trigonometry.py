"""Edges of the domains, and slopes where a careless formula overflows or cancels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import DtypeError, Session, constant, gradients


def slope(function: Callable[..., Any], *at: Any) -> list[Any]:
    """Gradients at one point."""
    inputs = [constant(x) for x in at]
    return [g.tolist() for g in Session().run(gradients(function(*inputs), inputs))]


def test_outside_the_domain_is_nan() -> None:
    beyond = [core.asin(1.5), core.acos(-1.5), core.acosh(0.5), core.atanh(2.0)]
    assert np.isnan(Session().run(beyond)).all()
    edges = [core.asin(-1.0), core.acos(-1.0), core.acosh(1.0), core.atanh(1.0)]
    assert Session().run(edges) == pytest.approx([-math.pi / 2, math.pi, 0.0, math.inf])


def test_quadrants() -> None:
    y, x = [1.0, 1.0, -1.0, -1.0, 0.0, -0.0], [1.0, -1.0, -1.0, 1.0, -1.0, -1.0]
    result = Session().run(core.atan2(y, x)) / math.pi
    np.testing.assert_allclose(result, [0.25, 0.75, -0.75, -0.25, 1.0, -1.0], rtol=1e-6)


def test_slopes_near_the_edge_do_not_cancel() -> None:
    x = 1 - 2.0**-23  # 1 - x² is exact to a few bits only
    exact = 1 / math.sqrt(2.0**-23 * (2 - 2.0**-23))
    assert slope(core.asin, np.float32(x)) == pytest.approx([exact], rel=1e-6)
    assert slope(core.acos, np.float32(x)) == pytest.approx([-exact], rel=1e-6)


def test_slopes_of_large_numbers_do_not_overflow() -> None:
    assert slope(core.asinh, np.float32(1e30)) == pytest.approx([1e-30], rel=1e-4)
    assert slope(core.acosh, np.float32(1e30)) == pytest.approx([1e-30], rel=1e-4)
    assert slope(core.asinh, np.float16(1000)) == pytest.approx([1e-3], rel=2e-2)


def test_integers_have_no_angle() -> None:
    with pytest.raises(DtypeError) as caught:
        core.atan2([1, 2], [1, 2])
    for line in (
        "Atan2: takes float tensors",
        "got       a int32 (2,), b int32 (2,)",
        "made at   test_trigonometry.py:",
        "hint      cast(x, 'float32') converts",
    ):
        assert line in str(caught.value)
