"""What a mask keeps: `boolean_mask`, whose size depends on data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DtypeError, ShapeError
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register
from ..types import TensorType, int64, normalize_axis, shape_text
from .concat import concat
from .elementwise import shape_of
from .gather import gather
from .shape import reshape, size_of
from .sizes import beside, size_values
from .slicing import Slice, Span
from .source import as_array, convert

__all__ = ["boolean_mask"]


@register
class MaskPositions(OpDef):
    """Where a mask is True, counted in row-major order.

    mask: (...) bool, shape: (rank,) host integer, of the tensor whose axes from `axis` on it
    masks -> (count,) int64. `count` is known for masks that are known when the graph is built.
    """

    axis: int
    count: int | None
    host_inputs = frozenset({1})

    def infer(self, mask: TensorType, shape: TensorType) -> TensorType:
        """How many there are depends on the mask's values."""
        if not mask.dtype.is_bool:
            raise DtypeError(
                "boolean_mask",
                "the mask is not boolean",
                expected="mask bool (...)",
                got=f"mask {mask}",
                hint="compare first: not_equal(mask, 0)",
            )
        dims, sizes = mask.dims(), size_values(shape)
        if sizes is not None:
            axis = normalize_axis(self.axis, len(sizes), "boolean_mask") if sizes else 0
            masked = sizes[axis : axis + len(dims)]
            if not dims or not TensorType(mask.dtype, masked).accepts_shape(dims):
                raise ShapeError(
                    "boolean_mask",
                    "the mask does not fit",
                    expected=f"one axis or more, of the sizes from axis {axis} of the tensor on",
                    got=f"mask {mask}, tensor {shape_text(sizes)}",
                )
        return TensorType(int64, (self.count,))

    def infer_unknown(self, mask: TensorType, shape: TensorType) -> tuple[TensorType, ...]:
        """A vector."""
        return (TensorType(int64, (self.count,)),)

    def compute(self, xp: Any, mask: Any, shape: Any) -> Any:
        """`flatnonzero`."""
        return xp.flatnonzero(mask).astype("int64")

    gradient = no_gradient


def boolean_mask(tensor: Any, mask: Any, axis: int = 0, name: str | None = None) -> Tensor:
    """The entries of `tensor` for which `mask` is True, one after another.

    How many there are depends on data, unless the mask is an array: what follows is planned when
    their number is known, and kept for the next time that it is the same.

    Args:
        tensor: (..., size_0, …, size_k, ...) any dtype.
        mask: (size_0, …, size_k) bool, of known rank.
        axis: of the tensor, where the sizes of the mask begin.
        name: of the node.

    Returns:
        (..., count, ...), with one axis in the place of those that are masked.

    Raises:
        ShapeError: if the mask is a scalar, of unknown rank, or of other sizes than the tensor.
        DtypeError: if it is not boolean.

    >>> from thalweg.core import Session
    >>> Session().run(boolean_mask([[1, 2], [3, 4], [5, 6]], [True, False, True])).tolist()
    [[1, 2], [5, 6]]
    """
    x = convert(tensor)
    is_known = not isinstance(mask, Tensor) and not hasattr(mask, "__thalweg_tensor__")
    count = int(np.count_nonzero(as_array(mask))) if is_known else None
    with beside(x):
        where = convert(mask)
        if where.ndim is None:
            raise ShapeError(
                "boolean_mask",
                "the rank of the mask is unknown",
                expected="a mask of known rank",
                got=str(where.type),
                node=where.op.name,
                site=where.op.site,
                hint="mask.set_shape([None]) says it",
            )
        sizes = shape_of(x)
        positions = apply(MaskPositions(int(axis), count), where, sizes)
        if where.ndim != 1:
            x = reshape(x, _merged(sizes, where, int(axis)))
    return gather(x, positions, axis if axis >= 0 else axis + where.ndim - 1, name=name)


def _merged(sizes: Tensor, mask: Tensor, axis: int) -> Tensor:
    """The sizes with those of the mask as one."""
    end = axis + (mask.ndim or 0)
    parts = [apply(Slice((Span(None, axis),)), sizes), reshape(size_of(mask), [1])]
    if axis >= 0 or end < 0:
        parts.append(apply(Slice((Span(end, None),)), sizes))
    return concat(parts, 0)
