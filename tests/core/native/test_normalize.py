"""Batch and layer normalization: channels around a vector, means far from 0, threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import (
    assert_near,
    assert_same_in_place,
    assert_same_on_any_threads,
    run_op,
)

from thalweg.core.backends.native import extension
from thalweg.core.ops.layer_norm import LayerNorm
from thalweg.core.ops.norm import BatchNormInference, BatchNormTrain, BatchNormTrainGrad

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

EPSILON = 1e-3
# (rows, channels): around a vector, the four rows of a round, a piece
SHAPES = [
    (1, 1), (2, 3), (3, 4), (4, 5), (5, 7), (7, 8), (8, 9), (9, 15), (33, 16), (50, 17),
    (20, 31), (1000, 33), (20_000, 1), (7001, 10), (300, 200), (5, 3000), (3, 20_000),
]  # fmt: skip


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((seed, *shape)).standard_normal(shape, dtype=np.float32)


def vectors(channels: int) -> tuple[np.ndarray, np.ndarray]:
    return 1 + normal(channels, seed=1) / 4, normal(channels, seed=2)


def exact_train(x: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> list[np.ndarray]:
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    mean, variance = rows.mean(0), rows.var(0)
    y = (rows - mean) / np.sqrt(variance + EPSILON) * scale + offset
    return [y.reshape(x.shape), mean, variance]


def exact_gradient(x: Any, scale: Any, mean: Any, variance: Any, g: Any) -> list[np.ndarray]:
    x, g = (a.reshape(-1, a.shape[-1]).astype(np.float64) for a in (x, g))
    root = 1 / np.sqrt(variance.astype(np.float64) + EPSILON)
    n = (x - mean) * root
    return [scale * root * (g - g.mean(0) - n * (g * n).mean(0)), (g * n).sum(0), g.sum(0)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_of_float64(shape: tuple[int, int]) -> None:
    x, g = (normal(*shape, seed=k).astype(np.float64) + 100 for k in (0, 3))
    scale, offset = (v.astype(np.float64) for v in vectors(shape[1]))
    exact = exact_train(x, scale, offset)
    results = run_op(BatchNormTrain(EPSILON), x, scale, offset)
    limit = 100 * 1e-14 * 40  # x is rounded to 100 times its spread, which may be very small
    for result, value in zip(results, exact, strict=True):
        assert result.dtype == np.float64
        assert_near(result, value, limit)
    mean, variance = exact[1:]
    arrays = x, scale, mean, variance, g
    results = run_op(BatchNormTrainGrad(EPSILON), *arrays)
    sizes = np.abs(g).sum(), np.abs(g).sum() * 40, np.abs(g).sum()
    for result, value, size in zip(results, exact_gradient(*arrays), sizes, strict=True):
        assert np.abs(result - value.reshape(result.shape)).max() <= limit * size
    inference = run_op(BatchNormInference(EPSILON), x, scale, offset, mean, variance)
    assert_near(inference, exact[0], limit)
    y, row_mean, root = run_op(LayerNorm(1, EPSILON), x, scale, offset)
    deviation = x - x.mean(1, keepdims=True)
    exact_root = 1 / np.sqrt((deviation**2).mean(1, keepdims=True) + EPSILON)
    assert_near(row_mean, x.mean(1, keepdims=True), 1e-14)
    assert_near(root, exact_root, 1e-12)
    assert_near(y, deviation * exact_root * scale + offset, limit)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_training(shape: tuple[int, int]) -> None:
    x = normal(*shape)
    scale, offset = vectors(shape[1])
    exact = exact_train(x, scale, offset)
    y, mean, variance = run_op(BatchNormTrain(EPSILON), x, scale, offset)
    # with two rows, 1 / sqrt(variance) may be 30: it carries the rounding of x along
    assert_near(y, exact[0], 5e-6)
    assert np.abs(mean - exact[1]).max() <= 1e-6
    assert np.abs(variance - exact[2]).max() <= 2e-6 * max(exact[2].max(), 1e-3)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradient(shape: tuple[int, int]) -> None:
    x, g = normal(*shape), normal(*shape, seed=3)
    scale, offset = vectors(shape[1])
    _, mean, variance = (a.astype(np.float32) for a in exact_train(x, scale, offset))
    exact = exact_gradient(x, scale, mean, variance, g)
    results = run_op(BatchNormTrainGrad(EPSILON), x, scale, mean, variance, g)
    root = float(1 / np.sqrt(variance + EPSILON).min())
    for result, value in zip(results, exact, strict=True):
        assert np.abs(result - value).max() <= 3e-6 * max(np.abs(value).max(), root)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_inference(shape: tuple[int, int]) -> None:
    x = normal(*shape)
    scale, offset = vectors(shape[1])
    mean, variance = normal(shape[1], seed=4), np.square(normal(shape[1], seed=5))
    exact = (x.astype(np.float64) - mean) / np.sqrt(variance + EPSILON) * scale + offset
    op = BatchNormInference(EPSILON)
    assert_near(run_op(op, x, scale, offset, mean, variance), exact, 1e-6)
    assert_same_in_place(op, x, scale, offset, mean, variance)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (70, 16), (9, 17), (4, 5000)], ids=str)
def test_layers(shape: tuple[int, int]) -> None:
    x = normal(*shape)
    scale, offset = vectors(shape[1])
    rows = x.astype(np.float64)
    mean, root = rows.mean(1, keepdims=True), 1 / np.sqrt(rows.var(1, keepdims=True) + EPSILON)
    y, m, r = run_op(LayerNorm(1, EPSILON), x, scale, offset)
    assert np.abs(y - ((rows - mean) * root * scale + offset)).max() <= 3e-6 * np.abs(y).max()
    assert np.abs(m - mean).max() <= 1e-6
    assert_near(r, root, 2e-6)
    assert_same_in_place(LayerNorm(1, EPSILON), x, scale, offset)


@pytest.mark.parametrize("rows", [64, 5000, 200_000])
def test_a_mean_far_from_zero_does_not_cancel(rows: int) -> None:
    x = 1000 + normal(rows, 20)
    scale, offset = vectors(20)
    exact = exact_train(x, scale, offset)
    y, mean, variance = run_op(BatchNormTrain(EPSILON), x, scale, offset)
    assert_near(mean, exact[1], 3e-7)
    assert_near(variance, exact[2], 1e-5)
    assert_near(y, exact[0], 1e-4)  # the mean's own rounding, half of 2^-14, over 1
    y, m, _ = run_op(LayerNorm(1, EPSILON), x[:50].T.copy(), np.ones(50, "f"), np.zeros(50, "f"))
    assert_near(m[:, 0], x[:50].T.mean(1, dtype=np.float64), 3e-7)


def test_nan_and_infinity_spoil_their_channel_alone() -> None:
    x = normal(500, 19)
    scale, offset = vectors(19)
    expected = run_op(BatchNormTrain(EPSILON), x, scale, offset)
    x[100, 3], x[499, 18], x[0, 16] = np.nan, np.inf, -np.inf
    y, mean, variance = run_op(BatchNormTrain(EPSILON), x, scale, offset)
    spoilt = [3, 16, 18]
    assert np.isnan(y[:, spoilt]).all() and np.isnan(variance[spoilt]).all()
    assert not np.isfinite(mean[spoilt]).any()
    for result, before in zip((y, mean, variance), expected, strict=True):
        np.testing.assert_array_equal(np.delete(result, spoilt, -1), np.delete(before, spoilt, -1))


@pytest.mark.parametrize("shape", [(40, 9), (3000, 16), (100, 130)], ids=str)
def test_in_place(shape: tuple[int, int]) -> None:
    x, g = normal(*shape), normal(*shape, seed=3)
    scale, offset = vectors(shape[1])
    assert_same_in_place(BatchNormTrain(EPSILON), x, scale, offset)
    variance = np.ones(shape[1], np.float32)
    assert_same_in_place(BatchNormTrainGrad(EPSILON), x, scale, offset, variance, g)


@pytest.mark.parametrize("shape", [(70_001, 10), (2000, 130), (40, 9000)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(shape: tuple[int, int]) -> None:
    x = normal(*shape)
    scale, offset = vectors(shape[1])
    ones = np.ones(shape[1], np.float32)
    assert_same_on_any_threads(lambda: run_op(BatchNormTrain(EPSILON), x, scale, offset))
    op = BatchNormTrainGrad(EPSILON)
    assert_same_on_any_threads(lambda: run_op(op, x, scale, offset, ones, x))
    assert_same_on_any_threads(lambda: run_op(LayerNorm(1, EPSILON), x, scale, offset))


@pytest.mark.parametrize("shape", [(0, 5), (4, 0), (0, 0)], ids=str)
def test_nothing(shape: tuple[int, int]) -> None:
    x, vector = np.zeros(shape, "f"), np.zeros(shape[1], "f")
    y, mean, variance = run_op(BatchNormTrain(EPSILON), x, vector, vector)
    assert y.shape == shape and not mean.any() and not variance.any()
    g, g_scale, g_offset = run_op(BatchNormTrainGrad(EPSILON), x, vector, vector, vector + 1, x)
    assert g.shape == shape and not g_scale.any() and not g_offset.any()
    assert run_op(BatchNormInference(EPSILON), x, *[vector] * 4).shape == shape
    assert run_op(LayerNorm(1, EPSILON), x, vector, vector)[0].shape == shape
