"""Where along an axis the largest or smallest entry is."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, TensorType, as_dtype, normalize_axis, types_text
from .source import convert

__all__ = ["argmax", "argmin"]


class _Position(OpDef):
    axis: int
    dtype: DType

    def infer(self, x: TensorType) -> TensorType:
        """Without the axis, which must have entries."""
        require(self, "number", x=x)
        dims = x.dims()
        axis = normalize_axis(self.axis, len(dims), self.label)
        if dims[axis] == 0:
            raise ShapeError(
                self.label, "there are no entries", expected="a size above 0", got=types_text(x=x)
            )
        return TensorType(self.dtype, dims[:axis] + dims[axis + 1 :])

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """An unknown rank."""
        require(self, "number", x=x)
        return (TensorType(self.dtype, None),)

    gradient = no_gradient


@register
class Argmax(_Position):
    """Where the largest entry along an axis is; of several the first.  x: (...) number."""

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `argmax`."""
        return x.argmax(axis=self.axis).astype(self.dtype.numpy)


@register
class Argmin(_Position):
    """Where the smallest entry along an axis is; of several the first.  x: (...) number."""

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `argmin`."""
        return x.argmin(axis=self.axis).astype(self.dtype.numpy)


def argmax(
    x: Any, axis: int | None = 0, output_type: Any = "int64", name: str | None = None
) -> Tensor:
    """Where the largest entry along an axis is; of several the first.

    Args:
        x: (...) number.
        axis: one axis; 0 if None, as in TF1.
        output_type: int32 or int64.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis, or it has no entries.

    >>> from thalweg.core import Session
    >>> Session().run(argmax([[1.0, 5.0], [7.0, 4.0]], axis=1)).tolist()
    [1, 0]
    """
    return apply(Argmax(axis or 0, as_dtype(output_type)), convert(x), name=name)


def argmin(
    x: Any, axis: int | None = 0, output_type: Any = "int64", name: str | None = None
) -> Tensor:
    """Where the smallest entry along an axis is; of several the first.

    Args:
        x: (...) number.
        axis: one axis; 0 if None, as in TF1.
        output_type: int32 or int64.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis, or it has no entries.

    >>> from thalweg.core import Session
    >>> Session().run(argmin([[1.0, 5.0], [7.0, 4.0]], axis=1)).tolist()
    [0, 1]
    """
    return apply(Argmin(axis or 0, as_dtype(output_type)), convert(x), name=name)
