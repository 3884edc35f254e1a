"""Gaussian smoothing: `kernels/blur.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ....ops.image.blur import axis_entries
from ..lowering import Builder, rule
from .elementwise import TYPE_CODES

__all__: list[str] = []

_FLOATS = ("float32", "float64")


def _entries(b: Builder, size: int, radius: int, mode: str) -> int:
    """Which entry of an axis each step of a window is follows from the size alone: a table."""
    return b.table(axis_entries(np, size, radius, mode).astype(np.int32))


@rule("GaussianBlur")
def gaussian_blur(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Row by row."""
    type_, shape = b.type(inputs[0]), b.shape(inputs[0])
    if type_.dtype.name not in _FLOATS:
        return False
    if type_.size:
        radii = (op.radius_down, op.radius_along)
        ints = [TYPE_CODES[type_.dtype.name], prod(shape[:-3]), *shape[-3:]]
        ints += [2 * radius + 1 for radius in radii]
        tables = [
            _entries(b, size, radius, op.mode)
            for size, radius in zip(shape[-3:-1], radii, strict=True)
        ]
        b.call("gaussian_blur", [*inputs, *tables], outputs, ints)
    return True


@rule("BlurMatrix")
def blur_matrix(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The weights themselves."""
    type_, size = b.type(outputs[0]), b.shape(outputs[0])[0]
    if type_.dtype.name not in _FLOATS:
        return False
    if size:
        ints = [TYPE_CODES[type_.dtype.name], size, 2 * op.radius + 1]
        b.call("blur_matrix", [inputs[1], _entries(b, size, op.radius, op.mode)], outputs, ints)
    return True
