"""Linear algebra, over leading axes: products, parts of matrices, solving, factorizations."""

from __future__ import annotations

from .diagonals import matrix_diag, matrix_diag_part, matrix_set_diag, trace
from .einsum import einsum, inner, tensordot
from .exponential import expm
from .factorizations import cholesky, cholesky_solve, logdet, qr
from .least_squares import matrix_rank, matrix_solve_ls, pinv
from .norms import l2_normalize, norm, normalize
from .products import cross, kron, matmul, matvec, outer
from .solve import (
    matrix_determinant,
    matrix_inverse,
    matrix_solve,
    matrix_triangular_solve,
    slogdet,
)
from .spectral import self_adjoint_eig, self_adjoint_eigvals, svd
from .tensor_diagonals import diag, diag_part
from .transposition import matrix_transpose
from .triangles import eye, matrix_band_part, tril, triu

__all__ = [
    "cholesky",
    "cholesky_solve",
    "cross",
    "diag",
    "diag_part",
    "einsum",
    "expm",
    "eye",
    "inner",
    "kron",
    "l2_normalize",
    "logdet",
    "matmul",
    "matrix_band_part",
    "matrix_determinant",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_inverse",
    "matrix_rank",
    "matrix_set_diag",
    "matrix_solve",
    "matrix_solve_ls",
    "matrix_transpose",
    "matrix_triangular_solve",
    "matvec",
    "norm",
    "normalize",
    "outer",
    "pinv",
    "qr",
    "self_adjoint_eig",
    "self_adjoint_eigvals",
    "slogdet",
    "svd",
    "tensordot",
    "trace",
    "tril",
    "triu",
]
