"""Gradients kept within bounds (Pascanu, Mikolov and Bengio, 2013, algorithm 1, and kin)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

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
from thalweg.core.errors import OptionError

from ..options import Interval

__all__ = ["clip_each_norm", "clip_global_norm", "clip_values", "clipper"]

_LIMIT = Interval(0, open_low=True)
Clipper = Callable[[Sequence[Tensor]], list[Tensor]]


def clipper(
    where: str, clipnorm: float | None, clipvalue: float | None, global_clipnorm: float | None
) -> Clipper:
    """The function that clips as an optimizer's options say.

    Args:
        where: the optimizer's class, for messages.
        clipnorm: largest norm of each gradient.
        clipvalue: largest absolute value of each element.
        global_clipnorm: largest norm of all gradients together.

    Raises:
        OptionError: if a limit is not > 0, or more than one is given.
    """
    options: dict[str, tuple[float | None, Callable[[Sequence[Tensor], float], list[Tensor]]]] = {
        "clipnorm": (clipnorm, clip_each_norm),
        "clipvalue": (clipvalue, clip_values),
        "global_clipnorm": (global_clipnorm, clip_global_norm),
    }
    given = [
        (option, _LIMIT.check(where, option, limit), clip)
        for option, (limit, clip) in options.items()
        if limit is not None
    ]
    if len(given) > 1:
        raise OptionError(
            where,
            "gradients can be clipped in one way only",
            expected="one of " + ", ".join(options),
            got=", ".join(f"{option}={limit:g}" for option, limit, _ in given),
        )
    if not given:
        return list
    [(_, limit, clip)] = given
    return partial(_clip, clip, limit)


def _clip(
    clip: Callable[[Sequence[Tensor], float], list[Tensor]], limit: float, grads: Sequence[Tensor]
) -> list[Tensor]:
    return clip(grads, limit)


def clip_values(grads: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every element brought into -limit..limit."""
    return [clip_by_value(g, -limit, limit) for g in grads]


def clip_each_norm(grads: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every gradient scaled down, by itself, to a norm of at most `limit`."""
    return [g * limit / maximum(sqrt(reduce_sum(square(g))), limit) for g in grads]


def clip_global_norm(grads: Sequence[Tensor], limit: float) -> list[Tensor]:
    """All gradients scaled down by one factor, so that the norm of all is at most `limit`.

    A norm that is not finite makes every gradient NaN: one bad gradient must not pass as a
    small step of the others.
    """
    dtype = grads[0].dtype
    norm = sqrt(add_n([cast(reduce_sum(square(g)), dtype) for g in grads]))
    scale = limit * minimum(1.0 / norm, 1.0 / limit) + (norm - norm)
    return [g * cast(scale, g.dtype) for g in grads]
