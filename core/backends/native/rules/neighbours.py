"""Patches of images and sums of neighbours: `kernels/neighbours.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..lowering import Builder, rule
from .elementwise import TYPE_CODES
from .move import copy_part, fill, stand_in
from .operands import number_code

__all__: list[str] = []


@rule("ExtractPatches")
def extract_patches(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A copy of the windows, which are a view of the padded images."""
    [x], [y] = inputs, outputs
    batch, *_, channels = b.shape(x)
    windows = op.windows(b.shape(x))
    if not b.type(y).size:
        return True
    if any(map(sum, windows.pads)):
        x = _padded(b, x, windows.pads)
    x0, y0 = stand_in(b, x), stand_in(b, y)
    image, row, column, channel = x0.strides
    moves = [stride * step for stride, step in zip(windows.strides, (row, column), strict=True)]
    steps = [rate * step for rate, step in zip(windows.dilations, (row, column), strict=True)]
    shape = (batch, *windows.positions, *windows.kernel, channels)
    view = np.lib.stride_tricks.as_strided(x0, shape, (image, *moves, *steps, channel))
    copy_part(b, x, y, view, y0.reshape(shape), x0, y0)
    return True


def _padded(b: Builder, x: int, pads: Sequence[tuple[int, int]]) -> int:
    """The images with zeros around them."""
    x0 = stand_in(b, x)
    sizes = [size + sum(pad) for size, pad in zip(x0.shape[1:-1], pads, strict=True)]
    made = b.stand_in(b.type(x).with_shape((x0.shape[0], *sizes, x0.shape[-1])))
    fill(b, made, 0)
    m0 = stand_in(b, made)
    axes = zip(pads, x0.shape[1:-1], strict=True)
    inside = (slice(None), *(slice(before, before + size) for (before, _), size in axes))
    copy_part(b, x, made, x0, m0[inside], x0, m0)
    return made


@rule("ExtractPatchesGrad")
def patches_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Added up, cell by cell of the images."""
    code, shape = number_code(b, inputs[0]), b.shape(outputs[0])
    if code is None:
        return False
    windows, ints = op.windows(shape), [code, shape[0], shape[3]]
    for axis in range(2):
        ints += [shape[1 + axis], windows.positions[axis], windows.kernel[axis]]
        ints += [windows.strides[axis], windows.dilations[axis], windows.pads[axis][0]]
    b.call("patches_gradient", inputs[:1], outputs, ints)
    return True


@rule("NeighbourSum")
def neighbour_sum(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Along the channels."""
    type_, shape = b.type(inputs[0]), b.shape(inputs[0])
    if type_.dtype.name not in ("float32", "float64"):
        return False
    ints = [TYPE_CODES[type_.dtype.name], prod(shape[:-1]), shape[-1], op.radius]
    b.call("neighbour_sum", inputs, outputs, ints)
    return True
