"""Factorizations and solutions: which half they read, gradients by name, and errors' texts."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Session,
    Tensor,
    cholesky,
    cholesky_solve,
    constant,
    expm,
    gradients,
    l2_normalize,
    logdet,
    matmul,
    matrix_band_part,
    matrix_determinant,
    matrix_inverse,
    matrix_rank,
    matrix_solve,
    matrix_solve_ls,
    matrix_triangular_solve,
    name_scope,
    norm,
    pinv,
    placeholder,
    qr,
    reduce_sum,
    self_adjoint_eig,
    self_adjoint_eigvals,
    slogdet,
    svd,
)
from thalweg.core.errors import DtypeError, GraphError, KernelError, OptionError, ShapeError
from thalweg.core.ops.linalg.spectral import SelfAdjointEig

HALF = np.array([[4.0, np.nan], [2.0, 10.0]])  # its upper triangle must not be read


def tensor(*shape: int | None, dtype: str = "float32") -> Tensor:
    return placeholder(dtype, shape)


def value(x: Any) -> Any:
    return Session().run(x)


# What is read, and what flows back ----------------------------------------------------------------


def test_only_the_lower_triangle_is_read() -> None:
    factor, e = value([cholesky(HALF), self_adjoint_eigvals(HALF)])
    np.testing.assert_allclose(factor, [[2, 0], [1, 3]])
    np.testing.assert_allclose(e, [7 - 13**0.5, 7 + 13**0.5])


@pytest.mark.parametrize(
    "function",
    [
        cholesky,
        logdet,
        self_adjoint_eigvals,
        lambda a: self_adjoint_eig(a)[1] ** 2.0,
    ],
)
def test_gradients_of_symmetric_matrices_are_symmetric(function: Callable[[Any], Any]) -> None:
    a = constant([[4.0, 1.0, 0.5], [1.0, 5.0, 0.3], [0.5, 0.3, 6.0]], "float64")
    weights = np.arange(9.0).reshape(3, 3) ** 2
    [g] = value(gradients(reduce_sum(function(a) * weights), [a]))
    np.testing.assert_array_equal(g, g.T)
    step = 1e-5 * np.array([[1.0, 2.0, 3.0], [2.0, -1.0, 1.0], [3.0, 1.0, 2.0]])
    up, down = value([reduce_sum(function(a + sign * step) * weights) for sign in (1, -1)])
    np.testing.assert_allclose((g * step).sum(), (up - down) / 2, rtol=1e-6)


def test_the_other_triangle_gets_no_gradient() -> None:
    a, b = constant([[2.0, 7.0], [1.0, 3.0]]), constant([[1.0], [2.0]])
    for lower in (True, False):
        [g] = value(gradients(matrix_triangular_solve(a, b, lower=lower), [a]))
        assert g[0, 1] == 0 if lower else g[1, 0] == 0
        assert np.count_nonzero(g) == 3


def test_gradients_where_singular_values_are_equal_are_finite() -> None:
    a = constant(np.eye(3))
    s, u, v = svd(a)
    e, w = self_adjoint_eig(a)
    fetches = gradients([s, u, v, e, w], [a])
    assert np.isfinite(value(fetches)[0]).all()
    product = matmul(u * s, v, transpose_b=True)
    np.testing.assert_allclose(value(product), np.eye(3))


def test_gradient_of_values_only_needs_no_square_vectors() -> None:
    a = tensor(None, None, dtype="float64")
    s = svd(a, full_matrices=True)[0]
    [g] = gradients(reduce_sum(s), [a])
    found = Session().run(g, {a: [[3.0, 0.0, 0.0], [0.0, 2.0, 0.0]]})
    np.testing.assert_allclose(found, np.eye(2, 3), atol=1e-12)


def test_full_qr_of_a_wide_matrix_is_differentiable() -> None:
    a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    plain, full = (
        value(gradients([part**2.0 for part in qr(x, full_matrices=is_full)], [x])[0])
        for is_full in (False, True)
        for x in [constant(a)]
    )
    np.testing.assert_array_equal(plain, full)


def test_norms_have_gradient_0_at_0() -> None:
    x = constant(np.zeros((2, 2)))
    for y in (norm(x), norm(x, axis=0), norm(x, 3, axis=1), norm(x, "fro", axis=[0, 1])):
        np.testing.assert_array_equal(value(gradients(y, [x])[0]), np.zeros((2, 2)))


def test_least_squares_of_unknown_sizes_runs_only_what_fits() -> None:
    a = tensor(None, None, dtype="float64")
    x = matrix_solve_ls(a, np.ones((2, 1)))
    [g] = gradients(reduce_sum(x), [a])
    found = Session().run([x, g], {a: [[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]]})  # aᵀ a is singular
    np.testing.assert_allclose(found[0], [[0.5], [0.5], [0.5]])
    assert np.isfinite(found[1]).all()


def test_sizes_are_inferred() -> None:
    a = tensor(None, 5, 3)
    assert [x.shape for x in qr(a)] == [(None, 5, 3), (None, 3, 3)]
    assert [x.shape for x in qr(a, full_matrices=True)] == [(None, 5, 5), (None, 5, 3)]
    assert [x.shape for x in svd(a)] == [(None, 3), (None, 5, 3), (None, 3, 3)]
    assert [x.shape for x in svd(a, True)] == [(None, 3), (None, 5, 5), (None, 3, 3)]
    assert matrix_solve(tensor(None, None, 4), tensor(7, None, 2)).shape == (7, 4, 2)
    assert cholesky(tensor(2, None, 4)).shape == (2, 4, 4)
    assert slogdet(tensor(2, None, 4))[1].shape == (2,)


def test_triangular_systems_of_size_300() -> None:
    generator = np.random.default_rng(0)
    a = np.tril(generator.uniform(-1, 1, (300, 300))) / 300 + np.eye(300)
    b = generator.uniform(-1, 1, (300, 2))
    np.testing.assert_allclose(a @ value(matrix_triangular_solve(a, b)), b, atol=1e-12)


# Errors -------------------------------------------------------------------------------------------


def test_whole_text_of_a_failing_kernel() -> None:
    with name_scope("tower"):
        y = matrix_inverse(np.ones((2, 2)), name="inverse")
    with pytest.raises(KernelError) as caught:
        value(y)
    assert caught.value.site is not None
    assert str(caught.value).splitlines() == [
        "MatrixInverse: a matrix is singular",
        "  got       Singular matrix",
        "  node      'tower/inverse'",
        f"  made at   test_factorizations.py:{caught.value.site.line}   "
        'y = matrix_inverse(np.ones((2, 2)), name="inverse")',
        "  hint      pinv(a) takes any matrix",
    ]


@pytest.mark.parametrize(
    ("function", "a", "where", "problem", "hint"),
    [
        (
            lambda a: matrix_solve(a, a),
            np.zeros((2, 2)),
            "MatrixSolve",
            "a matrix is singular",
            "matmul(pinv(a), b) takes any matrix",
        ),
        (
            cholesky,
            -np.eye(2),
            "Cholesky",
            "a matrix is not positive definite",
            "a + epsilon * eye(size) helps where only rounding makes an eigenvalue negative",
        ),
        (
            svd,
            np.full((2, 2), np.nan),
            "Svd",
            "the singular values do not converge",
            "usually an entry is infinite or NaN: is_finite(a) tells",
        ),
        (
            pinv,
            np.full((2, 2), np.nan),
            "PseudoInverse",
            "the singular values do not converge",
            "usually an entry is infinite or NaN: is_finite(a) tells",
        ),
    ],
)
def test_kernels_say_what_lapack_means(
    function: Callable[[Any], Any], a: np.ndarray, where: str, problem: str, hint: str
) -> None:
    x = placeholder("float64", [None, None])
    with pytest.raises(KernelError) as caught:
        Session().run(function(x), {x: a})
    error = caught.value
    assert (error.where, error.problem, error.hint) == (where, problem, hint)
    assert error.node is not None and "test_factorizations.py" in str(error.site)


def test_eigenvalues_that_do_not_converge() -> None:
    def give_up(a: np.ndarray) -> None:
        raise np.linalg.LinAlgError("Eigenvalues did not converge")

    module = SimpleNamespace(linalg=SimpleNamespace(eigh=give_up, eigvalsh=give_up))
    for op in (SelfAdjointEig(True), SelfAdjointEig(False)):
        with pytest.raises(KernelError) as caught:
            op.compute(module, np.eye(2))
        assert caught.value.problem == "the eigenvalues do not converge"
        assert caught.value.got == "Eigenvalues did not converge"


@pytest.mark.parametrize(
    ("call", "problem", "expected", "got"),
    [
        (
            lambda: cholesky(tensor(2, 3)),
            "takes square matrices",
            "a (..., size, size)",
            "a float32 (2, 3)",
        ),
        (
            lambda: matrix_determinant(tensor(5)),
            "takes matrices",
            "a with two axes or more",
            "a float32 (5,)",
        ),
        (
            lambda: expm(tensor(2, 3)),
            "takes square matrices",
            "a (..., size, size)",
            "a float32 (2, 3)",
        ),
        (
            lambda: matrix_solve(tensor(2, 2), tensor(3, 1)),
            "the right-hand sides do not fit",
            "a (..., size, size) and b (..., size, columns) with one size",
            "a float32 (2, 2), b float32 (3, 1)",
        ),
        (
            lambda: cholesky_solve(tensor(2, 2), tensor(2)),
            "takes matrices",
            "a and b with two axes or more",
            "a float32 (2, 2), b float32 (2,)",
        ),
        (
            lambda: matrix_solve(tensor(4, 2, 2), tensor(3, 2, 1)),
            "the axes before the last two cannot be broadcast together",
            "equal sizes, or 1, on each of them",
            "a float32 (4, 2, 2), b float32 (3, 2, 1)",
        ),
        (
            lambda: matrix_band_part(tensor(5), 0, 0),
            "takes matrices",
            "x with two axes or more",
            "x float32 (5,)",
        ),
        (
            lambda: norm(placeholder("float32"), 2, axis=[0, 1]),
            "the rank is unknown",
            "axis [-2, -1], or a tensor of known rank",
            "x float32 (...)",
        ),
    ],
)
def test_shape_error(call: Callable[[], Any], problem: str, expected: str, got: str) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    error = caught.value
    assert (error.problem, error.expected, error.got) == (problem, expected, got)
    assert "test_factorizations.py" in str(error.site)


@pytest.mark.parametrize("function", [cholesky, qr, svd, self_adjoint_eig, pinv, expm, matrix_rank])
def test_half_precision_is_refused(function: Callable[[Any], Any]) -> None:
    with pytest.raises(DtypeError) as caught:
        function(tensor(2, 2, dtype="float16"))
    assert caught.value.problem == "takes float32 and float64 tensors"
    assert caught.value.got == "a float16 (2, 2)"
    assert caught.value.hint == "cast(x, 'float32') converts"


def test_norms_take_floats() -> None:
    for function in (norm, l2_normalize):
        with pytest.raises(DtypeError) as caught:
            function([1, 2])
        assert (caught.value.problem, caught.value.got) == ("takes float tensors", "x int32 (2,)")


@pytest.mark.parametrize(
    ("ord", "axis", "expected"),
    [
        ("fro", None, "'euclidean', a number > 0 or inf for vectors"),
        (-1, 0, "'euclidean', a number > 0 or inf for vectors"),
        ("nuclear", [0, 1], "'euclidean', 'fro', 1, 2 or inf for matrices"),
        (3, [0, 1], "'euclidean', 'fro', 1, 2 or inf for matrices"),
    ],
)
def test_there_is_no_such_norm(ord: Any, axis: Any, expected: str) -> None:
    with pytest.raises(OptionError) as caught:
        norm(tensor(2, 2), ord, axis)
    assert (caught.value.problem, caught.value.expected) == ("there is no such norm", expected)
    assert caught.value.got == repr(ord)


def test_norms_are_of_vectors_or_matrices() -> None:
    with pytest.raises(OptionError, match="axis is not that of vectors or of matrices"):
        norm(tensor(2, 2, 2), axis=[0, 1, 2])


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda a: qr(a, full_matrices=True), "or an a that is known not to be taller than wide"),
        (lambda a: svd(a, full_matrices=True)[1:], "or an a that is known to be square"),
    ],
)
@pytest.mark.parametrize("shape", [(3, 2), (None, None)])
def test_vectors_that_a_does_not_determine(make: Any, hint: str, shape: Any) -> None:
    a = tensor(*shape)
    with pytest.raises(GraphError, match="has no gradient with full_matrices") as caught:
        gradients(list(make(a)), [a])
    assert hint in str(caught.value.expected)
    assert "test_factorizations.py" in str(caught.value.site)
