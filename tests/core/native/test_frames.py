"""Parts whose place only the run knows, mirrors and patches: edges, directions, all dtypes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_on_any_threads, run_op

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.ops.image.crop import Frame
from thalweg.core.ops.linalg.diagonals import MatrixDiagPart, MatrixSetDiag
from thalweg.core.ops.local_response import NeighbourSum
from thalweg.core.ops.order import ReverseSequence, Roll
from thalweg.core.ops.pad import MirrorPad, MirrorPadGrad
from thalweg.core.ops.patches import ExtractPatches, ExtractPatchesGrad
from thalweg.core.ops.slicing import DynamicSlice, DynamicSliceGrad

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

DTYPES = pytest.mark.parametrize("dtype", ["int8", "float16", "float32", "float64"])


def numbers(*shape: int, dtype: Any = "float32") -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(-9, 9, shape).astype(dtype)


def assert_equal(result: np.ndarray, expected: Any) -> None:
    np.testing.assert_array_equal(result, expected, strict=True)


@DTYPES
@pytest.mark.parametrize("offsets", list(itertools.product([-6, -2, 0, 1, 7], repeat=2)))
def test_frames_over_images(offsets: tuple[int, int], dtype: str) -> None:
    x = numbers(2, 5, 6, 3, dtype=dtype)
    for sizes in ((3, 4), (8, 9), (1, 6)):
        expected = np.zeros((2, *sizes, 3), dtype)
        for i, j in np.ndindex(*sizes):
            row, column = i + offsets[0], j + offsets[1]
            if 0 <= row < 5 and 0 <= column < 6:
                expected[:, i, j] = x[:, row, column]
        arrays = x, np.array(offsets, "int16"), np.array(sizes)
        assert_equal(run_op(Frame(1, "any"), *arrays), expected)


def test_frames_of_what_is_empty_or_without_channels() -> None:
    offsets = np.array([0, -1])
    empty = run_op(Frame(1, "pad"), np.zeros((2, 0, 3, 4), "f"), offsets, np.array([2, 5]))
    assert_equal(empty, np.zeros((2, 2, 5, 4), "f"))
    x = numbers(4, 5)
    assert_equal(run_op(Frame(0, "crop"), x, np.array([1, 2]), np.array([2, 3])), x[1:3, 2:5])
    outermost = x[np.ix_([3, 3], [4, 4, 4])]  # as `compute` clips what only the run knows
    assert_equal(run_op(Frame(0, "crop"), x, np.array([3, 9]), np.array([2, 3])), outermost)


@DTYPES
def test_parts_and_their_gradient(dtype: str) -> None:
    x = numbers(5, 6, 7, dtype=dtype)
    for axes, begin, size in (
        (None, (1, 0, 3), (3, 6, 4)),
        ((2, 0), (0, 4), (3, 1)),
        ((1,), (6,), (0,)),
        ((1,), (99,), (6,)),  # of an axis that is not cut, the begin says nothing
    ):
        index = [slice(None)] * 3
        for axis, first, count in zip(axes or range(3), begin, size, strict=True):
            index[axis] = slice(first, first + count) if count != x.shape[axis] else slice(None)
        part, key = np.ascontiguousarray(x[tuple(index)]), tuple(index)
        where, count = np.array(begin, "int32"), np.array(size)
        assert_equal(run_op(DynamicSlice(axes), x, where, count), part)
        whole = np.zeros_like(x)
        whole[key] = part
        op = DynamicSliceGrad(axes)
        assert_equal(run_op(op, part, where, count, np.array(x.shape)), whole)


@pytest.mark.parametrize("begin", [-1, 3, 2**31 - 1])
def test_parts_that_are_not_there(begin: int) -> None:
    x, first = core.placeholder("float32", [4, 3]), core.placeholder("int32", [2])
    part = core.slice(x, first, [2, 3])
    feeds = {x: np.zeros((4, 3), "f"), first: [begin, 0]}
    gradient = core.gradients(core.reduce_sum(core.square(part)), x)
    for fetch in (part, gradient):
        with pytest.raises(core.KernelError, match="the part does not lie in the tensor"):
            core.Session(backend="native", strict=True).run(fetch, feeds)


@DTYPES
@pytest.mark.parametrize("shifts", [(0, 0, 0), (1, -1, 2), (-7, 100, -6), (3, 5, 7)])
def test_rolled(shifts: tuple[int, ...], dtype: str) -> None:
    x = numbers(3, 5, 7, 2, dtype=dtype)
    for axes in ((0, 1, 2), (2, 3, 0), (1, 1, 2), (-1, 3, 3)):
        expected = np.roll(x, shifts, axes)
        assert_equal(run_op(Roll(axes), x, np.array(shifts)), expected)
    assert_equal(run_op(Roll(()), x, np.zeros(0, np.int64)), x)
    large = numbers(300, 400, dtype=dtype)
    assert_same_on_any_threads(lambda: run_op(Roll((0, 1)), large, np.array([7, -9])))


@DTYPES
@pytest.mark.parametrize("axes", list(itertools.permutations(range(4), 2)))
def test_sequences_reversed(axes: tuple[int, int], dtype: str) -> None:
    x = numbers(3, 5, 4, 6, dtype=dtype)
    time, batch = axes
    lengths = np.arange(x.shape[batch]).astype("uint8") % (x.shape[time] + 1)
    lengths[-1] = x.shape[time]
    expected = x.copy()
    for entry, length in enumerate(lengths):
        index: list[Any] = [slice(None)] * 4
        index[batch] = slice(entry, entry + 1)
        index[time] = slice(0, length)
        expected[tuple(index)] = np.flip(x[tuple(index)], time)
    assert_equal(run_op(ReverseSequence(time, batch), x, lengths), expected)


def test_a_sequence_longer_than_its_time() -> None:
    x, lengths = core.placeholder("float32", [2, 3]), core.placeholder("int32", [2])
    session = core.Session(backend="native", strict=True)
    with pytest.raises(core.KernelError, match="a length is greater than the time"):
        session.run(core.reverse_sequence(x, lengths), {x: np.zeros((2, 3)), lengths: [1, 4]})


@DTYPES
@pytest.mark.parametrize("on_edge", [True, False])
def test_mirrors(on_edge: bool, dtype: str) -> None:
    x = numbers(4, 5, 3, dtype=dtype)
    mode = "reflect" if on_edge else "symmetric"
    for borders in ([2, 3, 0, 0, 1, 2], [0, 0, 4, 0, 0, 0], [0] * 6, [1, 1, 2, 4, 2, 2]):
        pairs = np.reshape(borders, (3, 2))
        expected = np.pad(x, pairs, mode)
        assert_equal(run_op(MirrorPad(on_edge), x, np.array(borders)), expected)
        if dtype == "float16":
            continue
        g = numbers(*expected.shape, dtype=dtype)
        places = np.pad(np.arange(x.size).reshape(x.shape), pairs, mode)
        folded = np.zeros(x.size, dtype)
        np.add.at(folded, places, g)
        op = MirrorPadGrad(on_edge)
        assert_equal(run_op(op, g, np.array(borders)), folded.reshape(x.shape))


@pytest.mark.parametrize("offset", [-4, -3, -1, 0, 2, 6, 7])
def test_diagonals(offset: int) -> None:
    x = numbers(3, 4, 7)
    diagonal = np.diagonal(x, offset, 1, 2)
    assert_equal(run_op(MatrixDiagPart(offset), x), np.ascontiguousarray(diagonal))
    other = numbers(*diagonal.shape) + 50
    expected = x.copy()
    for k in range(diagonal.shape[1]):
        expected[:, k - min(offset, 0), k + max(offset, 0)] = other[:, k]
    for in_place in (False, True):
        assert_equal(run_op(MatrixSetDiag(offset), x, other, in_place=in_place), expected)


PATCHES = pytest.mark.parametrize(
    ("sizes", "strides", "rates", "padding"),
    [
        ((1, 1), (1, 1), (1, 1), "VALID"),
        ((2, 3), (1, 2), (1, 1), "SAME"),
        ((3, 2), (4, 3), (1, 2), "VALID"),
        ((2, 2), (2, 1), (3, 1), ((1, 2), (0, 3))),
    ],
)


@PATCHES
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_patches(sizes: Any, strides: Any, rates: Any, padding: Any, dtype: str) -> None:
    x = numbers(2, 7, 8, 3, dtype=dtype)
    op = ExtractPatches(sizes, strides, rates, padding)
    windows = op.windows(x.shape)
    padded = np.pad(x, ((0, 0), *windows.pads, (0, 0)))
    expected = np.empty((2, *windows.positions, *sizes, 3), dtype)
    for i, j, p, q in np.ndindex(*windows.positions, *sizes):
        row, column = i * strides[0] + p * rates[0], j * strides[1] + q * rates[1]
        expected[:, i, j, p, q] = padded[:, row, column]
    assert_equal(run_op(op, x), expected.reshape(2, *windows.positions, -1))
    places = run_op(op, np.arange(1, x.size + 1).reshape(x.shape))
    g = numbers(*places.shape, dtype=dtype)
    folded = np.zeros(x.size + 1, dtype)
    np.add.at(folded, places, g)
    back = ExtractPatchesGrad(sizes, strides, rates, padding)
    assert_equal(run_op(back, g, np.array(x.shape)), folded[1:].reshape(x.shape))
    assert_same_on_any_threads(lambda: run_op(back, g, np.array(x.shape)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("radius", [0, 1, 2, 7, 40])
def test_sums_of_neighbours(radius: int, dtype: str) -> None:
    for channels in (1, 2, 16, 33):
        x = numbers(3, 5, channels, dtype=dtype)
        distance = np.abs(np.subtract.outer(np.arange(channels), np.arange(channels)))
        assert_equal(run_op(NeighbourSum(radius), x), x @ (distance <= radius).astype(dtype))
