"""Diagonals of matrices, matrices made of them, and transposition.

An `offset` names a diagonal: 0 is the main one, k > 0 the k-th above it, k < 0 the k-th below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...errors import ShapeError, user_site
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, register, require
from ...types import Shape, TensorType, types_text
from ..concat import concat
from ..elementwise import shape_of, zeros_like
from ..reduce import reduce_prod, reduce_sum
from ..repeat import zeros
from ..shape import Transpose, reshape
from ..source import convert, convert_all
from ..stack import stack
from .matrices import require_rank

__all__ = [
    "diag",
    "diag_part",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_set_diag",
    "matrix_transpose",
    "trace",
]


# Transposition ----------------------------------------------------------------------------------


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


# Diagonals --------------------------------------------------------------------------------------


def _length(op: OpDef, offset: int, x: TensorType) -> int | None:
    """The number of entries on a diagonal of the matrices x."""
    rows, columns = x.dims()[-2:]
    down, right = max(-offset, 0), max(offset, 0)
    if offset and ((rows is not None and down > rows) or (columns is not None and right > columns)):
        raise ShapeError(
            op.label,
            "there is no such diagonal",
            expected="-rows <= offset <= columns",
            got=f"offset {offset}, x {x}",
        )
    lengths = [None if rows is None else rows - down, None if columns is None else columns - right]
    if 0 in lengths:
        return 0
    return None if None in lengths else min(n for n in lengths if n is not None)


@register
class MatrixDiagPart(OpDef):
    """A diagonal of each matrix.  x: (..., rows, columns) any dtype -> (..., length)."""

    offset: int
    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """The batch axes, and as many entries as the diagonal has."""
        require_rank(self, 2, x=x)
        return x.with_shape((*x.dims()[:-2], _length(self, self.offset, x)))

    def compute(self, xp: Any, x: Any) -> Any:
        """`xp.diagonal`."""
        return xp.diagonal(x, self.offset, -2, -1)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """On that diagonal of zeros."""
        return [matrix_set_diag(zeros_like(node.inputs[0]), g, self.offset)]


@register
class MatrixSetDiag(OpDef):
    """Matrices with other entries on a diagonal.

    x: (..., rows, columns) any dtype, diagonal: (..., length) of the same dtype -> x's shape.
    """

    offset: int
    reuse: ClassVar[Mapping[int, int]] = {0: 0}

    def infer(self, x: TensorType, diagonal: TensorType) -> TensorType:
        """x's shape, whose batch axes the diagonal must have."""
        self._check(x, diagonal)
        *batch, rows, columns = x.dims()
        wanted: Shape = (*batch, _length(self, self.offset, x))
        if not diagonal.accepts_shape(wanted):
            raise ShapeError(
                self.label,
                "the diagonal does not fit",
                expected=f"diagonal {x.dtype.name} {wanted}",
                got=types_text(x=x, diagonal=diagonal),
            )
        known = zip(batch, diagonal.dims()[:-1], strict=True)
        return x.with_shape((*(n if m is None else m for m, n in known), rows, columns))

    def infer_unknown(self, x: TensorType, diagonal: TensorType) -> tuple[TensorType, ...]:
        """x's shape."""
        self._check(x, diagonal)
        return (x.with_shape(x.shape),)

    def _check(self, x: TensorType, diagonal: TensorType) -> None:
        require(self, "same", x=x, diagonal=diagonal)
        require_rank(self, 2, x=x)

    def compute(self, xp: Any, x: Any, diagonal: Any) -> Any:
        """One strided assignment: neighbours on a diagonal lie columns + 1 entries apart."""
        result = xp.array(x, order="C")
        rows, columns = x.shape[-2:]
        first = self.offset if self.offset >= 0 else -self.offset * columns
        stop = first + diagonal.shape[-1] * (columns + 1)
        flat = result.reshape((*x.shape[:-2], rows * columns))
        flat[..., first : stop : columns + 1] = diagonal
        return flat.reshape(x.shape)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """What is on the diagonal to the diagonal, the rest to x."""
        diagonal = node.inputs[1]
        rest = matrix_set_diag(g, zeros_like(diagonal), self.offset)
        return [rest, matrix_diag_part(g, self.offset)]


def matrix_diag_part(x: Any, offset: int = 0, name: str | None = None) -> Tensor:
    """A diagonal of each matrix.

    Args:
        x: (..., rows, columns) any dtype.
        offset: of the diagonal, in -rows <= offset <= columns.
        name: of the node.

    Returns:
        (..., length) of the same dtype, where length is min(rows, columns) for the main diagonal.

    Raises:
        ShapeError: for a scalar or a vector, or if there is no such diagonal.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_diag_part([[1, 2, 3], [4, 5, 6]], offset=1)).tolist()
    [2, 6]
    """
    return apply(MatrixDiagPart(int(offset)), convert(x), name=name)


def matrix_set_diag(x: Any, diagonal: Any, offset: int = 0, name: str | None = None) -> Tensor:
    """Matrices with other entries on a diagonal.

    Args:
        x: (..., rows, columns) any dtype.
        diagonal: (..., length) of the same dtype, with the batch axes of `x`.
        offset: of the diagonal, in -rows <= offset <= columns.
        name: of the node.

    Returns:
        The shape of `x`.

    Raises:
        ShapeError: if the diagonal does not fit, or there is no such one.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_set_diag([[1, 2], [3, 4]], [0, 9])).tolist()
    [[0, 2], [3, 9]]
    """
    matrices, entries = convert_all(x, diagonal)
    return apply(MatrixSetDiag(int(offset)), matrices, entries, name=name)


def matrix_diag(diagonal: Any, offset: int = 0, name: str | None = None) -> Tensor:
    """The smallest square matrices with given entries on a diagonal, zeros elsewhere.

    Args:
        diagonal: (..., length) number or bool.
        offset: of the diagonal.
        name: of the node.

    Returns:
        (..., size, size) of the same dtype, where size is length + |offset|.

    Raises:
        ShapeError: for a scalar.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_diag([1, 2])).tolist()
    [[1, 0], [0, 2]]
    """
    tensor, shift = convert(diagonal), int(offset)
    if tensor.ndim == 0:
        raise ShapeError(
            "MatrixDiag",
            "takes vectors",
            expected="diagonal with one axis or more",
            got=types_text(diagonal=tensor.type),
            site=user_site(2),
        )
    sizes = shape_of(tensor)
    size = sizes[-1:] + abs(shift)
    blank = zeros(concat([sizes[:-1], size, size], axis=0), tensor.dtype)
    return matrix_set_diag(blank, tensor, shift, name=name or "matrix_diag")


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


def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the main diagonal of each matrix.

    Args:
        x: (..., rows, columns) number.
        name: of the node.

    Returns:
        (...) of the same dtype.

    Raises:
        ShapeError: for a scalar or a vector.

    >>> from thalweg.core import Session
    >>> int(Session().run(trace([[1, 2], [3, 4]])))
    5
    """
    return reduce_sum(matrix_diag_part(x), axis=-1, name=name or "trace")
