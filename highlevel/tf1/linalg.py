"""`tf.linalg`: linear algebra under the newer address."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .arguments import missing_name
from .arrays import transpose
from .clipping import global_norm
from .elementwise import matmul
from .linear_algebra import (
    cholesky,
    cholesky_solve,
    cross,
    einsum,
    eye,
    matrix_transpose,
    norm,
    qr,
    svd,
    tensordot,
    trace,
)
from .linear_algebra import (
    diag as tensor_diag,
)
from .linear_algebra import (
    diag_part as tensor_diag_part,
)
from .linear_algebra import (
    matrix_band_part as band_part,
)
from .linear_algebra import (
    matrix_determinant as det,
)
from .linear_algebra import (
    matrix_diag as diag,
)
from .linear_algebra import (
    matrix_diag_part as diag_part,
)
from .linear_algebra import (
    matrix_inverse as inv,
)
from .linear_algebra import (
    matrix_set_diag as set_diag,
)
from .linear_algebra import (
    matrix_solve as solve,
)
from .linear_algebra import (
    matrix_solve_ls as lstsq,
)
from .linear_algebra import (
    matrix_triangular_solve as triangular_solve,
)
from .linear_algebra import (
    self_adjoint_eig as eigh,
)
from .linear_algebra import (
    self_adjoint_eigvals as eigvalsh,
)
from .normalization import l2_normalize

__all__ = [
    "adjoint",
    "band_part",
    "cholesky",
    "cholesky_solve",
    "cross",
    "det",
    "diag",
    "diag_part",
    "eigh",
    "eigvalsh",
    "einsum",
    "expm",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "logdet",
    "lstsq",
    "matmul",
    "matrix_rank",
    "matrix_transpose",
    "matvec",
    "norm",
    "pinv",
    "qr",
    "set_diag",
    "slogdet",
    "solve",
    "svd",
    "tensor_diag",
    "tensor_diag_part",
    "tensordot",
    "trace",
    "transpose",
    "triangular_solve",
]

__getattr__ = missing_name(__name__, __all__)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The last two axes exchanged: numbers here are real."""
    return core.matrix_transpose(matrix, name=name)


def expm(input: Any, name: str | None = None) -> Tensor:
    """The exponential of matrices.  (..., n, n) -> (..., n, n)."""
    return core.expm(input, name=name)


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of positive definite matrices.  (..., n, n) -> (...)."""
    return core.logdet(matrix, name=name)


def slogdet(input: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The sign of the determinant, and the logarithm of its absolute value."""
    return core.slogdet(input, name=name)


def matrix_rank(
    a: Any, tol: float | None = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """How many singular values are above `tol`.  (..., m, n) -> (...); see `core.matrix_rank`."""
    del validate_args
    return core.matrix_rank(a, tol, name=name)


def pinv(
    a: Any, rcond: float | None = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The pseudo-inverse of matrices.  (..., m, n) -> (..., n, m); see `core.pinv`."""
    del validate_args
    return core.pinv(a, rcond, name=name)


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Matrices times vectors.

    Args:
        a: (..., m, n).
        b: (..., n).
        transpose_a: whether `a` is (..., n, m).
        adjoint_a: the same, as numbers are real.
        a_is_sparse: accepted: it saves TF1 time.
        b_is_sparse: likewise.
        name: of the node.
    """
    del a_is_sparse, b_is_sparse
    return core.matvec(a, b, transpose_a or adjoint_a, name=name)
