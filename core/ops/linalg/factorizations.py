"""Factorizations into triangular matrices, Cholesky's and QR, and what is made with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import GraphError
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, apply_many, register
from ...types import TensorType
from ..concat import concat, split
from ..elementwise import shape_of
from ..math import log
from ..reduce import reduce_min, reduce_sum
from ..source import convert, convert_all
from ..stack import or_zeros
from .diagonals import matrix_diag_part, matrix_set_diag
from .matrices import MatrixOp, require_matrices, require_square, smaller
from .products import matmul
from .solve import matrix_triangular_solve
from .transposition import matrix_transpose
from .triangles import tril

__all__ = ["cholesky", "cholesky_solve", "logdet", "qr"]


# Cholesky ---------------------------------------------------------------------------------------


@register
class Cholesky(MatrixOp):
    """Lower triangular l with l lᵀ = a, where a is symmetric and positive definite.

    a: (..., size, size) float32 or float64, of which the lower triangle is read -> the same.
    """

    problem = "a matrix is not positive definite"
    hint = "a + epsilon * eye(size) helps where only rounding makes an eigenvalue negative"

    def infer(self, a: TensorType) -> TensorType:
        """The same type."""
        require_matrices(self, a=a)
        size = require_square(self, a)
        return a.with_shape((*a.dims()[:-2], size, size))

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The same type."""
        require_matrices(self, a=a)
        return (a,)

    def compute(self, xp: Any, a: Any) -> Any:
        """`xp.linalg.cholesky`."""
        with self.explained():
            return xp.linalg.cholesky(a)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Murray 2016, "Differentiation of the Cholesky decomposition", section 3.

        With Φ for the lower triangle whose diagonal is halved, s = l⁻ᵀ Φ(lᵀ g) l⁻¹; half of
        s + sᵀ is the gradient of a symmetric a.
        """
        l = node.outputs[0]  # noqa: E741
        product = tril(matmul(l, g, transpose_a=True))
        halved = matrix_set_diag(product, 0.5 * matrix_diag_part(product))
        left = matrix_triangular_solve(l, halved, adjoint=True)
        s = matrix_triangular_solve(l, matrix_transpose(left), adjoint=True)
        return [0.5 * (s + matrix_transpose(s))]


def cholesky(a: Any, name: str | None = None) -> Tensor:
    """The lower triangular matrices l with l lᵀ = a and a positive diagonal.

    Gradients follow Murray 2016, "Differentiation of the Cholesky decomposition". They are those
    of a symmetric matrix: symmetric, each half with half of the change.

    Args:
        a: (..., size, size) float32 or float64, symmetric and positive definite; only the lower
            triangle is read.
        name: of the node.

    Returns:
        The same type, with zeros above the diagonal.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.
        KernelError: in a run, if a matrix is not positive definite.

    >>> from thalweg.core import Session
    >>> Session().run(cholesky([[4.0, 2.0], [2.0, 10.0]])).tolist()
    [[2.0, 0.0], [1.0, 3.0]]
    """
    return apply(Cholesky(), convert(a), name=name)


def cholesky_solve(chol: Any, b: Any, name: str | None = None) -> Tensor:
    """The solutions x of a x = b, from the Cholesky factor of a.

    Args:
        chol: (..., size, size) float32 or float64: `cholesky(a)`.
        b: (..., size, columns) of the same dtype: right-hand sides, one a column.
        name: of the node.

    Returns:
        (..., size, columns). The axes before the last two are broadcast.

    Raises:
        ShapeError: if the sizes do not fit.
        DtypeError: for other dtypes, or two that differ.

    >>> from thalweg.core import Session
    >>> Session().run(cholesky_solve([[2.0, 0.0], [1.0, 3.0]], [[4.0], [20.0]])).tolist()
    [[0.0], [2.0]]
    """
    factor, right = convert_all(chol, b)
    half = matrix_triangular_solve(factor, right)
    return matrix_triangular_solve(factor, half, adjoint=True, name=name or "cholesky_solve")


def logdet(a: Any, name: str | None = None) -> Tensor:
    """The logarithms of the determinants of positive definite matrices; they do not overflow.

    2 Σ log lᵢᵢ with the Cholesky factor l. `slogdet` takes any square matrix.

    Args:
        a: (..., size, size) float32 or float64, symmetric and positive definite.
        name: of the node.

    Returns:
        (...) of the same dtype.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.
        KernelError: in a run, if a matrix is not positive definite.

    >>> from thalweg.core import Session
    >>> round(float(Session().run(logdet([[4.0, 2.0], [2.0, 10.0]]))), 4)
    3.5835
    """
    entries = matrix_diag_part(cholesky(a))
    return reduce_sum(2 * log(entries), axis=-1, name=name or "logdet")


# QR ---------------------------------------------------------------------------------------------


@register
class Qr(OpDef):
    """Orthonormal columns q and upper triangular r with q r = a.

    a: (..., rows, columns) float32 or float64 -> (..., rows, k) q, (..., k, columns) r, where k
    is the smaller of rows and columns, or rows if `full_matrices`.
    """

    full_matrices: bool

    def infer(self, a: TensorType) -> tuple[TensorType, ...]:
        """As above."""
        require_matrices(self, a=a)
        *batch, rows, columns = a.dims()
        k = rows if self.full_matrices else smaller(rows, columns)
        return a.with_shape((*batch, rows, k)), a.with_shape((*batch, k, columns))

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        require_matrices(self, a=a)
        return (a, a)

    def compute(self, xp: Any, a: Any) -> Any:
        """`xp.linalg.qr`: Householder reflections."""
        q, r = xp.linalg.qr(a, mode="complete" if self.full_matrices else "reduced")
        return q, r

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """Of a square or tall a as below. A wide one is [x, y] with a square x = q u.

        Then r = [u, v] with v = qᵀ y: what flows into v goes to y, and through y to q.
        """
        [a] = node.inputs
        q, r = node.outputs
        g_q, g_r = or_zeros(node, g)
        rows, columns = (None, None) if a.type.shape is None else a.type.shape[-2:]
        is_wide = None if rows is None or columns is None else rows < columns
        self._require_gradient(a.type, is_wide)
        if is_wide is False:
            return [_gradient_of_tall(q, r, g_q, g_r)]
        sizes = shape_of(a)[-2:]
        square = reduce_min(sizes)
        parts = [square, sizes[1] - square]
        y = split(a, parts, axis=-1)[1]
        u = split(r, parts, axis=-1)[0]
        g_u, g_v = split(g_r, parts, axis=-1)
        g_x = _gradient_of_tall(q, u, g_q + matmul(y, g_v, transpose_b=True), g_u)
        return [concat([g_x, matmul(q, g_v)], axis=-1)]

    def _require_gradient(self, a: TensorType, is_wide: bool | None) -> None:
        """More columns of q than a has are not determined by a."""
        is_square = a.shape is not None and a.shape[-2] is not None and a.shape[-2] == a.shape[-1]
        if self.full_matrices and not is_wide and not is_square:
            raise GraphError(
                self.label,
                "has no gradient with full_matrices where rows > columns",
                expected="full_matrices=False, or an a that is known not to be taller than wide",
                got=f"a {a}",
            )


def _gradient_of_tall(q: Tensor, r: Tensor, g_q: Tensor, g_r: Tensor) -> Tensor:
    """(g_q + q copyltu(r g_rᵀ - g_qᵀ q)) r⁻ᵀ: Walter and Lehmann 2010.

    "Algorithmic differentiation of linear algebra functions with application in optimum
    experimental design"; copyltu(m) is the symmetric matrix that has the lower triangle of m.
    """
    m = tril(matmul(r, g_r, transpose_b=True) - matmul(g_q, q, transpose_a=True))
    symmetric = m + matrix_transpose(tril(m, -1))
    g = matrix_transpose(g_q + matmul(q, symmetric))
    return matrix_transpose(matrix_triangular_solve(r, g, lower=False))


def qr(a: Any, full_matrices: bool = False, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Orthonormal columns q and upper triangular r with q r = a, by Householder reflections.

    The signs of r's diagonal are LAPACK's, not all positive. There are gradients where the first
    k columns of `a` are independent.

    Args:
        a: (..., rows, columns) float32 or float64.
        full_matrices: make q square; without, it has k = min(rows, columns) columns.
        name: of the node.

    Returns:
        q: (..., rows, k), and r: (..., k, columns), of the same dtype; with `full_matrices`,
        (..., rows, rows) and (..., rows, columns).

    Raises:
        ShapeError: for a scalar or a vector.
        DtypeError: for other dtypes.
        GraphError: for gradients with `full_matrices`, unless rows <= columns are known.

    >>> from thalweg.core import Session
    >>> q, r = Session().run(qr([[0.0, 2.0], [3.0, 4.0]]))
    >>> (q @ r).round(5).tolist(), bool(r[1, 0] == 0)
    ([[0.0, 2.0], [3.0, 4.0]], True)
    """
    q, r = apply_many(Qr(bool(full_matrices)), convert(a), name=name).outputs
    return q, r
