"""Convolutions and their gradients: which algorithm runs which shape.

* many images and channels, where `set_precision` lets operands be rounded and the processor is made
  for it: `kernels/bfloat_convolution.cpp` and `bfloat_gradient.cpp`;
* a window of one cell and stride 1: a matrix product;
* 3 x 3 cells, stride 1, and channels and tiles enough: Winograd's algorithm, see `winograd.py`;
* everything else: `kernels/convolution.cpp` and `convolution_gradient.cpp`, which read images where
  they lie; of float64, and windows of very many cells, `convolution_plain.cpp`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ....ops.windows import Windows
from ..extension import extension
from ..lowering import Builder, rule
from ..precision import has_fast_bfloat16
from .matmul import NO_ACTIVATION
from .move import copy_part, stand_in
from .winograd import call_winograd, call_winograd_input_grad, call_winograd_kernel_grad

__all__ = ["call_convolution", "three"]

_MAX_RUNS = 512  # of convolution.h
_SQUARE = 32  # channels that the kernels in bfloat16 multiply at a time, and images


def panel_columns() -> int:
    """Outputs of a panel of packed weights, `NR` of tile.h."""
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


def _is_rounded(b: Builder, shape: _Shape) -> bool:
    """Whether a convolution runs in bfloat16: half of a square's rows at least are images."""
    if not b.may_round or not has_fast_bfloat16():
        return False
    is_flat = shape.sizes[0] == shape.window[0] == shape.groups == 1
    has_squares = shape.inputs % _SQUARE == shape.outputs % _SQUARE == 0
    is_large = 2 * shape.batch >= _SQUARE and all(shape.sizes) and all(shape.positions)
    return is_flat and has_squares and is_large


def _call_rounded(
    b: Builder,
    shape: _Shape,
    images: int,
    kernel: int,
    output: int,
    is_gradient: bool = False,
    bias: int | None = None,
    activation: int = NO_ACTIVATION,
    pool: bool = False,
) -> None:
    """A convolution in bfloat16, or its gradient in the images."""
    packed = b.temporary(2 * (b.type(kernel).size or 0))
    b.call("pack_bfloat_kernel", [kernel], [packed], [*shape.ints, is_gradient])
    operands = [images, packed] if bias is None else [images, packed, bias]
    ints = [*shape.ints, is_gradient, bias is not None, activation, pool]
    b.call("bfloat_convolution", operands, [output], ints)


def three(values: Sequence[int], fill: int) -> tuple[int, ...]:
    """Three axes, of which the leading ones may be missing."""
    return (*(fill,) * (3 - len(values)), *values)


def _shape_of(op: Any, x: Sequence[int], kernel: Sequence[int]) -> _Shape:
    windows = Windows(tuple(x[1:-1]), tuple(kernel[:-2]), op.strides, op.dilations, op.padding)
    return _Shape(
        x[0],
        x[-1],
        kernel[-1],
        op.groups,
        three(x[1:-1], 1),
        three(windows.positions, 1),
        three(kernel[:-2], 1),
        three(op.strides, 1),
        three(op.dilations, 1),
        three([first for first, _ in windows.pads], 0),
    )


def _pack(b: Builder, kernel: int, shape: _Shape) -> int:
    """The kernel in panels of outputs."""
    depth = prod(shape.window) * shape.inputs // shape.groups
    panels = shape.groups * -(-shape.outputs // shape.groups // panel_columns())
    packed = b.temporary(4 * panels * depth * panel_columns())
    b.call("pack_convolution", [kernel], [packed], shape.ints)
    return packed


def _pack_transposed(b: Builder, kernel: int, shape: _Shape) -> int:
    """The kernel in panels of the cells of a run, one run of the window after another."""
    is_whole = shape.dilations[2] == 1 and shape.groups == 1
    runs = prod(shape.window[:2]) * (1 if is_whole else shape.window[2])
    length = prod(shape.window) * shape.inputs // shape.groups // runs
    panels = shape.groups * runs * -(-length // panel_columns())
    packed = b.temporary(4 * panels * (shape.outputs // shape.groups) * panel_columns())
    b.call("pack_convolution_input", [kernel], [packed], shape.ints)
    return packed


def call_convolution(
    b: Builder,
    op: Any,
    inputs: Sequence[int],
    output: int,
    bias: int | None = None,
    activation: int = NO_ACTIVATION,
    pool: bool = False,
) -> bool:
    """A convolution, plus a bias, through an activation; the largest of each 2 x 2 if `pool`."""
    x, kernel = inputs
    is_bare = bias is None and activation == NO_ACTIVATION and not pool
    if not b.is_float32(x, kernel, output):
        return is_bare and _plain(b, op, inputs, output)
    shape = _shape_of(op, b.shape(x), b.shape(kernel))
    if _is_rounded(b, shape):
        _call_rounded(b, shape, x, kernel, output, False, bias, activation, pool)
        return True
    if call_winograd(b, op, inputs, output, bias, activation, pool):
        return True
    extra = [] if bias is None else [bias]
    if shape.is_product:
        if pool:
            return False
        sizes = [1, shape.batch * prod(shape.positions), shape.outputs, shape.inputs, 0, 0, 0, 0]
        b.call("gemm", [x, kernel, *extra], [output], [*sizes, len(extra), activation])
        return True
    if not shape.fits:
        return is_bare and _plain(b, op, inputs, output)
    packed = _pack(b, kernel, shape)
    ints = [*shape.ints, len(extra), activation, pool]
    b.call("convolution", [x, packed, *extra], [output], ints)
    return True


@rule("Convolution")
def convolution(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Without bias and activation."""
    return call_convolution(b, op, inputs, outputs[0])


@rule("ConvolutionInputGrad")
def input_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Each position gives its window a row of values."""
    given, kernel = inputs[:2]
    if not b.is_float32(given, kernel, outputs[0]):
        return _plain_input_gradient(b, op, inputs, outputs[0])
    shape = _shape_of(op, b.shape(outputs[0]), b.shape(kernel))
    if _is_rounded(b, shape):
        _call_rounded(b, shape, given, kernel, outputs[0], is_gradient=True)
        return True
    if call_winograd_input_grad(b, op, inputs, outputs[0]):
        return True
    if shape.is_product:
        rows = shape.batch * prod(shape.positions)
        ints = [1, rows, shape.inputs, shape.outputs, 0, 1, 0, 0, 0, NO_ACTIVATION]
        b.call("gemm", [given, kernel], outputs, ints)
        return True
    if not shape.fits:
        return _plain_input_gradient(b, op, inputs, outputs[0])
    packed = _pack_transposed(b, kernel, shape)
    b.call("convolution_input_gradient", [given, packed], outputs, shape.ints)
    return True


@rule("ConvolutionKernelGrad")
def kernel_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A product summed over positions."""
    x, given = inputs[:2]
    if not b.is_float32(x, given, outputs[0]):
        return _plain_kernel_gradient(b, op, inputs, outputs[0])
    shape = _shape_of(op, b.shape(x), b.shape(outputs[0]))
    if _is_rounded(b, shape):
        b.call("bfloat_kernel_gradient", [x, given], outputs, shape.ints)
        return True
    if call_winograd_kernel_grad(b, op, inputs, outputs[0]):
        return True
    if shape.is_product:
        rows = shape.batch * prod(shape.positions)
        ints = [1, shape.inputs, shape.outputs, rows, 1, 0, 0, 0, 0, NO_ACTIVATION]
        b.call("gemm", [x, given], outputs, ints)
        return True
    if not shape.fits:
        return _plain_kernel_gradient(b, op, inputs, outputs[0])
    b.call("convolution_kernel_gradient", [x, given], outputs, shape.ints)
    return True


_PLAIN_BYTES = {"float32": 4, "float64": 8}


def _plain_ints(b: Builder, op: Any, x: int, kernel: int) -> list[int] | None:
    """What the plain kernels read; None for other types."""
    size_bytes = _PLAIN_BYTES.get(b.type(x).dtype.name)
    if size_bytes is None:
        return None
    return [*_shape_of(op, b.shape(x), b.shape(kernel)).ints, size_bytes]


def _plain(b: Builder, op: Any, inputs: Sequence[int], output: int) -> bool:
    ints = _plain_ints(b, op, *inputs)
    if ints is not None:
        b.call("plain_convolution", inputs, [output], ints)
    return ints is not None


def _plain_input_gradient(b: Builder, op: Any, inputs: Sequence[int], output: int) -> bool:
    given, kernel = inputs[:2]
    ints = _plain_ints(b, op, output, kernel)
    if ints is None:
        return False
    *window, ins, outs = b.shape(kernel)
    turned = b.stand_in(b.type(kernel).with_shape((*window, outs, ins)))
    k0, t0 = stand_in(b, kernel), stand_in(b, turned)
    if k0.size:
        copy_part(b, kernel, turned, k0.swapaxes(-1, -2), t0, k0, t0)
    b.call("plain_convolution_input_gradient", [given, turned], [output], ints)
    return True


def _plain_kernel_gradient(b: Builder, op: Any, inputs: Sequence[int], output: int) -> bool:
    ints = _plain_ints(b, op, inputs[0], output)
    if ints is not None:
        b.call("plain_convolution_kernel_gradient", inputs[:2], [output], ints)
    return ints is not None
