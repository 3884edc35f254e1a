"""Rows picked, put and combined by index: batches, ties, ends of tables, threads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_in_place, assert_same_on_any_threads, run_op

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.ops.candidates import CountClasses
from thalweg.core.ops.cumulative import AddAlong, PickAlong
from thalweg.core.ops.gather import Gather, OneHot, ScatterRows
from thalweg.core.ops.scatter import CombineRows, FlatIndex, KeepLastRows, PutRows
from thalweg.core.ops.segments import (
    SegmentCount,
    SegmentMax,
    SegmentMin,
    SegmentProd,
    SegmentSum,
    SpreadSegments,
)
from thalweg.core.ops.tensor_array import ArrayWrite
from thalweg.core.types import as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

NUMBERS = pytest.mark.parametrize(
    "dtype", ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"]
)
INDEX_TYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"]


def integers(*shape: int, dtype: Any = "float32", low: int = 0, high: int = 9) -> np.ndarray:
    """Integers in any dtype, so that sums of floats are exact."""
    return np.random.default_rng(sum(shape)).integers(low, high, shape).astype(dtype)


def assert_equal(result: np.ndarray, expected: Any) -> None:
    np.testing.assert_array_equal(result, expected, strict=True)


@pytest.mark.parametrize("index_type", INDEX_TYPES)
def test_batches_picked_and_added_back(index_type: str) -> None:
    x = integers(3, 2, 5, 4, 7)
    low = 0 if index_type.startswith("u") else -4
    index = integers(3, 2, 6, low=low, high=4, dtype=index_type)
    expected = np.empty((3, 2, 5, 6, 7), np.float32)
    sums = np.zeros_like(x)
    for b0, b1, before, k in np.ndindex(3, 2, 5, 6):
        expected[b0, b1, before, k] = x[b0, b1, before, index[b0, b1, k]]
        sums[b0, b1, before, index[b0, b1, k]] += expected[b0, b1, before, k]
    assert_equal(run_op(Gather(3, 2), x, index), expected)
    assert_equal(run_op(ScatterRows(3, 2), expected, index, np.array(x.shape)), sums)


@NUMBERS
def test_one_index_and_every_row_size(dtype: str) -> None:
    for width in (1, 2, 3, 8):
        x = integers(5, width, dtype=dtype)
        assert_equal(run_op(Gather(0), x, np.int32(-2)), x[-2])
        added = np.zeros_like(x)
        added[3] = x[1]
        assert_equal(run_op(ScatterRows(0), x[1], np.int64(3), np.array(x.shape)), added)


@NUMBERS
@pytest.mark.parametrize("count", [0, 1, 50, 3000])
def test_segments(dtype: str, count: int) -> None:
    """Ids out of range count nowhere; of a segment without members there are rules."""
    ids = integers(count, low=-2, high=23, dtype="int32")
    ids[ids == 7] = 8  # nobody is in 7
    x = integers(count, 5, low=1, high=3, dtype=dtype)
    info = np.finfo(dtype) if "float" in dtype else np.iinfo(dtype)
    for op, combine, empty in (
        (SegmentSum(), np.add, 0),
        (SegmentProd(), np.multiply, 1),
        (SegmentMax(True), np.maximum, 0),
        (SegmentMax(False), np.maximum, info.min),
        (SegmentMin(False), np.minimum, info.max),
    ):
        expected = np.full((20, 5), empty, dtype)
        for segment in set(ids.tolist()) & set(range(20)):
            rows = x[ids == segment]
            with np.errstate(over="ignore"):
                expected[segment] = combine.reduce(rows, dtype=x.dtype)
        arrays = x, ids, np.array(20)
        assert_equal(run_op(op, *arrays), expected)
        assert_same_on_any_threads(lambda op=op, arrays=arrays: run_op(op, *arrays))
    counts = np.array([(ids == k).sum() for k in range(20)], np.int64)
    assert_equal(run_op(SegmentCount(), ids, np.array(20)), counts)
    spread = run_op(SpreadSegments(), x[:20], ids)
    outside = (ids < 0) | (ids >= len(x[:20]))
    assert_equal(spread, np.where(outside[:, None], 0, x[np.where(outside, 0, ids)]).astype(dtype))


def test_nan_is_the_extreme_of_its_segment() -> None:
    x = np.array([1, np.nan, 3, 2, np.nan, 5], "f")
    ids = np.array([0, 0, 0, 1, 2, 2])
    for op in (SegmentMax(True), SegmentMin(True)):
        assert_equal(run_op(op, x, ids, np.array(3)), np.array([np.nan, 2, np.nan], "f"))


@NUMBERS
@pytest.mark.parametrize("width", [1, 3, 300])
def test_rows_of_one_index_together(dtype: str, width: int) -> None:
    for count, size in ((1, 1), (40, 6), (500, 1 << 40)):
        indices = integers(count, low=-min(size, 99), high=min(size, 99), dtype="int64")
        places = indices % size
        rows = integers(count, width, low=1, high=3, dtype=dtype)
        for kind in ("add", "multiply", "minimum", "maximum", "last"):
            expected = np.empty_like(rows)
            for i in range(count):
                same = rows[places == places[i]]
                combine = np.add if kind == "last" else getattr(np, kind)
                same = same[-1:] if kind == "last" else same
                with np.errstate(over="ignore"):
                    expected[i] = combine.reduce(same, dtype=rows.dtype)
            result = run_op(CombineRows(kind), rows, indices, np.array(size))
            assert_equal(result, expected)
        is_last = [places[i] not in places[i + 1 :] for i in range(count)]
        kept = rows * np.array(is_last, dtype)[:, None]
        assert_equal(run_op(KeepLastRows(), rows, indices, np.array(size)), kept)


def test_wide_rows_on_any_threads() -> None:
    rows = np.random.default_rng(0).standard_normal((200, 700), np.float32)
    indices = integers(200, high=20, dtype="int32")
    assert_same_on_any_threads(lambda: run_op(CombineRows("add"), rows, indices, np.array(20)))
    shape = np.array([1000, 700])
    assert_same_on_any_threads(lambda: run_op(ScatterRows(0), rows, indices, shape))


@pytest.mark.parametrize("dtype", ["bool", "float16", "float32", "int64"])
def test_rows_put_into_a_tensor(dtype: str) -> None:
    tensor, indices = integers(4, 5, 3, dtype=dtype), np.array([[7, -1], [0, 7]])
    rows = integers(2, 2, 3, dtype=dtype)
    rows[1, 1] = rows[0, 0]
    expected = tensor.copy().reshape(20, 3)
    expected[indices.reshape(-1)] = rows.reshape(-1, 3)
    assert_equal(run_op(PutRows(2), tensor, indices, rows), expected.reshape(tensor.shape))
    assert_same_in_place(PutRows(2), tensor, indices, rows)
    for place in (0, 3, np.uint8(2)):
        written = tensor.copy()
        written[place] = tensor[1] + tensor[2]
        index = np.asarray(place)
        assert_equal(run_op(ArrayWrite(), tensor, index, tensor[1] + tensor[2]), written)
    assert_equal(run_op(ArrayWrite(), tensor, np.array(-1), tensor[1]), tensor)


@pytest.mark.parametrize("index_type", INDEX_TYPES)
def test_vectors_of_indices(index_type: str) -> None:
    sizes = (3, 4, 5)
    low = [0] * 3 if index_type.startswith("u") else [-size for size in sizes]
    indices = np.random.default_rng(0).integers(low, sizes, (3, 6, 3)).astype(index_type)
    positive = indices.astype("int64") % sizes
    flat = np.ravel_multi_index(tuple(np.moveaxis(positive, -1, 0)), sizes)
    assert_equal(run_op(FlatIndex(), indices, np.array(sizes)), flat)
    batch = np.arange(3)[:, None] * math.prod(sizes[1:])
    flat = np.ravel_multi_index(tuple(np.moveaxis(positive[..., 1:], -1, 0)), sizes[1:]) + batch
    assert_equal(run_op(FlatIndex(1), indices[..., 1:], np.array(sizes)), flat)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_entries_of_each_line(axis: int) -> None:
    x = integers(4, 5, 6)
    size = x.shape[axis]
    positions = np.random.default_rng(axis).integers(-size, size, x.shape)
    assert_equal(run_op(PickAlong(axis), x, positions), np.take_along_axis(x, positions, axis))
    expected = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        target = list(place)
        target[axis] = positions[place]
        expected[tuple(target)] += x[place]
    assert_equal(run_op(AddAlong(axis), x, positions), expected)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", ["bool", "float16", "float32", "int64", "uint8"])
def test_one_hot(axis: int, dtype: str) -> None:
    indices = integers(4, 3, low=-2, high=8, dtype="int16")
    for on, off in ((1, 0), (0, 1)):
        expected = np.where(np.expand_dims(indices, -1) == np.arange(6), on, off).astype(dtype)
        expected = np.moveaxis(expected, -1, axis)
        op = OneHot(on, off, axis, as_dtype(dtype))
        assert_equal(run_op(op, indices, np.array(6)), np.ascontiguousarray(expected))


def fails(tensor: core.Tensor, feeds: Any, message: str) -> None:
    with pytest.raises(core.KernelError, match=message):
        core.Session(backend="native", strict=True).run(tensor, feeds)


def test_what_is_out_of_range() -> None:
    indices = core.placeholder("int32", [2])
    x = core.placeholder("float32", [3, 2])
    rows, none = np.zeros((3, 2), "f"), "an index is out of bounds"
    for tensor in (
        core.gather(x, core.reshape(indices, [1, 2]), batch_dims=0),
        core.gather_nd(x, core.reshape(indices, [1, 2])),
        core.tensor_scatter_update(x, core.reshape(indices, [2, 1]), x[:2]),
        core.tensor_scatter_add(x, core.reshape(indices, [2, 1]), x[:2]),
    ):
        for wrong in (3, -4):
            fails(tensor, {x: rows, indices: [0, wrong]}, none)
    classes = core.placeholder("int32", [2])
    counted = core.opdef.apply(CountClasses(3), classes)
    fails(counted, {classes: [1, -1]}, "an index is negative")
