"""Triangles and bands of matrices, and identity matrices: what their diagonals' numbers decide."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError, user_site
from ...graph import Tensor
from ...types import as_dtype, types_text
from ..compare import equal, greater_equal, less, less_equal, logical_and, where
from ..concat import concat
from ..elementwise import broadcast_to, cast, identity, negative, shape_of
from ..repeat import arange
from ..shape import expand_dims
from ..sizes import beside
from ..source import constant, convert, convert_all
from ..stack import size_vector, stack

__all__ = ["eye", "matrix_band_part", "tril", "triu"]


def _band(x: Tensor, low: Any, high: Any, name: str) -> Tensor:
    """x where low <= column - row <= high, else zeros; None bounds nothing."""
    if low is None and high is None:
        return identity(x, name=name)
    sizes = shape_of(x)
    right = arange(sizes[-1]) - expand_dims(arange(sizes[-2]), 1)
    inside = None
    for bound, compare in ((low, greater_equal), (high, less_equal)):
        if bound is not None:
            holds = compare(right, bound)
            inside = holds if inside is None else logical_and(inside, holds)
    with beside(x):
        zero = constant(np.zeros((), x.dtype.numpy))
    return where(inside, x, zero, name=name)


def matrix_band_part(x: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices with zeros outside a band around the main diagonal.

    An entry stays where row - column <= num_lower and column - row <= num_upper.

    Args:
        x: (..., rows, columns) number or bool.
        num_lower: how many diagonals below the main one stay: () integer; all if negative.
        num_upper: how many above it, likewise.
        name: of the node.

    Returns:
        The shape of `x`. Infinities and NaN outside the band are gone as well.

    Raises:
        ShapeError: for a scalar or a vector.

    >>> from thalweg.core import Session
    >>> Session().run(matrix_band_part([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 1, 0)).tolist()
    [[1, 0, 0], [4, 5, 0], [0, 8, 9]]
    """
    tensor = _matrices("matrix_band_part", x)
    lower, upper = (
        _bound(tensor, number, axis) for number, axis in ((num_lower, -2), (num_upper, -1))
    )
    low = None if lower is None else negative(lower) if isinstance(lower, Tensor) else -lower
    return _band(tensor, low, upper, name or "matrix_band_part")


def _bound(x: Tensor, number: Any, axis: int) -> Any:
    """How far a band reaches; None for as far as there is."""
    if isinstance(number, int | np.integer):
        return None if number < 0 else int(number)
    with beside(x):
        bound = cast(convert(number), "int32")
    return where(less(bound, 0), shape_of(x)[axis], bound)


def tril(x: Any, offset: int = 0, name: str | None = None) -> Tensor:
    """The lower triangles of matrices: zeros above a diagonal.

    Args:
        x: (..., rows, columns) number or bool.
        offset: of the last diagonal that stays.
        name: of the node.

    Raises:
        ShapeError: for a scalar or a vector.

    >>> from thalweg.core import Session
    >>> Session().run(tril([[1, 2], [3, 4]])).tolist()
    [[1, 0], [3, 4]]
    """
    return _band(_matrices("tril", x), None, int(offset), name or "tril")


def triu(x: Any, offset: int = 0, name: str | None = None) -> Tensor:
    """The upper triangles of matrices: zeros below a diagonal.

    Args:
        x: (..., rows, columns) number or bool.
        offset: of the first diagonal that stays.
        name: of the node.

    Raises:
        ShapeError: for a scalar or a vector.

    >>> from thalweg.core import Session
    >>> Session().run(triu([[1, 2], [3, 4]])).tolist()
    [[1, 2], [0, 4]]
    """
    return _band(_matrices("triu", x), int(offset), None, name or "triu")


def _matrices(where: str, x: Any) -> Tensor:
    tensor = convert(x)
    if tensor.ndim is not None and tensor.ndim < 2:
        raise ShapeError(
            where,
            "takes matrices",
            expected="x with two axes or more",
            got=types_text(x=tensor.type),
            site=user_site(3),
        )
    return tensor


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = "float32",
    name: str | None = None,
) -> Tensor:
    """Identity matrices: ones on the main diagonal, zeros elsewhere.

    Args:
        num_rows: an int or an integer scalar.
        num_columns: likewise; by default as many as rows.
        batch_shape: sizes of the axes before them: a list of ints and integer scalars, or an
            integer vector; None for a single matrix.
        dtype: a number.
        name: of the node.

    Returns:
        (*batch_shape, num_rows, num_columns) of `dtype`.

    Raises:
        ShapeError: if a size is negative or None.

    >>> from thalweg.core import Session
    >>> Session().run(eye(2, 3)).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    rows, columns = convert_all(num_rows, num_rows if num_columns is None else num_columns)
    one = equal(expand_dims(arange(rows), 1), arange(columns))
    batch = size_vector("eye", [] if batch_shape is None else batch_shape, rows)
    sizes = concat([batch, stack([rows, columns])], axis=0)
    if any(size is not None and size < 0 for size in sizes.type.value or ()):
        raise ShapeError(
            "eye",
            "a size is negative",
            expected="integers >= 0",
            got=repr(sizes.type.value),
            site=user_site(2),
        )
    return broadcast_to(cast(one, as_dtype(dtype)), sizes, name=name or "eye")
