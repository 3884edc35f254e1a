"""Rows that share an index, combined or scanned: what segments, counts and running extremes need.

What follows depends on the indices alone: a stable sort brings the rows of an index together, in
their own order, see `equal_rows.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .equal_rows import combine_equal

__all__: list[str] = []  # all of it is for the other ops

Combine = Callable[[Any, Any], Any]


def combine_rows(xp: Any, index: Any, rows: Any, size: int, combine: Combine, empty: float) -> Any:
    """The combination of the rows of each index, `empty` where there are none.

    Args:
        xp: the array module.
        index: (count,) int64; rows outside 0 <= index < size have no place.
        rows: (count, ...).
        size: the number of results.
        combine: an associative function of two arrays.
        empty: the result without rows.

    Returns:
        (size, ...), the dtype of `rows`.
    """
    index = xp.where((index < 0) | (index >= size), size, index)
    distinct, combined = combine_equal(xp, index, rows, combine)
    result = xp.full((size + 1, *rows.shape[1:]), empty, rows.dtype)
    result[distinct] = combined
    return result[:size]


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
    index = index[order]
    place = xp.arange(count) - xp.searchsorted(index, index)  # among the rows of its index
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


def _column(flags: Any, rows: Any) -> Any:
    """Flags of rows in a shape that broadcasts with them."""
    return flags.reshape((-1,) + (1,) * (rows.ndim - 1))
