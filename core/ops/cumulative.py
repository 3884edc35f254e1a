"""Running sums and products along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import TensorType, normalize_axis, types_text
from .elementwise import multiply, zeros_like
from .source import convert

__all__ = ["cumprod", "cumsum"]


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
