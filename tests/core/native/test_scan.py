"""Recurrences along any axis: directions, types, what is not finite, threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op

from thalweg.core.backends.native import extension
from thalweg.core.ops.cumulative import Cumsum, ExclusiveScan, RunningLogsumexp, RunningPosition
from thalweg.core.ops.segments import GroupedScan

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

SHAPES = pytest.mark.parametrize(
    "shape", [(1, 1, 1), (3, 50, 1), (2, 7, 255), (2, 3, 257), (1, 40_000, 1), (0, 4, 3), (4, 0, 3)]
)
REVERSE = pytest.mark.parametrize("reverse", [False, True])


def normal(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


def turned(x: np.ndarray, reverse: bool) -> np.ndarray:
    return x[:, ::-1] if reverse else x


@SHAPES
@REVERSE
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "uint8"])
def test_sums(shape: tuple[int, ...], reverse: bool, dtype: str) -> None:
    """Integers in any dtype wrap around as NumPy's; floats are added in the same order."""
    x = (10 * normal(*shape)).astype("int64").astype(dtype)
    sums = turned(np.cumsum(turned(x, reverse), 1, dtype=x.dtype), reverse)
    np.testing.assert_array_equal(run_op(Cumsum(1, False, reverse), x), sums, strict=True)
    excluding = (sums - x).astype(dtype)
    np.testing.assert_array_equal(run_op(Cumsum(-2, True, reverse), x), excluding)
    assert_same_on_any_threads(lambda: run_op(Cumsum(1, True, reverse), x))


def recurrence(a: np.ndarray, b: np.ndarray, initial: float) -> np.ndarray:
    y = np.full(a.shape, initial, a.dtype)
    for k in range(1, len(a)):
        y[k] = b[k - 1] + a[k - 1] * y[k - 1]
    return y


@SHAPES
@REVERSE
@pytest.mark.parametrize("initial", [0.0, 1.0])
def test_exclusive_scans(shape: tuple[int, ...], reverse: bool, initial: float) -> None:
    a, b = np.tanh(normal(*shape, dtype=np.float64)), normal(*shape, dtype=np.float64)
    lines = [turned(x, reverse).swapaxes(0, 1) for x in (a, b)]
    exact = turned(recurrence(*lines, initial).swapaxes(0, 1), reverse)
    assert_near(run_op(ExclusiveScan(1, initial, reverse), a, b), exact, 1e-13)
    single = [x.astype(np.float32) for x in (a, b)]
    assert_near(run_op(ExclusiveScan(1, initial, reverse), *single), exact, 1e-5)


def test_products_of_integers() -> None:
    a = np.array([[2, 3, -1, 4]], np.int32)
    result = run_op(ExclusiveScan(1, 1.0, False), a, np.zeros_like(a))
    assert result.tolist() == [[1, 2, 6, -6]]


@REVERSE
@pytest.mark.parametrize("count", [0, 1, 300])
@pytest.mark.parametrize("id_type", ["int16", "int32", "int64"])
def test_grouped_scans(reverse: bool, count: int, id_type: str) -> None:
    generator = np.random.default_rng(count)
    a, b = np.tanh(normal(count, 300, dtype=np.float64)), normal(count, 300, dtype=np.float64)
    ids = generator.integers(-9, 9, count).astype(id_type)
    exact = np.empty_like(a)
    for number in set(ids.tolist()):
        rows = np.flatnonzero(ids == number)
        rows = rows[::-1] if reverse else rows
        exact[rows] = recurrence(a[rows], b[rows], 1.0)
    op = GroupedScan(1.0, reverse)
    assert_near(run_op(op, a, b, ids), exact, 1e-14)
    assert_same_on_any_threads(lambda: run_op(op, a, b, ids))


@REVERSE
@pytest.mark.parametrize("is_largest", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "int8", "uint64"])
def test_where_the_extreme_is(reverse: bool, is_largest: bool, dtype: str) -> None:
    """Of equal ones the first; a NaN takes over from any number, and from a NaN before it."""
    x = np.random.default_rng(0).integers(0, 5, (3, 40, 7)).astype(dtype)
    if dtype == "float32":
        x[1, 20, 3] = x[1, 25, 3] = x[2, 0, 0] = np.nan
    expected = np.empty(x.shape, np.int64)
    for o, i in np.ndindex(3, 7):
        best = None
        for k in reversed(range(40)) if reverse else range(40):
            value = x[o, k, i]
            is_better = best is None or value != value
            if best is not None:
                old = x[o, best, i]
                is_better |= bool(value > old) if is_largest else bool(value < old)
            best = k if is_better else best
            expected[o, k, i] = best
    np.testing.assert_array_equal(run_op(RunningPosition(1, is_largest, reverse), x), expected)


@SHAPES
@REVERSE
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_logsumexp(shape: tuple[int, ...], reverse: bool, dtype: str) -> None:
    x = (30 * normal(*shape)).astype(dtype)
    wide = turned(x.astype(np.longdouble), reverse)
    exact = turned(np.logaddexp.accumulate(wide, axis=1), reverse).astype(np.float64)
    result = run_op(RunningLogsumexp(1, reverse), x)
    assert result.dtype == x.dtype
    if x.size:
        scale = np.maximum(np.abs(exact), 1)
        assert (np.abs(result - exact) <= (2e-7 if dtype == "float32" else 1e-13) * scale).all()


def test_running_logsumexp_of_what_is_not_finite() -> None:
    inf, nan = np.inf, np.nan
    x = np.array([[-inf, -inf, 1, inf, -inf, 2], [1, nan, inf, 2, -inf, 0]], "f")
    expected = np.array([[-inf, -inf, 1, inf, inf, inf], [1, nan, nan, nan, nan, nan]], "f")
    np.testing.assert_array_equal(run_op(RunningLogsumexp(1, False), x), expected)
