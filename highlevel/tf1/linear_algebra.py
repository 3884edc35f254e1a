"""Linear algebra in TF1's spelling."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, float32

from .arguments import either

__all__ = [
    "cholesky",
    "cholesky_solve",
    "cross",
    "diag",
    "diag_part",
    "einsum",
    "eye",
    "matrix_band_part",
    "matrix_determinant",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_inverse",
    "matrix_set_diag",
    "matrix_solve",
    "matrix_solve_ls",
    "matrix_transpose",
    "matrix_triangular_solve",
    "norm",
    "qr",
    "self_adjoint_eig",
    "self_adjoint_eigvals",
    "svd",
    "tensordot",
    "trace",
]


def _size(size: Any) -> Any:
    """TF1's -1 stands for as many as needed."""
    return None if isinstance(size, int) and size == -1 else size


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """Sums of products by Einstein's convention.

    Args:
        equation: `"ij,jk->ik"`.
        inputs: one for each term.
        kwargs: `name`.
    """
    return core.einsum(equation, *inputs, **kwargs)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Sums of products along pairs of axes."""
    return core.tensordot(a, b, axes, name=name)


def trace(x: Any, name: str | None = None) -> Any:
    """The sums of the main diagonals.  (..., n, n) -> (...)."""
    return core.trace(x, name=name)


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two axes change places; `conjugate` means nothing for real numbers."""
    del conjugate
    return core.matrix_transpose(a, name=name)


def matrix_diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
) -> Any:
    """Matrices with the given diagonals.  (..., n) -> (..., n, n)."""
    return core.matrix_diag(diagonal, k, _size(num_rows), _size(num_cols), padding_value, name=name)


def matrix_diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0
) -> Any:
    """The diagonals of matrices.  (..., m, n) -> (..., min(m, n))."""
    return core.matrix_diag_part(input, k, padding_value, name=name)


def matrix_set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0) -> Any:
    """Matrices with other diagonals."""
    return core.matrix_set_diag(input, diagonal, k, name=name)


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """Matrices with zeros outside of a band; -1 keeps a whole triangle."""
    return core.matrix_band_part(input, num_lower, num_upper, name=name)


def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverses of square matrices, or of their transposes."""
    return core.matrix_inverse(core.matrix_transpose(input) if adjoint else input, name=name)


def matrix_determinant(input: Any, name: str | None = None) -> Any:
    """The determinants of square matrices.  (..., n, n) -> (...)."""
    return core.matrix_determinant(input, name=name)


def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The solutions x of matrix x = rhs."""
    return core.matrix_solve(matrix, rhs, adjoint, name=name)


def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Any:
    """The least-squares solutions x of matrix x = rhs."""
    return core.matrix_solve_ls(matrix, rhs, l2_regularizer, fast, name=name)


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """The solutions x of matrix x = rhs, of which one triangle counts."""
    return core.matrix_triangular_solve(matrix, rhs, lower, adjoint, name=name)


def cholesky(input: Any, name: str | None = None) -> Any:
    """The lower triangles l with l lᵀ = input."""
    return core.cholesky(input, name=name)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """The solutions x of a x = rhs, from chol = cholesky(a)."""
    return core.cholesky_solve(chol, rhs, name=name)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """Orthonormal q and upper triangular r with q r = input."""
    return core.qr(input, full_matrices, name=name)


def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Singular values s, and u, v with u diag(s) vᵀ = tensor."""
    return core.svd(tensor, full_matrices, compute_uv, name=name)


def self_adjoint_eig(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues, the smallest first, and eigenvectors of symmetric matrices."""
    return core.self_adjoint_eig(tensor, name=name)


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues of symmetric matrices, the smallest first."""
    return core.self_adjoint_eigvals(tensor, name=name)


def diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor of twice the rank with the given diagonal."""
    return core.diag(diagonal, name=name)


def diag_part(input: Any, name: str | None = None) -> Any:
    """The diagonal of a tensor of even rank."""
    return core.diag_part(input, name=name)


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """The cross products of vectors.  (..., 3), (..., 3) -> (..., 3)."""
    return core.cross(a, b, name=name)


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """Identity matrices."""
    return core.eye(num_rows, num_columns, batch_shape, dtype, name=name)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    keep_dims: Any = None,
) -> Any:
    """Norms of vectors or matrices."""
    return core.norm(
        tensor,
        ord,
        axis,
        bool(either("norm", "keepdims", keepdims, "keep_dims", keep_dims)),
        name=name,
    )
