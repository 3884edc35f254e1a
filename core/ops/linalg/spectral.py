"""Singular values and eigenvalues, and what is made with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import GraphError
from ...graph import Operation, Tensor
from ...opdef import apply_many, register
from ...types import TensorType
from ..compare import equal, where
from ..elementwise import divide, multiply, ones_like, zeros_like
from ..shape import expand_dims
from ..source import convert
from ..stack import one_or_tuple
from .matrices import MatrixOp, require_matrices, require_square, smaller
from .products import matmul
from .transposition import matrix_transpose

__all__ = ["self_adjoint_eig", "self_adjoint_eigvals", "svd"]

NOT_FINITE = "usually an entry is infinite or NaN: is_finite(a) tells"


def _reciprocal(x: Tensor) -> Tensor:
    """1 / x, and 0 where x is 0: where values are equal, nothing tells their vectors apart."""
    is_zero = equal(x, 0)
    return where(is_zero, zeros_like(x), divide(1, where(is_zero, ones_like(x), x)))


def _differences(x: Tensor) -> Tensor:
    """x_j - x_i at (i, j)."""
    return expand_dims(x, -2) - expand_dims(x, -1)


def _scaled(columns: Tensor, factors: Tensor) -> Tensor:
    """Each column times its factor."""
    return multiply(columns, expand_dims(factors, -2))


# Singular values --------------------------------------------------------------------------------


@register
class Svd(MatrixOp):
    """Singular values s, and vectors, of matrices: a = u diag(s) vᵀ.

    a: (..., rows, columns) float32 or float64 -> (..., k) s, (..., rows, k) u, (..., columns, k) v
    where k is the smaller of rows and columns; square u and v if `full_matrices`; s alone unless
    `compute_uv`.
    """

    problem = "the singular values do not converge"
    hint = NOT_FINITE
    full_matrices: bool
    compute_uv: bool

    def infer(self, a: TensorType) -> tuple[TensorType, ...]:
        """As above."""
        require_matrices(self, a=a)
        *batch, rows, columns = a.dims()
        k = smaller(rows, columns)
        shapes = [(*batch, k)]
        if self.compute_uv:
            shapes.append((*batch, rows, rows if self.full_matrices else k))
            shapes.append((*batch, columns, columns if self.full_matrices else k))
        return tuple(map(a.with_shape, shapes))

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        require_matrices(self, a=a)
        return (a,) * (3 if self.compute_uv else 1)

    def compute(self, xp: Any, a: Any) -> Any:
        """`xp.linalg.svd`."""
        with self.explained():
            if not self.compute_uv:
                return xp.linalg.svd(a, compute_uv=False)
            u, s, v = xp.linalg.svd(a, full_matrices=self.full_matrices)
        return s, u, v.swapaxes(-1, -2)

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """Townsend 2016, "Differentiating the singular value decomposition".

        With f_ij = 1 / (s_j² - s_i²) off the diagonal, ∘ elementwise, and s for diag(s),
        u (g_s + (f ∘ (uᵀ g_u - g_uᵀ u)) s + s (f ∘ (vᵀ g_v - g_vᵀ v))) vᵀ
        + (1 - u uᵀ) g_u s⁻¹ vᵀ + u s⁻¹ g_vᵀ (1 - v vᵀ).
        """
        [a] = node.inputs
        g_s, g_u, g_v = g if self.compute_uv else (g[0], None, None)
        is_of_values = g_u is None and g_v is None
        if not self.compute_uv or (self.full_matrices and is_of_values):
            s, u, v = svd(a)
        else:
            s, u, v = node.outputs
        if is_of_values:
            return [matmul(_scaled(u, g_s), v, transpose_b=True) if g_s is not None else None]
        is_square = _is_square(a.type)
        if self.full_matrices and not is_square:
            raise GraphError(
                self.label,
                "has no gradient with full_matrices but for square matrices",
                expected="full_matrices=False, or an a that is known to be square",
                got=f"a {a.type}",
            )
        f = _reciprocal(_differences(s) * (expand_dims(s, -2) + expand_dims(s, -1)))
        left = zeros_like(u) if g_s is None else _scaled(u, g_s)
        right = None
        if g_u is not None:
            turn = matmul(u, g_u, transpose_a=True)
            left = left + matmul(u, _scaled(f * (turn - matrix_transpose(turn)), s))
            if not is_square:
                left = left + _scaled(g_u - matmul(u, turn), _reciprocal(s))
        if g_v is not None:
            turn = matmul(v, g_v, transpose_a=True)
            left = left + matmul(_scaled(u, s), f * (turn - matrix_transpose(turn)))
            if not is_square:
                right = _scaled(g_v - matmul(v, turn), _reciprocal(s))
        total = matmul(left, v, transpose_b=True)
        return [total if right is None else total + matmul(u, right, transpose_b=True)]


def _is_square(a: TensorType) -> bool:
    return a.shape is not None and a.shape[-1] is not None and a.shape[-1] == a.shape[-2]


def svd(
    a: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Singular values and vectors: a = u diag(s) vᵀ with orthonormal columns in u and v.

    Signs of the vectors are the backend's: a pair of columns of u and v may as well be negated.
    Gradients follow Townsend 2016, "Differentiating the singular value decomposition". Those of
    the vectors exist where no two values are equal and none is 0 (terms that would be infinite
    there are left out); those of the values alone, everywhere but between equal ones.

    Args:
        a: (..., rows, columns) float32 or float64.
        full_matrices: make u and v square; without, they have k = min(rows, columns) columns.
        compute_uv: give u and v too.
        name: of the node.

    Returns:
        s: (..., k), descending, u: (..., rows, k) and v: (..., columns, k), not transposed, all
        of the same dtype; or s alone. With `full_matrices`, u is (..., rows, rows) and v
        (..., columns, columns).

    Raises:
        ShapeError: for a scalar or a vector.
        DtypeError: for other dtypes.
        GraphError: for gradients of u or v with `full_matrices`, unless `a` is known to be square.
        KernelError: in a run, if the values do not converge, as those of NaN.

    >>> from thalweg.core import Session
    >>> s, u, v = Session().run(svd([[0.0, 2.0], [3.0, 0.0]]))
    >>> s.tolist(), ((u * s) @ v.T).round(5).tolist()
    ([3.0, 2.0], [[0.0, 2.0], [3.0, 0.0]])
    """
    return one_or_tuple(
        list(apply_many(Svd(bool(full_matrices), bool(compute_uv)), convert(a), name=name).outputs)
    )


# Eigenvalues ------------------------------------------------------------------------------------


@register
class SelfAdjointEig(MatrixOp):
    """Eigenvalues e, and vectors v, of symmetric matrices: a = v diag(e) vᵀ.

    a: (..., size, size) float32 or float64, of which the lower triangle is read -> (..., size) e,
    (..., size, size) v; e alone unless `compute_v`.
    """

    problem = "the eigenvalues do not converge"
    hint = NOT_FINITE
    compute_v: bool

    def infer(self, a: TensorType) -> tuple[TensorType, ...]:
        """As above."""
        require_matrices(self, a=a)
        size = require_square(self, a)
        batch = a.dims()[:-2]
        shapes = [(*batch, size), (*batch, size, size)]
        return tuple(map(a.with_shape, shapes if self.compute_v else shapes[:1]))

    def infer_unknown(self, a: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        require_matrices(self, a=a)
        return (a,) * (2 if self.compute_v else 1)

    def compute(self, xp: Any, a: Any) -> Any:
        """`xp.linalg.eigh`."""
        with self.explained():
            if not self.compute_v:
                return xp.linalg.eigvalsh(a)
            e, v = xp.linalg.eigh(a)
        return e, v

    def gradient(
        self, node: Operation, g_e: Tensor | None, g_v: Tensor | None = None
    ) -> Sequence[Tensor | None]:
        """Giles 2008, "Collected matrix derivative results", section 3.1.

        v (diag(g_e) + f ∘ (vᵀ g_v)) vᵀ with f_ij = 1 / (e_j - e_i) off the diagonal, made
        symmetric.
        """
        e, v = node.outputs if self.compute_v else self_adjoint_eig(node.inputs[0])
        left = zeros_like(v) if g_e is None else _scaled(v, g_e)
        if g_v is not None:
            turn = matmul(v, g_v, transpose_a=True)
            left = left + matmul(v, _reciprocal(_differences(e)) * turn)
        total = matmul(left, v, transpose_b=True)
        return [0.5 * (total + matrix_transpose(total))]


def self_adjoint_eig(a: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of symmetric matrices: a = v diag(e) vᵀ.

    Signs of the vectors are the backend's. Gradients follow Giles 2008, "Collected matrix
    derivative results for forward and reverse mode algorithmic differentiation". They are those of
    a symmetric matrix: symmetric, each half with half of the change. Those of the vectors exist
    where no two values are equal (terms that would be infinite there are left out).

    Args:
        a: (..., size, size) float32 or float64, symmetric; only the lower triangle is read.
        name: of the node.

    Returns:
        e: (..., size), ascending, and v: (..., size, size), a vector a column.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.
        KernelError: in a run, if the values do not converge.

    >>> from thalweg.core import Session
    >>> e, v = Session().run(self_adjoint_eig([[2.0, 1.0], [1.0, 2.0]]))
    >>> e.round(5).tolist(), ((v * e) @ v.T).round(5).tolist()
    ([1.0, 3.0], [[2.0, 1.0], [1.0, 2.0]])
    """
    e, v = apply_many(SelfAdjointEig(True), convert(a), name=name).outputs
    return e, v


def self_adjoint_eigvals(a: Any, name: str | None = None) -> Tensor:
    """Eigenvalues of symmetric matrices, ascending.

    Args:
        a: (..., size, size) float32 or float64, symmetric; only the lower triangle is read.
        name: of the node.

    Returns:
        (..., size) of the same dtype. Gradients are as in `self_adjoint_eig`.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.
        KernelError: in a run, if the values do not converge.

    >>> from thalweg.core import Session
    >>> Session().run(self_adjoint_eigvals([[2.0, 1.0], [1.0, 2.0]])).round(5).tolist()
    [1.0, 3.0]
    """
    return apply_many(SelfAdjointEig(False), convert(a), name=name).outputs[0]
