"""Tensors that count: `linspace`, `meshgrid`, `sequence_mask`."""

from __future__ import annotations

from typing import Any

from ..errors import DtypeError, OptionError, ShapeError, user_site
from ..graph import Tensor
from ..types import as_dtype, int64, types_text
from .compare import less, maximum
from .concat import concat
from .elementwise import add, broadcast_to, cast, divide, multiply, subtract
from .reduce import reduce_max
from .repeat import arange
from .shape import expand_dims, reshape, size_of
from .sizes import beside
from .source import convert, convert_all
from .stack import stack

__all__ = ["linspace", "meshgrid", "sequence_mask"]


def linspace(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """Numbers at equal distances, from `start` to `stop`, both of them included.

    The i-th is start * (1 - i / (num - 1)) + stop * i / (num - 1), so that the ends are exact.

    Args:
        start: () float.
        stop: () of the same dtype.
        num: () integer >= 1; it may come from sizes and fed values. One number is the start.
        name: of the node.

    Returns:
        (num,) of the dtype of `start`.

    Raises:
        DtypeError: if start and stop are not floats of one dtype.
        ShapeError: if one of the three is no scalar.

    >>> from thalweg.core import Session
    >>> Session().run(linspace(0.0, 1.0, 5)).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    first, last = convert_all(start, stop)
    if not first.dtype.is_float:
        raise DtypeError(
            "linspace",
            "takes float tensors",
            expected="start and stop of a float dtype",
            got=types_text(start=first.type, stop=last.type),
            site=user_site(2),
            hint="1.0 is a float, 1 is none",
        )
    with beside(first):
        count = convert(num)
        scalars = {"start": first.type, "stop": last.type, "num": count.type}
        if any(type_.rank not in (0, None) for type_ in scalars.values()):
            raise ShapeError(
                "linspace",
                "takes scalars",
                expected="start, stop and num of shape ()",
                got=types_text(**scalars),
                site=user_site(2),
            )
        steps = cast(arange(count), first.dtype)
        share = divide(steps, cast(maximum(subtract(count, 1), 1), first.dtype))
        return add(multiply(first, subtract(1, share)), multiply(last, share), name=name)


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Tensor]:
    """The coordinates of a grid, from those along each axis.

    Args:
        *args: n vectors of one dtype, (size_1,), …, (size_n,); scalars are vectors of one.
        indexing: `"ij"` for grids of the shape (size_1, size_2, …), or `"xy"`, which exchanges the
            first two axes.
        name: of the nodes.

    Returns:
        n tensors of that shape; the i-th has the values of the i-th vector along its axis.

    Raises:
        OptionError: for another indexing.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> [grid.tolist() for grid in Session().run(meshgrid([1, 2, 3], [5, 6]))]
    [[[1, 2, 3], [1, 2, 3]], [[5, 5, 5], [6, 6, 6]]]
    """
    if indexing not in ("xy", "ij"):
        raise OptionError(
            "meshgrid",
            "unknown indexing",
            expected="'xy' or 'ij'",
            got=repr(indexing),
            site=user_site(2),
        )
    if not args:
        return []
    vectors = convert_all(*args)
    rank = len(vectors)
    axes = list(range(rank))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    with beside(vectors[0]):
        sizes = [size_of(vectors[axes.index(axis)]) for axis in range(rank)]
        shape = stack(sizes)
        return [
            broadcast_to(reshape(vector, _along(axis, rank)), shape, name=name)
            for axis, vector in zip(axes, vectors, strict=True)
        ]


def _along(axis: int, rank: int) -> list[int]:
    """The shape of a vector that lies along one axis."""
    return [-1 if i == axis else 1 for i in range(rank)]


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: str | None = None
) -> Tensor:
    """For each length, so many times True, and then False.

    Args:
        lengths: (...) integer.
        maxlen: () integer, the size of the new last axis; it may come from sizes and fed values.
            If it is None, it is the largest length, so that the size of the result depends on data.
        dtype: of the result; numbers are 1 and 0.
        name: of the node.

    Returns:
        (..., maxlen) of `dtype`.

    Raises:
        DtypeError: if the lengths are not integers.
        ShapeError: if `maxlen` is no scalar.

    >>> from thalweg.core import Session
    >>> Session().run(sequence_mask([1, 3], 3)).tolist()
    [[True, False, False], [True, True, True]]
    """
    counts = convert(lengths)
    if not counts.dtype.is_integer:
        raise DtypeError(
            "sequence_mask",
            "the lengths are not integers",
            expected="lengths of an integer dtype",
            got=types_text(lengths=counts.type),
            site=user_site(2),
        )
    with beside(counts):
        counts = cast(counts, int64)
        if maxlen is None:  # of no lengths at all it is 0
            maxlen = reduce_max(concat([reshape(counts, [-1]), [0]], 0))
        steps = arange(cast(maxlen, int64))
        return cast(less(steps, expand_dims(counts, -1)), as_dtype(dtype), name=name)
