"""The same elements in another order along an axis: `reverse`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register
from ..types import TensorType, normalize_axes
from .shape import axes_tuple
from .sizes import keep_values
from .source import convert

__all__ = ["reverse"]


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
