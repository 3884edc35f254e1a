"""A border around a tensor: `pad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DtypeError, OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register
from ..types import TensorType
from .sizes import keep_values
from .slicing import Slice, Span
from .source import Constant, as_array, convert

__all__ = ["pad"]


@register
class Pad(OpDef):
    """x with a constant border.

    x: (...) number or bool -> each size plus what `paddings` has for its axis, (before, after).
    """

    paddings: tuple[tuple[int, int], ...]
    value: float

    def infer(self, x: TensorType) -> TensorType:
        """Sizes plus both borders."""
        dims = x.dims()
        if x.dtype.is_string:
            raise DtypeError(self.label, "takes numbers or booleans", got=f"x {x}")
        if len(dims) != len(self.paddings) or min(map(min, self.paddings), default=0) < 0:
            raise ShapeError(
                self.label,
                "the paddings do not fit",
                expected=f"{len(dims)} pairs of integers >= 0, one an axis of x",
                got=f"paddings {self.paddings}, x {x}",
            )
        shape = tuple(
            None if size is None else before + size + after
            for size, (before, after) in zip(dims, self.paddings, strict=True)
        )
        return keep_values(self, [x], [x.with_shape(shape)])[0]

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """As many axes as pairs."""
        return (x.with_shape((None,) * len(self.paddings)),)

    def compute(self, xp: Any, x: Any) -> Any:
        """x put into a constant array."""
        pairs = list(zip(self.paddings, x.shape, strict=True))
        shape = tuple(before + size + after for (before, after), size in pairs)
        result = xp.full(shape, self.value, dtype=x.dtype)
        result[tuple(slice(before, before + size) for (before, _), size in pairs)] = x
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The part inside the border."""
        inside = tuple(Span(before, -after if after else None) for before, after in self.paddings)
        return [apply(Slice(inside), g)]


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: float = 0,
    name: str | None = None,
) -> Tensor:
    """`tensor` with a border around it.

    Args:
        tensor: (...) number or bool.
        paddings: (rank, 2) integers >= 0 that are known now: for each axis, how many elements
            come before and after.
        mode: `"CONSTANT"`, in any case.
        constant_values: the number in the border.
        name: of the node.

    Raises:
        ShapeError: if the paddings are not one pair of integers >= 0 an axis.
        OptionError: for another mode.

    >>> from thalweg.core import Session
    >>> Session().run(pad([[1, 2]], [[1, 0], [0, 1]])).tolist()
    [[0, 0, 0], [1, 2, 0]]
    """
    if not isinstance(mode, str) or mode.upper() != "CONSTANT":
        raise OptionError(
            "pad", "unknown mode", expected="'CONSTANT'", got=repr(mode), site=user_site(2)
        )
    if isinstance(paddings, Tensor) and isinstance(paddings.op.opdef, Constant):
        paddings = paddings.op.opdef.literal.array
    pairs = None if isinstance(paddings, Tensor) else as_array(paddings)
    if pairs is None or pairs.shape[1:] != (2,) or pairs.dtype.kind not in "iu":
        raise ShapeError(
            "Pad",
            "the paddings are not pairs",
            expected="(rank, 2) integers that are known now",
            got=repr(paddings),
            site=user_site(2),
        )
    borders = tuple((int(before), int(after)) for before, after in pairs)
    value = constant_values if isinstance(constant_values, int) else float(constant_values)
    return apply(Pad(borders, value), convert(tensor), name=name)
