"""Pseudoinverses, ranks, and systems of equations that have no solution or many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import Operation, Tensor
from ...opdef import apply, register
from ...types import TensorType
from ..branching import cond
from ..compare import greater, greater_equal
from ..elementwise import cast, identity, negative, shape_of
from ..reduce import reduce_max, reduce_sum
from ..sizes import beside
from ..source import convert, convert_all
from .diagonals import matrix_diag_part, matrix_set_diag
from .factorizations import cholesky, cholesky_solve
from .matrices import MatrixOp, require_matrices
from .products import matmul
from .spectral import NOT_FINITE, svd
from .transposition import matrix_transpose

__all__ = ["matrix_rank", "matrix_solve_ls", "pinv"]


@register
class PseudoInverse(MatrixOp):
    """Moore and Penrose's inverse.

    a: (..., rows, columns) float32 or float64 -> (..., columns, rows). Singular values not above
    `rcond` times the largest count as 0.
    """

    problem = "the singular values do not converge"
    hint = NOT_FINITE
    rcond: float | None

    def infer(self, a: TensorType) -> TensorType:
        """The last two sizes exchanged."""
        require_matrices(self, a=a)
        *batch, rows, columns = a.dims()
        return a.with_shape((*batch, columns, rows))

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        require_matrices(self, a=a)
        return (a,)

    def relative_limit(self, rows: int, columns: int, dtype: Any) -> float:
        """The part of the largest singular value not above which one counts as 0."""
        if self.rcond is not None:
            return self.rcond
        return 10 * max(rows, columns) * float(np.finfo(dtype).eps)

    def compute(self, xp: Any, a: Any) -> Any:
        """v diag(1 / s) uᵀ, and 0 for what counts as 0."""
        *batch, rows, columns = a.shape
        if 0 in (rows, columns):
            return xp.zeros((*batch, columns, rows), a.dtype)
        limit = self.relative_limit(rows, columns, a.dtype)
        with self.explained():
            u, s, v = xp.linalg.svd(a, full_matrices=False)
        counts = s > limit * s[..., :1]
        inverses = xp.where(counts, 1 / xp.where(counts, s, 1), 0).astype(a.dtype)
        return xp.matmul(v.swapaxes(-1, -2) * inverses[..., None, :], u.swapaxes(-1, -2))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Golub and Pereyra 1973, for changes that keep the rank.

        "The differentiation of pseudo-inverses and nonlinear least squares problems whose
        variables separate", equation 4.12: with p for the inverse,
        -pᵀ g pᵀ + (1 - a p) gᵀ p pᵀ + pᵀ p gᵀ (1 - p a).
        """
        [a] = node.inputs
        [p] = node.outputs
        turned = matrix_transpose(g)
        inside = matmul(matmul(p, g, transpose_a=True), p, transpose_b=True)
        below = matmul(matmul(turned, p), p, transpose_b=True)
        above = matmul(p, matmul(p, turned), transpose_a=True)
        below = below - matmul(a, matmul(p, below))
        above = above - matmul(matmul(above, p), a)
        return [negative(inside) + below + above]


def pinv(a: Any, rcond: float | None = None, name: str | None = None) -> Tensor:
    """Moore and Penrose's pseudoinverse, by the singular values.

    It is the inverse of regular matrices; pinv(a) b is, of all x that make |a x - b|² least, the
    one with least |x|². Gradients follow Golub and Pereyra 1973: they hold where the rank stays.

    Args:
        a: (..., rows, columns) float32 or float64.
        rcond: singular values not above this times the largest count as 0; None means
            10 max(rows, columns) times the machine epsilon of the dtype.
        name: of the node.

    Returns:
        (..., columns, rows) of the same dtype.

    Raises:
        ShapeError: for a scalar or a vector.
        DtypeError: for other dtypes.

    >>> from thalweg.core import Session
    >>> Session().run(pinv([[2.0, 0.0], [0.0, 0.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.0]]
    """
    return apply(PseudoInverse(None if rcond is None else float(rcond)), convert(a), name=name)


def matrix_rank(a: Any, tol: float | None = None, name: str | None = None) -> Tensor:
    """The number of singular values above a tolerance.

    Args:
        a: (..., rows, columns) float32 or float64.
        tol: singular values not above it count as 0; None means max(rows, columns) times the
            machine epsilon of the dtype times the largest one.
        name: of the node.

    Returns:
        (...) int32.

    Raises:
        ShapeError: for a scalar or a vector.
        DtypeError: for other dtypes.

    >>> from thalweg.core import Session
    >>> int(Session().run(matrix_rank([[1.0, 2.0], [2.0, 4.0]])))
    1
    """
    tensor = convert(a)
    s = svd(tensor, compute_uv=False)
    bound: Any = tol
    if bound is None:
        longest = cast(reduce_max(shape_of(tensor)[-2:]), s.dtype)
        bound = longest * float(np.finfo(s.dtype.numpy).eps) * s[..., :1]
    counts = cast(greater(s, bound), "int32")
    return reduce_sum(counts, axis=-1, name=name or "matrix_rank")


def matrix_solve_ls(
    a: Any, b: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """Least squares: the x that make |a x - b|² + l2_regularizer |x|² least, column by column.

    If `fast`, by Cholesky factorization of aᵀ a + l2_regularizer 1 for at least as many rows as
    columns, where a must have independent columns or the regularizer be positive; and of
    a aᵀ + l2_regularizer 1 for fewer rows: of all solutions the one with least |x|². This squares
    the condition number of `a`. If not `fast`, by the pseudoinverse, for any matrix; the
    regularizer is ignored then, as in TensorFlow.

    Args:
        a: (..., rows, columns) float32 or float64.
        b: (..., rows, k) of the same dtype: right-hand sides, one a column.
        l2_regularizer: () number >= 0.
        fast: as above.
        name: of the node.

    Returns:
        (..., columns, k). The axes before the last two are broadcast.

    Raises:
        ShapeError: if the sizes do not fit.
        DtypeError: for other dtypes, or two that differ.
        KernelError: in a run, if `fast` and the factorized matrix is not positive definite.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_solve_ls([[1.0], [1.0]], [[2.0], [4.0]])).round(5).tolist()
    [[3.0]]
    """
    left, right = convert_all(a, b)
    name = name or "matrix_solve_ls"
    if not fast:
        return matmul(pinv(left), right, name=name)
    with beside(left):
        is_number = isinstance(l2_regularizer, int | float | np.number)
        weight = convert(l2_regularizer, left.dtype if is_number else None)
        weight = cast(weight, left.dtype)

    def tall() -> Tensor:
        gram = matmul(left, left, transpose_a=True)
        projected = matmul(left, right, transpose_a=True)
        return cholesky_solve(cholesky(_regularized(gram, weight)), projected)

    def wide() -> Tensor:
        gram = matmul(left, left, transpose_b=True)
        weights = cholesky_solve(cholesky(_regularized(gram, weight)), right)
        return matmul(left, weights, transpose_a=True)

    sizes = shape_of(left)
    is_tall = greater_equal(sizes[-2], sizes[-1])
    known = is_tall.type.known_value
    result = cond(is_tall, tall, wide) if known is None else tall() if known else wide()
    return identity(result, name=name)


def _regularized(gram: Tensor, weight: Tensor) -> Tensor:
    return matrix_set_diag(gram, matrix_diag_part(gram) + weight)
