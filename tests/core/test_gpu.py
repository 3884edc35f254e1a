"""A real GPU: what no stand-in can show. Skipped where there is none.

The ops' own rows run on it with `--backend=numpy --backend=cupy`, see docs/gpu.md.
"""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import Session, Variable, device, gradients, matmul, placeholder
from thalweg.core.backends.base import register_backend
from thalweg.core.backends.cupy import CupyBackend, gpu_count, why_no_gpu

pytestmark = pytest.mark.skipif(gpu_count() == 0, reason="needs an NVIDIA GPU and CuPy")
X = np.arange(6, dtype="f").reshape(2, 3)


@pytest.fixture(autouse=True)
def real() -> None:
    register_backend("cupy", CupyBackend)  # other tests put a stub there


def test_it_is_listed() -> None:
    found = core.list_devices()[1]
    assert found.name == "gpu:0" and found.memory_bytes > 1 << 30
    assert why_no_gpu() is None
    assert "counted from 0" in str(why_no_gpu(99))


def test_marks_transfers_and_variables() -> None:
    x = placeholder("float32", [2, 3])
    with device("gpu:0"):
        w = Variable(X.T)
        y = matmul(x, w.value())
    z = y + 1.0
    session = Session()
    (gradient,) = gradients(z, [w])
    expected = X @ X.T + 1
    np.testing.assert_array_equal(session.run(z, {x: X}), expected)
    np.testing.assert_array_equal(session.run(gradient, {x: X}), X.T @ np.ones((2, 2)))
    np.testing.assert_array_equal(session.run(w.assign_add(X.T)), 2 * X.T)
    np.testing.assert_array_equal(session.value(w), 2 * X.T)
    assert "on gpu:0" in session.explain(z, {x: X})


def test_the_limit_of_memory() -> None:
    x = placeholder("float32", [None])
    session = Session(device="gpu:0")
    core.set_memory_limit("gpu:0", 64 << 20)
    try:
        with pytest.raises(core.ThalwegError) as error:
            session.run(core.concat([x] * 64, 0), {x: np.ones(1 << 20, "f")})
    finally:
        core.set_memory_limit("gpu:0", None)
    assert "memory" in str(error.value)
    assert session.run(x * 2.0, {x: [1.0]}).tolist() == [2.0]  # and it goes on


def test_a_matrix_that_cannot_be_factorized() -> None:
    x = placeholder("float32", [2, 2])
    with pytest.raises(core.ThalwegError):
        Session(device="gpu:0").run(core.cholesky(x), {x: -np.eye(2)})


def test_no_growth() -> None:
    import cupy

    x = placeholder("float32", [64, 64])
    session = Session(device="gpu:0")
    y: Any = matmul(x, x) * 2.0
    pool = cupy.get_default_memory_pool()
    taken = []
    for _ in range(3):
        for _ in range(50):
            session.run(y, {x: np.ones((64, 64), "f")})
        gc.collect()
        taken.append((pool.used_bytes(), pool.total_bytes()))
    assert taken[0] == taken[1] == taken[2]
