"""What ops on matrices ask of their operands: two axes or more, floats that LAPACK has, squares.

The axes before the last two are *batch axes*: an op does the same to each of their matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import numpy as np

from ...errors import DtypeError, KernelError, ShapeError
from ...opdef import OpDef, require
from ...types import Shape, TensorType, broadcast_shapes, float16, types_text

__all__: list[str] = []  # all of it is for the other modules of this folder


def require_rank(op: OpDef, rank: int, **types: TensorType) -> None:
    """Checks that the tensors whose rank is known have that many axes or more.

    Raises:
        ShapeError: if one has not.
    """
    if any(type_.rank is not None and type_.rank < rank for type_ in types.values()):
        what, axes = {1: ("vectors", "one axis"), 2: ("matrices", "two axes")}[rank]
        raise ShapeError(
            op.label,
            f"takes {what}",
            expected=f"{' and '.join(types)} with {axes} or more",
            got=types_text(**types),
        )


def require_matrices(op: OpDef, **types: TensorType) -> None:
    """Checks operands of a factorization or a solution: matrices of float32 or float64.

    Raises:
        DtypeError: for other dtypes, or two that differ.
        ShapeError: for scalars and vectors.
    """
    require(op, "same float", **types)
    if any(type_.dtype is float16 for type_ in types.values()):
        raise DtypeError(
            op.label,
            "takes float32 and float64 tensors",
            expected="float32 or float64",
            got=types_text(**types),
            hint="cast(x, 'float32') converts",
        )
    require_rank(op, 2, **types)


def require_square(op: OpDef, a: TensorType, name: str = "a") -> int | None:
    """The size of square matrices, None where unknown.

    Raises:
        ShapeError: if rows and columns differ.
    """
    rows, columns = a.dims()[-2:]
    if rows is not None and columns is not None and rows != columns:
        raise ShapeError(
            op.label,
            "takes square matrices",
            expected=f"{name} (..., size, size)",
            got=types_text(**{name: a}),
        )
    return columns if rows is None else rows


def batch_shape(op: OpDef, **types: TensorType) -> Shape:
    """The broadcast batch axes of several operands.

    Raises:
        ShapeError: if they cannot be broadcast together.
    """
    try:
        return broadcast_shapes(*(type_.dims()[:-2] for type_ in types.values()))
    except ShapeError:
        raise ShapeError(
            op.label,
            "the axes before the last two cannot be broadcast together",
            expected="equal sizes, or 1, on each of them",
            got=types_text(**types),
        ) from None


def smaller(a: int | None, b: int | None) -> int | None:
    """The smaller of two sizes; None where an unknown one may decide."""
    if a == 0 or b == 0:
        return 0
    return None if a is None or b is None else min(a, b)


class MatrixOp(OpDef):
    """Base of ops that give up on some matrices.

    Class attributes:
        problem: what is wrong with such a matrix.
        hint: the way out.
    """

    problem: ClassVar[str]
    hint: ClassVar[str]

    def failure(self, message: str) -> KernelError:
        """What it means when LAPACK gives up, or a kernel that uses its words."""
        return KernelError(self.label, self.problem, got=message, hint=self.hint)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Around a call of `xp.linalg`. CuPy raises NumPy's class too.

        Raises:
            KernelError: instead of `numpy.linalg.LinAlgError`.
        """
        try:
            yield
        except np.linalg.LinAlgError as error:
            raise self.failure(str(error)) from error
