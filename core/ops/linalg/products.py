"""Products of matrices and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ShapeError, user_site
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, register, require
from ...types import TensorType, broadcast_shapes, types_text
from ..elementwise import multiply, shape_of, sum_to
from ..shape import expand_dims, reshape, squeeze
from ..source import convert_all
from ..stack import stack, unstack

__all__ = ["cross", "kron", "matmul", "matvec", "outer"]


@register
class MatMul(OpDef):
    """Products of matrices in the last two axes; the axes before them broadcast.

    a: (..., rows, k) number, or (..., k, rows) if `transpose_a`;
    b: (..., k, units) of the same dtype, or (..., units, k) if `transpose_b`
    -> (..., rows, units).
    """

    transpose_a: bool = False
    transpose_b: bool = False

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        """The broadcast batch axes, then rows of a and columns of b."""
        self._check(a, b)
        *batch_a, rows, inner_a = a.dims()
        *batch_b, inner_b, units = b.dims()
        if self.transpose_a:
            rows, inner_a = inner_a, rows
        if self.transpose_b:
            inner_b, units = units, inner_b
        if inner_a is not None and inner_b is not None and inner_a != inner_b:
            raise ShapeError(
                "matmul",
                "inner sizes differ",
                expected=self._wanted(len(batch_b) > 0),
                got=types_text(a=a, b=b),
            )
        try:
            batch = broadcast_shapes(tuple(batch_a), tuple(batch_b))
        except ShapeError:
            raise ShapeError(
                "matmul",
                "the axes before the last two cannot be broadcast together",
                expected="equal sizes, or 1, on each of them",
                got=types_text(a=a, b=b),
            ) from None
        return TensorType(a.dtype, (*batch, rows, units))

    def infer_unknown(self, a: TensorType, b: TensorType) -> tuple[TensorType, ...]:
        """The dtype; the other operand may have more axes."""
        self._check(a, b)
        return (TensorType(a.dtype, None),)

    def _check(self, a: TensorType, b: TensorType) -> None:
        require(self, "same number", a=a, b=b)
        if any(type_.rank is not None and type_.rank < 2 for type_ in (a, b)):
            raise ShapeError(
                "matmul",
                "takes matrices",
                expected="a and b with two axes or more",
                got=types_text(a=a, b=b),
                hint="v[None, :] makes a row of a vector, v[:, None] a column; "
                "a * b multiplies elements",
            )

    def _wanted(self, is_batched: bool) -> str:
        a = "(..., k, rows)" if self.transpose_a else "(..., k)"
        b = "units, k" if self.transpose_b else "k, units"
        return f"a {a} and b ({'..., ' if is_batched else ''}{b}) with one k"

    def compute(self, xp: Any, a: Any, b: Any) -> Any:
        """`xp.matmul` of views."""
        left = a.swapaxes(-1, -2) if self.transpose_a else a
        right = b.swapaxes(-1, -2) if self.transpose_b else b
        return xp.matmul(left, right)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """With A and B as multiplied: dA = g Bᵀ and dB = Aᵀ g, transposed where a and b were."""
        a, b = node.inputs
        if self.transpose_a:
            ga = apply(MatMul(self.transpose_b, True), b, g)
        else:
            ga = apply(MatMul(False, not self.transpose_b), g, b)
        if self.transpose_b:
            gb = apply(MatMul(True, self.transpose_a), g, a)
        else:
            gb = apply(MatMul(not self.transpose_a, False), a, g)
        if a.ndim == 2 and b.ndim == 2:  # nothing was broadcast
            return [ga, gb]
        return [sum_to(ga, a), sum_to(gb, b)]


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """The matrix product of `a` and `b`, over broadcast leading axes as in `numpy.matmul`.

    Args:
        a: (..., rows, k) number.
        b: (..., k, units), of the dtype of `a`.
        transpose_a: `a` comes as (..., k, rows).
        transpose_b: `b` comes as (..., units, k).
        name: of the node.

    Returns:
        (..., rows, units) of the same dtype.

    Raises:
        ShapeError: if an operand is not a matrix, or the sizes do not fit.
        DtypeError: if the dtypes differ or are not numbers.

    >>> from thalweg.core import Session
    >>> Session().run(matmul([[1.0, 2.0]], [[3.0, 4.0]], transpose_b=True)).tolist()
    [[11.0]]
    """
    left, right = convert_all(a, b)
    return apply(MatMul(bool(transpose_a), bool(transpose_b)), left, right, name=name)


def matvec(a: Any, b: Any, transpose_a: bool = False, name: str | None = None) -> Tensor:
    """The product of matrices and vectors, over broadcast leading axes.

    Args:
        a: (..., rows, k) number.
        b: (..., k), of the dtype of `a`.
        transpose_a: `a` comes as (..., k, rows).
        name: of the node.

    Returns:
        (..., rows) of the same dtype.

    Raises:
        ShapeError: if `a` is not a matrix, `b` a scalar, or the sizes do not fit.
        DtypeError: if the dtypes differ or are not numbers.

    >>> from thalweg.core import Session
    >>> Session().run(matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])).tolist()
    [3.0, 7.0]
    """
    matrices, vectors = convert_all(a, b)
    product = matmul(matrices, expand_dims(vectors, -1), transpose_a)
    return squeeze(product, -1, name=name or "matvec")


def outer(a: Any, b: Any, name: str | None = None) -> Tensor:
    """All products of an element of `a` and one of `b`: result[i, j] = a[i] b[j].

    Args:
        a: (...) number; its elements are taken in their order, as in `numpy.outer`.
        b: (...) of the same dtype, likewise.
        name: of the node.

    Returns:
        (elements of a, elements of b) of the same dtype.

    Raises:
        DtypeError: if the dtypes differ or are not numbers.

    >>> from thalweg.core import Session
    >>> Session().run(outer([1, 2], [1, 10, 100])).tolist()
    [[1, 10, 100], [2, 20, 200]]
    """
    left, right = convert_all(a, b)
    column = expand_dims(reshape(left, [-1]), 1)
    return multiply(column, reshape(right, [-1]), name=name or "outer")


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The cross product of vectors in space.

    cross(a, b) = (a₂b₃ - a₃b₂, a₃b₁ - a₁b₃, a₁b₂ - a₂b₁).

    Args:
        a: (..., 3) number.
        b: (..., 3) of the same dtype; the axes before the last are broadcast.
        name: of the node.

    Returns:
        (..., 3) of the same dtype.

    Raises:
        ShapeError: if the last axis of one has another size than 3.
        DtypeError: if the dtypes differ or are not numbers.

    >>> from thalweg.core import Session
    >>> Session().run(cross([1, 0, 0], [0, 1, 0])).tolist()
    [0, 0, 1]
    """
    left, right = convert_all(a, b)
    for tensor in (left, right):
        if tensor.shape is not None and (not tensor.shape or tensor.shape[-1] not in (3, None)):
            raise ShapeError(
                "cross",
                "takes vectors in space",
                expected="a and b of shape (..., 3)",
                got=types_text(a=left.type, b=right.type),
                site=user_site(2),
            )
    a1, a2, a3 = unstack(left, 3, axis=-1)
    b1, b2, b3 = unstack(right, 3, axis=-1)
    parts = [a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1]
    return stack(parts, axis=-1, name=name or "cross")


def kron(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The Kronecker product: blocks of `b`, each times an element of `a`.

    result[i p + k, j q + l] = a[i, j] b[k, l] for `b` of shape (p, q), and likewise with other
    ranks; the shorter shape is filled up with ones from the left, as in `numpy.kron`.

    Args:
        a: (...) number, of known rank.
        b: (...) of the same dtype, of known rank.
        name: of the node.

    Returns:
        The product of both sizes on each axis, of the same dtype.

    Raises:
        ShapeError: if a rank is unknown.
        DtypeError: if the dtypes differ or are not numbers.

    >>> from thalweg.core import Session
    >>> Session().run(kron([[1, 10]], [[1, 2], [3, 4]])).tolist()
    [[1, 2, 10, 20], [3, 4, 30, 40]]
    """
    left, right = convert_all(a, b)
    if left.ndim is None or right.ndim is None:
        raise ShapeError(
            "kron",
            "the rank is unknown",
            expected="two tensors of known rank",
            got=types_text(a=left.type, b=right.type),
            site=user_site(2),
        )
    rank = max(left.ndim, right.ndim)
    if rank == 0:
        return multiply(left, right, name=name or "kron")
    left, right = (expand_dims(x, [*range(rank - (x.ndim or 0))]) for x in (left, right))
    sizes = [
        m * n if m is not None and n is not None else shape_of(left)[axis] * shape_of(right)[axis]
        for axis, (m, n) in enumerate(zip(left.type.dims(), right.type.dims(), strict=True))
    ]
    spread = (
        expand_dims(left, [*range(1, 2 * rank, 2)]),
        expand_dims(right, [*range(0, 2 * rank, 2)]),
    )
    return reshape(multiply(*spread), sizes, name=name or "kron")
