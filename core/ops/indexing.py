"""`x[key]`: what Python's indexing becomes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import DtypeError, ShapeError, user_site
from ..graph import Tensor
from ..opdef import apply
from .gather import gather
from .sizes import beside
from .slicing import ALL, Slice, Span
from .source import convert

__all__ = ["getitem"]


def getitem(x: Any, key: Any, name: str | None = None) -> Tensor:
    """`x[key]`, as NumPy has it for ints, slices, `...` and None.

    One of the indices may be an integer tensor, list or array: it picks along its axis, as `gather`
    does. Unlike in NumPy, every index acts on its own axis and leaves its axes there.

    Args:
        x: (...) any dtype.
        key: an index, or a tuple of them.
        name: of the node.

    Raises:
        ShapeError: if an index is out of range, there are too many, or more than one tensor.
        DtypeError: if an index is something else.

    >>> from thalweg.core import Session, constant
    >>> x = constant([[1, 2, 3], [4, 5, 6]])
    >>> Session().run([x[0, ::-1], x[..., 1], x[:, [2, 0]]])
    [array([3, 2, 1], dtype=int32), array([2, 5], dtype=int32), array([[3, 1],
           [6, 4]], dtype=int32)]
    """
    tensor = convert(x)
    index: list[Any] = [_as_item(item) for item in (key if isinstance(key, tuple) else (key,))]
    if sum(item is Ellipsis for item in index) > 1:
        raise _index_error("two Ellipses", "at most one ...", key)
    picks = [position for position, item in enumerate(index) if isinstance(item, _Pick)]
    if len(picks) > 1:
        raise _index_error("more than one index is a tensor", "at most one", key)
    for position in picks:
        with beside(tensor):
            indices = convert(index[position].value)
        if indices.shape is None:
            raise _index_error("the rank of an index is unknown", "a known rank", key)
        tensor = gather(tensor, indices, axis=_axis_of(index, position))
        index[position : position + 1] = [ALL] * len(indices.shape)
    is_all = all(item in (ALL, Ellipsis) for item in index)
    if is_all and index.count(ALL) <= (tensor.ndim or 0):
        return tensor
    return apply(Slice(tuple(index)), tensor, name=name)


class _Pick(NamedTuple):
    """An index that is not known when the graph is built."""

    value: Any


def _as_item(item: Any) -> Any:
    """An index in the form of `Index`, or a `_Pick`."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        bounds = (item.start, item.stop, item.step)
        if all(bound is None or _is_int(bound) for bound in bounds) and item.step != 0:
            start, stop, step = (None if bound is None else int(bound) for bound in bounds)
            return Span(start, stop, None if step == 1 else step)
        raise DtypeError(
            "getitem",
            "a slice takes Python integers",
            expected="start:stop:step of int or None, and a step that is not 0",
            got=repr(item),
            site=user_site(2),
            hint="gather(x, arange(start, stop), axis) takes bounds that are tensors"
            if any(isinstance(bound, Tensor) for bound in bounds)
            else None,
        )
    if _is_int(item):
        return int(item)
    dtype = getattr(item, "dtype", None)
    if isinstance(item, list) or (dtype is not None and getattr(dtype, "kind", "i") in "iu"):
        return _Pick(item)
    raise DtypeError(
        "getitem",
        "not an index",
        expected="an int, a slice, ..., None, or one integer tensor",
        got=repr(item),
        site=user_site(2),
    )


def _is_int(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool)


def _axis_of(index: list[Any], position: int) -> int:
    """The axis an index acts on, from the end if it stands after an Ellipsis."""
    if Ellipsis in index[:position]:
        return -sum(item is not None for item in index[position:])
    return sum(item is not None for item in index[:position])


def _index_error(problem: str, expected: str, key: Any) -> ShapeError:
    return ShapeError("getitem", problem, expected=expected, got=repr(key), site=user_site(2))
