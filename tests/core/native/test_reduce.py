"""Reductions: sizes around the blocking, long sums, what is not finite, threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op

from thalweg.core.backends.native import extension
from thalweg.core.ops.argmax import Argmax, Argmin
from thalweg.core.ops.elementwise import SumTo
from thalweg.core.ops.reduce import (
    ReduceAll,
    ReduceAny,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
)
from thalweg.core.ops.repeat import TileGrad
from thalweg.core.types import as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

# around a vector, four vectors, a piece
LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 129, 1000, 16383, 16385, 70_001]
# (outer, length, inner)
SHAPES = [
    (1, 1, 1), (1, 5, 1), (3, 17, 1), (70, 33, 1), (1, 16, 15), (1, 33, 16), (1, 65, 17),
    (1, 1000, 63), (2, 500, 65), (1, 20_000, 3), (1, 3000, 130), (65, 9, 31), (5, 1, 7),
    (1, 300, 1100), (1000, 2, 2),
]  # fmt: skip
INT64 = as_dtype("int64")


def normal(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("length", LENGTHS)
def test_rows_of_any_length(length: int) -> None:
    x = normal(3, length)
    exact = x.astype(np.float64)
    scale = np.abs(exact).sum(axis=1)
    for op, expected in ((ReduceSum, exact.sum(1)), (ReduceMean, exact.mean(1))):
        result = run_op(op((1,), False), x)
        size = scale if op is ReduceSum else scale / length
        assert (np.abs(result - expected) <= 2e-7 * size).all()
    np.testing.assert_array_equal(run_op(ReduceMax((1,), False), x), x.max(1))
    np.testing.assert_array_equal(run_op(ReduceMin((1,), False), x), x.min(1))
    near_one = (1 + x / 1000).astype(np.float32)
    assert_near(
        run_op(ReduceProd((1,), False), near_one), np.prod(near_one, 1, dtype=np.float64), 1e-4
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"]
)
def test_the_middle_axis(shape: tuple[int, ...], dtype: str) -> None:
    x = 10 * normal(*shape)
    x = x.astype(dtype) if "float" in dtype else x.astype(np.int64).astype(dtype)
    result = run_op(ReduceSum((1,), False), x)
    if x.dtype.kind in "iu":
        np.testing.assert_array_equal(result, x.sum(1, dtype=dtype))
    else:
        limit = 5e-7 if dtype == "float32" else 1e-14
        size = np.abs(x).astype(np.float64).sum(1)
        assert (np.abs(result - x.astype(np.float64).sum(1)) <= limit * size).all()
    np.testing.assert_array_equal(run_op(ReduceMax((1,), False), x), x.max(1))
    np.testing.assert_array_equal(run_op(ReduceMin((1,), True), x), x.min(1, keepdims=True))


@pytest.mark.parametrize("axis", [(0, 2), (1, 3), (0, 1, 3), (0, 3), (2,), None], ids=str)
def test_axes_apart(axis: tuple[int, ...] | None) -> None:
    x = normal(5, 7, 6, 19)
    assert_near(run_op(ReduceSum(axis, False), x), x.astype(np.float64).sum(axis), 1e-6)
    assert_near(run_op(ReduceMean(axis, True), x), x.mean(axis, np.float64, keepdims=True), 1e-6)
    np.testing.assert_array_equal(run_op(ReduceMax(axis, False), x), x.max(axis))


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((1 << 22,), 0), ((64, 200_000), 1), ((1 << 20, 3), 0), ((1 << 17, 40), 0)],
    ids=str,
)
def test_errors_of_long_sums_do_not_grow(shape: tuple[int, ...], axis: int) -> None:
    """Of equal signs, where every rounding counts; NumPy's pairwise sum of rows is as good."""
    x = np.random.default_rng(0).random(shape, np.float32) + np.float32(0.1)
    exact = x.sum(axis, dtype=np.float64)
    result = run_op(ReduceSum((axis,), False), x)
    assert (np.abs(result - exact) <= 4e-7 * exact).all()
    mean = run_op(ReduceMean((axis,), False), x)
    assert (np.abs(mean - x.mean(axis, np.float64)) <= 4e-7 * mean).all()


@pytest.mark.parametrize("target", [(33,), (1, 33), (7, 1), (7, 33), (5, 1, 33), (1,), ()], ids=str)
def test_sum_to(target: tuple[int, ...]) -> None:
    x = normal(5, 7, 33)
    added = tuple(range(3 - len(target)))
    sums = x.astype(np.float64).sum(added)
    stretched = tuple(i for i, size in enumerate(target) if size == 1)
    exact = sums.sum(stretched, keepdims=True) if stretched else sums
    shape = np.asarray(target, np.int32)
    assert_near(run_op(SumTo(), x, shape), exact.reshape(target), 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int64"])
@pytest.mark.parametrize("multiples", [(1, 1, 1), (2, 3, 4), (5, 1, 2), (1, 0, 2)], ids=str)
def test_repetitions_added_up(multiples: tuple[int, ...], dtype: str) -> None:
    """Of small integers, so that sums are exact in any order."""
    sizes = (3, 1, 17)
    wide = [size * times for size, times in zip(sizes, multiples, strict=True)]
    g = np.random.default_rng(0).integers(-9, 9, wide).astype(dtype)
    expected = np.zeros(sizes, dtype)
    for place in np.ndindex(*multiples):
        starts = [k * size for k, size in zip(place, sizes, strict=True)]
        part = [slice(at, at + size) for at, size in zip(starts, sizes, strict=True)]
        expected += g[tuple(part)]
    result = run_op(TileGrad(), g, np.array(multiples), np.array(sizes))
    np.testing.assert_array_equal(result, expected, strict=True)


@pytest.mark.parametrize("place", [0, 3, 16, 31, 64, 99])
@pytest.mark.parametrize("op", [ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd])
def test_nan_spoils_its_own_result_alone(op: Any, place: int) -> None:
    for axis in (0, 1):
        x = normal(100, 100)
        expected = run_op(op((axis,), False), x)
        x[place, place] = np.nan
        result = run_op(op((axis,), False), x)
        assert np.isnan(result[place])
        others = np.arange(100) != place
        np.testing.assert_array_equal(result[others], expected[others])


@pytest.mark.parametrize("axis", [0, 1])
def test_infinities(axis: int) -> None:
    x = normal(70, 70)
    x[5, 5] = np.inf
    x[9, 9] = -np.inf
    sums = run_op(ReduceSum((axis,), False), x)
    assert sums[5] == np.inf and sums[9] == -np.inf and np.isfinite(np.delete(sums, [5, 9])).all()
    np.testing.assert_array_equal(run_op(ReduceMax((axis,), False), x), x.max(axis))
    np.testing.assert_array_equal(run_op(ReduceMin((axis,), False), x), x.min(axis))
    x[5, 9] = x[9, 5] = np.inf
    x[5, 5], x[9, 9] = -np.inf, -np.inf
    assert np.isnan(run_op(ReduceSum((axis,), False), x)[[5, 9]]).all()
    least = np.full((40, 40), -np.inf, np.float32)
    np.testing.assert_array_equal(run_op(ReduceMax((axis,), False), least), least[0])


@pytest.mark.parametrize("length", [1, 15, 17, 64, 65, 20_000])
def test_all_and_any(length: int) -> None:
    for axis, shape in ((1, (3, length)), (0, (length, 3))):
        for place in {0, length // 2, length - 1}:
            x = np.zeros(shape, bool)
            x[(1, place) if axis else (place, 1)] = True
            np.testing.assert_array_equal(run_op(ReduceAny((axis,), False), x), x.any(axis))
            np.testing.assert_array_equal(run_op(ReduceAll((axis,), False), ~x), (~x).all(axis))


def test_integers_wrap_and_reach_their_ends() -> None:
    ends = np.array([[-(2**31), 2**31 - 1, 1, 0]], np.int32)
    assert run_op(ReduceMin((1,), False), ends)[0] == -(2**31)
    assert run_op(ReduceMax((1,), False), ends)[0] == 2**31 - 1
    assert run_op(ReduceSum((1,), False), np.repeat(ends, 2, 1))[0] == 0
    least = np.full((3, 50), -(2**63), np.int64)
    np.testing.assert_array_equal(run_op(ReduceMax((1,), False), least), least[:, 0])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)], ids=str)
def test_nothing_to_sum(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    for axis in (0, 1):
        np.testing.assert_array_equal(run_op(ReduceSum((axis,), False), x), x.sum(axis))
        np.testing.assert_array_equal(run_op(ReduceProd((axis,), False), x), x.prod(axis))
    means = run_op(ReduceMean((1,), False), x)
    assert np.isnan(means).all() and means.shape == x.shape[:1]


@pytest.mark.parametrize("shape", [(9, 1), (9, 17), (300, 70), (3, 40_000)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int32", "int64", "uint16"])
def test_places(shape: tuple[int, ...], dtype: str) -> None:
    x = (3 * normal(*shape)).round().astype(np.int64).astype(dtype)  # with ties: the first counts
    for axis in (0, 1):
        np.testing.assert_array_equal(run_op(Argmax(axis, INT64), x), x.argmax(axis))
        small = run_op(Argmin(axis, as_dtype("int32")), x)
        assert small.dtype == np.int32
        np.testing.assert_array_equal(small, x.argmin(axis))


def test_places_of_nans_and_infinities() -> None:
    x = normal(6, 50)
    x[1, 7] = x[1, 30] = np.nan
    x[2, 3], x[2, 20] = np.inf, np.nan
    x[3] = -np.inf
    x[4, 0] = np.nan
    x[5, 49] = np.nan
    np.testing.assert_array_equal(run_op(Argmax(1, INT64), x), x.argmax(1))
    np.testing.assert_array_equal(run_op(Argmin(1, INT64), x), x.argmin(1))


@pytest.mark.parametrize("shape", [(1_000_003,), (70, 20_000), (9001, 37), (3, 4000, 20)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    for axis in range(len(shape)):
        assert_same_on_any_threads(lambda axis=axis: run_op(ReduceSum((axis,), False), x))
        assert_same_on_any_threads(lambda axis=axis: run_op(Argmax(axis, INT64), x))
    assert_same_on_any_threads(lambda: run_op(ReduceMean(None, False), x))
