"""What is wrong in arrays: where the first is, in many pieces, in shapes that broadcast."""

from __future__ import annotations

import numpy as np
import pytest
from engine.calling import assert_same_on_any_threads, run_op

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.ops.assertions import FirstFailure
from thalweg.core.ops.numerics import CountNonFinite

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [0, 1, 100, 16_384, 16_385, 3_000_000])
def test_what_is_not_finite(count: int, dtype: str) -> None:
    x = np.zeros(count, dtype)
    assert run_op(CountNonFinite(), x).tolist() == [0, 0, 0]
    for first in {count // 2, count - 1} - {-1}:
        x[first:][::3] = np.inf
        x[first + 1 :][::5] = np.nan
        x[first + 2 :][::7] = -np.inf
        nans, infinite = int(np.isnan(x).sum()), int(np.isinf(x).sum())
        if count:
            assert run_op(CountNonFinite(), x).tolist() == [nans, infinite, first]
            assert_same_on_any_threads(lambda: run_op(CountNonFinite(), x))
        x[:] = 1


@pytest.mark.parametrize("dtype", ["float32", "int8", "int64", "bool"])
def test_the_first_failure(dtype: str) -> None:
    holds = np.ones((4, 5, 6), bool)
    x, y = np.arange(5).reshape(5, 1).astype(dtype), np.arange(24).reshape(4, 1, 6).astype(dtype)
    report, *zeros = run_op(FirstFailure(), holds, x, y)
    assert report.tolist() == [0, 0] and zeros[0] == x[0, 0] and zeros[1] == y[0, 0, 0]
    holds[2, 3, 4] = holds[3, 0, 0] = False
    report, of_x, of_y = run_op(FirstFailure(), holds, x, y)
    assert report.tolist() == [2, np.ravel_multi_index((2, 3, 4), holds.shape)]
    assert of_x == x[3, 0] and of_y == y[2, 0, 4] and of_x.dtype == dtype
    nothing = run_op(FirstFailure(), np.ones((0, 3), bool), x[:0].reshape(0, 1), x[0])
    assert [part.tolist() for part in nothing] == [[0, 0], 0, 0]


def test_a_power_that_is_no_integer() -> None:
    x, y = core.placeholder("int32", [2]), core.placeholder("int32", [2])
    session = core.Session(backend="native", strict=True)
    assert session.run(core.pow(x, y), {x: [-3, 2], y: [3, 0]}).tolist() == [-27, 1]
    kept = core.Variable(np.array([2, -1], np.int32))  # what follows from it is computed once
    for z, feeds in ((y, {x: [1, 2], y: [3, -1]}), (kept, {x: [1, 2]})):
        with pytest.raises(core.KernelError, match="an integer's exponent is negative"):
            session.run(core.pow(x, z), feeds)
