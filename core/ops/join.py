"""Ops that join tensors and take them apart: concat and split, stack and unstack.

Each is the gradient of its partner.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, register, require
from ..types import Shape, TensorType, normalize_axis, types_text
from .elementwise import shape_of, zeros_like
from .source import constant, convert, convert_all
from .sizes import beside, keep_values, require_sizes, size_values

__all__ = ["concat", "size_vector", "split", "stack", "unstack"]


# Concat and Split -------------------------------------------------------------------------------


@register
@dataclass(frozen=True)
class Concat(OpDef):
    """Tensors one after another along an axis that they have.

    values: n of (..., size_i, ...) any dtype, equal but on `axis` -> (..., sum of size_i, ...).
    """

    axis: int

    def infer(self, *values: TensorType) -> TensorType:
        """Sizes add up on the axis, and agree on the others."""
        axis, shape = self._joined(values)
        sizes = [value.dims()[axis] for value in values]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        result = TensorType(values[0].dtype, (*shape[:axis], total, *shape[axis + 1 :]))
        return keep_values(self, values, [result])[0]

    def infer_unknown(self, *values: TensorType) -> tuple[TensorType, ...]:
        """What the values of known rank tell."""
        require(self, "same", **_named(values))
        known = [value for value in values if value.shape is not None]
        if not known:
            return (TensorType(values[0].dtype, None),)
        axis, shape = self._joined(known)
        return (TensorType(values[0].dtype, (*shape[:axis], None, *shape[axis + 1 :])),)

    def _joined(self, values: Sequence[TensorType]) -> tuple[int, Shape]:
        require(self, "same", **_named(values))
        rank = len(values[0].dims())
        if rank == 0:
            raise ShapeError(
                self.label,
                "scalars have no axis to join along",
                expected="tensors with one axis or more",
                got=types_text(**_named(values)),
                hint="stack(values) makes a vector of scalars",
            )
        axis = normalize_axis(self.axis, rank, self.label)
        return axis, _common_shape(self, values, axis)

    def compute(self, xp: Any, *values: Any) -> Any:
        """`xp.concatenate`."""
        return xp.concatenate(values, axis=self.axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Split into the sizes that were joined."""
        if len(node.inputs) == 1:
            return [g]
        sizes: list[Any] = []
        for value in node.inputs:
            known = None if value.shape is None else value.shape[self.axis]
            sizes.append(shape_of(value)[self.axis] if known is None else known)
        return split(g, sizes, self.axis)


@register
@dataclass(frozen=True)
class Split(OpDef):
    """Consecutive parts of a tensor along an axis.

    value: (..., size, ...) any dtype, sizes: (parts,) host integer -> one (..., size_i, ...) a
    part. Parts of size -1 share equally what the others leave.
    """

    axis: int
    host_inputs = frozenset({1})
    may_alias = True

    def infer(self, value: TensorType, sizes: TensorType) -> tuple[TensorType, ...]:
        """One type a part."""
        dims = value.dims()
        axis = normalize_axis(self.axis, len(dims), self.label)
        wanted = self._sizes(sizes)
        try:
            parts = _share(wanted, dims[axis])
        except ValueError:
            raise ShapeError(
                self.label,
                "the parts do not make up the axis",
                expected=f"sizes that add up to {dims[axis]}, -1 for equal shares of the rest",
                got=f"sizes {wanted} for axis {axis} of value {value}",
            ) from None
        types = [value.with_shape((*dims[:axis], size, *dims[axis + 1 :])) for size in parts]
        return keep_values(self, [value, sizes], types)

    def infer_unknown(self, value: TensorType, sizes: TensorType) -> tuple[TensorType, ...]:
        """As many parts as there are sizes."""
        return tuple(TensorType(value.dtype, None) for _ in self._sizes(sizes))

    def _sizes(self, sizes: TensorType) -> Shape:
        require_sizes(self, sizes=sizes)
        wanted = size_values(sizes)
        if not wanted:
            raise ShapeError(
                self.label,
                "how many parts is unknown" if wanted is None else "there are no parts",
                expected="a vector of sizes of known length, 1 or more",
                got=str(sizes),
            )
        return wanted

    def compute(self, xp: Any, value: Any, sizes: Any) -> Any:
        """One slice a part."""
        axis = self.axis % value.ndim
        start = 0
        parts = []
        for size in _share(tuple(sizes.tolist()), value.shape[axis]):
            stop = start + (size or 0)
            parts.append(value[(slice(None),) * axis + (slice(start, stop),)])
            start = stop
        return _outputs(parts)

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """Joined again; zeros for parts that nobody used."""
        return [concat(_or_zeros(node, g), self.axis), None]


def _share(sizes: Shape, total: int | None) -> Shape:
    """The sizes with -1 replaced where that is possible.

    Raises:
        ValueError: if the sizes cannot add up to `total`.
    """
    known = [size for size in sizes if size is not None]
    if any(size < -1 for size in known):
        raise ValueError
    if total is None or len(known) < len(sizes):
        return tuple(None if size == -1 else size for size in sizes)
    shares = known.count(-1)
    left = total - sum(size for size in known if size != -1)
    if left < 0 or (left % shares if shares else left):
        raise ValueError
    return tuple(left // shares if size == -1 else size for size in known)


# Stack and Unstack ------------------------------------------------------------------------------


@register
@dataclass(frozen=True)
class Stack(OpDef):
    """Tensors side by side along a new axis.

    values: n of (...) any dtype and one shape -> (..., n, ...), with n at `axis`.
    """

    axis: int

    def infer(self, *values: TensorType) -> TensorType:
        """The common shape with one more axis."""
        require(self, "same", **_named(values))
        shape = _common_shape(self, values, None)
        axis = normalize_axis(self.axis, len(shape) + 1, self.label)
        result = TensorType(values[0].dtype, (*shape[:axis], len(values), *shape[axis:]))
        return keep_values(self, values, [result])[0]

    def infer_unknown(self, *values: TensorType) -> tuple[TensorType, ...]:
        """What the values of known rank tell."""
        require(self, "same", **_named(values))
        known = [value for value in values if value.shape is not None]
        if not known:
            return (TensorType(values[0].dtype, None),)
        shape = _common_shape(self, known, None)
        axis = normalize_axis(self.axis, len(shape) + 1, self.label)
        return (TensorType(values[0].dtype, (*shape[:axis], len(values), *shape[axis:])),)

    def compute(self, xp: Any, *values: Any) -> Any:
        """`xp.stack`."""
        return xp.stack(values, axis=self.axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Taken apart again."""
        return unstack(g, len(node.inputs), self.axis)


@register
@dataclass(frozen=True)
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
                got=str(value),
            )
        part = value.with_shape((*dims[:axis], *dims[axis + 1 :]))
        return keep_values(self, [value], [part] * self.count)

    def infer_unknown(self, value: TensorType) -> tuple[TensorType, ...]:
        """`count` outputs."""
        return (TensorType(value.dtype, None),) * self.count

    def compute(self, xp: Any, value: Any) -> Any:
        """One slice an output; the Ellipsis keeps scalars arrays."""
        before = (slice(None),) * (self.axis % value.ndim)
        return _outputs([value[(*before, i, Ellipsis)] for i in range(self.count)])

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """Stacked again; zeros for slices that nobody used."""
        return [stack(_or_zeros(node, g), self.axis)]


# Shared by the above ----------------------------------------------------------------------------


def _named(values: Sequence[TensorType]) -> dict[str, TensorType]:
    return {f"values[{i}]": value for i, value in enumerate(values)}


def _common_shape(op: OpDef, values: Sequence[TensorType], free_axis: int | None) -> Shape:
    """The shape all values have, but for one axis: known sizes stand for unknown ones."""
    common = list(values[0].dims())
    for value in values[1:]:
        dims = value.dims()
        fits = len(dims) == len(common)
        for axis, (known, size) in enumerate(zip(common, dims, strict=False)):
            if axis != free_axis:
                fits = fits and (known is None or size is None or known == size)
                common[axis] = size if known is None else known
        if not fits:
            raise ShapeError(
                op.label,
                "the values have different shapes",
                expected="one shape"
                + ("" if free_axis is None else f", but for the size of axis {free_axis}"),
                got=types_text(**_named(values)),
            )
    return tuple(common)


def _outputs(parts: list[Any]) -> Any:
    """What `compute` returns: one array as it is, several as a tuple."""
    return parts[0] if len(parts) == 1 else tuple(parts)


def _or_zeros(node: Operation, g: Sequence[Tensor | None]) -> list[Tensor]:
    return [
        zeros_like(part) if flow is None else flow
        for part, flow in zip(node.outputs, g, strict=True)
    ]


def _require_values(where: str, values: Sequence[Any]) -> None:
    if not values:
        raise ShapeError(where, "there are no values", expected="one tensor or more", site=user_site(2))


def concat(values: Any, axis: int, name: str | None = None) -> Tensor:
    """The values one after another along `axis`.

    Args:
        values: a list of tensors of one dtype and rank, whose sizes differ on `axis` at most.
        axis: in -rank <= axis < rank.
        name: of the node.

    Raises:
        ShapeError: if the shapes do not fit together.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> Session().run(concat([[[1, 2]], [[3, 4]]], axis=1)).tolist()
    [[1, 2, 3, 4]]
    """
    _require_values("Concat", values)
    return apply(Concat(int(axis)), *convert_all(*values), name=name)


def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, name: str | None = None
) -> list[Tensor]:
    """Consecutive parts of `value` along `axis`.

    Args:
        value: (..., size, ...) any dtype.
        num_or_size_splits: the number of equal parts; or a list with the size of each, of which
            those that are -1 share equally what the others leave.
        axis: in -rank <= axis < rank.
        name: of the node.

    Returns:
        A list of tensors, one a part.

    Raises:
        ShapeError: if the parts do not make up the axis.

    >>> from thalweg.core import Session
    >>> [part.tolist() for part in Session().run(split([1, 2, 3], [1, -1]))]
    [[1], [2, 3]]
    """
    if isinstance(num_or_size_splits, int | np.integer):
        num_or_size_splits = [-1] * int(num_or_size_splits)
    tensor = convert(value)
    sizes = size_vector("Split", num_or_size_splits, tensor)
    return list(apply_many(Split(int(axis)), tensor, sizes, name=name).outputs)


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
    _require_values("Stack", values)
    return apply(Stack(int(axis)), *convert_all(*values), name=name)


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
            got=f"axis {axis} of {tensor.type}",
            site=user_site(2),
            hint="pass num=…",
        )
    if num == 0:
        return []
    return list(apply_many(Unstack(int(num), int(axis)), tensor, name=name).outputs)


def size_vector(where: str, sizes: Any, tensor: Tensor | None = None) -> Tensor:
    """A size operand from what users write: an int, a list of ints and tensors, or a tensor.

    Args:
        where: the op that takes it, for messages.
        sizes: an int, a list of ints and integer scalars, or an integer vector.
        tensor: the op's other operand, to whose graph constants go.

    Raises:
        ShapeError: if a size is None.

    >>> from thalweg.core import placeholder
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
                hint="shape_of(x) has all sizes of x, also those that only a run can tell",
                site=user_site(2),
            )
        if any(hasattr(size, "__thalweg_tensor__") or isinstance(size, Tensor) for size in sizes):
            return stack(sizes)
        return convert(sizes) if sizes else constant(np.zeros(0, np.int32))
