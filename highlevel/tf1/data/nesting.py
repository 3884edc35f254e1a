"""Elements of data sets: tensors in nested tuples and dicts; a list is one tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["leaves_of", "mapped", "packed"]


def leaves_of(nest: Any) -> Iterator[Any]:
    """The leaves in order, those of a dict by its sorted keys.

    >>> list(leaves_of(({"b": 1, "a": 2}, [3, 4])))
    [2, 1, [3, 4]]
    """
    if isinstance(nest, tuple):
        for item in nest:
            yield from leaves_of(item)
    elif isinstance(nest, dict):
        for key in sorted(nest):
            yield from leaves_of(nest[key])
    else:
        yield nest


def packed(nest: Any, leaves: Iterator[Any]) -> Any:
    """The same nesting with other leaves.

    >>> packed({"b": 1, "a": (2,)}, iter("xy"))
    {'b': 'y', 'a': ('x',)}
    """
    if isinstance(nest, tuple):
        parts = [packed(item, leaves) for item in nest]
        return nest._make(parts) if hasattr(nest, "_make") else tuple(parts)
    if isinstance(nest, dict):
        found = {key: packed(nest[key], leaves) for key in sorted(nest)}
        return {key: found[key] for key in nest}
    return next(leaves)


def mapped(function: Any, nest: Any) -> Any:
    """The same nesting with a function's results as leaves."""
    return packed(nest, map(function, leaves_of(nest)))
