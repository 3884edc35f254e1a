"""Linear algebra, over leading axes: products, parts of matrices, solving, factorizations."""

from __future__ import annotations

from .diagonals import (
    diag,
    diag_part,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
    matrix_transpose,
    trace,
)
from .einsum import einsum, inner, tensordot
from .factorizations import cholesky, cholesky_solve, logdet, qr
from .products import cross, kron, matmul, matvec, outer
from .solve import (
    matrix_determinant,
    matrix_inverse,
    matrix_solve,
    matrix_triangular_solve,
    slogdet,
)
from .triangles import eye, matrix_band_part, tril, triu

__all__ = [
    "cholesky",
    "cholesky_solve",
    "cross",
    "diag",
    "diag_part",
    "einsum",
    "eye",
    "inner",
    "kron",
    "logdet",
    "matmul",
    "matrix_band_part",
    "matrix_determinant",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_inverse",
    "matrix_set_diag",
    "matrix_solve",
    "matrix_transpose",
    "matrix_triangular_solve",
    "matvec",
    "outer",
    "qr",
    "slogdet",
    "tensordot",
    "trace",
    "tril",
    "triu",
]
