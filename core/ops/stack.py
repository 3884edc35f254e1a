"""Tensors side by side along a new axis, and back: `stack` and `unstack`.

Each is the other's gradient. `size_vector` is here because it stacks sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..errors import ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, register, require
from ..types import Shape, TensorType, normalize_axis, types_text
from .elementwise import zeros_like
from .sizes import beside, keep_values
from .source import constant, convert, convert_all

__all__ = ["stack", "unstack"]


@register
class Stack(OpDef):
    """Tensors side by side along a new axis.

    values: n of (...) any dtype and one shape -> (..., n, ...), with n at `axis`.
    """

    axis: int

    def infer(self, *values: TensorType) -> TensorType:
        """The common shape with one more axis."""
        return keep_values(self, values, [self._stacked(values)])[0]

    def infer_unknown(self, *values: TensorType) -> tuple[TensorType, ...]:
        """What the values of known rank tell."""
        return (self._stacked(values),)

    def _stacked(self, values: Sequence[TensorType]) -> TensorType:
        shape = common_shape(self, values, None)
        if shape is None:
            return TensorType(values[0].dtype, None)
        axis = normalize_axis(self.axis, len(shape) + 1, self.label)
        return TensorType(values[0].dtype, (*shape[:axis], len(values), *shape[axis:]))

    def compute(self, xp: Any, *values: Any) -> Any:
        """`xp.stack`."""
        return xp.stack(values, axis=self.axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Taken apart again."""
        return unstack(g, len(node.inputs), self.axis)


@register
class Unstack(OpDef):
    """The slices of a tensor along an axis, which they lose.

    value: (..., count, ...) any dtype -> `count` of (...).
    """

    count: int
    axis: int
    may_alias = True

    def infer(self, value: TensorType) -> tuple[TensorType, ...]:
        """`count` times the shape without the axis."""
        dims = value.dims()
        axis = normalize_axis(self.axis, len(dims), self.label)
        if dims[axis] not in (self.count, None):
            raise ShapeError(
                self.label,
                "the axis has another size",
                expected=f"{self.count} slices on axis {axis}",
                got=f"value {value}",
            )
        part = value.with_shape((*dims[:axis], *dims[axis + 1 :]))
        return keep_values(self, [value], [part] * self.count)

    def infer_unknown(self, value: TensorType) -> tuple[TensorType, ...]:
        """`count` outputs."""
        return (TensorType(value.dtype, None),) * self.count

    def compute(self, xp: Any, value: Any) -> Any:
        """One slice an output; the Ellipsis keeps scalars arrays."""
        before = (slice(None),) * (self.axis % value.ndim)
        keys = [(*before, i, Ellipsis) for i in range(self.count)]
        return one_or_tuple([value[key] for key in keys])

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """Stacked again."""
        return [stack(or_zeros(node, g), self.axis)]


# Shared with concat.py --------------------------------------------------------------------------


def common_shape(op: OpDef, values: Sequence[TensorType], free_axis: int | None) -> Shape | None:
    """The shape all values have, but for one axis; known sizes stand for unknown ones.

    Returns:
        The shape; None if no value's rank is known.

    Raises:
        DtypeError: if the dtypes differ.
        ShapeError: if the shapes do.
    """
    named = {f"values[{i}]": value for i, value in enumerate(values)}
    require(op, "same", **named)
    first: str | None = None
    common: list[int | None] = []
    for name, value in named.items():
        if value.shape is None:
            continue
        if first is None:
            first, common = name, list(value.shape)
        fits = len(value.shape) == len(common)
        for axis, (known, size) in enumerate(zip(common, value.shape, strict=False)):
            if axis != free_axis:
                fits = fits and (known is None or size is None or known == size)
                common[axis] = size if known is None else known
        if not fits:
            but = "" if free_axis is None else f", but for the size of axis {free_axis}"
            raise ShapeError(
                op.label,
                "the values have different shapes",
                expected=f"one shape{but}",
                got=types_text(**{first: named[first], name: value}),
            )
    return None if first is None else tuple(common)


def one_or_tuple(parts: list[Any]) -> Any:
    """What `compute` returns for outputs: one array as it is, several as a tuple."""
    return parts[0] if len(parts) == 1 else tuple(parts)


def or_zeros(node: Operation, g: Sequence[Tensor | None]) -> list[Tensor]:
    """What flows into each output of `node`: zeros where nothing does."""
    return [
        zeros_like(part) if flow is None else flow
        for part, flow in zip(node.outputs, g, strict=True)
    ]


def value_list(where: str, values: Any) -> tuple[Tensor, ...]:
    """At least one tensor, of one dtype.

    Raises:
        ShapeError: if there is none.
    """
    items = list(values)
    if not items:
        raise ShapeError(
            where, "there are no values", expected="one tensor or more", site=user_site(2)
        )
    return convert_all(*items)


# What users call --------------------------------------------------------------------------------


def stack(values: Any, axis: int = 0, name: str | None = None) -> Tensor:
    """The values side by side along a new `axis`.

    Args:
        values: a list of tensors of one dtype and shape.
        axis: of the result, in -rank - 1 <= axis <= rank.
        name: of the node.

    Raises:
        ShapeError: if the shapes differ.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> Session().run(stack([[1, 2], [3, 4]], axis=1)).tolist()
    [[1, 3], [2, 4]]
    """
    return apply(Stack(int(axis)), *value_list("Stack", values), name=name)


def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str | None = None
) -> list[Tensor]:
    """The slices of `value` along `axis`, which they lose.

    Args:
        value: (..., num, ...) any dtype.
        num: the size of the axis; needed only where that is unknown.
        axis: in -rank <= axis < rank.
        name: of the node.

    Raises:
        ShapeError: if the size of the axis is unknown and `num` not given, or is not `num`.

    >>> from thalweg.core import Session
    >>> [part.tolist() for part in Session().run(unstack([[1, 2], [3, 4]], axis=1))]
    [[1, 3], [2, 4]]
    """
    tensor = convert(value)
    if num is None and tensor.shape is not None:
        num = tensor.shape[normalize_axis(axis, len(tensor.shape), "Unstack")]
    if num is None:
        raise ShapeError(
            "Unstack",
            "how many slices is unknown",
            expected="an axis of known size",
            got=f"axis {axis} of value {tensor.type}",
            site=user_site(2),
            hint="unstack(value, num) says it",
        )
    return list(apply_many(Unstack(int(num), int(axis)), tensor, name=name).outputs)


def size_vector(where: str, sizes: Any, tensor: Tensor | None = None) -> Tensor:
    """A size operand from what users write: an int, a list of ints and tensors, or a tensor.

    Args:
        where: the op that takes it, for messages.
        sizes: an int, a list of ints and integer scalars, or an integer vector.
        tensor: the op's other operand, to whose graph constants go.

    Raises:
        ShapeError: if a size is None.

    >>> from thalweg.core import placeholder, shape_of
    >>> x = placeholder("float32", [None, 28, 28])
    >>> size_vector("Reshape", [shape_of(x)[0], 784], x).type.value
    (None, 784)
    """
    if isinstance(sizes, int | np.integer):
        sizes = [sizes]
    with nullcontext() if tensor is None else beside(tensor):
        if not isinstance(sizes, list | tuple):
            return convert(sizes)
        if any(size is None for size in sizes):
            raise ShapeError(
                where,
                "a size is None",
                expected="integers, or integer tensors",
                got=repr(tuple(sizes)),
                site=user_site(2),
                hint="shape_of(x) has the sizes of x, also those that only a run can tell; "
                "in reshape, -1 is the size that follows from the others",
            )
        if any(isinstance(size, Tensor) or hasattr(size, "__thalweg_tensor__") for size in sizes):
            return stack(sizes)
        return convert(sizes) if sizes else constant(np.zeros(0, np.int32))
