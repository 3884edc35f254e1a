"""Orders and searches: runs and pieces of any length, ties, NaN, infinities, threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_on_any_threads, run_op

from thalweg.core.backends.native import extension
from thalweg.core.ops.sets import IsIn
from thalweg.core.ops.sorting import Argsort, Searchsorted, TopK
from thalweg.core.types import as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

TYPES = ["float32", "float64", "int8", "int32", "int64", "uint8", "uint16", "uint64"]
DTYPES = pytest.mark.parametrize("dtype", TYPES)
LENGTHS = [1, 2, 15, 16, 17, 31, 32, 33, 48, 100, 257, 1000]


def drawn(*shape: int, dtype: Any = "float32", few: int = 20) -> np.ndarray:
    """Numbers that tie often, with NaN and infinities among floats."""
    x = np.random.default_rng(sum(shape)).integers(0, few, shape).astype(dtype)
    if "float" in dtype:
        flat = x.reshape(-1)
        flat[::7], flat[1::11], flat[2::13], flat[3::5] = np.nan, np.inf, -np.inf, -0.0
    return x


def descending(x: np.ndarray) -> np.ndarray:
    """A stable order, the largest first."""
    keys = [sorted(range(len(line)), key=lambda i, line=line: _key(line[i])) for line in x]
    return np.array(keys, np.int32).reshape(x.shape)


def _key(value: Any) -> tuple[bool, float]:
    return (False, 0) if value != value else (True, -float(value))


@DTYPES
def test_orders(dtype: str) -> None:
    for length in LENGTHS:
        x = drawn(3, length, dtype=dtype)
        ascending = np.argsort(x, 1, kind="stable").astype(np.int32)
        np.testing.assert_array_equal(run_op(Argsort(1, False), x), ascending, strict=True)
        np.testing.assert_array_equal(run_op(Argsort(1, True), x), descending(x), strict=True)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_along_any_axis(axis: int) -> None:
    x = drawn(20, 33, 5)
    np.testing.assert_array_equal(
        run_op(Argsort(axis, False), x), np.argsort(x, axis, kind="stable")
    )
    empty = np.zeros((3, 0, 2), "f")
    assert run_op(Argsort(axis, False), empty).shape == empty.shape


@pytest.mark.parametrize("length", [32_768, 32_769, 100_000])
def test_a_long_line(length: int) -> None:
    """Pieces, and merges of pieces of which the last is short or alone."""
    x = drawn(length, few=5000)
    for op in (Argsort(0, False), Argsort(0, True)):
        assert_same_on_any_threads(lambda op=op: run_op(op, x))
    np.testing.assert_array_equal(run_op(Argsort(0, False), x), np.argsort(x, kind="stable"))
    order = run_op(Argsort(0, True), x)
    flipped = length - 1 - np.argsort(x[::-1], kind="stable")[::-1]
    np.testing.assert_array_equal(order, flipped)


@DTYPES
@pytest.mark.parametrize("k", [0, 1, 2, 31, 32, 33, 90])
def test_the_largest(dtype: str, k: int) -> None:
    x = drawn(5, 90, dtype=dtype)
    values, places = run_op(TopK(), x, np.array(k))
    expected = descending(x)[:, :k]
    np.testing.assert_array_equal(places, expected)
    np.testing.assert_array_equal(values, np.take_along_axis(x, expected, 1), strict=True)
    assert_same_on_any_threads(lambda: run_op(TopK(), np.tile(x, (40, 3)), np.array(k)))


@pytest.mark.parametrize("dtype", [*TYPES, "bool"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_what_is_sorted(dtype: str, side: str) -> None:
    for length in (0, 1, 2, 3, 64, 100):
        lines = np.sort(np.random.default_rng(length).integers(0, 50, (4, length)), 1).astype(dtype)
        values = np.random.default_rng(1).integers(0, 52, (4, 33)).astype(dtype)
        for place in ("int32", "int64"):
            op = Searchsorted(side == "right", as_dtype(place))
            pairs = zip(lines, values, strict=True)
            expected = [np.searchsorted(line, value, side) for line, value in pairs]
            result = run_op(op, lines, values)
            np.testing.assert_array_equal(result, np.array(expected, place), strict=True)


@pytest.mark.parametrize("dtype", [*TYPES, "bool"])
def test_members(dtype: str) -> None:
    for count in (0, 1, 5, 40_000):
        y = np.random.default_rng(count).integers(0, 100, count).astype(dtype)
        x = np.random.default_rng(0).integers(0, 120, (30, 7)).astype(dtype)
        if "float" in dtype:
            x[0], y[:1] = np.nan, np.nan
            x[1], y[1:2] = 0.0, -0.0
        np.testing.assert_array_equal(run_op(IsIn(), x, y), np.isin(x, y), strict=True)
