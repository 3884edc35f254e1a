"""Softmax and its losses: numbers of classes around a vector, long rows, what is not finite."""

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
from scipy import special

from thalweg.core.backends.native import extension
from thalweg.core.ops.nn import (
    LogSoftmax,
    LogSoftmaxGrad,
    Softmax,
    SoftmaxCrossEntropy,
    SoftmaxGrad,
    SparseSoftmaxCrossEntropy,
    SubtractOneHot,
)

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

CLASSES = [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 33, 1000, 9001]
LIMITS = {"float32": 1e-6, "float64": 1e-14}
DTYPES = pytest.mark.parametrize("dtype", LIMITS)


def normal(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng((seed, *shape))
    return (3 * generator.standard_normal(shape)).astype(dtype)


@DTYPES
@pytest.mark.parametrize("classes", CLASSES)
def test_any_number_of_classes(classes: int, dtype: str) -> None:
    x = normal(5, classes, dtype=dtype)
    exact = special.softmax(x.astype(np.float64), axis=-1)
    assert_near(run_op(Softmax(), x), exact, LIMITS[dtype])
    exact = special.log_softmax(x.astype(np.float64), axis=-1)
    size = max(float(np.abs(exact).max()), 1.0)  # one class: the exact value is 0
    assert np.abs(run_op(LogSoftmax(), x) - exact).max() <= LIMITS[dtype] * size


@DTYPES
@pytest.mark.parametrize("classes", CLASSES)
def test_gradients(classes: int, dtype: str) -> None:
    s = special.softmax(normal(5, classes, dtype=dtype), axis=-1).astype(dtype)
    g = normal(5, classes, dtype=dtype, seed=1)
    s64, g64 = s.astype(np.float64), g.astype(np.float64)
    limit = 10 * LIMITS[dtype] * np.abs(g64).max()
    exact = s64 * (g64 - (s64 * g64).sum(-1, keepdims=True))
    assert np.abs(run_op(SoftmaxGrad(), s, g) - exact).max() <= limit
    exact = g64 - s64 * g64.sum(-1, keepdims=True)
    assert np.abs(run_op(LogSoftmaxGrad(), s, g) - exact).max() <= limit


@DTYPES
@pytest.mark.parametrize("classes", CLASSES)
def test_cross_entropies(classes: int, dtype: str) -> None:
    logits = normal(6, classes, dtype=dtype)
    numbers = np.random.default_rng(classes).integers(0, classes, 6)
    exact = special.log_softmax(logits.astype(np.float64), axis=-1)
    labels = special.softmax(normal(6, classes, dtype=dtype, seed=1), axis=-1).astype(dtype)
    size = max(float(np.abs(exact).max()), 1.0)
    for op, given, expected in (
        (SoftmaxCrossEntropy(), labels, -(labels * exact).sum(-1)),
        (SparseSoftmaxCrossEntropy(), numbers, -exact[np.arange(6), numbers]),
        (SparseSoftmaxCrossEntropy(), numbers.astype("i4"), -exact[np.arange(6), numbers]),
    ):
        losses, s = run_op(op, given, logits)
        assert np.abs(losses - expected).max() <= 2 * LIMITS[dtype] * size
        assert_near(s, np.exp(exact), 4 * LIMITS[dtype])


@DTYPES
@pytest.mark.parametrize("classes", CLASSES)
def test_subtract_one_hot(classes: int, dtype: str) -> None:
    x = normal(7, classes, dtype=dtype)
    labels = np.random.default_rng(0).integers(-1, classes + 1, 7)  # -1 and `classes`: no entry
    expected = x - (labels[:, None] == np.arange(classes)).astype(dtype)
    np.testing.assert_array_equal(run_op(SubtractOneHot(), x, labels), expected)
    assert_same_in_place(SubtractOneHot(), x, labels.astype("i4"))


@pytest.mark.parametrize("shift", [-80.0, 80.0, 1e30, -1e30])
def test_nothing_overflows(shift: float) -> None:
    x = np.where(np.arange(40) % 3 == 0, shift, 0).astype(np.float32)[None]
    s = run_op(Softmax(), x)
    assert_near(s, special.softmax(x.astype(np.float64), axis=-1), 1e-6)
    assert np.isfinite(run_op(LogSoftmax(), x)).all()


def test_errors_of_long_rows_do_not_grow() -> None:
    x = np.zeros((1, 1_000_000), np.float32)  # every exponential rounds the same way
    x[0, ::2] = 0.7
    exact = special.softmax(x.astype(np.float64), axis=-1)
    assert_near(run_op(Softmax(), x), exact, 5e-7)
    g = np.random.default_rng(0).random(x.shape, np.float32) + 0.5
    s = exact.astype(np.float32)
    s64, g64 = s.astype(np.float64), g.astype(np.float64)
    total = (s64 * g64).sum()
    result = run_op(SoftmaxGrad(), s, g)
    assert np.abs(result - s64 * (g64 - total)).max() <= 1e-6 * s64.max() * total
    result = run_op(LogSoftmaxGrad(), s, g)
    assert_near(result, g64 - s64 * g64.sum(), 1e-6)
    losses, _ = run_op(SoftmaxCrossEntropy(), s, x)
    assert_near(losses, -(s64 * np.log(exact)).sum(-1), 1e-6)


@pytest.mark.parametrize("classes", [3, 16, 50])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_spoils_its_row_alone(value: float, classes: int) -> None:
    for place in {0, 1, classes - 1}:
        x = normal(5, classes)
        expected = run_op(Softmax(), x)
        x[2, place] = value
        for op in (Softmax(), LogSoftmax()):
            assert np.isnan(run_op(op, x)[2, place])
        result = run_op(Softmax(), x)
        others = [0, 1, 3, 4]
        np.testing.assert_array_equal(result[others], expected[others])
        losses, s = run_op(SparseSoftmaxCrossEntropy(), np.full(5, place), x)
        assert np.isnan(losses[2]) and np.isnan(s[2, place])
        assert np.isfinite(losses[others]).all()


def test_classes_that_cannot_be() -> None:
    x = normal(2, 20)
    x[0, 3] = x[0, 19] = -np.inf
    s = run_op(Softmax(), x)
    assert s[0, 3] == s[0, 19] == 0
    assert_near(s, special.softmax(x.astype(np.float64), axis=-1), 1e-6)
    assert run_op(LogSoftmax(), x)[0, 3] == -np.inf
    assert np.isnan(run_op(Softmax(), np.full((1, 20), -np.inf, np.float32))).all()


def test_a_label_out_of_range_has_no_loss() -> None:
    losses, s = run_op(SparseSoftmaxCrossEntropy(), np.array([-1, 0, 9, 10]), normal(4, 10))
    np.testing.assert_array_equal(np.isnan(losses), [True, False, False, True])
    assert np.isfinite(s).all()


@DTYPES
@pytest.mark.parametrize("classes", [1, 10, 17, 1000])
def test_in_place(classes: int, dtype: str) -> None:
    x, g = normal(9, classes, dtype=dtype), normal(9, classes, dtype=dtype, seed=1)
    assert_same_in_place(Softmax(), x)
    assert_same_in_place(LogSoftmax(), x)
    assert_same_in_place(SoftmaxGrad(), x, g)
    assert_same_in_place(LogSoftmaxGrad(), x, g)


@pytest.mark.parametrize("shape", [(3001, 10), (37, 5000), (2, 100_003)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(shape: tuple[int, ...]) -> None:
    x, labels = normal(*shape), np.arange(shape[0]) % shape[1]
    assert_same_on_any_threads(lambda: run_op(Softmax(), x))
    assert_same_on_any_threads(lambda: run_op(SoftmaxGrad(), x, x))
    assert_same_on_any_threads(lambda: run_op(SparseSoftmaxCrossEntropy(), labels, x))
    assert_same_on_any_threads(lambda: run_op(SoftmaxCrossEntropy(), x, x))


def test_no_rows() -> None:
    x = np.zeros((0, 10), np.float32)
    assert run_op(Softmax(), x).shape == run_op(SoftmaxGrad(), x, x).shape == (0, 10)
    losses, s = run_op(SparseSoftmaxCrossEntropy(), np.zeros(0, np.int64), x)
    assert losses.shape == (0,) and s.shape == (0, 10)
