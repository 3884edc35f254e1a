"""Elements picked by index: `gather`, its gradient, and `one_hot`."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from ..errors import DtypeError, ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, TensorType, as_dtype, normalize_axis, types_text
from .elementwise import shape_from_value, shape_of
from .equal_rows import places
from .grouped import combine_rows
from .sizes import beside, keep_values
from .source import convert

__all__ = ["gather", "one_hot"]


@register
class Gather(OpDef):
    """Slices of params along an axis, picked by index.

    params: (..., size, ...) any dtype, indices: (...) integer in -size <= index < size
    -> the shape of params with that of indices in the place of `axis`.
    """

    axis: int

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
        axis = normalize_axis(self.axis, len(dims), self.label)
        size = dims[axis]
        wrong = [
            index
            for index in indices.value or ()
            if size is not None and index is not None and not -size <= index < size
        ]
        if wrong:
            raise ShapeError(
                self.label,
                "an index is out of range",
                expected=f"-{size} <= index < {size} on axis {axis} of params {params}",
                got=str(wrong[0]),
            )
        result = params.with_shape((*dims[:axis], *indices.dims(), *dims[axis + 1 :]))
        if params.value is None or indices.known_value is None:
            return result
        return keep_values(self, [params, indices], [result])[0]

    def infer_unknown(self, params: TensorType, indices: TensorType) -> tuple[TensorType, ...]:
        """The dtype of params."""
        require(self, "integer", indices=indices)
        return (TensorType(params.dtype, None),)

    def compute(self, xp: Any, params: Any, indices: Any) -> Any:
        """`xp.take`, which of a vector of strings would give a scalar as bytes, not as an array."""
        index = indices.astype("int64")
        if index.ndim:
            return xp.take(params, index, axis=self.axis)
        return xp.take(params, index.reshape((1,)), axis=self.axis).squeeze(axis=self.axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Added up where they were picked."""
        params, indices = node.inputs
        return [apply(GatherGrad(self.axis), g, indices, shape_of(params)), None]


@register
class GatherGrad(OpDef):
    """Zeros, with slices added where they were picked: the gradient of `Gather`.

    g: (...) number, indices: (...) integer, shape: (rank,) host integer -> `shape`.
    """

    axis: int
    host_inputs = frozenset({2})

    def infer(self, g: TensorType, indices: TensorType, shape: TensorType) -> TensorType:
        """The shape's value."""
        return TensorType(g.dtype, shape_from_value(shape))

    def infer_unknown(
        self, g: TensorType, indices: TensorType, shape: TensorType
    ) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(g, indices, shape),)

    def compute(self, xp: Any, g: Any, indices: Any, shape: Any) -> Any:
        """A stable sort by index, then sums of neighbours with one index, in a fixed order."""
        sizes = shape.tolist()
        axis = self.axis % len(sizes)
        size, before, after = sizes[axis], math.prod(sizes[:axis]), math.prod(sizes[axis + 1 :])
        index = places(xp, indices, size)
        rows = g.reshape((before, index.shape[0], after)).transpose(1, 0, 2)
        result = combine_rows(xp, index, rows, size, operator.add, 0)
        return result.transpose(1, 0, 2).reshape(sizes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Picked again."""
        return [apply(Gather(self.axis), g, node.inputs[1]), None, None]


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


def gather(params: Any, indices: Any, axis: int = 0, name: str | None = None) -> Tensor:
    """The slices of `params` at `indices` along `axis`.

    Args:
        params: (..., size, ...) any dtype.
        indices: (...) integer in -size <= index < size; negative ones count from the end.
        axis: in -rank <= axis < rank.
        name: of the node.

    Returns:
        The shape of `params` with that of `indices` in the place of `axis`.

    Raises:
        ShapeError: if there is no such axis, or a known index is out of range.
        DtypeError: if `indices` are not integers.

    >>> from thalweg.core import Session
    >>> Session().run(gather([[1, 2], [3, 4]], [1, 1, 0])).tolist()
    [[3, 4], [3, 4], [1, 2]]
    """
    tensor = convert(params)
    with beside(tensor):
        picked = convert(indices)
    return apply(Gather(int(axis)), tensor, picked, name=name)


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
