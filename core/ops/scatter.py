"""Rows put into a tensor by index: the ops under all functions that scatter.

Rows of equal index are combined first (`CombineRows`), into what each of them is replaced by; then
every row is put in its place (`PutRows`), and where several have one place they are the same. So no
result depends on an order that nobody chose, and the second op cannot fail where the first did not.
Indices count the entries of the first axis, or of the first few axes in row-major order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import REGISTRY, OpDef, apply, register, require
from ..types import TensorType, int64, shape_text, types_text
from .compare import equal, where
from .concat import Concat
from .elementwise import Shape, cast, divide, multiply, ones_like, shape_of, subtract, zeros_like
from .equal_rows import combine_equal, places
from .gather import Gather
from .reduce import ReduceProd
from .shape import Reshape
from .sizes import require_sizes, size_values
from .slicing import Slice, Span

__all__: list[str] = []  # scattering.py has what users call


class _Rows(OpDef):
    """Base of ops on rows: their types, which come out as they go in."""

    def infer(self, rows: TensorType, indices: TensorType, size: TensorType) -> TensorType:
        """The type of the rows."""
        require(self, "integer", indices=indices, size=size)
        shape, places = rows.dims(), indices.dims()
        if size.rank != 0 or not indices.accepts_shape(shape[: len(places)]):
            raise ShapeError(
                self.label,
                "the rows do not fit the indices",
                expected="rows (*indices, ...), size ()",
                got=types_text(rows=rows, indices=indices, size=size),
            )
        return rows.with_shape(shape)


@register
class CombineRows(_Rows):
    """For each row, what all rows of its index make together.

    rows: (*n, ...), indices: (*n) integer in -size <= index < size, size: () host integer
    -> the shape of the rows. `kind` is "add", "multiply", "minimum", "maximum", or "last" for the
    last of them in row-major order.
    """

    kind: str
    host_inputs = frozenset({2})

    def compute(self, xp: Any, rows: Any, indices: Any, size: Any) -> Any:
        """One combined row an index, looked up for each row."""
        index = places(xp, indices, int(size))
        flat = rows.reshape((index.shape[0], math.prod(rows.shape[indices.ndim :])))
        combine = _last if self.kind == "last" else getattr(xp, self.kind)
        distinct, combined = combine_equal(xp, index, flat, combine)
        return combined[xp.searchsorted(distinct, index)].reshape(rows.shape)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """What flows into all rows of an index comes from each by its share."""
        rows, indices, size = node.inputs
        total = apply(CombineRows("add"), g, indices, size)
        if self.kind == "last":
            total = apply(KeepLastRows(), total, indices, size)
        elif self.kind in ("minimum", "maximum"):
            is_it = cast(equal(rows, node.outputs[0]), rows.dtype)
            total = multiply(divide(total, apply(CombineRows("add"), is_it, indices, size)), is_it)
        elif self.kind == "multiply":
            total = multiply(total, _products_of_others(rows, indices, size))
        return [total, None, None]


def _last(a: Any, b: Any) -> Any:
    return b


def _products_of_others(rows: Tensor, indices: Tensor, size: Tensor) -> Tensor:
    """For each row, the product of the other rows of its index, zeros among them or not."""
    zero = zeros_like(rows)
    is_zero = equal(rows, zero)
    safe = where(is_zero, ones_like(rows), rows)
    count = cast(is_zero, rows.dtype)
    other_zeros = subtract(apply(CombineRows("add"), count, indices, size), count)
    product = divide(apply(CombineRows("multiply"), safe, indices, size), safe)
    return where(equal(other_zeros, zero), product, zero)


@register
class KeepLastRows(_Rows):
    """Zeros for all rows but the last of each index.

    rows: (*n, ...) number, indices: (*n) integer, size: () host integer -> the same shape.
    It is linear, and its own transpose.
    """

    host_inputs = frozenset({2})

    def compute(self, xp: Any, rows: Any, indices: Any, size: Any) -> Any:
        """A row is the last of its index if no later one has it."""
        index = places(xp, indices, int(size))
        order = xp.argsort(index, kind="stable")
        behind = index[order]
        is_last = xp.ones(index.shape, "bool")
        is_last[order[:-1]] = behind[1:] != behind[:-1]
        is_last = is_last.reshape(indices.shape + (1,) * (rows.ndim - indices.ndim))
        return xp.where(is_last, rows, xp.zeros((), rows.dtype))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The same of g."""
        return [apply(KeepLastRows(), g, *node.inputs[1:]), None, None]


@register
class PutRows(OpDef):
    """A tensor with some rows replaced; rows of one index must be equal.

    tensor: (...) any dtype, indices: (*n) integer, rows: (*n, ...) -> the type of the tensor.
    An index counts the entries of the first `axes` axes in row-major order.
    """

    axes: int = 1
    reuse: ClassVar[Mapping[int, int]] = {0: 0}
    in_place = True

    def infer(self, tensor: TensorType, indices: TensorType, rows: TensorType) -> TensorType:
        """The type of the tensor, into which the rows must fit."""
        require(self, "integer", indices=indices)
        require(self, "same", tensor=tensor, rows=rows)
        wanted = (*indices.dims(), *tensor.dims()[self.axes :])
        if not 1 <= self.axes <= len(tensor.dims()) or not rows.accepts_shape(wanted):
            raise ShapeError(
                self.label,
                "the rows do not fit",
                expected=f"rows {rows.with_shape(wanted)}",
                got=types_text(tensor=tensor, indices=indices, rows=rows),
            )
        return tensor.with_shape(tensor.shape)

    def compute(
        self, xp: Any, tensor: Any, indices: Any, rows: Any, *, in_place: bool = False
    ) -> Any:
        """Assignment to places of a copy, or of the tensor itself."""
        sizes = tensor.shape[: self.axes]
        index = places(xp, indices, math.prod(sizes))
        rows = rows.reshape((index.shape[0], *tensor.shape[self.axes :]))
        result = tensor if in_place else xp.array(tensor)
        place = []
        for size in reversed(sizes):
            place.append(index % size)
            index = index // size
        result[tuple(reversed(place))] = rows
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """To the tensor where nothing was put; of equal rows, to the last."""
        tensor, indices, rows = node.inputs
        kept = apply(PutRows(self.axes), g, indices, zeros_like(rows))
        picked = apply(Gather(0), merged_axes(apply, g, self.axes), indices)
        _, total = head_of_sizes(apply, shape_of(tensor, int64), self.axes)
        return [kept, None, apply(KeepLastRows(), picked, indices, total)]


@register
class FlatIndex(OpDef):
    """The places of index vectors, in row-major order.

    indices: (*batch, ..., k) integer, sizes: (batch + k,) host integer -> (*batch, ...) int64. The
    first `batch_dims` axes count along the first sizes.
    """

    batch_dims: int = 0
    host_inputs = frozenset({1})

    def infer(self, indices: TensorType, sizes: TensorType) -> TensorType:
        """Without the last axis."""
        require(self, "integer", indices=indices)
        require_sizes(self, sizes=sizes)
        dims = indices.dims()
        if not dims or not 0 <= self.batch_dims < len(dims):
            raise ShapeError(
                self.label,
                "indices need an axis of their own",
                expected=f"indices (..., k), after {self.batch_dims} axes of the batch",
                got=types_text(indices=indices),
            )
        limits = size_values(sizes)
        if limits is not None:
            self._check(indices, limits)
        return TensorType(int64, dims[:-1])

    def _check(self, indices: TensorType, limits: Sequence[int | None]) -> None:
        dims = indices.dims()
        batch = indices.with_shape(dims[: self.batch_dims])
        depth = dims[-1]
        if not batch.accepts_shape(tuple(limits[: self.batch_dims])) or depth not in (
            None,
            len(limits) - self.batch_dims,
        ):
            raise ShapeError(
                self.label,
                "the indices do not fit the axes",
                expected=f"indices (*{shape_text(limits[: self.batch_dims])}, ..., "
                f"{len(limits) - self.batch_dims})",
                got=types_text(indices=indices),
            )
        for index, limit in zip(indices.value or (), limits[self.batch_dims :], strict=False):
            if limit is not None and index is not None and not -limit <= index < limit:
                raise ShapeError(
                    self.label,
                    "an index is out of range",
                    expected=f"each -size <= index < size, of sizes {shape_text(limits)}",
                    got=shape_text(indices.value),
                )

    def infer_unknown(self, indices: TensorType, sizes: TensorType) -> tuple[TensorType, ...]:
        """int64."""
        return (TensorType(int64, None),)

    def compute(self, xp: Any, indices: Any, sizes: Any) -> Any:
        """Each further axis multiplies what the axes before it count."""
        shape = indices.shape[:-1]
        limits = sizes.tolist()
        flat = xp.zeros(shape, "int64")
        for axis, size in enumerate(limits):
            if axis < self.batch_dims:
                part = xp.arange(size).reshape((size,) + (1,) * (len(shape) - 1 - axis))
            else:
                part = places(xp, indices[..., axis - self.batch_dims], size).reshape(shape)
            flat = flat * size + part
        return flat

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """None: it gives integers."""
        return [None, None]


Emit = Callable[..., Any]  # `apply` on tensors, or an emitter's `emit` on values of a program


def head_of_sizes(emit: Emit, sizes: Any, axes: int) -> tuple[Any, Any]:
    """The first few sizes, (axes,), and their product, ()."""
    head = emit(Slice((Span(None, axes),)), sizes)
    return head, emit(ReduceProd((0,), False), head)


def merged_sizes(emit: Emit, sizes: Any, axes: int) -> Any:
    """The sizes with the first few as one."""
    if axes == 1:
        return sizes
    first = emit(ReduceProd((0,), True), emit(Slice((Span(None, axes),)), sizes))
    return emit(Concat(0), first, emit(Slice((Span(axes, None),)), sizes))


def merged_axes(emit: Emit, tensor: Any, axes: int) -> Any:
    """A tensor with its first axes as one."""
    if axes == 1:
        return tensor
    return emit(Reshape(), tensor, merged_sizes(emit, emit(Shape(int64), tensor), axes))


def put_combined(
    emit: Emit, kind: str, tensor: Any, indices: Any, rows: Any, total: Any, axes: int, **name: Any
) -> Any:
    """The tensor with its rows at flat indices replaced by what `kind` makes of old and new ones.

    Args:
        emit: adds an op.
        kind: "last" to replace, or an op of `_MEETS`.
        tensor: (*sizes, ...).
        indices: (*n) integer.
        rows: (*n, ...).
        total: () integer, the product of the first `axes` sizes.
        axes: how many axes the indices count along.
        **name: of the node, where `emit` takes one.
    """
    combine, meet = _MEETS[kind]
    rows = emit(CombineRows(combine), rows, indices, total)
    if meet is not None:
        picked = emit(Gather(0), merged_axes(emit, tensor, axes), indices)
        rows = emit(REGISTRY[meet](), picked, rows)
    return emit(PutRows(axes), tensor, indices, rows, **name)


# what is done -> (how rows of one index are combined, how the result meets the old row)
_MEETS = {
    "last": ("last", None),
    "add": ("add", "Add"),
    "subtract": ("add", "Subtract"),
    "multiply": ("multiply", "Multiply"),
    "divide": ("multiply", "Divide"),
    "minimum": ("minimum", "Minimum"),
    "maximum": ("maximum", "Maximum"),
}
