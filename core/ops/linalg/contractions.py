"""Sums of products over labelled axes, made of ordinary ops: what `einsum` and `tensordot` share.

They become ordinary ops: repeated labels are diagonals, labels of one operand alone are sums, and
two operands at a time are multiplied, by one matrix product wherever they share a label that goes.
So every backend runs them with its own matrix product, and gradients of any order are there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import ShapeError, user_site
from ...graph import Tensor
from ...opdef import OpDef, apply, no_gradient, register
from ...types import TensorType, int32
from ..concat import concat, split
from ..elementwise import identity, multiply, shape_of
from ..reduce import reduce_sum
from ..shape import expand_dims, reshape, transpose
from ..sizes import require_sizes, size_values
from .diagonals import axis_size, matrix_diag_part
from .products import matmul

__all__: list[str] = []  # all of it is for einsum.py

Labels = tuple[Any, ...]  # one an axis; a label is a letter, or a `FreeAxis`


class FreeAxis(NamedTuple):
    """An axis that an ellipsis stands for: such axes are broadcast, others have one size."""

    from_end: int


class Operand(NamedTuple):
    tensor: Tensor
    labels: Labels


# Sizes ------------------------------------------------------------------------------------------


@register
class AgreeSizes(OpDef):
    """The sizes of labelled axes, where those with one label must be equal.

    sizes: (axes,) host integer -> the same; what is known of one axis is known of all its like.
    """

    where: str
    labels: tuple[str, ...]  # one an axis; "" agrees with nothing
    names: tuple[str, ...]  # of the axes, for messages
    host_inputs = frozenset({0})

    def infer(self, sizes: TensorType) -> TensorType:
        """Unknown sizes become known where another axis with the label has one."""
        require_sizes(self, sizes=sizes)
        values = size_values(sizes) or ()
        first: dict[str, int] = {}  # the axis whose size is known, by label
        for axis, (label, size) in enumerate(zip(self.labels, values, strict=True)):
            if not label or size is None:
                continue
            other = first.setdefault(label, axis)
            if values[other] != size:
                raise ShapeError(
                    self.where,
                    "sizes differ that must be equal",
                    expected=f"one size of {self.names[other]} and {self.names[axis]}",
                    got=f"{values[other]} and {size}",
                )
        agreed = (
            values[first[label]] if label in first else size
            for label, size in zip(self.labels, values, strict=True)
        )
        return TensorType(sizes.dtype, sizes.shape, tuple(agreed))

    def compute(self, xp: Any, sizes: Any) -> Any:
        """The sizes themselves: that they agree was checked with their values."""
        return xp.array(sizes)

    gradient = no_gradient


def with_agreed_sizes(
    where: str, operands: Sequence[Operand], names: Sequence[str]
) -> list[Operand]:
    """The operands with equal sizes for equal labels, checked now or when the plan is made."""
    labels = [label for operand in operands for label in operand.labels]
    op = AgreeSizes(
        where, tuple("" if isinstance(label, FreeAxis) else label for label in labels), tuple(names)
    )
    if all(operand.tensor.type.is_static for operand in operands):
        values = tuple(size for operand in operands for size in operand.tensor.type.dims())
        try:
            op.infer(TensorType(int32, (len(values),), values))
        except ShapeError as error:
            raise error.at(site=user_site(2)) from None
        return list(operands)
    shapes = [shape_of(operand.tensor) for operand in operands]
    sizes = apply(op, concat(shapes, axis=0), name=f"{where}_sizes")
    parts = split(sizes, [len(operand.labels) for operand in operands])
    return [
        Operand(reshape(operand.tensor, part), operand.labels)
        for operand, part in zip(operands, parts, strict=True)
    ]


def _product(sizes: Sequence[Any]) -> Any:
    """The product of sizes, of which some may be scalar tensors."""
    known = math.prod(size for size in sizes if not isinstance(size, Tensor))
    result: Any = known
    for size in sizes:
        if isinstance(size, Tensor):
            result = size if isinstance(result, int) and result == 1 else multiply(result, size)
    return result


# One operand ------------------------------------------------------------------------------------


def _arranged(operand: Operand, labels: Labels) -> Tensor:
    """The tensor with its axes in the order of `labels`."""
    if operand.labels == labels:
        return operand.tensor
    return transpose(operand.tensor, [operand.labels.index(label) for label in labels])


def _without_repeats(operand: Operand) -> Operand:
    """The diagonal along axes with equal labels."""
    tensor, labels = operand
    while len(set(labels)) < len(labels):
        label = next(label for label in labels if labels.count(label) > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        others = [axis for axis in range(len(labels)) if axis not in (first, second)]
        tensor = matrix_diag_part(transpose(tensor, [*others, first, second]))
        labels = (*(labels[axis] for axis in others), label)
    return Operand(tensor, labels)


def _summed(operand: Operand, kept: set[Any]) -> Operand:
    """The sum over all labels but those kept."""
    gone = [axis for axis, label in enumerate(operand.labels) if label not in kept]
    if not gone:
        return operand
    labels = tuple(label for label in operand.labels if label in kept)
    return Operand(reduce_sum(operand.tensor, gone), labels)


# Two operands -----------------------------------------------------------------------------------


def _multiplied(a: Operand, b: Operand, kept: set[Any]) -> Operand:
    """The product of two operands, summed over the labels that both have and nobody keeps."""
    both = [label for label in a.labels if label in b.labels]
    batch = tuple(label for label in both if label in kept)
    gone = tuple(label for label in both if label not in kept)
    left = tuple(label for label in a.labels if label not in both)
    right = tuple(label for label in b.labels if label not in both)
    labels = (*batch, *left, *right)
    if not gone:
        x = _with_last_axes(_arranged(a, (*batch, *left)), len(right))
        y = _arranged(b, (*batch, *right))
        for _ in left:
            y = expand_dims(y, len(batch))
        return Operand(multiply(x, y), labels)
    transpose_a = a.labels == (*batch, *gone, *left) and bool(left)
    transpose_b = b.labels == (*batch, *right, *gone) and bool(right)
    x = _as_matrices(a, batch, *((gone, left) if transpose_a else (left, gone)))
    y = _as_matrices(b, batch, *((right, gone) if transpose_b else (gone, right)))
    product = matmul(x, y, transpose_a=transpose_a, transpose_b=transpose_b)
    if len(left) == len(right) == 1:
        return Operand(product, labels)
    sizes = [axis_size(product, axis) for axis in range(len(batch))]
    for operand, free in ((a, left), (b, right)):
        sizes += [axis_size(operand.tensor, operand.labels.index(label)) for label in free]
    return Operand(reshape(product, sizes), labels)


def _as_matrices(operand: Operand, batch: Labels, rows: Labels, columns: Labels) -> Tensor:
    """The tensor as (*batch, all rows, all columns)."""
    x = _arranged(operand, (*batch, *rows, *columns))
    if len(rows) == len(columns) == 1:
        return x
    sizes = [axis_size(x, axis) for axis in range(len(batch) + len(rows) + len(columns))]
    middle = len(batch) + len(rows)
    merged = (_product(sizes[len(batch) : middle]), _product(sizes[middle:]))
    return reshape(x, [*sizes[: len(batch)], *merged])


def _with_last_axes(x: Tensor, count: int) -> Tensor:
    """x with `count` more axes of size 1 at its end."""
    return expand_dims(x, [-1 - i for i in range(count)]) if count else x


# All of them ------------------------------------------------------------------------------------


def contract(operands: Sequence[Operand], output: Labels, name: str) -> Tensor:
    """The product of all operands, summed over the labels that are not in the output."""
    remaining = [_without_repeats(operand) for operand in operands]
    while len(remaining) > 1:
        remaining = [
            _summed(remaining[i], _kept(remaining, output, i)) for i in range(len(remaining))
        ]
        first, second = _cheapest_pair(remaining)
        kept = _kept(remaining, output, first, second)
        product = _multiplied(remaining[first], remaining[second], kept)
        remaining = [x for i, x in enumerate(remaining) if i not in (first, second)] + [product]
    return identity(_arranged(_summed(remaining[0], set(output)), output), name=name)


def _kept(operands: Sequence[Operand], output: Labels, *taken: int) -> set[Any]:
    """The labels of the output and of all operands but those taken."""
    others = (x.labels for i, x in enumerate(operands) if i not in taken)
    return set(output).union(*others)


def _cheapest_pair(operands: Sequence[Operand]) -> tuple[int, int]:
    """Which two operands to multiply next: those that take fewest multiplications, or the first.

    A greedy choice. Unknown sizes count as 100.
    """
    sizes: dict[Any, int] = {}
    for tensor, labels in operands:
        for label, size in zip(labels, tensor.type.dims(), strict=True):
            sizes[label] = max(sizes.get(label, 0), 100 if size is None else size)

    def cost(pair: tuple[int, int]) -> int:
        return math.prod(
            sizes[label] for label in {*operands[pair[0]].labels, *operands[pair[1]].labels}
        )

    count = len(operands)
    return min(((i, j) for j in range(1, count) for i in range(j)), key=cost)
