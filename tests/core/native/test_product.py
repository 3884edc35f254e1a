"""Products of all number types: sizes around tiles and panels, layouts, stretched batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op

from thalweg import layers, models
from thalweg.core.backends.native import extension
from thalweg.core.ops.linalg.products import MatMul

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

SIZES = [
    (1, 1, 1),
    (3, 23, 5),
    (4, 24, 255),
    (5, 25, 256),
    (65, 49, 257),
    (130, 7, 600),
    (2, 100, 9),
]


def operands(
    m: int, n: int, k: int, dtype: Any, transposed: tuple[bool, bool]
) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(m + n + k)
    x, y = generator.integers(-9, 9, (m, k)), generator.integers(-9, 9, (k, n))
    if "float" in np.dtype(dtype).name:
        x, y = x + generator.random(x.shape), y + generator.random(y.shape)
    x, y = x.T if transposed[0] else x, y.T if transposed[1] else y
    return np.ascontiguousarray(x).astype(dtype), np.ascontiguousarray(y).astype(dtype)


@pytest.mark.parametrize("dtype", ["float64", "int8", "uint8", "int16", "int32", "int64", "uint64"])
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
def test_sizes(dtype: str, transposed: tuple[bool, bool]) -> None:
    for m, n, k in SIZES:
        x, y = operands(m, n, k, dtype, transposed)
        left, right = x.T if transposed[0] else x, y.T if transposed[1] else y
        op = MatMul(*transposed)
        if dtype == "float64":
            wide = np.einsum("mk,kn->mn", left.astype(np.longdouble), right)
            assert_near(run_op(op, x, y), wide.astype(np.float64), 1e-14)
        else:
            exact = np.einsum("mk,kn->mn", left.astype(object), right.astype(object))
            wrapped = np.array(exact % 2 ** (8 * np.dtype(dtype).itemsize), np.uint64)
            np.testing.assert_array_equal(run_op(op, x, y), wrapped.astype(dtype), strict=True)
        assert_same_on_any_threads(lambda op=op, x=x, y=y: run_op(op, x, y))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 1), (1, 3)),
        ((3,), (2, 1)),
        ((2, 3), (2, 3)),
        ((), (4,)),
        ((2, 1, 3), (4, 1)),
        ((0,), (1,)),
    ],
)
def test_batches_that_stretch(left: Any, right: Any, dtype: str) -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(-9, 9, (*left, 5, 6)).astype(dtype)
    y = generator.integers(-9, 9, (*right, 6, 7)).astype(dtype)
    np.testing.assert_array_equal(run_op(MatMul(False, False), x, y), x @ y, strict=True)
    transposed = np.ascontiguousarray(np.swapaxes(x, -1, -2))
    np.testing.assert_array_equal(run_op(MatMul(True, False), transposed, y), x @ y)


def test_of_nothing() -> None:
    x = np.ones((3, 0))
    np.testing.assert_array_equal(run_op(MatMul(False, True), x, x), np.zeros((3, 3)))


def test_nan_stays_in_its_row() -> None:
    x, y = np.ones((9, 40)), np.ones((40, 30))
    x[4, 7] = np.nan
    result = run_op(MatMul(False, False), x, y)
    assert np.isnan(result[4]).all() and (np.delete(result, 4, 0) == 40).all()


# few rows times a matrix of very many: cut by rows, and by columns where there are many of them too
TALL = [
    (1, 64, 2048),
    (1, 9000, 2049),
    (2, 333, 4101),
    (3, 2731, 2055),
    (8, 1024, 2304),
    (9, 70, 5000),
]


@pytest.mark.parametrize("sizes", TALL, ids=str)
def test_few_rows_of_very_many_columns(sizes: tuple[int, int, int]) -> None:
    x, y = operands(*sizes, np.float32, (False, False))
    assert_near(run_op(MatMul(), x, y), x.astype(np.float64) @ y, 2e-6)
    assert_same_on_any_threads(lambda: run_op(MatMul(), x, y))


# around what decides whether rows are read where they lie: their number, their length, and whether
# that is a multiple of 4 KB
READ_OR_PACKED = [
    (9, 33, 385),
    (43, 40, 2047),
    (43, 40, 2048),
    (43, 40, 2049),
    (29, 300, 2100),
    (30, 70, 1024),
    (200, 600, 784),
    (400, 31, 1000),
]


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("sizes", READ_OR_PACKED, ids=str)
def test_rows_that_are_read_or_packed(sizes: tuple[int, int, int], is_packed: bool) -> None:
    x, y = operands(*sizes, np.float32, (False, False))
    model = models.Sequential([layers.Dense(y.shape[1], use_bias=False)])
    model.build((None, len(y)))
    model.set_weights([y])

    def run() -> np.ndarray:
        """A kernel is packed ahead for predictions; one that is fed is not."""
        return model.predict_on_batch(x) if is_packed else run_op(MatMul(), x, y)

    assert_near(run(), x.astype(np.float64) @ y, 2e-6)
    assert_same_on_any_threads(run)
