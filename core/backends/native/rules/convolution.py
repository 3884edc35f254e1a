"""Convolutions and their gradients: which algorithm runs which shape.

* a window of one cell and stride 1: a matrix product;
* everything else: `kernels/convolution.cpp` and `convolution_gradient.cpp`, which read images where
  they lie.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ....ops.windows import Windows
from ..lowering import Builder, rule
from .matmul import NO_ACTIVATION

__all__ = ["call_convolution"]

_MAX_RUNS = 512  # of convolution.h


def panel_columns() -> int:
    """Outputs of a panel of packed weights, `NR` of tile.h."""
    from ..extension import extension

    return int(extension.panel_columns())


class _Shape(NamedTuple):
    """A convolution over three axes; signals and pictures have leading axes of size 1."""

    batch: int
    inputs: int
    outputs: int
    groups: int
    sizes: tuple[int, ...]
    positions: tuple[int, ...]
    window: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def ints(self) -> list[int]:
        """As `Geometry` reads them."""
        axes = (self.sizes, self.positions, self.window, self.strides, self.dilations, self.before)
        return [self.batch, self.inputs, self.outputs, self.groups, *itertools.chain(*axes)]

    @property
    def is_product(self) -> bool:
        """Whether each output depends on one cell, in order."""
        ones = prod(self.window) == prod(self.strides) == 1
        return ones and self.groups == 1 and not any(self.before)

    @property
    def fits(self) -> bool:
        """Whether the kernels have room for the window's runs."""
        return prod(self.window) <= _MAX_RUNS


def _three(values: Sequence[int], fill: int) -> tuple[int, ...]:
    return (*(fill,) * (3 - len(values)), *values)


def _shape_of(op: Any, x: Sequence[int], kernel: Sequence[int]) -> _Shape:
    windows = Windows(tuple(x[1:-1]), tuple(kernel[:-2]), op.strides, op.dilations, op.padding)
    return _Shape(
        x[0],
        x[-1],
        kernel[-1],
        op.groups,
        _three(x[1:-1], 1),
        _three(windows.positions, 1),
        _three(kernel[:-2], 1),
        _three(op.strides, 1),
        _three(op.dilations, 1),
        _three([first for first, _ in windows.pads], 0),
    )


def _dense(sizes: Sequence[int], channels: int) -> list[int]:
    """Steps of an array (batch, d, h, w, channels): image, plane, row, pixel, and its start."""
    _, h, w = sizes
    return [prod(sizes) * channels, h * w * channels, w * channels, channels, 0]


def _pack(b: Builder, kernel: int, shape: _Shape, taps: Sequence[int], flipped: bool) -> int:
    """The kernel's taps in panels."""
    inputs, outputs = shape.inputs // shape.groups, shape.outputs // shape.groups
    columns, depth = (inputs, outputs) if flipped else (outputs, inputs)
    width = panel_columns()
    panels = shape.groups * -(-columns // width)
    packed = b.temporary(4 * panels * len(taps) * depth * width)
    count = prod(shape.window)
    ints = [count, inputs, shape.outputs, shape.groups, flipped, len(taps), *taps]
    b.call("pack_convolution", [kernel], [packed], ints)
    return packed


def call_convolution(
    b: Builder,
    op: Any,
    inputs: Sequence[int],
    output: int,
    bias: int | None = None,
    activation: int = NO_ACTIVATION,
) -> bool:
    """The convolution of x with a kernel, plus a bias, through an activation."""
    x, kernel = inputs
    if not b.is_float32(x, kernel, output):
        return False
    shape = _shape_of(op, b.shape(x), b.shape(kernel))
    extra = [] if bias is None else [bias]
    if shape.is_product:
        sizes = [1, shape.batch * prod(shape.positions), shape.outputs, shape.inputs, 0, 0, 0, 0]
        b.call("gemm", [x, kernel, *extra], [output], [*sizes, len(extra), activation])
        return True
    if not shape.fits:
        return False
    packed = _pack(b, kernel, shape, range(prod(shape.window)), flipped=False)
    places = _dense(shape.positions, shape.outputs)
    ints = [*shape.ints, len(extra), activation, *places]
    b.call("convolution", [x, packed, *extra], [output], ints)
    return True


@rule("Convolution")
def convolution(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Without bias and activation."""
    return call_convolution(b, op, inputs, outputs[0])


@rule("ConvolutionInputGrad")
def input_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A convolution of the given gradient with the flipped kernel, for each phase of the stride."""
    given, kernel = inputs[:2]
    if not b.is_float32(given, kernel, outputs[0]):
        return False
    shape = _shape_of(op, b.shape(outputs[0]), b.shape(kernel))
    if not shape.fits or (prod(shape.strides) > 1 and prod(shape.dilations) > 1):
        return False
    if shape.is_product:
        rows = shape.batch * prod(shape.positions)
        ints = [1, rows, shape.inputs, shape.outputs, 0, 1, 0, 0, 0, NO_ACTIVATION]
        b.call("gemm", [given, kernel], outputs, ints)
        return True
    for phase in itertools.product(*map(range, shape.strides)):
        _phase(b, shape, phase, given, kernel, outputs[0])
    return True


def _phase(
    b: Builder, shape: _Shape, phase: Sequence[int], given: int, kernel: int, output: int
) -> None:
    """The cells that lie `phase` behind a multiple of the stride.

    A cell i meets tap t at position (i + before - t * dilation) / stride where that is whole. In
    one phase these taps are every stride-th, from the last to the first as positions go up.
    """
    taps, window, before, counts = [], [], [], []
    for axis in range(3):
        stride, first = shape.strides[axis], phase[axis] + shape.before[axis]
        met = [
            t
            for t in range(shape.window[axis])
            if (first - t * shape.dilations[axis]) % stride == 0
        ]
        met.reverse()
        taps.append(met)
        window.append(len(met))
        lowest = (first - met[0] * shape.dilations[axis]) // stride if met else 0
        before.append(-lowest)
        counts.append(max(0, -(-(shape.sizes[axis] - phase[axis]) // stride)))
    _, h, w = shape.window
    order = [(d * h + r) * w + c for d, r, c in itertools.product(*taps)]
    packed = _pack(b, kernel, shape, order, flipped=True)
    back = _Shape(
        shape.batch,
        shape.outputs,
        shape.inputs,
        shape.groups,
        shape.positions,
        tuple(counts),
        tuple(window),
        (1, 1, 1),
        shape.dilations,
        tuple(before),
    )
    image, plane, row, pixel, _ = _dense(shape.sizes, shape.inputs)
    start = phase[0] * plane + phase[1] * row + phase[2] * pixel
    steps = [plane * shape.strides[0], row * shape.strides[1], pixel * shape.strides[2]]
    ints = [*back.ints, 0, NO_ACTIVATION, image, *steps, start]
    b.call("convolution", [given, packed], [output], ints)


@rule("ConvolutionKernelGrad")
def kernel_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A product summed over positions."""
    x, given = inputs[:2]
    if not b.is_float32(x, given, outputs[0]):
        return False
    shape = _shape_of(op, b.shape(x), b.shape(outputs[0]))
    if shape.is_product:
        rows = shape.batch * prod(shape.positions)
        ints = [1, shape.inputs, shape.outputs, rows, 1, 0, 0, 0, 0, NO_ACTIVATION]
        b.call("gemm", [x, given], outputs, ints)
        return True
    if not shape.fits:
        return False
    b.call("convolution_kernel_gradient", [x, given], outputs, shape.ints)
    return True
