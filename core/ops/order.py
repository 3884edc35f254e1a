"""The same elements in another order along an axis: reversed, rolled, parts of them reversed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import TensorType, normalize_axes, normalize_axis, types_text
from .elementwise import negative
from .shape import axes_tuple
from .sizes import beside, keep_values, require_sizes
from .source import convert
from .stack import size_vector

__all__ = ["reverse", "reverse_sequence", "roll"]


@register
class Reverse(OpDef):
    """Backwards along some axes.  x: (...) any dtype -> (...)."""

    axes: tuple[int, ...]
    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """The same shape."""
        normalize_axes(self.axes, len(x.dims()), self.label)
        return keep_values(self, [x], [x.with_shape(x.shape)])[0]

    def compute(self, xp: Any, x: Any) -> Any:
        """`xp.flip`."""
        return xp.flip(x, axis=self.axes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Reversed again."""
        return [apply(Reverse(self.axes), g)]


def reverse(tensor: Any, axis: int | Sequence[int], name: str | None = None) -> Tensor:
    """`tensor` backwards along one axis or several.

    Args:
        tensor: (...) any dtype.
        axis: in -rank <= axis < rank, or several of them.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis.

    >>> from thalweg.core import Session
    >>> Session().run(reverse([1, 2, 3], 0)).tolist()
    [3, 2, 1]
    """
    return apply(Reverse(axes_tuple(axis)), convert(tensor), name=name)


@register
class Roll(OpDef):
    """The entries of some axes moved on; what falls off the end comes in at the front.

    x: (...) any dtype, shift: (axes,) integer -> (...). An axis may occur more than once.
    """

    axes: tuple[int, ...]
    may_alias = True  # where all axes are empty

    def infer(self, x: TensorType, shift: TensorType) -> TensorType:
        """The same shape."""
        require_sizes(self, shift=shift)
        for axis in self.axes:
            normalize_axis(axis, len(x.dims()), "roll")
        if shift.dims()[0] not in (None, len(self.axes)):
            raise ShapeError(
                "roll",
                "needs one shift an axis",
                expected=f"{len(self.axes)} shifts, for axes {self.axes}",
                got=types_text(shift=shift),
            )
        return x.with_shape(x.shape)

    def compute(self, xp: Any, x: Any, shift: Any) -> Any:
        """Takes each entry from where it was; nothing depends on the shifts but their values."""
        shift = shift.astype("int64")
        for number, axis in enumerate(self.axes):
            size = x.shape[axis]
            if size:
                x = xp.take(x, (xp.arange(size) - shift[number]) % size, axis=axis)
        return x

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Moved back."""
        return [apply(Roll(self.axes), g, negative(node.inputs[1])), None]


def roll(input: Any, shift: Any, axis: int | Sequence[int] = 0, name: str | None = None) -> Tensor:
    """`input` with the entries of an axis moved on; what falls off the end comes in at the front.

    Args:
        input: (...) any dtype.
        shift: how far, forwards if positive: an integer, which may be a tensor, or one an axis.
        axis: in -rank <= axis < rank, or several of them, one after another.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis, or not one shift an axis.
        DtypeError: if the shift is not an integer.

    >>> from thalweg.core import Session
    >>> Session().run(roll([1, 2, 3, 4], 1, 0)).tolist()
    [4, 1, 2, 3]
    """
    x, axes = convert(input), axes_tuple(axis)
    is_list = isinstance(shift, list | tuple) or getattr(shift, "ndim", 0) == 1
    with beside(x):
        shifts = size_vector("roll", shift if is_list else [shift], x)
    return apply(Roll(axes), x, shifts, name=name)


@register
class ReverseSequence(OpDef):
    """For each entry of a batch, the first few steps of time backwards.

    x: (...) any dtype, lengths: (batch,) integer in 0 <= length <= time -> (...).
    """

    seq_axis: int
    batch_axis: int

    def infer(self, x: TensorType, lengths: TensorType) -> TensorType:
        """The same shape."""
        require(self, "integer", lengths=lengths)
        dims = x.dims()
        seq_axis, batch_axis = (
            normalize_axis(axis, len(dims), "reverse_sequence")
            for axis in (self.seq_axis, self.batch_axis)
        )
        if seq_axis == batch_axis or not lengths.accepts_shape((dims[batch_axis],)):
            raise ShapeError(
                "reverse_sequence",
                "the lengths do not fit",
                expected=f"one length for each entry of axis {batch_axis}, none of axis {seq_axis}",
                got=types_text(input=x, seq_lengths=lengths),
            )
        return x.with_shape(x.shape)

    def compute(self, xp: Any, x: Any, lengths: Any) -> Any:
        """Entry t comes from length - 1 - t, as long as that is one."""
        time = [1] * x.ndim
        batch = [1] * x.ndim
        time[self.seq_axis] = batch[self.batch_axis] = -1
        step = xp.arange(x.shape[self.seq_axis]).reshape(time)
        length = lengths.astype("int64").reshape(batch)
        places = xp.where(step < length, length - 1 - step, step)
        return xp.take_along_axis(x, places, axis=self.seq_axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Backwards again."""
        op = ReverseSequence(self.seq_axis, self.batch_axis)
        return [apply(op, g, node.inputs[1]), None]


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int = 1,
    batch_axis: int = 0,
    name: str | None = None,
) -> Tensor:
    """For each entry of a batch, the first `seq_lengths` steps of time backwards, the rest as is.

    Args:
        input: (...) any dtype, by default (batch, time, ...).
        seq_lengths: (batch,) integer in 0 <= length <= time.
        seq_axis: the axis of time.
        batch_axis: the axis of the batch, another one.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis, or not one length for each entry of the batch.
        DtypeError: if the lengths are not integers.
        KernelError: if a length is above the number of steps (on a device it wraps around).

    >>> from thalweg.core import Session
    >>> Session().run(reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3])).tolist()
    [[2, 1, 3], [6, 5, 4]]
    """
    x = convert(input)
    with beside(x):
        lengths = convert(seq_lengths)
    return apply(ReverseSequence(int(seq_axis), int(batch_axis)), x, lengths, name=name)
