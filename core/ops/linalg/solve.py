"""Systems of linear equations, inverses and determinants of square matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ShapeError
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, apply_many, register
from ...types import TensorType, broadcast_shapes, types_text
from ..elementwise import multiply, negative, sum_to
from ..shape import expand_dims
from ..source import convert, convert_all
from .matrices import MatrixOp, batch_shape, require_matrices, require_square
from .products import matmul
from .transposition import matrix_transpose
from .triangles import tril, triu

__all__ = [
    "matrix_determinant",
    "matrix_inverse",
    "matrix_solve",
    "matrix_triangular_solve",
    "slogdet",
]


# Systems of equations ---------------------------------------------------------------------------


class _Solve(OpDef):
    """Base: one matrix of unknowns for each matrix of right-hand sides."""

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        """The broadcast batch axes, a row an unknown, a column a right-hand side."""
        require_matrices(self, a=a, b=b)
        size = require_square(self, a)
        rows, columns = b.dims()[-2:]
        if size is not None and rows is not None and size != rows:
            raise ShapeError(
                self.label,
                "the right-hand sides do not fit",
                expected="a (..., size, size) and b (..., size, columns) with one size",
                got=types_text(a=a, b=b),
            )
        batch = batch_shape(self, a=a, b=b)
        return TensorType(a.dtype, (*batch, rows if size is None else size, columns))

    def infer_unknown(self, a: TensorType, b: TensorType) -> tuple[TensorType, ...]:
        """The dtype; the other operand may have more axes."""
        require_matrices(self, a=a, b=b)
        return (TensorType(a.dtype, None),)

    def _shapes(self, a: Any, b: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of a and b with broadcast batch axes."""
        batch = tuple(size or 0 for size in broadcast_shapes(a.shape[:-2], b.shape[:-2]))
        return (*batch, *a.shape[-2:]), (*batch, *b.shape[-2:])


@register
class MatrixSolve(_Solve, MatrixOp):
    """The solutions x of a x = b, or of aᵀ x = b if `adjoint`.

    a: (..., size, size) float32 or float64; b: (..., size, columns) of the same dtype; the axes
    before the last two are broadcast -> (..., size, columns).
    """

    problem = "a matrix is singular"
    hint = "matmul(pinv(a), b) takes any matrix"
    adjoint: bool

    def compute(self, xp: Any, a: Any, b: Any) -> Any:
        """`xp.linalg.solve`: LU factorization with partial pivoting."""
        shape_a, shape_b = self._shapes(a, b)
        left = a.swapaxes(-1, -2) if self.adjoint else a
        left, right = xp.broadcast_to(left, shape_a), xp.broadcast_to(b, shape_b)
        with self.explained():
            return xp.linalg.solve(left, right)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """db = a⁻ᵀ g and da = -db xᵀ; with aᵀ in the place of a if `adjoint`."""
        a, b = node.inputs
        gb = matrix_solve(a, g, adjoint=not self.adjoint)
        return [sum_to(_matrix_part(node, gb, self.adjoint), a), sum_to(gb, b)]


@register
class MatrixTriangularSolve(_Solve):
    """The solutions x of a x = b, or of aᵀ x = b if `adjoint`, where a is triangular.

    a: (..., size, size) float32 or float64, of which the other triangle is not read;
    b: (..., size, columns) of the same dtype; the axes before the last two are broadcast
    -> (..., size, columns).
    """

    lower: bool
    adjoint: bool

    def compute(self, xp: Any, a: Any, b: Any) -> Any:
        """Substitution."""
        _, shape = self._shapes(a, b)
        if not shape[-2]:
            return xp.zeros(shape, b.dtype)
        left = a.swapaxes(-1, -2) if self.adjoint else a
        return _substitute(xp, left, b, lower=self.lower != self.adjoint)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """As of any system; a's gradient has its triangle."""
        a, b = node.inputs
        gb = matrix_triangular_solve(a, g, self.lower, not self.adjoint)
        triangle = tril if self.lower else triu
        return [sum_to(triangle(_matrix_part(node, gb, self.adjoint)), a), sum_to(gb, b)]


def _substitute(xp: Any, a: Any, b: Any, *, lower: bool) -> Any:
    """Solves one half of the unknowns, takes them out of the other half's equations, solves that.

    So nearly all work is in products of matrices.
    """
    size = a.shape[-1]
    if size == 1:
        return b / a
    first, second = slice(None, size // 2), slice(size // 2, None)
    if not lower:
        first, second = second, first
    x = _substitute(xp, a[..., first, first], b[..., first, :], lower=lower)
    rest = b[..., second, :] - xp.matmul(a[..., second, first], x)
    y = _substitute(xp, a[..., second, second], rest, lower=lower)
    return xp.concatenate([x, y] if lower else [y, x], axis=-2)


def _matrix_part(node: Operation, gb: Tensor, adjoint: bool) -> Tensor:
    """The gradient of the matrix of a system from that of its right-hand sides."""
    x = node.outputs[0]
    return negative(matmul(x, gb, transpose_b=True) if adjoint else matmul(gb, x, transpose_b=True))


# Inverses and determinants ----------------------------------------------------------------------


class _OfSquares(OpDef):
    """Base of ops of one operand, square matrices."""

    def check(self, a: TensorType) -> None:
        """Raises DtypeError or ShapeError where the op does not take a."""
        require_matrices(self, a=a)
        if a.shape is not None:
            require_square(self, a)


@register
class MatrixInverse(_OfSquares, MatrixOp):
    """Inverse matrices.  a: (..., size, size) float32 or float64 -> the same."""

    problem = "a matrix is singular"
    hint = "pinv(a) takes any matrix"

    def infer(self, a: TensorType) -> TensorType:
        """The same type."""
        self.check(a)
        size = require_square(self, a)
        return a.with_shape((*a.dims()[:-2], size, size))

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The same type."""
        self.check(a)
        return (a,)

    def compute(self, xp: Any, a: Any) -> Any:
        """`xp.linalg.inv`."""
        with self.explained():
            return xp.linalg.inv(a)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """With y = a⁻¹: -yᵀ g yᵀ."""
        y = node.outputs[0]
        return [negative(matmul(y, matmul(g, y, transpose_b=True), transpose_a=True))]


@register
class MatrixDeterminant(_OfSquares):
    """Determinants.  a: (..., size, size) float32 or float64 -> (...)."""

    def infer(self, a: TensorType) -> TensorType:
        """The batch axes."""
        self.check(a)
        return a.with_shape(a.dims()[:-2])

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        self.check(a)
        return (a,)

    def compute(self, xp: Any, a: Any) -> Any:
        """`xp.linalg.det`."""
        return xp.linalg.det(a)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Jacobi's formula: g det(a) a⁻ᵀ."""
        scale = expand_dims(g * node.outputs[0], [-2, -1])
        return [multiply(scale, matrix_transpose(matrix_inverse(node.inputs[0])))]


@register
class LogDeterminant(_OfSquares):
    """Signs, and logarithms of the absolute values, of determinants.

    a: (..., size, size) float32 or float64 -> (...) sign, (...) log, of the same dtype.
    """

    def infer(self, a: TensorType) -> tuple[TensorType, ...]:
        """The batch axes, twice."""
        self.check(a)
        return (a.with_shape(a.dims()[:-2]),) * 2

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        self.check(a)
        return (a, a)

    def compute(self, xp: Any, a: Any) -> Any:
        """`xp.linalg.slogdet`."""
        sign, log = xp.linalg.slogdet(a)
        return sign, log

    def gradient(
        self, node: Operation, g_sign: Tensor | None, g_log: Tensor | None
    ) -> Sequence[Tensor | None]:
        """g a⁻ᵀ; the sign is flat."""
        if g_log is None:
            return [None]
        inverse = matrix_transpose(matrix_inverse(node.inputs[0]))
        return [multiply(expand_dims(g_log, [-2, -1]), inverse)]


# What users call --------------------------------------------------------------------------------


def matrix_solve(a: Any, b: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The solutions x of systems of linear equations a x = b.

    By LU factorization with partial pivoting. Gradients: with db = a⁻ᵀ g, da = -db xᵀ.

    Args:
        a: (..., size, size) float32 or float64, regular.
        b: (..., size, columns) of the same dtype: right-hand sides, one a column.
        adjoint: solve aᵀ x = b instead.
        name: of the node.

    Returns:
        (..., size, columns). The axes before the last two are broadcast.

    Raises:
        ShapeError: if the sizes do not fit.
        DtypeError: for other dtypes, or two that differ.
        KernelError: in a run, if a matrix is exactly singular.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]])).tolist()
    [[1.0], [0.5]]
    """
    left, right = convert_all(a, b)
    return apply(MatrixSolve(bool(adjoint)), left, right, name=name)


def matrix_triangular_solve(
    a: Any, b: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The solutions x of systems a x = b with triangular matrices, by substitution.

    Args:
        a: (..., size, size) float32 or float64; what is outside its triangle is not read. A zero
            on the diagonal gives infinities and NaN.
        b: (..., size, columns) of the same dtype: right-hand sides, one a column.
        lower: the lower triangle of `a` is meant, else the upper one.
        adjoint: solve aᵀ x = b instead.
        name: of the node.

    Returns:
        (..., size, columns). The axes before the last two are broadcast.

    Raises:
        ShapeError: if the sizes do not fit.
        DtypeError: for other dtypes, or two that differ.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_triangular_solve([[2.0, 0.0], [1.0, 1.0]], [[2.0], [3.0]])).tolist()
    [[1.0], [2.0]]
    """
    left, right = convert_all(a, b)
    return apply(MatrixTriangularSolve(bool(lower), bool(adjoint)), left, right, name=name)


def matrix_inverse(a: Any, name: str | None = None) -> Tensor:
    """Inverse matrices. To solve a system, `matrix_solve` is faster and more exact.

    Args:
        a: (..., size, size) float32 or float64, regular.
        name: of the node.

    Returns:
        The same type.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.
        KernelError: in a run, if a matrix is exactly singular.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_inverse([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return apply(MatrixInverse(), convert(a), name=name)


def matrix_determinant(a: Any, name: str | None = None) -> Tensor:
    """Determinants of square matrices.

    The gradient is det(a) a⁻ᵀ (Jacobi's formula), which is an error for singular matrices.

    Args:
        a: (..., size, size) float32 or float64.
        name: of the node.

    Returns:
        (...) of the same dtype.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.

    >>> from thalweg.core import Session
    >>> float(Session().run(matrix_determinant([[2.0, 0.0], [0.0, 4.0]])))
    8.0
    """
    return apply(MatrixDeterminant(), convert(a), name=name)


def slogdet(a: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Signs, and logarithms of the absolute values, of determinants: they do not overflow.

    det(a) = sign exp(log). The gradient of the log is a⁻ᵀ, and that of the sign 0.

    Args:
        a: (..., size, size) float32 or float64.
        name: of the node.

    Returns:
        The sign, which is -1, 0 or 1, and the log, -infinity for a singular matrix: each (...)
        of the same dtype.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.

    >>> from thalweg.core import Session
    >>> sign, log = Session().run(slogdet([[0.0, 1.0], [1.0, 0.0]]))
    >>> float(sign), float(log)
    (-1.0, 0.0)
    """
    sign, log = apply_many(LogDeterminant(), convert(a), name=name).outputs
    return sign, log
