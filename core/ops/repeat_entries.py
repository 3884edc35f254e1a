"""Each entry of an axis several times over: `repeat`."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError, user_site
from ..graph import Tensor
from ..opdef import apply
from ..types import normalize_axis, types_text
from .concat import concat
from .cumulative import cumsum
from .elementwise import broadcast_to, cast, multiply, shape_of
from .gather import gather
from .reduce import reduce_sum
from .repeat import arange
from .shape import expand_dims, reshape
from .sizes import beside
from .slicing import Slice, Span
from .sorting import searchsorted
from .source import convert

__all__ = ["repeat"]


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each entry of an axis several times over, one after another.

    Args:
        input: (..., size, ...) any dtype.
        repeats: how often: one integer >= 0, or (size,) of them. They may be tensors; if they are
            computed, the size of the result depends on data.
        axis: in -rank <= axis < rank; None repeats all elements, as a vector.
        name: of the node.

    Returns:
        (..., sum of the repeats, ...).

    Raises:
        ShapeError: if there is no such axis, or not one number, or one an entry.
        DtypeError: if the repeats are not integers.

    >>> from thalweg.core import Session
    >>> Session().run(repeat([[1, 2], [3, 4]], 2, axis=1)).tolist()
    [[1, 1, 2, 2], [3, 3, 4, 4]]
    >>> Session().run(repeat([5, 6, 7], [1, 0, 2])).tolist()
    [5, 7, 7]
    """
    x = convert(input)
    with beside(x):
        counts = convert(repeats)
        if axis is None:
            x, axis = reshape(x, [-1]), 0
        if counts.ndim not in (0, 1):
            raise ShapeError(
                "repeat",
                "repeats is neither one number nor a vector",
                expected="repeats () or (size,), of known rank",
                got=types_text(repeats=counts.type),
                site=user_site(2),
            )
        _check_axis(x, int(axis))
        sizes = shape_of(x, "int64")
        head, size, tail = _around(sizes, int(axis))
        counts = cast(counts, "int64")
        if counts.ndim == 0:
            count = reshape(counts, [1])
            wide = broadcast_to(
                expand_dims(x, axis + 1 if axis >= 0 else axis),
                concat([head, size, count, tail], 0),
            )
            return reshape(wide, concat([head, multiply(size, count), tail], 0), name=name)
        each = broadcast_to(counts, size)
        entries = searchsorted(cumsum(each), arange(reduce_sum(each)), "right")
        return gather(x, entries, axis, name=name)


def _check_axis(x: Tensor, axis: int) -> None:
    try:
        normalize_axis(axis, (abs(axis) + 1) if x.ndim is None else x.ndim, "repeat")
    except ShapeError as error:
        raise error.at(site=user_site(3)) from None


def _around(sizes: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """The sizes before an axis, its own, and those after it, as vectors."""
    after = None if axis == -1 else axis + 1
    spans = Span(None, axis), Span(axis, after), Span(after, None if after is not None else 0)
    head, size, tail = (apply(Slice((span,)), sizes) for span in spans)
    return head, size, tail
