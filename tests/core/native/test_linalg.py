"""Matrices: factorizations give the matrix back, at all sizes, scales and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op
from scipy import linalg

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.backends.native.failures import StepFailed
from thalweg.core.ops.linalg.factorizations import Cholesky, Qr
from thalweg.core.ops.linalg.least_squares import PseudoInverse
from thalweg.core.ops.linalg.solve import (
    LogDeterminant,
    MatrixDeterminant,
    MatrixInverse,
    MatrixSolve,
    MatrixTriangularSolve,
)
from thalweg.core.ops.linalg.spectral import SelfAdjointEig, Svd

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

Array = np.ndarray[Any, Any]

DTYPES = ["float32", "float64"]
SIZES = [0, 1, 2, 3, 7, 8, 9, 16, 17, 33, 70]  # around vectors of 2 … 16 lanes and four of them
ROUNDING = {"float32": 2.0**-23, "float64": 2.0**-52}


def random(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).uniform(-1, 1, shape)


def positive(*shape: int) -> Array:
    """Symmetric positive definite, well conditioned."""
    x = random(*shape)
    return x @ x.swapaxes(-1, -2) + shape[-1] * np.eye(shape[-1])


def transposed(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def assert_orthonormal(columns: Array, limit: float) -> None:
    wide = columns.astype(np.float64)
    product = transposed(wide) @ wide
    assert_near(product, np.broadcast_to(np.eye(product.shape[-1]), product.shape), limit)


def difficult(size: int) -> Iterator[Array]:
    """Matrices at which careless algorithms fail."""
    x = random(size, size)
    half = x[:, : max(1, size // 2)]
    turns = linalg.qr(x)[0]
    yield np.zeros((size, size))
    yield np.eye(size)
    yield np.ones((size, size))
    yield half @ half.T  # half of the rank
    yield (turns * np.geomspace(1, 1e-30, size)) @ turns.T  # graded
    yield (turns * np.where(np.arange(size) % 2, 1, -2)) @ turns.T  # two values, often
    yield (
        np.diag(np.arange(size) - 2.0)
        + np.diag(np.ones(size - 1), 1)
        + np.diag(np.ones(size - 1), -1)
    )
    yield x * 1e-36
    yield x * 1e36


# Triangles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_cholesky(size: int, dtype: str) -> None:
    a = positive(3, size, size).astype(dtype)
    upper = np.triu(np.full((size, size), np.nan), 1).astype(dtype)  # nobody reads it
    factor = run_op(Cholesky(), a + upper)
    assert_near(factor, np.linalg.cholesky(a.astype("f8")), 8 * ROUNDING[dtype])
    np.testing.assert_array_equal(factor, np.tril(factor))


@pytest.mark.parametrize("is_adjoint", [False, True])
@pytest.mark.parametrize("is_lower", [False, True])
@pytest.mark.parametrize("columns", [0, 1, 5, 130])
@pytest.mark.parametrize("size", [0, 1, 2, 9, 33])
def test_triangular_systems(size: int, columns: int, is_lower: bool, is_adjoint: bool) -> None:
    a = (np.tril if is_lower else np.triu)(random(2, size, size)) / 4 + 2 * np.eye(size)
    garbage = (np.triu if is_lower else np.tril)(
        np.full((size, size), np.nan), 1 if is_lower else -1
    )
    b = random(2, size, columns)
    left = transposed(a) if is_adjoint else a
    for dtype in DTYPES:
        op = MatrixTriangularSolve(is_lower, is_adjoint)
        x = run_op(op, (a + garbage).astype(dtype), b.astype(dtype))
        exact = np.linalg.solve(left.astype(dtype).astype("f8"), b.astype(dtype).astype("f8"))
        assert_near(x, exact, 40 * ROUNDING[dtype])


@pytest.mark.parametrize("is_adjoint", [False, True])
@pytest.mark.parametrize("columns", [0, 1, 5, 130])
@pytest.mark.parametrize("size", [0, 1, 2, 9, 33])
def test_systems(size: int, columns: int, is_adjoint: bool) -> None:
    a = (
        random(2, 1, size, size) + (2 + size / 4) * np.eye(size)[::-1]
    )  # the largest are not on the diagonal
    b = random(3, size, columns)
    left = transposed(a) if is_adjoint else a
    for dtype in DTYPES:
        x = run_op(MatrixSolve(is_adjoint), a.astype(dtype), b.astype(dtype))
        exact = np.linalg.solve(left.astype(dtype).astype("f8"), b.astype(dtype).astype("f8"))
        assert_near(x, exact, 100 * ROUNDING[dtype])


def test_each_system_finds_its_matrix() -> None:
    a, b = positive(4, 1, 3, 3), random(5, 3, 2)
    expected = np.linalg.solve(a, b)
    assert expected.shape == (4, 5, 3, 2)
    assert_near(run_op(MatrixSolve(False), a, b), expected, 1e-14)
    lower = np.linalg.cholesky(a)
    assert_near(
        run_op(MatrixTriangularSolve(True, False), lower, b), np.linalg.solve(lower, b), 1e-14
    )


def test_zeros_on_the_diagonal_of_a_triangle() -> None:
    a, b = np.array([[0.0, 0], [1, 1]]), np.array([[1.0, 0], [2, 2]])
    op = MatrixTriangularSolve(True, False)
    with np.errstate(all="ignore"):
        expected = op.compute(np, a, b)
    np.testing.assert_array_equal(run_op(op, a, b), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_inverses_and_determinants(size: int, dtype: str) -> None:
    a = (random(4, size, size) / (2 + size / 4) + np.eye(size)[::-1]).astype(dtype)
    wide = a.astype("f8")
    assert_near(run_op(MatrixInverse(), a), np.linalg.inv(wide), 400 * ROUNDING[dtype])
    assert_near(run_op(MatrixDeterminant(), a), np.linalg.det(wide), 100 * ROUNDING[dtype])
    for result, exact in zip(run_op(LogDeterminant(), a), np.linalg.slogdet(wide), strict=True):
        assert_near(result, exact, 100 * ROUNDING[dtype])


def test_determinants_that_overflow_on_the_way() -> None:
    diagonal = np.array([1e200, 1e200, -1e-200, 1e-200, 5.0])
    assert_near(run_op(MatrixDeterminant(), np.diag(diagonal)), np.array(-5.0), 1e-15)
    diagonal = np.array([1e30, 1e30, 1e-30, -1e-20], np.float32)
    assert_near(run_op(MatrixDeterminant(), np.diag(diagonal)), np.array(-1e10), 1e-6)
    assert run_op(MatrixDeterminant(), np.diag([1e200, 1e200])) == np.inf
    assert np.isnan(run_op(MatrixDeterminant(), np.diag([1.0, np.nan])))


def test_determinants_of_singular_matrices() -> None:
    a = np.stack([np.ones((3, 3)), np.eye(3)[[1, 0, 2]], np.zeros((3, 3))])
    assert run_op(MatrixDeterminant(), a).tolist() == [0, -1, 0]
    sign, log = run_op(LogDeterminant(), a)
    assert sign.tolist() == [0, -1, 0] and log.tolist() == [-np.inf, 0, -np.inf]


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (Cholesky(), [np.diag([1.0, -1.0])], "Matrix is not positive definite"),
        (Cholesky(), [np.zeros((2, 2))], "Matrix is not positive definite"),
        (MatrixInverse(), [np.stack([np.eye(3), np.ones((3, 3))])], "Singular matrix"),
        (MatrixSolve(False), [np.ones((2, 2)), np.ones((2, 1))], "Singular matrix"),
        (Svd(False, True), [np.array([[1.0, np.nan]])], "SVD did not converge"),
        (PseudoInverse(None), [np.array([[1.0, np.inf]])], "SVD did not converge"),
        (SelfAdjointEig(True), [np.diag([1.0, np.nan])], "Eigenvalues did not converge"),
        (SelfAdjointEig(False), [np.diag([np.inf, 1.0])], "Eigenvalues did not converge"),
    ],
)
def test_what_has_no_result(op: Any, inputs: list[Array], message: str) -> None:
    with pytest.raises(StepFailed, match=f"^{message}$"):
        run_op(op, *inputs)


def test_nan_is_not_singular() -> None:
    a = np.array([[np.nan, 1.0], [1.0, 2.0]])
    assert np.isnan(run_op(MatrixInverse(), a)).any()
    assert np.isnan(run_op(Cholesky(), a)[1]).any()


def test_a_session_says_it_in_the_op_s_words() -> None:
    x = core.placeholder("float64", [2, 2])
    with pytest.raises(core.KernelError) as caught:
        core.Session(backend="native", strict=True).run(
            core.matrix_inverse(x), {x: np.ones((2, 2))}
        )
    assert caught.value.problem == "a matrix is singular"
    assert caught.value.got == "Singular matrix"
    assert caught.value.hint == "pinv(a) takes any matrix"


def test_what_is_made_of_a_variable_once_says_it_too() -> None:
    variable = core.Variable(np.ones((2, 2), np.float32), name="weights")
    x = core.placeholder("float32", [2, 2])
    inverse = core.matrix_inverse(variable, name="inverse")
    session = core.Session(backend="native", strict=True)
    with pytest.raises(core.KernelError, match="a matrix is singular") as caught:
        session.run(core.matmul(inverse, x), {x: np.eye(2, dtype="f4")})
    assert caught.value.node == "inverse"
    session.load(variable, np.diag(np.array([2.0, 4.0], np.float32)))
    result = session.run(core.matmul(inverse, x), {x: np.eye(2, dtype="f4")})
    assert result.tolist() == [[0.5, 0], [0, 0.25]]


# QR -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize(
    ("rows", "columns"),
    [(0, 3), (3, 0), (1, 1), (1, 4), (4, 1), (9, 9), (17, 5), (5, 17), (40, 33)],
)
def test_qr(rows: int, columns: int, is_full: bool, dtype: str) -> None:
    a = random(2, rows, columns).astype(dtype)
    q, r = run_op(Qr(is_full), a)
    expected = np.linalg.qr(a.astype("f8"), mode="complete" if is_full else "reduced")
    assert q.shape == expected[0].shape
    assert_near(r, expected[1], 40 * ROUNDING[dtype])  # signs too
    assert_orthonormal(q, 30 * ROUNDING[dtype])
    assert_near(q.astype("f8") @ r.astype("f8"), a.astype("f8"), 30 * ROUNDING[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_qr_of_difficult_matrices(dtype: str) -> None:
    for a in difficult(9):
        q, r = run_op(Qr(True), a.astype(dtype))
        assert_orthonormal(q, 30 * ROUNDING[dtype])
        assert_near(q.astype("f8") @ r.astype("f8"), a.astype(dtype).astype("f8"), 1e-5)


# Values and vectors -------------------------------------------------------------------------------


def assert_eigen(a: Array, dtype: str, limit: float) -> None:
    a = a.astype(dtype)
    e, v = run_op(
        SelfAdjointEig(True), np.tril(a) + np.triu(np.full(a.shape, np.nan), 1).astype(dtype)
    )
    wide = np.tril(a).astype("f8") + transposed(np.tril(a, -1)).astype("f8")
    scale = max(np.abs(wide).max(initial=0), np.finfo(dtype).tiny)
    exact = np.linalg.eigvalsh(wide / scale)
    assert_orthonormal(v, limit)
    np.testing.assert_allclose(e.astype("f8") / scale, exact, rtol=0, atol=limit * a.shape[-1])
    product = (v.astype("f8") * (e.astype("f8") / scale)[..., None, :]) @ transposed(v.astype("f8"))
    np.testing.assert_allclose(product, wide / scale, rtol=0, atol=limit * a.shape[-1])
    np.testing.assert_array_equal(run_op(SelfAdjointEig(False), a), e)
    assert (np.diff(e) >= 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_symmetric_matrices(size: int, dtype: str) -> None:
    x = random(3, size, size)
    assert_eigen(x + transposed(x), dtype, 20 * ROUNDING[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 3, 12, 33])
def test_difficult_symmetric_matrices(size: int, dtype: str) -> None:
    for a in difficult(size):
        assert_eigen(a, dtype, 20 * ROUNDING[dtype])


def assert_svd(a: Array, dtype: str, limit: float) -> None:
    a = a.astype(dtype)
    scale = max(np.abs(a).max(initial=0).astype("f8"), np.finfo(dtype).tiny)
    exact = np.linalg.svd(a.astype("f8") / scale, compute_uv=False)
    for is_full in (False, True):
        s, u, v = run_op(Svd(is_full, True), a)
        shapes = [x.shape for x in np.linalg.svd(a, is_full)]
        assert [u.shape, s.shape, transposed(v).shape] == shapes
        assert_orthonormal(u, limit)
        assert_orthonormal(v, limit)
        k = s.shape[-1]
        part = u[..., :k].astype("f8") * (s.astype("f8") / scale)[..., None, :]
        product = part @ transposed(v[..., :k].astype("f8"))
        np.testing.assert_allclose(product, a / scale, rtol=0, atol=limit * max(a.shape))
        np.testing.assert_allclose(s / scale, exact, rtol=0, atol=limit * max(a.shape))
        assert (np.diff(s) <= 0).all()
    np.testing.assert_array_equal(run_op(Svd(False, False), a), s)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("rows", "columns"),
    [(0, 3), (3, 0), (1, 1), (1, 4), (4, 1), (9, 9), (17, 5), (5, 17), (40, 33), (70, 70)],
)
def test_singular_values(rows: int, columns: int, dtype: str) -> None:
    assert_svd(random(2, rows, columns), dtype, 20 * ROUNDING[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 3, 12, 33])
def test_singular_values_of_difficult_matrices(size: int, dtype: str) -> None:
    for a in difficult(size):
        assert_svd(a, dtype, 20 * ROUNDING[dtype])
        assert_svd(a[: size // 2], dtype, 20 * ROUNDING[dtype])
        assert_svd(a[:, : size // 2], dtype, 20 * ROUNDING[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rows", "columns"), [(0, 2), (1, 1), (3, 9), (9, 3), (20, 20)])
def test_pseudo_inverses(rows: int, columns: int, dtype: str) -> None:
    """Penrose's four equations, of matrices of half the rank too."""
    full = random(2, rows, columns)
    low = random(2, rows, max(1, rows // 2)) @ random(2, max(1, rows // 2), columns, seed=1)
    for a in (full.astype(dtype), low.astype(dtype)):
        p = run_op(PseudoInverse(None), a).astype("f8")
        a = a.astype("f8")
        assert p.shape == transposed(a).shape
        limit = 1000 * ROUNDING[dtype] * max(1.0, np.abs(p).max(initial=0))
        np.testing.assert_allclose(a @ p @ a, a, rtol=0, atol=limit)
        np.testing.assert_allclose(p @ a @ p, p, rtol=0, atol=limit * np.abs(p).max(initial=0))
        np.testing.assert_allclose(transposed(a @ p), a @ p, rtol=0, atol=limit)
        np.testing.assert_allclose(transposed(p @ a), p @ a, rtol=0, atol=limit)


def test_the_part_of_the_largest_value_that_counts() -> None:
    a = np.diag([4.0, 1.0])
    assert_near(run_op(PseudoInverse(0.2), a), np.diag([0.25, 1.0]), 1e-15)
    assert_near(run_op(PseudoInverse(0.25), a), np.diag([0.25, 0.0]), 1e-15)


@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        (Cholesky(), [positive(50, 9, 9)]),
        (MatrixSolve(False), [positive(50, 9, 9), random(50, 9, 3)]),
        (MatrixTriangularSolve(True, True), [positive(90, 90), random(90, 700)]),
        (LogDeterminant(), [positive(500, 4, 4)]),
        (Qr(False), [random(50, 12, 9)]),
        (SelfAdjointEig(True), [positive(50, 9, 9)]),
        (Svd(True, True), [random(50, 12, 9)]),
    ],
    ids=lambda value: getattr(value, "label", None),
)
def test_any_number_of_threads_gives_the_same_bits(op: Any, inputs: list[Array]) -> None:
    assert_same_on_any_threads(lambda: run_op(op, *inputs))
