"""Elements picked by index: `gather`, what flows back from it, and `one_hot`.

The gradient of `gather` is `ScatterRows(rows, indices)`: a tensor of the shape of what was gathered
from, zero but for the rows that were picked. Anything may read it as that tensor. Where an
optimizer's rule leaves alone what has no gradient, the pass `sparse` sees that the update is of
these rows only, and the tensor is never made.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import DtypeError, ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, Shape, TensorType, as_dtype, normalize_axis, types_text
from .elementwise import shape_from_value, shape_of
from .equal_rows import places
from .grouped import combine_rows
from .sizes import beside, keep_values
from .source import convert

__all__ = ["batch_gather", "gather", "one_hot"]


class _Picked(NamedTuple):
    """How gathering sees a tensor: (batch, before, size, after), with picks along `size`."""

    batch: int
    before: int
    size: int
    after: int


class _Picking(OpDef):
    """Which axis is picked along, and how many axes before it share their indices.

    `axis` is None for the axis after the batch; a negative `batch_dims` counts from the rank of
    the indices.
    """

    axis: int | None
    batch_dims: int = 0

    def axes(self, params: int, indices: int) -> tuple[int, int]:
        """(axis, batch_dims) counted from the front, for tensors of these ranks."""
        batch = self.batch_dims + (indices if self.batch_dims < 0 else 0)
        axis = normalize_axis(batch if self.axis is None else self.axis, params, "Gather")
        if not 0 <= batch <= min(axis, indices):
            raise ShapeError(
                "Gather",
                "batch_dims does not fit",
                expected=f"0 <= batch_dims <= axis {axis}, and at most {indices}, the rank of the "
                "indices",
                got=f"batch_dims {batch}",
            )
        return axis, batch

    def seen(self, shape: Sequence[int], rank: int) -> _Picked:
        """The sizes of a tensor of this shape, picked from by indices of this rank."""
        axis, batch = self.axes(len(shape), rank)
        parts = (shape[:batch], shape[batch:axis], shape[axis : axis + 1], shape[axis + 1 :])
        return _Picked(*map(math.prod, parts))


@register
class Gather(_Picking):
    """Slices of params along an axis, picked by index.

    params: (..., size, ...) any dtype, indices: (...) integer in -size <= index < size
    -> the shape of params with that of indices in the place of `axis`; the first `batch_dims`
    axes of both are the same, and stand in the result once.
    """

    def infer(self, params: TensorType, indices: TensorType) -> TensorType:
        """Known indices are checked."""
        require(self, "integer", indices=indices)
        dims = params.dims()
        if not dims:
            raise ShapeError(
                self.label,
                "a scalar has no axis to pick along",
                expected="params with one axis or more",
                got=types_text(params=params, indices=indices),
            )
        axis, batch = self.axes(len(dims), len(indices.dims()))
        _check_range(self, params, axis, indices)
        result = params.with_shape(
            (
                *_common_batch(self, params, indices, batch),
                *dims[batch:axis],
                *indices.dims()[batch:],
                *dims[axis + 1 :],
            )
        )
        if params.value is None or indices.known_value is None:
            return result
        return keep_values(self, [params, indices], [result])[0]

    def infer_unknown(self, params: TensorType, indices: TensorType) -> tuple[TensorType, ...]:
        """The dtype of params."""
        require(self, "integer", indices=indices)
        return (TensorType(params.dtype, None),)

    def compute(self, xp: Any, params: Any, indices: Any) -> Any:
        """`xp.take`, or one for each entry of the batch."""
        axis, batch = self.axes(params.ndim, indices.ndim)
        index = indices.astype("int64")
        if not batch and index.ndim:
            return xp.take(params, index, axis=axis)
        if not batch:  # of a vector of strings that would be bytes, not an array
            return xp.take(params, index.reshape((1,)), axis=axis).squeeze(axis=axis)
        seen = self.seen(params.shape, indices.ndim)
        count = math.prod(index.shape[batch:])
        index = index.reshape((seen.batch, 1, count, 1))
        rows = xp.take_along_axis(params.reshape(tuple(seen)), index, axis=2)
        shape = (*params.shape[:axis], *indices.shape[batch:], *params.shape[axis + 1 :])
        return rows.reshape(shape)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Added up where they were picked."""
        params, indices = node.inputs
        op = ScatterRows(self.axis, self.batch_dims)
        return [apply(op, g, indices, shape_of(params)), None]


def _check_range(op: OpDef, params: TensorType, axis: int, indices: TensorType) -> None:
    """Raises ShapeError if an index is known to be none of the axis."""
    size = params.dims()[axis]
    for index in indices.value or ():
        if size is not None and index is not None and not -size <= index < size:
            raise ShapeError(
                op.label,
                "an index is out of range",
                expected=f"-{size} <= index < {size} on axis {axis} of params {params}",
                got=str(index),
            )


def _common_batch(op: OpDef, params: TensorType, indices: TensorType, batch: int) -> Shape:
    """The sizes of the batch, which both have."""
    pairs = list(zip(params.dims()[:batch], indices.dims()[:batch], strict=True))
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ShapeError(
            op.label,
            "the batches differ",
            expected=f"equal sizes on the first {batch} axes",
            got=types_text(params=params, indices=indices),
        )
    return tuple(b if a is None else a for a, b in pairs)


@register
class ScatterRows(_Picking):
    """Zeros, with slices added where they were picked: the gradient of `Gather`.

    rows: (...) number, indices: (...) integer, shape: (rank,) host integer -> `shape`.
    """

    host_inputs = frozenset({2})

    def infer(self, rows: TensorType, indices: TensorType, shape: TensorType) -> TensorType:
        """The shape's value, from which these rows must have been picked."""
        require(self, "number", rows=rows)
        require(self, "integer", indices=indices)
        result = TensorType(rows.dtype, shape_from_value(shape))
        if result.shape is not None:
            gather = Gather(self.axis, self.batch_dims)
            picked = gather.infer(result, indices.with_shape(indices.shape))
            if not picked.accepts(rows):
                raise ShapeError(
                    self.label,
                    "the rows do not fit",
                    expected=f"rows {picked}, as picked from {result}",
                    got=types_text(rows=rows, indices=indices),
                )
        return result

    def infer_unknown(
        self, rows: TensorType, indices: TensorType, shape: TensorType
    ) -> tuple[TensorType, ...]:
        """The shape's value."""
        return (TensorType(rows.dtype, shape_from_value(shape)),)

    def compute(self, xp: Any, rows: Any, indices: Any, shape: Any) -> Any:
        """The rows of each index are added up, and put in their place."""
        sizes = tuple(shape.tolist())
        batch, before, size, after = self.seen(sizes, indices.ndim)
        index = places(xp, indices, size)
        count = index.shape[0] // batch if batch else 0
        if batch > 1:  # the batches one after another, as rows of one tensor
            index = index + xp.arange(batch).repeat(count) * size
        rows = rows.reshape((batch, before, count, after)).transpose(0, 2, 1, 3)
        rows = rows.reshape((batch * count, before, after))
        result = combine_rows(xp, index, rows, batch * size, operator.add, 0)
        return result.reshape((batch, size, before, after)).transpose(0, 2, 1, 3).reshape(sizes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Picked again."""
        return [apply(Gather(self.axis, self.batch_dims), g, node.inputs[1]), None, None]


@register
class OneHot(OpDef):
    """One value at each index of a new axis, another everywhere else.

    indices: (...) integer, depth: () host integer -> (..., depth, ...), with depth at `axis`; an
    index outside 0 <= index < depth has no place.
    """

    on_value: float
    off_value: float
    axis: int
    dtype: DType
    host_inputs = frozenset({1})

    def infer(self, indices: TensorType, depth: TensorType) -> TensorType:
        """One more axis."""
        self._check(indices, depth)
        size = depth.value[0] if depth.value else None
        if depth.rank != 0 or (size is not None and size < 0):
            raise ShapeError(
                self.label,
                "depth is not a size",
                expected="an integer >= 0 of shape ()",
                got=f"depth {depth if depth.rank else size}",
            )
        dims = indices.dims()
        axis = normalize_axis(self.axis, len(dims) + 1, self.label)
        return TensorType(self.dtype, (*dims[:axis], size, *dims[axis:]))

    def infer_unknown(self, indices: TensorType, depth: TensorType) -> tuple[TensorType, ...]:
        """The declared dtype."""
        self._check(indices, depth)
        return (TensorType(self.dtype, None),)

    def _check(self, indices: TensorType, depth: TensorType) -> None:
        require(self, "integer", indices=indices, depth=depth)
        if self.dtype.is_string:
            raise DtypeError(self.label, "makes no strings", expected="a number or bool dtype")

    def compute(self, xp: Any, indices: Any, depth: Any) -> Any:
        """Compares with the classes along the new axis."""
        rank = indices.ndim + 1
        axis = self.axis % rank
        classes = xp.arange(int(depth)).reshape((-1,) + (1,) * (rank - 1 - axis))
        hit = xp.expand_dims(indices.astype("int64"), axis) == classes
        on, off = (xp.asarray(v, dtype=self.dtype.numpy) for v in (self.on_value, self.off_value))
        return xp.where(hit, on, off)

    gradient = no_gradient


def gather(
    params: Any,
    indices: Any,
    axis: int | None = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Tensor:
    """The slices of `params` at `indices` along `axis`.

    With `batch_dims`, the first axes of both count the entries of a batch, each with indices of
    its own: result[b] = gather(params[b], indices[b], axis - 1), and so on for more of them.

    Args:
        params: (..., size, ...) any dtype.
        indices: (...) integer in -size <= index < size; negative ones count from the end.
        axis: in -rank <= axis < rank; by default the first after the batch.
        batch_dims: in 0 <= batch_dims <= axis; a negative one counts from the rank of the indices.
        name: of the node.

    Returns:
        The shape of `params` with that of `indices`, without the batch, in the place of `axis`.

    Raises:
        ShapeError: if there is no such axis, a known index is out of range, or batches differ.
        DtypeError: if `indices` are not integers.
        KernelError: if an index that only the run knows is out of range (on a device it wraps).

    >>> from thalweg.core import Session
    >>> Session().run(gather([[1, 2], [3, 4]], [1, 1, 0])).tolist()
    [[3, 4], [3, 4], [1, 2]]
    >>> Session().run(gather([[1, 2], [3, 4]], [1, 0], batch_dims=1)).tolist()
    [2, 3]
    """
    tensor = convert(params)
    with beside(tensor):
        picked = convert(indices)
    if axis is None and batch_dims == 0:
        axis = 0  # one spelling, so that equal ones merge
    op = Gather(None if axis is None else int(axis), int(batch_dims))
    return apply(op, tensor, picked, name=name)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """For each entry of a batch, the slices of `params` at its own `indices`.

    Args:
        params: (batch, …, size, ...) any dtype.
        indices: (batch, …, count) integer in -size <= index < size.
        name: of the node.

    Returns:
        (batch, …, count, ...).

    Raises:
        ShapeError: if the batches differ, or a known index is out of range.
        DtypeError: if `indices` are not integers.

    >>> from thalweg.core import Session
    >>> Session().run(batch_gather([[1, 2, 3], [4, 5, 6]], [[2, 2], [0, 1]])).tolist()
    [[3, 3], [4, 5]]
    """
    return gather(params, indices, batch_dims=-1, name=name)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: float = 1,
    off_value: float = 0,
    axis: int = -1,
    dtype: Any = "float32",
    name: str | None = None,
) -> Tensor:
    """`on_value` at each index along a new axis, `off_value` everywhere else.

    Args:
        indices: (...) integer; one outside 0 <= index < depth gets `off_value` only.
        depth: () integer >= 0, the size of the new axis; it may come from sizes and fed values.
        on_value: a Python number.
        off_value: a Python number.
        axis: where the new axis is in the result.
        dtype: of the result.
        name: of the node.

    Returns:
        (..., depth, ...) of `dtype`.

    Raises:
        ShapeError: if the result has no such axis, or `depth` is not a size.
        DtypeError: if `indices` or `depth` are not integers.

    >>> from thalweg.core import Session
    >>> Session().run(one_hot([1, 0], 3)).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    tensor = convert(indices)
    with beside(tensor):
        size = convert(depth)
    on, off = (v if isinstance(v, int) else float(v) for v in (on_value, off_value))
    return apply(OneHot(on, off, int(axis), as_dtype(dtype)), tensor, size, name=name)
