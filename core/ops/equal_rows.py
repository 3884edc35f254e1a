"""Rows of equal index, for the ops that gather and scatter: found by sorting, combined in pairs.

A device adds floats of equal index in any order, if told to add them as they come. Here the order
follows from the indices alone: they are sorted, stably, and neighbours of one index are combined
two by two, then the pairs, and so on. Rounding grows with the depth of that tree only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__: list[str] = []  # all of it is for the other ops


def places(xp: Any, indices: Any, size: int) -> Any:
    """Indices in -size <= index < size as a vector of places counted from the front.

    Raises:
        IndexError: if one is out of range, where the array module checks: NumPy does.
    """
    index = indices.astype("int64").reshape(-1)
    index = xp.where(index < 0, index + size, index)
    index = xp.where(index < 0, size, index)  # or it would count from the end again
    xp.broadcast_to(xp.zeros((), "bool"), (size,))[index]
    return index


def combine_equal(
    xp: Any, index: Any, rows: Any, combine: Callable[[Any, Any], Any]
) -> tuple[Any, Any]:
    """The rows of each index combined into one.

    Args:
        xp: the array module.
        index: (n,) integer.
        rows: (n, ...).
        combine: associative; of two rows, the first stands before the second in `rows`.

    Returns:
        (the distinct indices in ascending order, one row each).
    """
    order = xp.argsort(index, kind="stable")
    index, rows = index[order], rows[order]
    count = index.shape[0]
    place = xp.arange(count) - xp.searchsorted(index, index)  # among the rows of its index
    while True:
        even = xp.flatnonzero(place % 2 == 0)
        if even.shape[0] == count:
            return index, rows
        after = xp.minimum(even + 1, count - 1)
        has_odd = (place[after] % 2 == 1).reshape((-1,) + (1,) * (rows.ndim - 1))
        first = rows[even]
        rows = xp.where(has_odd, combine(first, rows[after]), first)
        index, place = index[even], place[even] // 2
        count = index.shape[0]
