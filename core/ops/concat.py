"""Tensors one after another along an axis, and back: `concat` and `split`.

Each is the other's gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, register
from ..types import Shape, TensorType, normalize_axis, shape_text
from .elementwise import shape_of
from .sizes import keep_values, require_sizes, size_values
from .source import convert
from .stack import common_shape, one_or_tuple, or_zeros, size_vector, value_list

__all__ = ["concat", "split"]


@register
class Concat(OpDef):
    """Tensors one after another along an axis that they have.

    values: n of (..., size_i, ...) any dtype, equal but on `axis` -> (..., sum of size_i, ...).
    """

    axis: int

    def infer(self, *values: TensorType) -> TensorType:
        """Sizes add up on the axis, and agree on the others."""
        return keep_values(self, values, [self._joined(values)])[0]

    def infer_unknown(self, *values: TensorType) -> tuple[TensorType, ...]:
        """What the values of known rank tell."""
        return (self._joined(values),)

    def _joined(self, values: Sequence[TensorType]) -> TensorType:
        rank = next((value.rank for value in values if value.rank is not None), None)
        if rank is None:
            common_shape(self, values, None)  # checks the dtypes
            return TensorType(values[0].dtype, None)
        if rank == 0:
            raise ShapeError(
                self.label,
                "scalars have no axis to join along",
                expected="tensors with one axis or more",
                got=f"{len(values)} values, the first {values[0]}",
                hint="stack(values) makes a vector of scalars",
            )
        axis = normalize_axis(self.axis, rank, self.label)
        shape = common_shape(self, values, axis) or ()
        total: int | None = 0
        for value in values:
            size = None if value.shape is None else value.shape[axis]
            total = None if total is None or size is None else total + size
        return TensorType(values[0].dtype, (*shape[:axis], total, *shape[axis + 1 :]))

    def compute(self, xp: Any, *values: Any) -> Any:
        """`xp.concatenate`."""
        return xp.concatenate(values, axis=self.axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Split into the sizes that were joined."""
        sizes: list[Any] = []
        for value in node.inputs:
            known = None if value.shape is None else value.shape[self.axis]
            sizes.append(shape_of(value)[self.axis] if known is None else known)
        return split(g, sizes, self.axis)


@register
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
                expected=f"sizes that add up to {dims[axis]}; -1 stands for an equal share of "
                "what the others leave",
                got=f"sizes {shape_text(wanted)}, axis {axis} of value {value}",
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
                "there are no parts" if wanted == () else "how many parts is unknown",
                expected="a vector of sizes of known length, 1 or more",
                got=f"sizes {sizes}",
            )
        return wanted

    def compute(self, xp: Any, value: Any, sizes: Any) -> Any:
        """One slice a part."""
        axis = self.axis % value.ndim
        before = (slice(None),) * axis
        start = 0
        parts = []
        for size in _share(tuple(sizes.tolist()), value.shape[axis]):
            stop = start + (size or 0)
            part = (*before, slice(start, stop))
            parts.append(value[part])
            start = stop
        return one_or_tuple(parts)

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """Joined again."""
        return [concat(or_zeros(node, g), self.axis), None]


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
    return apply(Concat(int(axis)), *value_list("Concat", values), name=name)


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
