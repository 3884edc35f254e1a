"""Elements written by index, and read by vectors of indices: `scatter_nd` and its kind.

The functions whose names begin with `scatter_` change a variable; those that begin with
`tensor_scatter_` make a new tensor. Where several updates have one place, they are combined first:
sums, products, minima and maxima of all of them; of replacements, the last in row-major order.
"""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError, user_site
from ..graph import Tensor
from ..opdef import apply
from ..types import int64, types_text
from .elementwise import add, shape_of, subtract
from .gather import ScatterRows, gather
from .scatter import FlatIndex, head_of_sizes, merged_axes, merged_sizes, put_combined
from .shape import reshape
from .sizes import beside
from .source import convert, convert_all
from .stack import size_vector

__all__ = [
    "gather_nd",
    "scatter_nd",
    "tensor_scatter_add",
    "tensor_scatter_max",
    "tensor_scatter_min",
    "tensor_scatter_sub",
    "tensor_scatter_update",
]


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Tensor:
    """The slices of `params` at vectors of indices.

    With k = the last size of `indices`, and no batch:
    result[i, …] = params[indices[i, …, 0], …, indices[i, …, k - 1]].

    Args:
        params: (*batch, size_1, …, size_k, ...) any dtype.
        indices: (*batch, ..., k) integer, each in -size <= index < size; k must be known.
        batch_dims: how many first axes of both count the entries of a batch.
        name: of the node.

    Returns:
        (*batch, ..., ...): the indices' shape without its last axis, and the rest of params'.

    Raises:
        ShapeError: if the indices do not fit, their rank or k is unknown, or known ones are out
            of range.
        DtypeError: if they are not integers.
        KernelError: if an index that only the run knows is out of range (on a device it wraps).

    >>> from thalweg.core import Session
    >>> Session().run(gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]])).tolist()
    [2, 3]
    """
    x = convert(params)
    with beside(x):
        vectors = convert(indices)
        axes = index_depth("gather_nd", vectors) + int(batch_dims)
        sizes, _ = head_of_sizes(apply, shape_of(x, int64), axes)
        flat = apply(FlatIndex(int(batch_dims)), vectors, sizes)
        return gather(merged_axes(apply, x, axes), flat, 0, name=name or "gather_nd")


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros, with `updates` added at vectors of indices; those of one place add up.

    The order of the additions follows from the indices alone, so that the bits are always the
    same.

    Args:
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., *shape[k:]) number.
        shape: of the result: a list that may mix ints and integer scalars, or a vector.
        name: of the node.

    Raises:
        ShapeError: if the shapes do not fit together, or known indices are out of range.
        DtypeError: if the indices are not integers, or the updates not numbers.
        KernelError: if an index that only the run knows is out of range (on a device it wraps).

    >>> from thalweg.core import Session
    >>> Session().run(scatter_nd([[1], [3], [1]], [1.0, 2.0, 5.0], [4])).tolist()
    [0.0, 6.0, 0.0, 2.0]
    """
    rows = convert(updates)
    with beside(rows):
        vectors = convert(indices)
        sizes = size_vector("scatter_nd", shape, rows)
        axes = index_depth("scatter_nd", vectors)
        flat = apply(FlatIndex(), vectors, head_of_sizes(apply, sizes, axes)[0])
        merged = apply(ScatterRows(0), rows, flat, merged_sizes(apply, sizes, axes))
        return reshape(merged, sizes, name=name or "scatter_nd")


def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with `updates` added at vectors of indices; those of one place add up.

    Args:
        tensor: (size_1, …, size_k, ...) number.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of the same dtype: the indices' shape without its last axis, and the
            rest of the tensor's.
        name: of the node.

    Raises:
        ShapeError: if the shapes do not fit together, or known indices are out of range.
        DtypeError: if the dtypes differ, or the indices are not integers.
        KernelError: if an index that only the run knows is out of range (on a device it wraps).

    >>> from thalweg.core import Session
    >>> Session().run(tensor_scatter_add([1, 1, 1], [[0], [2], [0]], [5, 6, 7])).tolist()
    [13, 1, 7]
    """
    x, rows = convert_all(tensor, updates)
    with beside(x):
        return add(x, scatter_nd(indices, rows, shape_of(x, int64)), name=name)


def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with `updates` subtracted at vectors of indices; those of one place add up.

    Args:
        tensor: (size_1, …, size_k, ...) number.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of the same dtype, as in `tensor_scatter_add`.
        name: of the node.

    Raises:
        ShapeError, DtypeError, KernelError: as `tensor_scatter_add`.

    >>> from thalweg.core import Session
    >>> Session().run(tensor_scatter_sub([9, 9, 9], [[0], [2], [0]], [5, 6, 7])).tolist()
    [-3, 9, 3]
    """
    x, rows = convert_all(tensor, updates)
    with beside(x):
        return subtract(x, scatter_nd(indices, rows, shape_of(x, int64)), name=name)


def tensor_scatter_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Tensor:
    """`tensor` with the entries at vectors of indices replaced; of those of one place, the last.

    Args:
        tensor: (size_1, …, size_k, ...) any dtype.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of the same dtype, as in `tensor_scatter_add`.
        name: of the node.

    Raises:
        ShapeError, DtypeError, KernelError: as `tensor_scatter_add`.

    >>> from thalweg.core import Session
    >>> Session().run(tensor_scatter_update([9, 9, 9], [[0], [2], [0]], [5, 6, 7])).tolist()
    [7, 9, 6]
    """
    return _put("last", tensor, indices, updates, name)


def tensor_scatter_min(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with the entries at vectors of indices lowered to `updates`, where these are less.

    Equal updates of one place share the gradient; one that only equals the tensor gets none.

    Args:
        tensor: (size_1, …, size_k, ...) number.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of the same dtype, as in `tensor_scatter_add`.
        name: of the node.

    Raises:
        ShapeError, DtypeError, KernelError: as `tensor_scatter_add`.

    >>> from thalweg.core import Session
    >>> Session().run(tensor_scatter_min([9, 9, 1], [[0], [2], [0]], [5, 6, 7])).tolist()
    [5, 9, 1]
    """
    return _put("minimum", tensor, indices, updates, name)


def tensor_scatter_max(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with the entries at vectors of indices raised to `updates`, where these are more.

    Equal updates of one place share the gradient; one that only equals the tensor gets none.

    Args:
        tensor: (size_1, …, size_k, ...) number.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of the same dtype, as in `tensor_scatter_add`.
        name: of the node.

    Raises:
        ShapeError, DtypeError, KernelError: as `tensor_scatter_add`.

    >>> from thalweg.core import Session
    >>> Session().run(tensor_scatter_max([9, 9, 1], [[0], [2], [0]], [5, 6, 7])).tolist()
    [9, 9, 6]
    """
    return _put("maximum", tensor, indices, updates, name)


def _put(kind: str, tensor: Any, indices: Any, updates: Any, name: str | None) -> Tensor:
    x, rows = convert_all(tensor, updates)
    with beside(x):
        vectors = convert(indices)
        axes = index_depth("tensor_scatter", vectors)
        sizes, total = head_of_sizes(apply, shape_of(x, int64), axes)
        flat = apply(FlatIndex(), vectors, sizes)
        result: Tensor = put_combined(apply, kind, x, flat, rows, total, axes, name=name)
        return result


def index_depth(where: str, indices: Tensor) -> int:
    """How many axes the vectors of indices are about.

    Raises:
        ShapeError: if that is unknown.
    """
    depth = indices.shape[-1] if indices.shape else None
    if depth is None:
        raise ShapeError(
            where,
            "how many axes the indices are about is unknown",
            expected="indices (..., k) of known rank and k",
            got=types_text(indices=indices.type),
            site=user_site(3),
            hint="indices.set_shape([None, 2]) says it",
        )
    return depth
