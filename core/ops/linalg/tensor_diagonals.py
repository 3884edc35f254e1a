"""Diagonals of tensors of any rank: those whose shape is one shape twice."""

from __future__ import annotations

from typing import Any

from ...errors import ShapeError, user_site
from ...graph import Tensor
from ...types import TensorType, types_text
from ..concat import concat
from ..elementwise import shape_of
from ..reduce import reduce_prod
from ..shape import reshape
from ..source import convert
from ..stack import stack
from .diagonals import matrix_diag, matrix_diag_part

__all__ = ["diag", "diag_part"]


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """The entries of a tensor on the diagonal of one with twice as many axes.

    result[i, j, …, i, j, …] = diagonal[i, j, …], and zeros elsewhere.

    Args:
        diagonal: (...) number or bool; of a vector comes a matrix.
        name: of the node.

    Returns:
        (..., ...): the shape of `diagonal`, twice.

    >>> from thalweg.core import Session
    >>> Session().run(diag([1, 2])).tolist()
    [[1, 0], [0, 2]]
    """
    tensor = convert(diagonal)
    sizes = shape_of(tensor)
    flat = matrix_diag(reshape(tensor, [-1]))
    return reshape(flat, concat([sizes, sizes], axis=0), name=name or "diag")


def diag_part(x: Any, name: str | None = None) -> Tensor:
    """The diagonal of a tensor whose shape is one shape twice: the inverse of `diag`.

    result[i, j, …] = x[i, j, …, i, j, …].

    Args:
        x: (..., ...) any dtype, the second half of the sizes equal to the first.
        name: of the node.

    Returns:
        (...): the first half of the shape.

    Raises:
        ShapeError: if the two halves differ, the rank is odd or unknown.

    >>> from thalweg.core import Session
    >>> Session().run(diag_part([[1, 2], [3, 4]])).tolist()
    [1, 4]
    """
    tensor = convert(x)
    dims = tensor.type.shape
    half = 0 if dims is None else len(dims) // 2
    if (
        dims is None
        or len(dims) % 2
        or not TensorType(tensor.dtype, dims[:half]).accepts_shape(dims[half:])
    ):
        raise ShapeError(
            "diag_part",
            "the rank is unknown" if dims is None else "the shape is not one shape twice",
            expected="x of shape (sizes..., sizes...)",
            got=types_text(x=tensor.type),
            site=user_site(2),
        )
    sizes = shape_of(tensor)
    count = reduce_prod(sizes[:half])
    square = reshape(tensor, stack([count, reduce_prod(sizes[half:])]))
    return reshape(matrix_diag_part(square), sizes[:half], name=name or "diag_part")
