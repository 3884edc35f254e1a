"""Calls and places -> an executor of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .extension import extension
from .lowering import ALIGNMENT, KernelCall

__all__ = ["ADDRESS", "ARENA", "address_of", "aligned", "assemble", "round_up"]

Place = tuple[int, int]  # (external array, offset); or one of these with an offset or an address:
ARENA, ADDRESS = -1, -2  # as in executor.h


def assemble(
    calls: Sequence[KernelCall],
    place: Callable[[int], Place],
    arena_bytes: int,
    stoppable: int | None = None,
) -> Any:
    """An executor that makes these calls in turn.

    Args:
        calls: their values are numbers that `place` knows.
        place: where a value lies.
        arena_bytes: size of the memory of a run, without what the kernels need for themselves.
        stoppable: steps after which Ctrl-C no longer ends a run; None for all.
    """
    slots: dict[int, int] = {}
    places: list[Place] = []

    def slot(value: int) -> int:
        if value not in slots:
            slots[value] = len(places)
            places.append(place(value))
        return slots[value]

    buffers = [[slot(n) for n in (*call.inputs, *call.outputs)] for call in calls]
    executor = extension.Executor(places, arena_bytes)
    for call, numbers in zip(calls, buffers, strict=True):
        call.add_to(executor, numbers)
    executor.finish(len(calls) if stoppable is None else stoppable)
    executor.instructions = [call.instruction for call in calls]
    return executor


def address_of(array: np.ndarray[Any, Any]) -> int:
    """Where an array's first element lies."""
    return int(array.__array_interface__["data"][0])


def aligned(size_bytes: int) -> np.ndarray[Any, Any]:
    """So many bytes, where vectors may be loaded from."""
    raw = np.empty(size_bytes + ALIGNMENT, np.uint8)
    start = -address_of(raw) % ALIGNMENT
    return raw[start : start + size_bytes]


def round_up(size_bytes: int) -> int:
    """To whole cache lines, and at least one."""
    return -(-max(size_bytes, 1) // ALIGNMENT) * ALIGNMENT
