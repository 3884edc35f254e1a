"""Matrices with rows and columns exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, register
from ...types import TensorType
from ..shape import Transpose
from ..source import convert
from .matrices import require_rank

__all__ = ["matrix_transpose"]


@register
class MatrixTranspose(OpDef):
    """Rows and columns exchanged, where the number of axes before them is unknown.

    x: (..., rows, columns) any dtype -> (..., columns, rows).
    """

    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """The last two sizes exchanged."""
        require_rank(self, 2, x=x)
        *batch, rows, columns = x.dims()
        return x.with_shape((*batch, columns, rows))

    def compute(self, xp: Any, x: Any) -> Any:
        """A view."""
        return x.swapaxes(-1, -2)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Transposed back."""
        return [matrix_transpose(g)]


def matrix_transpose(a: Any, name: str | None = None) -> Tensor:
    """Matrices with rows and columns exchanged.

    Args:
        a: (..., rows, columns) any dtype.
        name: of the node.

    Returns:
        (..., columns, rows) of the same dtype.

    Raises:
        ShapeError: for a scalar or a vector.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_transpose([[1, 2], [3, 4]])).tolist()
    [[1, 3], [2, 4]]
    """
    tensor = convert(a)
    rank = tensor.ndim
    if rank is None or rank < 2:
        return apply(MatrixTranspose(), tensor, name=name)
    return apply(Transpose((*range(rank - 2), rank - 1, rank - 2)), tensor, name=name)
