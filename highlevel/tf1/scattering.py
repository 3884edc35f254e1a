"""Rows of variables changed by number, in TF1's spelling."""

from __future__ import annotations

from typing import Any

from thalweg import core

__all__ = [
    "scatter_add",
    "scatter_div",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_nd",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_nd_update",
    "scatter_sub",
    "scatter_update",
]


def scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: sets them."""
    del use_locking
    return core.scatter_update(ref, indices, updates, name=name)


def scatter_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: adds to them."""
    del use_locking
    return core.scatter_add(ref, indices, updates, name=name)


def scatter_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: subtracts from them."""
    del use_locking
    return core.scatter_sub(ref, indices, updates, name=name)


def scatter_mul(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: multiplies them."""
    del use_locking
    return core.scatter_mul(ref, indices, updates, name=name)


def scatter_div(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: divides them."""
    del use_locking
    return core.scatter_div(ref, indices, updates, name=name)


def scatter_min(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: takes the smaller."""
    del use_locking
    return core.scatter_min(ref, indices, updates, name=name)


def scatter_max(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: takes the larger."""
    del use_locking
    return core.scatter_max(ref, indices, updates, name=name)


def scatter_nd_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: sets elements."""
    del use_locking
    return core.scatter_nd_update(ref, indices, updates, name=name)


def scatter_nd_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: adds to elements."""
    del use_locking
    return core.scatter_nd_add(ref, indices, updates, name=name)


def scatter_nd_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Changes rows of a variable by number, and returns it: subtracts from elements."""
    del use_locking
    return core.scatter_nd_sub(ref, indices, updates, name=name)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Any:
    """Zeros with values added where the numbers say."""
    return core.scatter_nd(indices, updates, shape, name=name)
