"""Rows that share an index, combined or scanned: the one mechanism behind gradients of `gather`,
segments and counts.

A stable sort brings the rows of an index together, in their own order. What follows depends on
the indices alone: no order is left to chance, and no number is added to memory that others write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__: list[str] = []  # all of it is for the other ops

Combine = Callable[[Any, Any], Any]


def combine_rows(
    xp: Any, index: Any, rows: Any, size: int, combine: Combine, neutral: Any, empty: Any
) -> Any:
    """The combination of the rows of each index, `empty` where there are none.

    Args:
        xp: the array module.
        index: (count,) int64; rows outside 0 <= index < size have no place.
        rows: (count, ...).
        size: the number of results.
        combine: an associative function of two arrays.
        neutral: the number that it leaves the other unchanged with.
        empty: the result without rows.

    Returns:
        (size, ...), the dtype of `rows`.
    """
    index = xp.where((index < 0) | (index >= size), size, index)
    order = xp.argsort(index, kind="stable")
    neutral = xp.full((), neutral, rows.dtype)
    index, rows = _combine_equal_neighbours(xp, index[order], rows[order], combine, neutral)
    result = xp.full((size + 1, *rows.shape[1:]), empty, rows.dtype)
    result[index] = rows
    return result[:size]


def add(a: Any, b: Any) -> Any:
    """a + b, for `combine_rows`."""
    return a + b


def _combine_equal_neighbours(
    xp: Any, index: Any, rows: Any, combine: Combine, neutral: Any
) -> tuple[Any, Any]:
    """Combines the rows of each index, pairwise; indices are sorted, and come out distinct.

    Each round combines every odd row of an index with the even one before it and drops it: a tree
    whose shape depends on the indices alone. The rounding of sums grows with its depth only, and
    an infinite row spoils no other index.
    """
    count = index.shape[0]
    place = _places(xp, index)
    while True:
        even = xp.flatnonzero(place % 2 == 0)
        if even.shape[0] == count:
            return index, rows
        after = xp.minimum(even + 1, count - 1)
        has_odd = _column(place[after] % 2 == 1, rows)
        rows = combine(rows[even], xp.where(has_odd, rows[after], neutral))
        index, place = index[even], place[even] // 2
        count = index.shape[0]


def scan_groups(xp: Any, index: Any, a: Any, b: Any, initial: float) -> Any:
    """The recurrence y = initial, then b + a y, along the rows of each index in their order.

    Row k holds what the rows of its index before it make; its own a and b are for the next. By
    doubling: after round r each row knows what the 2^r steps before it do to any number.

    Args:
        xp: the array module.
        index: (count,) int64.
        a: (count, ...).
        b: the same type.
        initial: what the first row of each index holds.
    """
    count = index.shape[0]
    order = xp.argsort(index, kind="stable")
    place = _places(xp, index[order])
    before = xp.maximum(xp.arange(count) - 1, 0)
    is_first = _column(place == 0, a)
    factor = xp.where(is_first, 1, a[order][before])
    term = xp.where(is_first, 0, b[order][before])
    shift = 1
    while shift < count:
        before = xp.maximum(xp.arange(count) - shift, 0)
        is_far = _column(place >= shift, a)
        term = xp.where(is_far, term + factor * term[before], term)
        factor = xp.where(is_far, factor * factor[before], factor)
        shift *= 2
    result = xp.empty_like(a)
    result[order] = term + factor * initial if initial else term
    return result


def _places(xp: Any, index: Any) -> Any:
    """The place of each row among those of its index; indices are sorted."""
    return xp.arange(index.shape[0]) - xp.searchsorted(index, index)


def _column(flags: Any, rows: Any) -> Any:
    """Flags of rows in a shape that broadcasts with them."""
    return flags.reshape((-1,) + (1,) * (rows.ndim - 1))
