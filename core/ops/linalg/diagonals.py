"""Diagonals of matrices, and matrices made of them.

An `offset` names a diagonal: 0 is the main one, k > 0 the k-th above it, k < 0 the k-th below.
A pair of offsets names a band: all diagonals from the lowest to the highest.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...errors import OptionError, ShapeError, user_site
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, register, require
from ...types import Shape, TensorType, types_text
from ..compare import maximum
from ..concat import concat, split
from ..elementwise import identity, shape_of, zeros_like
from ..reduce import reduce_sum
from ..repeat import fill
from ..sizes import beside
from ..source import constant, convert, convert_all
from ..stack import size_vector, stack, unstack
from .matrices import require_rank

__all__ = ["matrix_diag", "matrix_diag_part", "matrix_set_diag", "trace"]

Offset = int | tuple[int, int]


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
        return xp.diagonal(x, self.offset, x.ndim - 2, x.ndim - 1)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """On that diagonal of zeros."""
        return [apply(MatrixSetDiag(self.offset), zeros_like(node.inputs[0]), g)]


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
        rest = apply(MatrixSetDiag(self.offset), g, zeros_like(diagonal))
        return [rest, apply(MatrixDiagPart(self.offset), g)]


# Parts of matrices ------------------------------------------------------------------------------


def matrix_diag_part(
    x: Any, offset: Offset = 0, padding_value: Any = 0, name: str | None = None
) -> Tensor:
    """A diagonal of each matrix, or a band of them.

    Args:
        x: (..., rows, columns) any dtype.
        offset: of the diagonal, in -rows <= offset <= columns; or (lowest, highest) of a band.
        padding_value: stands after the end of the shorter diagonals of a band.
        name: of the node.

    Returns:
        (..., length), where length is min(rows, columns) for the main diagonal; of a band
        (..., diagonals, length), the highest first, where length is that of the longest.

    Raises:
        ShapeError: for a scalar or a vector, or if there is no such diagonal.
        OptionError: if `offset` is something else.

    >>> from thalweg.core import Session
    >>> x = [[1, 2, 3], [4, 5, 6]]
    >>> y = matrix_diag_part(x, 1), matrix_diag_part(x, (-1, 0))
    >>> [value.tolist() for value in Session().run(list(y))]
    [[2, 6], [[1, 5], [4, 0]]]
    """
    tensor = convert(x)
    offsets = _offsets("matrix_diag_part", offset)
    parts = [apply(MatrixDiagPart(k), tensor) for k in offsets]
    if len(parts) == 1:
        return identity(parts[0], name=name or "matrix_diag_part")
    filler = _filler(tensor, padding_value)
    lengths = [axis_size(part, -1) for part in parts]
    longest = _largest(*lengths)
    missing = [longest - length for length in lengths]
    padded = [
        concat([part, fill(_sizes(part, 1, count), filler)], axis=-1) if count != 0 else part
        for part, count in zip(parts, missing, strict=True)
    ]
    return stack(padded, axis=-2, name=name or "matrix_diag_part")


def matrix_set_diag(x: Any, diagonal: Any, offset: Offset = 0, name: str | None = None) -> Tensor:
    """Matrices with other entries on a diagonal, or on a band of them.

    Args:
        x: (..., rows, columns) any dtype.
        diagonal: (..., length) of the same dtype, with the batch axes of `x`; for a band
            (..., diagonals, length), as `matrix_diag_part` gives them.
        offset: of the diagonal, in -rows <= offset <= columns; or (lowest, highest) of a band.
        name: of the node.

    Returns:
        The shape of `x`.

    Raises:
        ShapeError: if the diagonal does not fit, or there is no such one.
        DtypeError: if the dtypes differ.
        OptionError: if `offset` is something else.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_set_diag([[1, 2], [3, 4]], [0, 9])).tolist()
    [[0, 2], [3, 9]]
    """
    matrices, entries = convert_all(x, diagonal)
    offsets = _offsets("matrix_set_diag", offset)
    parts = [entries]
    if len(offsets) > 1:
        lengths = [axis_size(apply(MatrixDiagPart(k), matrices), -1) for k in offsets]
        rows = unstack(entries, len(offsets), axis=-2)
        longest = _largest(*lengths)
        parts = [
            split(row, [length, longest - length], axis=-1)[0]
            for row, length in zip(rows, lengths, strict=True)
        ]
    for k, part in zip(offsets, parts, strict=True):
        matrices = apply(MatrixSetDiag(k), matrices, part)
    return identity(matrices, name=name or "matrix_set_diag")


def matrix_diag(
    diagonal: Any,
    offset: Offset = 0,
    num_rows: Any = None,
    num_columns: Any = None,
    padding_value: Any = 0,
    name: str | None = None,
) -> Tensor:
    """Matrices with given entries on a diagonal, or on a band of them.

    Args:
        diagonal: (..., length) number or bool; for a band (..., diagonals, length), as
            `matrix_diag_part` gives them.
        offset: of the diagonal, or (lowest, highest) of a band.
        num_rows: an int or an integer scalar. By default the matrices are square and as small as
            they can be; if only `num_columns` is given, with as few rows as they can have.
        num_columns: likewise.
        padding_value: of all other entries.
        name: of the node.

    Returns:
        (..., num_rows, num_columns) of the same dtype.

    Raises:
        ShapeError: for a scalar (for a band, a vector), or if the sizes do not fit.
        OptionError: if `offset` is something else.

    >>> from thalweg.core import Session
    >>> y = matrix_diag([1, 2]), matrix_diag([1, 2], offset=1, padding_value=9)
    >>> [value.tolist() for value in Session().run(list(y))]
    [[[1, 0], [0, 2]], [[9, 1, 9], [9, 9, 2], [9, 9, 9]]]
    """
    tensor = convert(diagonal)
    offsets = _offsets("matrix_diag", offset)
    taken = 1 if len(offsets) == 1 else 2  # axes of the diagonal that are no batch axes
    if tensor.ndim is not None and tensor.ndim < taken:
        raise ShapeError(
            "matrix_diag",
            "takes vectors" if taken == 1 else "takes one vector a diagonal",
            expected=f"diagonal with {'one axis' if taken == 1 else 'two axes'} or more",
            got=types_text(diagonal=tensor.type),
            site=user_site(2),
        )
    length = axis_size(tensor, -1)
    rows, columns = length - min(offsets[0], 0), length + max(offsets[-1], 0)
    if num_rows is None and num_columns is None:
        rows = columns = _largest(rows, columns)
    rows = rows if num_rows is None else num_rows
    columns = columns if num_columns is None else num_columns
    blank = fill(_sizes(tensor, taken, rows, columns), _filler(tensor, padding_value))
    return matrix_set_diag(blank, tensor, offset, name=name or "matrix_diag")


def _offsets(where: str, offset: Any) -> list[int]:
    """The offsets of the diagonals of a band, the highest first."""
    pair = [offset, offset] if isinstance(offset, int | np.integer) else list(offset)
    if len(pair) != 2 or pair[0] > pair[1]:
        raise OptionError(
            where,
            "offset is neither that of a diagonal nor of a band",
            expected="an integer, or (lowest, highest)",
            got=repr(offset),
            site=user_site(3),
        )
    return [int(k) for k in range(pair[1], pair[0] - 1, -1)]


def _filler(x: Tensor, value: Any) -> Tensor:
    """A scalar for what is beside the diagonals of x; 0 stands for False too."""
    with beside(x):
        return constant(np.zeros((), x.dtype.numpy) if value == 0 else value, x.dtype)


def axis_size(x: Tensor, axis: int) -> Any:
    """A size: an int where it is known, else a scalar."""
    size = None if x.type.shape is None else x.type.shape[axis]
    return shape_of(x)[axis] if size is None else size


def _sizes(x: Tensor, taken: int, *others: Any) -> Tensor:
    """The sizes of x without those of the last axes, and others in their place."""
    return concat([shape_of(x)[:-taken], size_vector("MatrixDiag", list(others), x)], axis=0)


def _largest(*sizes: Any) -> Any:
    """The largest of sizes, of which some may be scalar tensors."""
    tensors = [size for size in sizes if isinstance(size, Tensor)]
    known = max((size for size in sizes if not isinstance(size, Tensor)), default=0)
    return functools.reduce(maximum, [*tensors, known]) if tensors else known


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
