"""Ops that give the same elements another shape or order, and those that ask for sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register
from ..types import (
    DType,
    Shape,
    TensorType,
    as_dtype,
    normalize_axes,
    normalize_axis,
    shape_text,
)
from .elementwise import shape_of
from .sizes import keep_values, require_sizes, size_values
from .source import convert
from .stack import size_vector

__all__ = ["expand_dims", "rank_of", "reshape", "size_of", "squeeze", "transpose"]


# The same elements in the same order ------------------------------------------------------------


@register
class Reshape(OpDef):
    """The same elements in another shape.

    x: (...) any dtype, shape: (rank,) host integer, of which one may be -1 -> `shape`, with -1
    replaced by the size that keeps the number of elements.
    """

    host_inputs = frozenset({1})
    is_view = True

    def infer(self, x: TensorType, shape: TensorType) -> TensorType:
        """The shape's value; one unknown size follows from the number of elements."""
        target = self._target(shape)
        if target is None:
            return x.with_shape(None)
        try:
            result = x.with_shape(_resolved(x.dims(), target))
        except ValueError:
            raise ShapeError(
                self.label,
                "the number of elements would change",
                expected=f"as many elements as x {x} has",
                got=f"shape {shape_text(target)}",
            ) from None
        return keep_values(self, [x, shape], [result])[0]

    def infer_unknown(self, x: TensorType, shape: TensorType) -> tuple[TensorType, ...]:
        """What the shape alone tells."""
        target = self._target(shape)
        if target is not None:
            target = tuple(None if size == -1 else size for size in target)
        return (x.with_shape(target),)

    def _target(self, shape: TensorType) -> Shape | None:
        require_sizes(self, shape=shape)
        target = size_values(shape)
        if target is not None and (
            target.count(-1) > 1 or any(size is not None and size < -1 for size in target)
        ):
            raise ShapeError(
                self.label,
                "not a shape",
                expected="sizes >= 0, and at most one -1",
                got=f"shape {shape_text(target)}",
            )
        return target

    def compute(self, xp: Any, x: Any, shape: Any) -> Any:
        """`reshape`."""
        return x.reshape(tuple(shape.tolist()))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The shape it had."""
        return [apply(Reshape(), g, shape_of(node.inputs[0])), None]


def _resolved(dims: Shape, target: Shape) -> Shape:
    """`target` with its only unknown size, or -1, computed where the number of elements is known.

    Raises:
        ValueError: if no sizes in the place of the unknown ones can fit.
    """
    known_in = math.prod(size for size in dims if size is not None)
    known_out = math.prod(size for size in target if size is not None and size != -1)
    is_open = [size is None or size == -1 for size in target]
    result = tuple(None if size == -1 else size for size in target)
    if None in dims:
        if not any(is_open) and known_out and (known_in == 0 or known_out % known_in):
            raise ValueError
        return result
    if not any(is_open):
        if known_in != known_out:
            raise ValueError
        return result
    if known_in and (known_out == 0 or known_in % known_out):
        raise ValueError
    if sum(is_open) > 1 or known_out == 0:
        if -1 in target and None not in target:
            raise ValueError  # no elements on either side: any size would do
        return result
    return tuple(
        known_in // known_out if is_one else size
        for size, is_one in zip(result, is_open, strict=True)
    )


@register
class ExpandDims(OpDef):
    """New axes of size 1.  x: (...) any dtype -> (..., 1, ...), with the 1 at `axes`."""

    axes: tuple[int, ...]
    is_view = True

    def infer(self, x: TensorType) -> TensorType:
        """The shape with ones in it; axes count in the result."""
        rest = list(x.dims())
        axes = normalize_axes(self.axes, len(rest) + len(self.axes), self.label)
        for axis in axes:
            rest.insert(axis, 1)
        return keep_values(self, [x], [x.with_shape(tuple(rest))])[0]

    def compute(self, xp: Any, x: Any) -> Any:
        """`xp.expand_dims`."""
        return xp.expand_dims(x, self.axes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The shape it had."""
        return [reshape(g, shape_of(node.inputs[0]))]


@register
class Squeeze(OpDef):
    """Without axes of size 1.  x: (..., 1, ...) any dtype -> (...); None means all of them."""

    axes: tuple[int, ...] | None
    is_view = True

    def infer(self, x: TensorType) -> TensorType:
        """The shape without them."""
        dims = x.dims()
        if self.axes is None:
            if None in dims:
                return x.with_shape(None)
            gone = tuple(axis for axis, size in enumerate(dims) if size == 1)
        else:
            gone = normalize_axes(self.axes, len(dims), self.label)
        if any(dims[axis] not in (1, None) for axis in gone):
            raise ShapeError(
                self.label,
                "only axes of size 1 can be left out",
                expected="size 1 on " + ", ".join(f"axis {axis}" for axis in gone),
                got=f"x {x}",
            )
        kept = tuple(size for axis, size in enumerate(dims) if axis not in gone)
        return keep_values(self, [x], [x.with_shape(kept)])[0]

    def compute(self, xp: Any, x: Any) -> Any:
        """`xp.squeeze`."""
        return xp.squeeze(x, axis=self.axes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The shape it had."""
        return [reshape(g, shape_of(node.inputs[0]))]


# The same elements in another order -------------------------------------------------------------


@register
class Transpose(OpDef):
    """The axes in another order.

    x: (...) any dtype -> output axis i is input axis `axes[i]`.
    """

    axes: tuple[int, ...]
    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """The sizes in the new order."""
        dims = x.dims()
        if sorted(self.axes) != list(range(len(dims))):
            raise ShapeError(
                self.label,
                "not an order of the axes",
                expected=f"each of the {len(dims)} axes of x {x} once",
                got=str(self.axes),
            )
        result = x.with_shape(tuple(dims[axis] for axis in self.axes))
        return keep_values(self, [x], [result])[0]

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """As many axes as there are in the order."""
        return (x.with_shape((None,) * len(self.axes)),)

    def compute(self, xp: Any, x: Any) -> Any:
        """`xp.transpose`."""
        return xp.transpose(x, self.axes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The inverse order."""
        inverse = sorted(range(len(self.axes)), key=self.axes.__getitem__)
        return [apply(Transpose(tuple(inverse)), g)]


# Sizes ------------------------------------------------------------------------------------------


@register
class Size(OpDef):
    """The number of elements of x.  x: (...) any dtype -> () int32 or int64, on the host."""

    dtype: DType
    is_host = True

    def infer(self, x: TensorType) -> TensorType:
        """Carries the number as its value."""
        return TensorType(self.dtype, (), (x.size,))

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """A scalar."""
        return (TensorType(self.dtype, ()),)

    def compute(self, xp: Any, x: Any) -> Any:
        """The number."""
        return xp.asarray(x.size, dtype=self.dtype.numpy)

    gradient = no_gradient


@register
class Rank(OpDef):
    """The number of axes of x.  x: (...) any dtype -> () int32 or int64, on the host."""

    dtype: DType
    is_host = True

    def infer(self, x: TensorType) -> TensorType:
        """Carries the number as its value."""
        return TensorType(self.dtype, (), (len(x.dims()),))

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """A scalar."""
        return (TensorType(self.dtype, ()),)

    def compute(self, xp: Any, x: Any) -> Any:
        """The number."""
        return xp.asarray(x.ndim, dtype=self.dtype.numpy)

    gradient = no_gradient


# What users call --------------------------------------------------------------------------------


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The elements of `tensor`, in their order, in another shape.

    Args:
        tensor: (...) any dtype.
        shape: the new sizes, of which one may be -1, for the size that keeps the number of
            elements: an int, a list that may mix ints and integer scalars, or an integer vector.
        name: of the node.

    Raises:
        ShapeError: if the number of elements would change, or a size is None.

    >>> from thalweg.core import Session
    >>> Session().run(reshape([[1, 2, 3], [4, 5, 6]], [3, -1])).tolist()
    [[1, 2], [3, 4], [5, 6]]
    """
    x = convert(tensor)
    return apply(Reshape(), x, size_vector("Reshape", shape, x), name=name)


def expand_dims(input: Any, axis: int | Sequence[int], name: str | None = None) -> Tensor:
    """`input` with a new axis of size 1.

    Args:
        input: (...) any dtype.
        axis: where the new axis is in the result, or several of them; negative ones count from
            its end.
        name: of the node.

    Raises:
        ShapeError: if the result has no such axis.

    >>> from thalweg.core import Session
    >>> Session().run(expand_dims([1, 2], -1)).tolist()
    [[1], [2]]
    """
    return apply(ExpandDims(axes_tuple(axis)), convert(input), name=name)


def squeeze(input: Any, axis: int | Sequence[int] | None = None, name: str | None = None) -> Tensor:
    """`input` without axes of size 1.

    Args:
        input: (...) any dtype.
        axis: the axis or axes to leave out; None means all that have size 1.
        name: of the node.

    Raises:
        ShapeError: if one of them has another size, or does not exist.

    >>> from thalweg.core import Session
    >>> Session().run(squeeze([[1, 2]])).tolist()
    [1, 2]
    """
    axes = None if axis is None else axes_tuple(axis)
    return apply(Squeeze(axes), convert(input), name=name)


def transpose(a: Any, perm: Sequence[int] | None = None, name: str | None = None) -> Tensor:
    """`a` with its axes in another order.

    Args:
        a: (...) any dtype.
        perm: for each axis of the result, the axis of `a` it comes from; None reverses all.
        name: of the node.

    Raises:
        ShapeError: if `perm` does not name each axis once; if it is None and the rank unknown.

    >>> from thalweg.core import Session
    >>> Session().run(transpose([[1, 2], [3, 4]])).tolist()
    [[1, 3], [2, 4]]
    """
    x = convert(a)
    if perm is not None:
        rank = len(perm)
        axes = tuple(normalize_axis(int(axis), rank, "Transpose") for axis in perm)
    elif x.shape is None:
        raise ShapeError(
            "Transpose",
            "the rank is unknown",
            expected="perm, or a tensor of known rank",
            got=f"a {x.type}",
            site=user_site(2),
        )
    else:
        axes = tuple(reversed(range(len(x.shape))))
    return apply(Transpose(axes), x, name=name)


def axes_tuple(axis: int | Sequence[int]) -> tuple[int, ...]:
    """One axis or several as a tuple."""
    return tuple(int(i) for i in axis) if isinstance(axis, Sequence) else (int(axis),)


def size_of(x: Any, dtype: Any = "int32", name: str | None = None) -> Tensor:
    """The number of elements of `x`.  x: (...) any dtype -> () int32 or int64.

    >>> from thalweg.core import Session
    >>> int(Session().run(size_of([[1.0, 2.0]])))
    2
    """
    return apply(Size(as_dtype(dtype)), convert(x), name=name)


def rank_of(x: Any, dtype: Any = "int32", name: str | None = None) -> Tensor:
    """The number of axes of `x`.  x: (...) any dtype -> () int32 or int64.

    >>> from thalweg.core import Session
    >>> int(Session().run(rank_of([[1.0, 2.0]])))
    2
    """
    return apply(Rank(as_dtype(dtype)), convert(x), name=name)
