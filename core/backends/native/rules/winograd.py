"""3 x 3 and 5 x 5 convolutions by Winograd's algorithm: `kernels/winograd.h` has the mathematics.

With windows of r x r, each tile of m x m outputs takes (m + r - 1)^2 multiplications a pair of
channels instead of (m r)^2. What the images' values are, matters more than to a direct sum: one
that is infinite or NaN makes all outputs of the tiles that see it NaN, and errors grow with the
largest value of a tile.

The gradient in the images is a convolution of the outputs' gradients, or the transposed algorithm,
in which tiles overlap where windows do. The first has as many tiles as cover the images, the second
only as many as cover the outputs, which small images without padding have far fewer of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....ops.conv import Convolution, ConvolutionInputGrad, ConvolutionKernelGrad
from ....ops.windows import Windows
from ..lowering import ALIGNMENT, Builder
from .matmul import NO_ACTIVATION

__all__ = [
    "Layer",
    "call_winograd",
    "call_winograd_input_grad",
    "call_winograd_kernel_grad",
    "suits",
]

_LANES = ALIGNMENT // 4  # of the widest vectors: channels are padded to whole vectors
_MIN_CHANNELS = 8  # of the images: fewer products do not outweigh the transforms of the outputs
_MIN_TILES = 8  # so many pay for the transform of the kernel, where it is not done in advance
# A transformed kernel has 4 times the kernel's bytes. It is kept from run to run where it is small,
# or if making it anew takes more than a tenth of its layer's time: each of its numbers is written
# at some 25 GB/s and multiplied once a tile, at some 230 GFLOP/s: a tenth is about so many tiles.
_SMALL_BYTES = 1 << 20
_MANY_TILES = 384
_PLAIN, _TURNED, _TRANSPOSED = 0, 1, 2  # forms of the kernel, of winograd.cpp
_OVERLAP = 1.25  # what the transposed algorithm costs more a tile


@dataclass(frozen=True)
class Layer:
    """The sizes of a convolution, whichever of its faces is computed.

    Attributes:
        images: (batch, height, width, in).
        outputs: (batch, out_height, out_width, out).
        top: zeros above the images.
        left: zeros before them.
        window: its size on both axes.
    """

    images: tuple[int, ...]
    outputs: tuple[int, ...]
    top: int
    left: int
    window: int = 3

    @classmethod
    def of(
        cls,
        op: Convolution | ConvolutionInputGrad | ConvolutionKernelGrad,
        images: tuple[int, ...],
        kernel: tuple[int, ...],
    ) -> Layer | None:
        """The layer, if it has the form that the algorithm is for."""
        if len(images) != 4 or kernel[:2] not in ((3, 3), (5, 5)) or op.groups != 1:
            return None
        if (*op.strides, *op.dilations) != (1, 1, 1, 1):
            return None
        windows = Windows(images[1:3], kernel[:2], (1, 1), (1, 1), op.padding)
        (top, _), (left, _) = windows.pads
        return cls(images, (images[0], *windows.positions, kernel[-1]), top, left, kernel[0])

    @property
    def turned(self) -> Layer:
        """The convolution of gradients that gives the images' gradients."""
        around = self.window - 1
        return Layer(self.outputs, self.images, around - self.top, around - self.left, self.window)

    def multiplications(self, m: int) -> int:
        """How many a pair of channels takes with tiles of m x m."""
        return self.tiles(m) * (m + self.window - 1) ** 2

    def tiles(self, m: int) -> int:
        """How many there are."""
        batch, height, width, _ = self.outputs
        return batch * -(-height // m) * -(-width // m)

    def ints(self, m: int) -> list[int]:
        """As the kernels take it."""
        return [m, self.window, *self.images, *self.outputs[1:], self.top, self.left]


def tile_size(layer: Layer) -> int:
    """m, by the number of multiplications: 4 mostly, 2 for images that tiles of 4 cover badly."""
    if layer.window == 5:
        return 2  # more points would cost digits
    return 4 if layer.multiplications(4) < layer.multiplications(2) else 2


def suits(layer: Layer | None) -> bool:
    """Whether the algorithm pays, for the convolution and for its kernel's gradient."""
    return layer is not None and layer.images[3] >= _MIN_CHANNELS and _saves(layer)


def _saves(layer: Layer) -> bool:
    """Whether there are a third fewer multiplications, and tiles enough."""
    batch, height, width, _ = layer.outputs
    m = tile_size(layer)
    direct = layer.window**2 * batch * height * width
    return layer.multiplications(m) * 3 <= direct * 2 and layer.tiles(m) >= _MIN_TILES


def is_transposed(layer: Layer) -> bool:
    """Whether the transposed algorithm gives the images' gradients in less time."""
    there, back = (face.multiplications(tile_size(face)) for face in (layer, layer.turned))
    return there * _OVERLAP < back


def _transform(
    b: Builder, layer: Layer, m: int, kernel: int, channels: int, out: int, form: int
) -> int:
    """The transformed kernel."""
    padded = -(-out // _LANES) * _LANES
    size_bytes = (m + layer.window - 1) ** 2 * channels * padded * 4
    transformed = b.temporary(size_bytes)
    ints = [m, layer.window, channels, out, form]
    is_kept = size_bytes <= _SMALL_BYTES or layer.tiles(m) < _MANY_TILES
    b.call("winograd_kernel", [kernel], [transformed], ints, is_kept=is_kept)
    return transformed


def _call(
    b: Builder,
    layer: Layer,
    images: int,
    kernel: int,
    output: int,
    bias: int | None = None,
    activation: int = NO_ACTIVATION,
    pool: bool = False,
    form: int = _PLAIN,
) -> None:
    m = tile_size(layer)
    transformed = _transform(b, layer, m, kernel, layer.images[3], layer.outputs[3], form)
    operands = [images, transformed] if bias is None else [images, transformed, bias]
    b.call("winograd", operands, [output], [*layer.ints(m), bias is not None, activation, pool])


def call_winograd(
    b: Builder,
    op: Convolution,
    inputs: Sequence[int],
    output: int,
    bias: int | None = None,
    activation: int = NO_ACTIVATION,
    pool: bool = False,
) -> bool:
    """A convolution, plus a bias, through an activation; the largest of each 2 x 2 if `pool`."""
    x, kernel = inputs
    layer = Layer.of(op, b.shape(x), b.shape(kernel))
    if layer is None or not suits(layer) or not b.is_float32(x, kernel, output):
        return False
    _call(b, layer, x, kernel, output, bias, activation, pool)
    return True


def call_winograd_input_grad(
    b: Builder, op: ConvolutionInputGrad, inputs: Sequence[int], output: int
) -> bool:
    """A convolution with the kernel turned and transposed, or the transposed algorithm."""
    g, kernel = inputs[:2]
    layer = Layer.of(op, b.shape(output), b.shape(kernel))
    if layer is None or layer.images[3] < _MIN_CHANNELS or not b.is_float32(g, kernel, output):
        return False
    if is_transposed(layer):
        if not _saves(layer):
            return False
        m = tile_size(layer)
        channels, out = layer.outputs[3], layer.images[3]
        transformed = _transform(b, layer, m, kernel, channels, out, _TRANSPOSED)
        b.call("winograd_transposed", [g, transformed], [output], layer.ints(m))
        return True
    if not _saves(layer.turned):
        return False
    _call(b, layer.turned, g, kernel, output, form=_TURNED)
    return True


def call_winograd_kernel_grad(
    b: Builder, op: ConvolutionKernelGrad, inputs: Sequence[int], output: int
) -> bool:
    """The transposed algorithm again: products of transformed images and gradients."""
    x, g = inputs[:2]
    layer = Layer.of(op, b.shape(x), b.shape(output))
    if layer is None or not suits(layer) or not b.is_float32(x, g, output):
        return False
    b.call("winograd_kernel_grad", [x, g], [output], layer.ints(tile_size(layer)))
    return True
