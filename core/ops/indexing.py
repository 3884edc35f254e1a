"""`x[key]`: what Python's indexing becomes, and TensorFlow's `strided_slice`, which spells it.

Ints and slices of ints become one `Slice`. Before it, each index that is a tensor is resolved by
itself on its own axis: an integer one by `gather`, a boolean one by `boolean_mask`, the bounds of
a slice by one `DynamicSlice`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DtypeError, ShapeError, user_site
from ..graph import Tensor
from ..opdef import apply
from ..types import int64
from .compare import greater, where
from .elementwise import add, cast, shape_of, subtract
from .gather import gather
from .masks import boolean_mask
from .repeat import arange
from .sizes import beside, size_values
from .slicing import ALL, DynamicSlice, Slice, SliceBounds, Span
from .source import as_array, convert
from .stack import stack, unstack

__all__ = ["getitem", "strided_slice"]


class _Pick(NamedTuple):
    """Integers that pick along an axis, and leave their axes there."""

    indices: Tensor

    @property
    def width(self) -> int:
        """How many axes of x it takes."""
        return 1


class _Mask(NamedTuple):
    """Booleans that pick along as many axes as they have, and leave one."""

    mask: Any
    width: int


class _Bounds(NamedTuple):
    """A slice with tensors in it."""

    start: Any
    stop: Any
    step: Any

    @property
    def width(self) -> int:
        """How many axes of x it takes."""
        return 1


def getitem(x: Any, key: Any, name: str | None = None) -> Tensor:
    """`x[key]`, as NumPy has it for ints, slices, `...` and None, any of which may be tensors.

    An integer tensor, list or array picks along its axis, as `gather` does; a boolean one keeps
    what it is True for, as `boolean_mask` does, and takes as many axes as it has. Bounds of slices
    may be integer scalars. Unlike in NumPy, every index acts on its own axes and leaves its axes
    there; so at most one of them may be an array.

    Args:
        x: (...) any dtype.
        key: an index, or a tuple of them.
        name: of the node.

    Raises:
        ShapeError: if an index is out of range, there are too many, or more than one array.
        DtypeError: if an index is something else.

    >>> from thalweg.core import Session, constant
    >>> x = constant([[1, 2, 3], [4, 5, 6]])
    >>> i = constant(1)
    >>> parts = [x[0, ::-1], x[..., i], x[:, i:], x[:, [2, 0]], x[x > 3]]
    >>> [part.tolist() for part in Session().run(parts)]
    [[3, 2, 1], [2, 5], [[2, 3], [5, 6]], [[3, 1], [6, 4]], [4, 5, 6]]
    """
    tensor = convert(x)
    with beside(tensor):
        index = [_as_item(item, key) for item in (key if isinstance(key, tuple) else (key,))]
        if sum(item is Ellipsis for item in index) > 1:
            raise _index_error("two Ellipses", "at most one ...", key)
        if sum(_is_array(item) for item in index) > 1:
            raise _index_error(
                "more than one index is an array",
                "at most one that is no scalar",
                key,
                hint="gather_nd(x, indices) picks by several at once",
            )
        tensor = _resolved(tensor, index)
    is_all = all(item in (ALL, Ellipsis) for item in index)
    if is_all and index.count(ALL) <= (tensor.ndim or 0):
        return tensor
    return apply(Slice(tuple(index)), tensor, name=name)


def strided_slice(
    input: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    name: str | None = None,
) -> Tensor:
    """`input[begin_0:end_0:stride_0, begin_1:end_1:stride_1, …]`, as TensorFlow spells it.

    Bit i of a mask is about the i-th index: of `begin_mask` and `end_mask` that this bound is
    left out, of `ellipsis_mask` that the index is `...`, of `new_axis_mask` that it is None, and
    of `shrink_axis_mask` that it is the integer `begin_i`.

    Args:
        input: (...) any dtype.
        begin: (n,) integer: a list that may mix ints and integer scalars, or a vector.
        end: likewise.
        strides: likewise; ones if None.
        begin_mask: bits.
        end_mask: bits.
        ellipsis_mask: bits, at most one of which is set.
        new_axis_mask: bits.
        shrink_axis_mask: bits.
        name: of the node.

    Raises:
        ShapeError: if begin, end and strides have different lengths, or what `x[key]` raises.

    >>> from thalweg.core import Session
    >>> x = [[1, 2, 3], [4, 5, 6]]
    >>> Session().run(strided_slice(x, [1, 0], [2, 3], [1, 2], shrink_axis_mask=1)).tolist()
    [4, 6]
    """
    x = convert(input)
    with beside(x):
        begins, ends = _entries("begin", begin), _entries("end", end)
        steps = [1] * len(begins) if strides is None else _entries("strides", strides)
    if not len(begins) == len(ends) == len(steps):
        raise ShapeError(
            "strided_slice",
            "begin, end and strides have different lengths",
            expected="one integer of each for each index",
            got=f"{len(begins)}, {len(ends)} and {len(steps)} integers",
            site=user_site(2),
        )
    key: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(begins, ends, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(start)
        else:
            start = None if begin_mask & bit else start
            key.append(slice(start, None if end_mask & bit else stop, step))
    return getitem(x, tuple(key), name=name)


def _entries(what: str, values: Any) -> list[Any]:
    """The integers of a vector: Python ints where they are known, else scalars."""
    if isinstance(values, list | tuple):
        return list(values)
    tensor = convert(values)
    known = size_values(tensor.type) if tensor.type.rank == 1 else None
    if known is None:
        raise ShapeError(
            "strided_slice",
            f"how many integers {what} has is unknown",
            expected="a list, or a vector of known length",
            got=str(tensor.type),
            site=user_site(3),
        )
    if None not in known:
        return list(known)
    return list(unstack(tensor, len(known)))


# Indices ------------------------------------------------------------------------------------------


def _as_item(item: Any, key: Any) -> Any:
    """An index in the form of `Slice.index`, or a `_Pick`, a `_Mask`, or `_Bounds`."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        return _as_span(item)
    if _is_int(item):
        return int(item)
    if isinstance(item, list):
        item = as_array(item) if item else np.zeros(0, np.int32)
    dtype = getattr(item, "dtype", None)
    if isinstance(item, bool) or dtype is None:
        raise _dtype_error(item)
    tensor = item if isinstance(item, np.ndarray | np.generic) else convert(item)
    if tensor.ndim is None:
        raise _index_error("the rank of an index is unknown", "a known rank", key)
    if getattr(tensor.dtype, "kind", "") == "b" or tensor.dtype == "bool":
        if tensor.ndim == 0:
            raise _dtype_error(item)
        return _Mask(tensor, tensor.ndim)
    indices = convert(tensor)
    if not indices.dtype.is_integer:
        raise _dtype_error(item)
    return _Pick(indices)


def _as_span(item: Any) -> Span | _Bounds:
    bounds = (item.start, item.stop, item.step)
    if _is_zero(item.step) or not all(map(_is_bound, bounds)):
        raise DtypeError(
            "getitem",
            "a slice takes integers",
            expected="start:stop:step of ints, integer scalars or None, and a step that is not 0",
            got=repr(item),
            site=user_site(2),
        )
    if all(bound is None or _is_int(bound) for bound in bounds):
        start, stop, step = (None if bound is None else int(bound) for bound in bounds)
        return Span(start, stop, None if step == 1 else step)
    return _Bounds(*bounds)


def _is_bound(bound: Any) -> bool:
    if isinstance(bound, Tensor) or hasattr(bound, "__thalweg_tensor__"):
        return convert(bound).dtype.is_integer
    return bound is None or _is_int(bound)


def _is_zero(step: Any) -> bool:
    return _is_int(step) and step == 0


def _is_int(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool)


def _is_array(item: Any) -> bool:
    return isinstance(item, _Mask) or (isinstance(item, _Pick) and item.indices.ndim != 0)


def _axis_of(index: Sequence[Any], position: int) -> int:
    """The axis an index acts on, from the end if it stands after an Ellipsis."""
    if Ellipsis in index[:position]:
        return -sum(map(_width, index[position:]))
    return sum(map(_width, index[:position]))


def _width(item: Any) -> int:
    """How many axes of x an index takes."""
    if item is None or item is Ellipsis:
        return 0
    return int(getattr(item, "width", 1))


def _dtype_error(item: Any) -> DtypeError:
    return DtypeError(
        "getitem",
        "not an index",
        expected="an int, a slice, ..., None, or a tensor of integers or booleans",
        got=repr(item),
        site=user_site(2),
    )


def _index_error(problem: str, expected: str, key: Any, hint: str | None = None) -> ShapeError:
    return ShapeError(
        "getitem", problem, expected=expected, got=repr(key), site=user_site(2), hint=hint
    )


# Indices that are tensors -------------------------------------------------------------------------


def _resolved(tensor: Tensor, index: list[Any]) -> Tensor:
    """What is left of `tensor` when the tensors in `index` have acted, and are replaced there."""
    position = 0
    while position < len(index):
        item = index[position]
        axis = _axis_of(index, position)
        if isinstance(item, _Bounds) and not (item.step is None or _is_int(item.step)):
            item = _Pick(_positions(tensor, axis, item))
        if isinstance(item, _Pick):
            tensor = gather(tensor, item.indices, axis)
            index[position : position + 1] = [ALL] * (item.indices.ndim or 0)
            position += item.indices.ndim or 0
            continue
        if isinstance(item, _Mask):
            tensor = boolean_mask(tensor, item.mask, axis)
            index[position] = ALL
        position += 1
    return _cut(tensor, index)


def _cut(tensor: Tensor, index: list[Any]) -> Tensor:
    """All slices with tensors as bounds, by one op."""
    places = [place for place, item in enumerate(index) if isinstance(item, _Bounds)]
    if not places:
        return tensor
    axes = tuple(_axis_of(index, place) for place in places)
    begins, counts = [], []
    for axis, place in zip(axes, places, strict=True):
        item: _Bounds = index[place]
        step = 1 if item.step is None else int(item.step)
        begin, count = unstack(_bounds(tensor, axis, item, backwards=step < 0), 2)
        begins.append(begin)
        counts.append(count)
        index[place] = ALL if step == 1 else Span(None, None, step)
    return apply(DynamicSlice(axes), tensor, stack(begins), stack(counts))


def _bounds(tensor: Tensor, axis: int, item: _Bounds, *, backwards: bool) -> Tensor:
    """The first entry and the number of entries of a slice."""
    size = _size(tensor, axis)
    start, stop = item.start, item.stop
    if start is None:
        start = subtract(size, 1) if backwards else 0
    if stop is None:  # -1 - size lies before the first entry, where -1 would be the last one
        stop = subtract(-1, size) if backwards else size
    return apply(SliceBounds(backwards), _as_int64(start), _as_int64(stop), size)


def _positions(tensor: Tensor, axis: int, item: _Bounds) -> Tensor:
    """The entries of a slice whose step is a tensor, and may have either sign."""
    step = _as_int64(item.step)
    is_forward = greater(step, 0)
    first, count = unstack(_bounds(tensor, axis, item, backwards=False), 2)
    lowest, many = unstack(_bounds(tensor, axis, item, backwards=True), 2)
    start = where(is_forward, first, subtract(add(lowest, many), 1))
    stop = where(is_forward, add(first, count), subtract(lowest, 1))
    return arange(start, stop, step)


def _size(tensor: Tensor, axis: int) -> Tensor:
    """The size of one axis."""
    return apply(Slice((axis,)), shape_of(tensor, "int64"))


def _as_int64(bound: Any) -> Tensor:
    return convert(bound, int64) if _is_int(bound) else cast(bound, int64)
