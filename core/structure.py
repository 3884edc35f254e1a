"""Nested lists, tuples and dicts of values: taken apart, and put together again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["Composite", "flatten", "rebuild"]


class Composite:
    """Base of objects made of several tensors, which may stand where tensors may."""

    def parts(self) -> Sequence[Any]:
        """What it is made of, itself perhaps nested."""
        raise NotImplementedError(type(self).__name__)

    def with_parts(self, parts: Sequence[Any]) -> Any:
        """One like it, made of other parts."""
        raise NotImplementedError(type(self).__name__)


def flatten(structure: Any) -> Iterator[Any]:
    """The leaves of nested lists, tuples and dicts, in order.

    >>> list(flatten([1, {"a": (2, 3)}]))
    [1, 2, 3]
    """
    if isinstance(structure, list | tuple):
        for item in structure:
            yield from flatten(item)
    elif isinstance(structure, dict):
        for item in structure.values():
            yield from flatten(item)
    elif isinstance(structure, Composite):
        yield from flatten(list(structure.parts()))
    else:
        yield structure


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """The same nesting with other leaves.

    >>> rebuild([1, {"a": 2}], iter("xy"))
    ['x', {'a': 'y'}]
    """
    if isinstance(structure, list | tuple):
        parts = [rebuild(item, leaves) for item in structure]
        if isinstance(structure, list):
            return parts
        make = getattr(type(structure), "_make", type(structure))
        return make(parts)
    if isinstance(structure, dict):
        return {key: rebuild(item, leaves) for key, item in structure.items()}
    if isinstance(structure, Composite):
        return structure.with_parts(rebuild(list(structure.parts()), leaves))
    return next(leaves)
