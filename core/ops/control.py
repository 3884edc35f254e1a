"""Ops that decide what runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DtypeError, ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register
from ..types import TensorType, types_text
from .elementwise import unary
from .source import convert, convert_all

__all__ = ["choose"]


unchosen = unary(
    "unchosen",
    "Zeros of `x`'s shape: the gradient of a side that was not chosen.\n\n"
    "Nothing flows through it, whatever it would be multiplied with: unlike other zeros it makes "
    "products vanish that could be NaN, so that plans are rid of that side.",
    lambda xp, x: xp.zeros(x.shape, x.dtype),
    None,
    example=("[1.0, 2.0]", "[0.0, 0.0]"),
    takes="any",
)


@register
class Choose(OpDef):
    """One of two tensors, by a boolean that is known when the run is planned.

    condition: () bool on the host; a, b: (...) one dtype -> (...).
    Only the chosen side runs, and nothing of the choice is left in the plan. Where constants and
    fed values decide (they join the plan's key), the other side's writes and random draws do not
    happen either; where sizes decide, its writes do.
    """

    host_inputs = frozenset({0})

    def infer(self, condition: TensorType, a: TensorType, b: TensorType) -> TensorType:
        """The chosen type where the condition is known, else what both have in common."""
        if not condition.dtype.is_bool or condition.shape != ():
            raise DtypeError(
                self.label, "the condition is not a boolean scalar", got=str(condition)
            )
        if a.dtype is not b.dtype:
            raise DtypeError(self.label, "the two sides have two dtypes", got=types_text(a=a, b=b))
        known = condition.known_value
        if known is not None:
            return a if known else b
        if len(a.dims()) != len(b.dims()):
            raise ShapeError(self.label, "the two sides have two ranks", got=types_text(a=a, b=b))
        sizes = zip(a.dims(), b.dims(), strict=True)
        return TensorType(a.dtype, tuple(m if m == n else None for m, n in sizes))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The dtype of the sides."""
        return (TensorType(types[1].dtype, None),)

    def compute(self, xp: Any, condition: Any, a: Any, b: Any) -> Any:
        """Python's `if`. A copy, for the memory pass could not tell whose memory it shares."""
        return (a if bool(condition) else b).copy()

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Flows to the chosen side."""
        condition = node.inputs[0]
        zero = unchosen(g)
        return [
            None,
            apply(Choose(), condition, g, zero),
            apply(Choose(), condition, zero, g),
        ]


def choose(condition: Any, a: Any, b: Any, name: str | None = None) -> Any:
    """`a` if `condition` else `b`; the other side does not run.

    Args:
        condition: a Python bool, which decides now, or a boolean scalar tensor computed from
            constants, sizes and fed values only (`training`, for one).
        a: a tensor.
        b: a tensor of the same dtype and rank.
        name: of the node.

    >>> from thalweg.core import Session, placeholder
    >>> training = placeholder("bool", [])
    >>> y = choose(training, 1.0, 2.0)
    >>> [float(Session().run(y, {training: value})) for value in (True, False)]
    [1.0, 2.0]
    """
    if not isinstance(condition, Tensor):
        return a if condition else b
    left, right = convert_all(a, b)
    return apply(Choose(), convert(condition), left, right, name=name)
