"""Running sums, products, extremes and log-sum-exps along an axis."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import TensorType, int64, normalize_axis, types_text
from .compare import is_finite, where
from .concat import concat
from .elementwise import multiply, zeros_like
from .grouped import combine_rows
from .math import exp
from .source import convert

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "cumulative_logsumexp"]


@register
class Cumsum(OpDef):
    """The sums of each entry and those before it.  x: (...) number -> the same."""

    axis: int
    exclusive: bool
    reverse: bool

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        require(self, "number", x=x)
        normalize_axis(self.axis, len(x.dims()), self.label)
        return x.with_shape(x.shape)

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `cumsum`; shifted by one entry if exclusive, turned if reverse."""
        before = (slice(None),) * normalize_axis(self.axis, x.ndim)
        turn = (*before, slice(None, None, -1))
        if self.reverse:
            x = x[turn]
        if self.exclusive:
            first, but_last = (*before, slice(0, 1)), (*before, slice(0, -1))
            sums = xp.cumsum(x[but_last], axis=self.axis, dtype=x.dtype)
            result = xp.concatenate([xp.zeros_like(x[first]), sums], axis=self.axis)
        else:
            result = xp.cumsum(x, axis=self.axis, dtype=x.dtype)
        return result[turn] if self.reverse else result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The sums of g from the other end."""
        return [apply(Cumsum(self.axis, self.exclusive, not self.reverse), g)]


@register
class ExclusiveScan(OpDef):
    """The recurrence y[0] = initial, y[k] = b[k-1] + a[k-1] y[k-1] along an axis.

    a, b: (...) number of one shape -> the same. With `reverse` it runs from the last entry. Its
    gradient is the scan in the other direction, so that it may be differentiated any number of
    times; with b = 0 and initial 1 it is the running product.
    """

    axis: int
    initial: float
    reverse: bool

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        """The shape of both."""
        require(self, "same number", a=a, b=b)
        normalize_axis(self.axis, len(a.dims()), self.label)
        if not a.accepts(b):
            raise ShapeError(
                self.label, "shapes differ", expected="one shape", got=types_text(a=a, b=b)
            )
        return a.with_shape(a.shape)

    def compute(self, xp: Any, a: Any, b: Any) -> Any:
        """One step an entry of the axis."""
        result = xp.empty(a.shape, a.dtype)
        axis = normalize_axis(self.axis, a.ndim)
        before = (slice(None),) * axis
        state = xp.full(a.shape[:axis] + a.shape[axis + 1 :], self.initial, a.dtype)
        steps = range(a.shape[axis])
        for step in reversed(steps) if self.reverse else steps:
            here = (*before, step)
            result[here] = state
            state = b[here] + a[here] * state
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """What flows back through the recurrence, and that times the state it met."""
        back = apply(ExclusiveScan(self.axis, 0.0, not self.reverse), node.inputs[0], g)
        return [back * node.outputs[0], back]


@register
class RunningPosition(OpDef):
    """Where along an axis the largest (smallest) entry up to each one is; of several the first.

    x: (...) number -> (...) int64. With `reverse` the last entry comes first.
    """

    axis: int
    is_largest: bool
    reverse: bool

    def infer(self, x: TensorType) -> TensorType:
        """Positions in the shape of x."""
        require(self, "number", x=x)
        normalize_axis(self.axis, len(x.dims()), self.label)
        return TensorType(int64, x.shape)

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """An unknown rank."""
        require(self, "number", x=x)
        return (TensorType(int64, None),)

    def compute(self, xp: Any, x: Any) -> Any:
        """By doubling; NaN is larger and smaller than any number, as for `maximum`."""
        axis = normalize_axis(self.axis, x.ndim)
        column = (-1,) + (1,) * (x.ndim - 1 - axis)
        places = xp.broadcast_to(xp.arange(x.shape[axis]).reshape(column), x.shape)

        def combine(early: tuple[Any, Any], late: tuple[Any, Any]) -> tuple[Any, Any]:
            (x, place), (y, later) = early, late
            is_better = ((y > x) if self.is_largest else (y < x)) | (y != y)
            return xp.where(is_better, y, x), xp.where(is_better, later, place)

        return _doubled(xp, (x, places), axis, self.reverse, combine)[1].astype("int64")

    gradient = no_gradient


@register
class PickAlong(OpDef):
    """The entries of x at positions along an axis.

    x: (...) any dtype, positions: (...) int64 of the same shape -> the same type as x.
    """

    axis: int

    def infer(self, x: TensorType, positions: TensorType) -> TensorType:
        """The type of x."""
        return x.with_shape(x.shape)

    def compute(self, xp: Any, x: Any, positions: Any) -> Any:
        """NumPy's `take_along_axis`."""
        return xp.take_along_axis(x, positions, axis=self.axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Added up where they were picked."""
        return [apply(AddAlong(self.axis), g, node.inputs[1]), None]


@register
class AddAlong(OpDef):
    """Zeros, with entries added at positions along an axis: the gradient of `PickAlong`.

    g: (...) number, positions: (...) int64 of the same shape -> the same type as g.
    """

    axis: int

    def infer(self, g: TensorType, positions: TensorType) -> TensorType:
        """The type of g."""
        return g.with_shape(g.shape)

    def compute(self, xp: Any, g: Any, positions: Any) -> Any:
        """By the mechanism of `grouped.py`: one number for each line and position."""
        moved, rows = (xp.moveaxis(array, self.axis, -1) for array in (positions, g))
        *others, size = rows.shape
        lines = xp.arange(math.prod(others)).reshape((*others, 1))
        index = (lines * size + moved).reshape(-1)
        sums = combine_rows(xp, index, rows.reshape(-1), g.size, operator.add, 0)
        return xp.moveaxis(sums.reshape(rows.shape), -1, self.axis)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Picked again."""
        return [apply(PickAlong(self.axis), g, node.inputs[1]), None]


@register
class RunningLogsumexp(OpDef):
    """log of the sum of exp(x) up to each entry along an axis.  x: (...) float -> the same.

    With `reverse` the last entry comes first.
    """

    axis: int
    reverse: bool

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        require(self, "float", x=x)
        normalize_axis(self.axis, len(x.dims()), self.label)
        return x.with_shape(x.shape)

    def compute(self, xp: Any, x: Any) -> Any:
        """By doubling, each step without overflow."""

        def combine(early: tuple[Any], late: tuple[Any]) -> tuple[Any]:
            (x,), (y,) = early, late
            high, low = xp.maximum(x, y), xp.minimum(x, y)
            return (xp.where(xp.isinf(high), high, high + xp.log1p(xp.exp(low - high))),)

        axis = normalize_axis(self.axis, x.ndim)
        return _doubled(xp, (x,), axis, self.reverse, combine)[0]

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """p s, with p the share exp(x - y) of each entry in the sum up to it.

        The sum s of what flows into y, s[k] = g[k] + (1 - p[k+1]) s[k+1], shrinks at each step.
        """
        x, y = node.inputs[0], node.outputs[0]
        share = exp(x - where(is_finite(y), y, zeros_like(y)))
        rest = 1 - share
        later = apply(ExclusiveScan(self.axis, 0.0, not self.reverse), rest, rest * g)
        return [share * (g + later)]


def _doubled(xp: Any, arrays: tuple[Any, ...], axis: int, reverse: bool, combine: Any) -> Any:
    """Combines each entry with all before it: after round r with the 2^r - 1 before it.

    Args:
        xp: the array module.
        arrays: of one shape; an entry consists of a number of each.
        axis: from the front.
        reverse: the last entry comes first.
        combine: an associative function of two tuples of arrays, the earlier first.
    """
    before = (slice(None),) * axis
    turn = (*before, slice(None, None, -1 if reverse else 1))
    arrays = tuple(array[turn] for array in arrays)
    shift = 1
    while shift < arrays[0].shape[axis]:
        parts = (
            (*before, part) for part in (slice(0, shift), slice(shift, None), slice(0, -shift))
        )
        first, late, early = (tuple(array[part] for array in arrays) for part in parts)
        combined = combine(early, late)
        arrays = tuple(
            xp.concatenate(pair, axis=axis) for pair in zip(first, combined, strict=True)
        )
        shift *= 2
    return tuple(array[turn].copy() for array in arrays)


def running_products(x: Tensor, axis: int, reverse: bool) -> Tensor:
    """For each entry of the axis, the product of those before it (after it, if `reverse`)."""
    return apply(ExclusiveScan(axis, 1.0, reverse), x, zeros_like(x))


def cumsum(
    x: Any,
    axis: int = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The sum of each entry and those before it along an axis.

    Args:
        x: (...) number.
        axis: one axis.
        exclusive: leave out the entry itself.
        reverse: those after it, instead of before.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis.

    >>> from thalweg.core import Session
    >>> Session().run(cumsum([1, 2, 3])).tolist()
    [1, 3, 6]
    """
    return apply(Cumsum(axis, exclusive, reverse), convert(x), name=name)


def cumprod(
    x: Any,
    axis: int = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of each entry and those before it; its gradient is right with zeros too.

    Args:
        x: (...) number.
        axis: one axis.
        exclusive: leave out the entry itself.
        reverse: those after it, instead of before.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis.

    >>> from thalweg.core import Session
    >>> Session().run(cumprod([2, 3, 4])).tolist()
    [2, 6, 24]
    """
    x = convert(x)
    if exclusive:
        return apply(ExclusiveScan(axis, 1.0, reverse), x, zeros_like(x), name=name)
    return multiply(running_products(x, axis, reverse), x, name=name or "cumprod")


def cummax(x: Any, axis: int = 0, reverse: bool = False, name: str | None = None) -> Tensor:
    """The largest of each entry and those before it along an axis.

    Args:
        x: (...) number.
        axis: one axis.
        reverse: those after it, instead of before.
        name: of the node.

    Returns:
        The type of `x`. The gradient goes to the entry that was the largest, of several the first.

    Raises:
        ShapeError: if there is no such axis.

    >>> from thalweg.core import Session
    >>> Session().run(cummax([1, 3, 2, 5])).tolist()
    [1, 3, 3, 5]
    """
    return _running_extreme(x, axis, True, reverse, name or "cummax")


def cummin(x: Any, axis: int = 0, reverse: bool = False, name: str | None = None) -> Tensor:
    """The smallest of each entry and those before it along an axis; arguments as in `cummax`.

    >>> from thalweg.core import Session
    >>> Session().run(cummin([4, 3, 5, 1])).tolist()
    [4, 3, 3, 1]
    """
    return _running_extreme(x, axis, False, reverse, name or "cummin")


def _running_extreme(x: Any, axis: int, is_largest: bool, reverse: bool, name: str) -> Tensor:
    x = convert(x)
    positions = apply(RunningPosition(axis, is_largest, reverse), x, name=f"{name}/positions")
    return apply(PickAlong(axis), x, positions, name=name)


def cumulative_logsumexp(
    x: Any,
    axis: int = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """log(cumsum(exp(x))) along an axis, without overflow.

    Args:
        x: (...) float.
        axis: one axis.
        exclusive: leave out the entry itself; the first is then -infinity.
        reverse: those after it, instead of before.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis.

    >>> from thalweg.core import Session
    >>> Session().run(cumulative_logsumexp([-1000.0, 1000.0, 1000.0])).round(2).tolist()
    [-1000.0, 1000.0, 1000.69...]
    """
    x = convert(x)
    if exclusive:
        first, last = _along(axis, slice(0, 1)), _along(axis, slice(-1, None))
        none = zeros_like(x[last if reverse else first]) - math.inf
        if reverse:
            x = concat([x[_along(axis, slice(1, None))], none], axis)
        else:
            x = concat([none, x[_along(axis, slice(0, -1))]], axis)
    return apply(RunningLogsumexp(axis, reverse), x, name=name or "cumulative_logsumexp")


def _along(axis: int, part: slice) -> tuple[Any, ...]:
    """An index of a part of one axis, whatever the rank."""
    if axis >= 0:
        return (*[slice(None)] * axis, part)
    return (..., part, *[slice(None)] * (-axis - 1))
