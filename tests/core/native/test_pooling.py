"""Pooling: channels around a vector, windows that overlap or leave images, ties, NaN, threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op

from thalweg.core.backends.native import extension
from thalweg.core.ops.pool import (
    AvgPool,
    AvgPoolGrad,
    MaxPool,
    MaxPoolArgmax,
    MaxPoolGrad,
    MaxPoolGradGrad,
)
from thalweg.core.ops.windows import Windows

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

# images (batch, *sizes, channels), window, strides, padding, dilations
CASES: list[Any] = [
    ((2, 8, 8, 1), (2, 2), (2, 2), "VALID", (1, 1)),
    ((2, 8, 8, 16), (2, 2), (2, 2), "VALID", (1, 1)),
    ((2, 8, 6, 17), (2, 2), (2, 2), "SAME", (1, 1)),
    ((1, 9, 7, 15), (2, 2), (2, 2), "VALID", (1, 1)),  # cells that no window sees
    ((1, 9, 7, 33), (2, 2), (2, 2), "SAME", (1, 1)),
    ((2, 10, 11, 5), (3, 3), (2, 2), "SAME", (1, 1)),
    ((2, 10, 11, 8), (3, 2), (1, 1), "VALID", (1, 1)),
    ((1, 12, 13, 3), (2, 3), (3, 4), "VALID", (1, 1)),  # gaps between windows
    ((1, 12, 13, 9), (2, 2), (1, 2), "SAME", (3, 2)),
    ((2, 6, 6, 4), (6, 6), (6, 6), "VALID", (1, 1)),
    ((1, 6, 7, 2), (3, 3), (2, 2), ((2, 0), (1, 2)), (1, 1)),
    ((3, 21, 7), (4,), (3,), "SAME", (1,)),
    ((2, 5, 6, 7, 3), (2, 2, 2), (2, 2, 2), "SAME", (1, 1, 1)),
    ((2, 4, 4, 6, 17), (2, 3, 2), (1, 2, 2), "VALID", (1, 1, 1)),
    ((9, 30, 30, 20), (2, 2), (2, 2), "VALID", (1, 1)),  # several tasks an image
]
CASE = pytest.mark.parametrize("case", CASES, ids=str)
DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def ops(case: Any) -> tuple[MaxPool, MaxPoolGrad, AvgPool, AvgPoolGrad]:
    return tuple(kind(*case[1:]) for kind in (MaxPool, MaxPoolGrad, AvgPool, AvgPoolGrad))


def images(case: Any, dtype: Any = np.float32, step: float = 0.0) -> np.ndarray:
    x = np.random.default_rng(0).standard_normal(case[0]).astype(dtype)
    return (x / step).round().astype(dtype) * dtype(step) if step else x


def pooled(case: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest and the mean of every window, window by window, in float64."""
    _, window, strides, padding, dilations = case
    geometry = Windows(x.shape[1:-1], window, strides, dilations, padding)
    shape = (x.shape[0], *geometry.positions, x.shape[-1])
    largest, mean = np.empty(shape), np.empty(shape)
    for place in np.ndindex(*geometry.positions):
        taps = [
            [
                cell
                for k in range(size)
                if 0 <= (cell := at * stride - pad[0] + k * dilation) < limit
            ]
            for at, size, stride, dilation, pad, limit in zip(
                place, window, strides, dilations, geometry.pads, x.shape[1:-1], strict=True
            )
        ]
        cells = x[np.ix_(range(x.shape[0]), *taps, range(x.shape[-1]))].astype(np.float64)
        axes = tuple(range(1, x.ndim - 1))
        index = (slice(None), *place)
        largest[index], mean[index] = cells.max(axes), cells.mean(axes)
    return largest, mean


@CASE
@DTYPE
def test_outputs(case: Any, dtype: Any) -> None:
    max_pool, _, mean_pool, _ = ops(case)
    x = images(case, dtype)
    largest, mean = pooled(case, x)
    np.testing.assert_array_equal(run_op(max_pool, x), largest)
    assert_near(run_op(mean_pool, x), mean, 1e-6 if dtype is np.float32 else 1e-14)


@CASE
@DTYPE
def test_gradients(case: Any, dtype: Any) -> None:
    max_pool, max_gradient, mean_pool, mean_gradient = ops(case)
    limit = 1e-6 if dtype is np.float32 else 1e-14
    for x in (images(case, dtype), images(case, dtype, 1.0)):  # the second has ties
        y = max_pool.compute(np, x)
        g = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
        exact = max_gradient.compute(np, *(a.astype(np.float64) for a in (x, y, g)))
        assert_near(run_op(max_gradient, x, y, g), exact, limit)
    shape = np.asarray(x.shape)
    exact = mean_gradient.compute(np, g.astype(np.float64), shape)
    assert_near(run_op(mean_gradient, g, shape), exact, limit)
    # the mean and its gradient are transposed: <mean(x), g> = <x, gradient(g)>
    left = (run_op(mean_pool, x).astype(np.float64) * g).sum()
    right = (run_op(mean_gradient, g, shape).astype(np.float64) * x).sum()
    assert abs(left - right) <= 1e-5 * np.abs(exact).sum()


@pytest.mark.parametrize("channels", [1, 15, 16, 17])
def test_of_equal_values_the_first_is_the_largest(channels: int) -> None:
    case = ((1, 4, 4, channels), (2, 2), (2, 2), "VALID", (1, 1))
    max_pool, max_gradient, *_ = ops(case)
    x = np.full(case[0], -np.inf, np.float32)
    y = run_op(max_pool, x)
    assert (y == -np.inf).all()
    result = run_op(max_gradient, x, y, np.ones_like(y))
    assert (result[:, ::2, ::2] == 1).all() and result.sum() == 4 * channels


@CASE
@DTYPE
def test_places_of_the_largest(case: Any, dtype: Any) -> None:
    """What lies there is the largest, and nothing before it in its window is as large."""
    max_pool, max_gradient, *_ = ops(case)
    x = images(case, dtype, 1.0)
    x.reshape(-1)[x.size // 2] = np.nan
    y = max_pool.compute(np, x)
    in_batch, in_image = (run_op(MaxPoolArgmax(*case[1:], flag), x, y) for flag in (True, False))
    np.testing.assert_array_equal(x.reshape(-1)[in_batch], y)
    starts = np.arange(x.shape[0]).reshape(-1, *[1] * (x.ndim - 1)) * x[0].size
    np.testing.assert_array_equal(in_image, in_batch - starts)
    is_number = ~np.isnan(y)
    count = np.bincount(in_batch[is_number], minlength=x.size).reshape(x.shape)
    np.testing.assert_array_equal(count, max_gradient.compute(np, x, y, np.ones_like(y)))
    v = np.random.default_rng(2).standard_normal(x.shape).astype(dtype)
    op = MaxPoolGradGrad(*case[1:])
    expected = np.where(is_number, v.reshape(-1)[in_batch], 0)
    np.testing.assert_array_equal(run_op(op, x, y, v), expected)
    assert_same_on_any_threads(lambda: run_op(op, x, y, v))


@CASE
def test_nan_wins_its_windows_and_gets_no_gradient(case: Any) -> None:
    max_pool, max_gradient, mean_pool, _ = ops(case)
    x = images(case)
    for place in (0, x.size // 2, x.size - 1):
        x.reshape(-1)[place] = np.nan
    x.reshape(-1)[x.size // 3] = np.inf
    expected = max_pool.compute(np, x)
    y = run_op(max_pool, x)
    np.testing.assert_array_equal(y, expected)
    means = run_op(mean_pool, x)
    np.testing.assert_array_equal(np.isnan(means), np.isnan(mean_pool.compute(np, x)))
    g = np.ones_like(y)
    result = run_op(max_gradient, x, y, g)
    np.testing.assert_array_equal(result, max_gradient.compute(np, x, y, g))
    assert result.sum() == np.isfinite(y).sum() + np.isinf(y).sum()


@pytest.mark.parametrize("case", [CASES[5], CASES[13], CASES[14]], ids=str)
def test_any_number_of_threads_gives_the_same_bits(case: Any) -> None:
    max_pool, max_gradient, mean_pool, mean_gradient = ops(case)
    x = images(case)
    y = max_pool.compute(np, x)
    g = images((y.shape,))
    assert_same_on_any_threads(lambda: run_op(max_pool, x))
    assert_same_on_any_threads(lambda: run_op(mean_pool, x))
    assert_same_on_any_threads(lambda: run_op(max_gradient, x, y, g))
    assert_same_on_any_threads(lambda: run_op(mean_gradient, g, np.asarray(x.shape)))


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (2, 4, 4, 0)], ids=str)
def test_no_images_and_no_channels(shape: tuple[int, ...]) -> None:
    max_pool, max_gradient, mean_pool, mean_gradient = ops((shape, (2, 2), (2, 2), "VALID", (1, 1)))
    x = np.zeros(shape, np.float32)
    y = run_op(max_pool, x)
    assert y.shape == run_op(mean_pool, x).shape == (shape[0], 2, 2, shape[3])
    assert run_op(max_gradient, x, y, y).shape == shape
    assert run_op(mean_gradient, y, np.asarray(shape)).shape == shape
