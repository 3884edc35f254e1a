"""An axis moved to the end and back, for what the core does along the last axis only."""

from __future__ import annotations

from thalweg.core import ShapeError, Tensor, transpose

__all__ = ["from_last", "to_last"]


def to_last(x: Tensor, axis: int | None) -> Tensor:
    """`x` with `axis` moved to the end; None means that it is there.

    Raises:
        ShapeError: if there is no such axis, or the rank is unknown and the axis not the last.
    """
    order = _order(x, axis)
    return x if order is None else transpose(x, order)


def from_last(x: Tensor, axis: int | None, name: str | None = None) -> Tensor:
    """`x` with its last axis moved back to `axis`."""
    order = _order(x, axis)
    if order is None:
        return x
    return transpose(x, [order.index(place) for place in range(len(order))], name=name)


def _order(x: Tensor, axis: int | None) -> list[int] | None:
    """The permutation that moves `axis` to the end, None if it is there."""
    if axis is None or axis == -1:
        return None
    rank = x.ndim
    if rank is None or not -rank <= axis < rank:
        raise ShapeError(
            "axis",
            "no such axis" if rank is not None else "the rank is unknown",
            expected="-1" if rank is None else f"an axis in {-rank} <= axis < {rank}",
            got=f"axis {axis} of {x.type}",
        )
    axis %= rank
    if axis == rank - 1:
        return None
    return [*(place for place in range(rank) if place != axis), axis]
