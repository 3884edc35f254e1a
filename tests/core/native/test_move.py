"""Data movement: every element size, sizes around the blocking, ends of tables, threads."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_on_any_threads, run_op

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.ops.concat import Concat, Split
from thalweg.core.ops.gather import Gather, ScatterRows
from thalweg.core.ops.order import Reverse
from thalweg.core.ops.pad import Pad
from thalweg.core.ops.repeat import Tile
from thalweg.core.ops.shape import Transpose
from thalweg.core.ops.slicing import Slice, SliceGrad, Span
from thalweg.core.ops.stack import Stack, Unstack

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

DTYPES = pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int16", "float16", "int32", "float32", "int64", "float64"]
)


def numbers(*shape: int, dtype: Any = "float32") -> np.ndarray:
    """All bit patterns are moved; these are finite, so that arrays compare."""
    values = np.random.default_rng(sum(shape)).integers(-100, 100, shape)
    return (values > 0) if dtype == "bool" else values.astype(dtype)


def assert_equal(result: np.ndarray, expected: np.ndarray) -> None:
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


SIDES = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33]


@pytest.mark.parametrize("height", SIDES)
def test_matrices_around_a_block(height: int) -> None:
    for width in SIDES:
        for dtype in ("float32", "int16"):
            x = numbers(height, width, dtype=dtype)
            assert_equal(run_op(Transpose((1, 0)), x), x.T)


@pytest.mark.parametrize("shape", [(3000, 40), (40, 3000), (1025, 1), (5000, 17), (1, 9999)])
def test_long_matrices(shape: tuple[int, int]) -> None:
    x = numbers(*shape)
    assert_equal(run_op(Transpose((1, 0)), x), x.T)
    assert_equal(run_op(Transpose((1, 0)), x.astype("f8")), x.astype("f8").T)
    cube = numbers(2, *shape)
    assert_equal(run_op(Transpose((0, 2, 1)), cube), cube.transpose(0, 2, 1))


@DTYPES
def test_every_order_of_the_axes(dtype: str) -> None:
    x = numbers(2, 3, 17, 5, dtype=dtype)
    for axes in itertools.permutations(range(4)):
        assert_equal(run_op(Transpose(axes), x), x.transpose(axes))


def test_every_bit_pattern_survives() -> None:
    """A NaN's payload too: nothing passes through arithmetic."""
    bits = np.random.default_rng(0).integers(0, 2**32, (33, 34), np.uint32)
    bits[::3] |= np.uint32(0x7F800001)
    result = run_op(Transpose((1, 0)), bits.view(np.float32)).view(np.uint32)
    assert_equal(result, np.ascontiguousarray(bits.T))


@DTYPES
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_joined_and_parted(axis: int, dtype: str) -> None:
    shapes = [[4, 5, 6] for _ in range(4)]
    for shape, size in zip(shapes, (1, 0, 17, 3), strict=True):
        shape[axis] = size
    parts = [numbers(*shape, dtype=dtype) for shape in shapes]
    whole = np.concatenate(parts, axis)
    assert_equal(run_op(Concat(axis), *parts), whole)
    for part, result in zip(
        parts, run_op(Split(axis), whole, np.array([1, 0, 17, 3])), strict=True
    ):
        assert_equal(result, part)
    equal = [numbers(4, 5, 6, dtype=dtype) + i for i in range(3)] if dtype != "bool" else parts[:1]
    stacked = np.stack(equal, axis)
    assert_equal(run_op(Stack(axis), *equal), stacked)
    if len(equal) > 1:
        for part, result in zip(equal, run_op(Unstack(3, axis), stacked), strict=True):
            assert_equal(result, part)


@DTYPES
def test_slices_and_reversals(dtype: str) -> None:
    x = numbers(9, 17, 20, dtype=dtype)
    for index in (
        (Span(2, 7), Span(1, None, 3), 5),
        (Span(None, None, -1), Ellipsis, Span(18, 2, -4)),
        (3, None, Span(None, None, 2)),
        (Ellipsis, -1),
        (Span(4, 4),),
    ):
        key = tuple(slice(i.start, i.stop, i.step) if isinstance(i, Span) else i for i in index)
        assert_equal(run_op(Slice(index), x), x[key])
        if dtype != "bool":
            whole = np.zeros_like(x)
            whole[key] = x[key]
            assert_equal(run_op(SliceGrad(index), x[key], np.asarray(x.shape)), whole)
    for axes in ((0,), (1, 2), (0, 1, 2)):
        assert_equal(run_op(Reverse(axes), x), np.flip(x, axes))


@DTYPES
def test_borders_and_repetitions(dtype: str) -> None:
    x = numbers(3, 17, 5, dtype=dtype)
    borders = np.array([1, 0, 2, 3, 0, 16])
    expected = np.pad(x, borders.reshape(3, 2), constant_values=1)
    assert_equal(run_op(Pad(1), x, borders), expected)
    assert_equal(run_op(Tile(), x, np.array([2, 3, 4])), np.tile(x, (2, 3, 4)))
    assert_equal(run_op(Tile(), x, np.array([1, 0, 4])), np.tile(x, (1, 0, 4)))


@DTYPES
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_picked(axis: int, dtype: str) -> None:
    x = numbers(5, 6, 17, dtype=dtype)
    size = x.shape[axis]
    for index_type in ("int32", "int64"):
        index = np.array([[0, size - 1, -1], [-size, 2, 2]], index_type)
        assert_equal(run_op(Gather(axis), x, index), np.take(x, index, axis))


@pytest.mark.parametrize("index", [4, -5, 2**31 - 1, -(2**31)])
def test_rows_that_are_not_there(index: int) -> None:
    table, rows = core.placeholder("float32", [4, 3]), core.placeholder("float32", [2, 3])
    indices = core.placeholder("int32", [2])
    scattered = core.gradients(core.reduce_sum(core.gather(table, indices) * rows), table)
    feeds = {
        table: np.zeros((4, 3), "f"),
        rows: np.ones((2, 3), "f"),
        indices: np.array([0, index], "i4"),
    }
    session = core.Session(backend="native")
    for fetch in (core.gather(table, indices), scattered):
        with pytest.raises(core.KernelError, match="an index is out of bounds"):
            session.run(fetch, feeds)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [1, 15, 16, 17, 300])
def test_rows_added_where_they_were_picked(width: int, dtype: str) -> None:
    generator = np.random.default_rng(width)
    for size, count in ((1, 50), (7, 3), (1000, 400)):
        rows = generator.standard_normal((count, width)).astype(dtype)
        indices = generator.integers(-size, size, count)
        expected = np.zeros((size, width), dtype)
        for row, index in zip(rows, indices, strict=True):
            expected[index] += row  # in this order, to the last bit
        op, shape = ScatterRows(0), np.array([size, width])
        assert_equal(run_op(op, rows, indices, shape), expected)
        assert_same_on_any_threads(lambda op=op, arrays=(rows, indices, shape): run_op(op, *arrays))


@pytest.mark.parametrize("value", [0, 1, -1, 0.1])
@DTYPES
def test_fills(value: float, dtype: str) -> None:
    """A border of which everything but one element is filled."""
    if dtype == "bool" or (value == 0.1 and "float" not in dtype):
        value = 1
    x = numbers(1, dtype=dtype)
    for size in (0, 1, 16, 70_001):
        expected = np.pad(x, (size, 0), constant_values=np.asarray(value, dtype))
        assert_equal(run_op(Pad(value), x, np.array([size, 0])), expected)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)], ids=str)
def test_nothing_to_move(shape: tuple[int, int]) -> None:
    x = np.zeros(shape, "f")
    assert run_op(Transpose((1, 0)), x).shape == shape[::-1]
    assert run_op(Concat(0), x, x).shape == (2 * shape[0], shape[1])
    assert run_op(Reverse((0,)), x).shape == shape
    none = np.zeros(0, np.int64)
    assert run_op(Gather(0), np.zeros((3, 0), "f"), none).shape == (0, 0)
    table = run_op(ScatterRows(0), np.zeros((0, 4), "f"), none, np.array([3, 4]))
    assert table.shape == (3, 4) and not table.any()


@pytest.mark.parametrize("shape", [(700, 900), (3, 250, 401)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    axes = tuple(reversed(range(len(shape))))
    assert_same_on_any_threads(lambda: run_op(Transpose(axes), x))
    assert_same_on_any_threads(lambda: run_op(Concat(1), x, x))
