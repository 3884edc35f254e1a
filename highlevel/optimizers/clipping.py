"""Gradients kept within bounds (Pascanu, Mikolov and Bengio, 2013, algorithm 1, and kin)."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.core import (
    Tensor,
    add_n,
    cast,
    clip_by_value,
    maximum,
    minimum,
    reduce_sum,
    sqrt,
    square,
)

__all__ = ["clip_each_norm", "clip_global_norm", "clip_values"]


def clip_values(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every element brought into -limit..limit."""
    return [clip_by_value(g, -limit, limit) for g in gradients]


def clip_each_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every gradient scaled down, by itself, to a norm of at most `limit`."""
    return [g * limit / maximum(sqrt(reduce_sum(square(g))), limit) for g in gradients]


def clip_global_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """All gradients scaled down by one factor, so that the norm of all is at most `limit`.

    A norm that is not finite makes every gradient NaN: one bad gradient must not pass as a
    small step of the others.
    """
    dtype = gradients[0].dtype
    squares = [cast(reduce_sum(square(g)), dtype) for g in gradients]
    norm = sqrt(add_n(squares))
    scale = limit * minimum(1.0 / norm, 1.0 / limit) + (norm - norm)
    return [g * cast(scale, g.dtype) for g in gradients]
