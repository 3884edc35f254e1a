"""Products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ShapeError
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, register, require
from ...types import TensorType, broadcast_shapes, types_text
from ..elementwise import sum_to
from ..source import convert_all

__all__ = ["matmul"]


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
