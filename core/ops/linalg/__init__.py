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
from .products import cross, kron, matmul, matvec, outer
from .triangles import eye, matrix_band_part, tril, triu

__all__ = [
    "cross",
    "diag",
    "diag_part",
    "einsum",
    "eye",
    "inner",
    "kron",
    "matmul",
    "matrix_band_part",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_set_diag",
    "matrix_transpose",
    "matvec",
    "outer",
    "tensordot",
    "trace",
    "tril",
    "triu",
]
