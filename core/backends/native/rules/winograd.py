"""3 x 3 convolutions by Winograd's algorithm: `kernels/winograd.h` has the mathematics.

Each tile of m x m outputs takes (m + 2)^2 multiplications a pair of channels instead of 9 m^2. What
the images' values are, matters more than to a direct sum: one that is infinite or NaN makes all
outputs of the tiles that see it NaN, and errors grow with the largest value of a tile.
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


@dataclass(frozen=True)
class Layer:
    """The sizes of a convolution, whichever of its faces is computed.

    Attributes:
        images: (batch, height, width, in).
        outputs: (batch, out_height, out_width, out).
        top: zeros above the images.
        left: zeros before them.
    """

    images: tuple[int, ...]
    outputs: tuple[int, ...]
    top: int
    left: int

    @classmethod
    def of(
        cls,
        op: Convolution | ConvolutionInputGrad | ConvolutionKernelGrad,
        images: tuple[int, ...],
        kernel: tuple[int, ...],
    ) -> Layer | None:
        """The layer, if it has the form that the algorithm is for."""
        if len(images) != 4 or kernel[:2] != (3, 3) or op.groups != 1:
            return None
        if (*op.strides, *op.dilations) != (1, 1, 1, 1):
            return None
        windows = Windows(images[1:3], (3, 3), (1, 1), (1, 1), op.padding)
        (top, _), (left, _) = windows.pads
        return cls(images, (images[0], *windows.positions, kernel[-1]), top, left)

    @property
    def turned(self) -> Layer:
        """The convolution of gradients that gives the images' gradients."""
        return Layer(self.outputs, self.images, 2 - self.top, 2 - self.left)

    def multiplications(self, m: int) -> int:
        """How many a pair of channels takes with tiles of m x m."""
        return self.tiles(m) * (m + 2) ** 2

    def tiles(self, m: int) -> int:
        """How many there are."""
        batch, height, width, _ = self.outputs
        return batch * -(-height // m) * -(-width // m)

    def ints(self, m: int) -> list[int]:
        """As the kernels take it."""
        return [m, *self.images, *self.outputs[1:], self.top, self.left]


def tile_size(layer: Layer) -> int:
    """m, by the number of multiplications: 4 mostly, 2 for images that tiles of 4 cover badly."""
    return 4 if layer.multiplications(4) < layer.multiplications(2) else 2


def suits(layer: Layer | None) -> bool:
    """Whether the algorithm pays, for the convolution and for its kernel's gradient."""
    return layer is not None and layer.images[3] >= _MIN_CHANNELS and _saves(layer)


def _saves(layer: Layer) -> bool:
    """Whether there are a third fewer multiplications, and tiles enough."""
    batch, height, width, _ = layer.outputs
    m = tile_size(layer)
    is_less = layer.multiplications(m) * 3 <= 9 * batch * height * width * 2
    return is_less and layer.tiles(m) >= _MIN_TILES


def _call(
    b: Builder,
    layer: Layer,
    images: int,
    kernel: int,
    output: int,
    bias: int | None = None,
    activation: int = NO_ACTIVATION,
    pool: bool = False,
    is_turned: bool = False,
) -> None:
    m = tile_size(layer)
    channels, out = layer.images[3], layer.outputs[3]
    padded = -(-out // _LANES) * _LANES
    transformed = b.temporary((m + 2) ** 2 * channels * padded * 4)
    b.call("winograd_kernel", [kernel], [transformed], [m, channels, out, is_turned])
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
    """A convolution too: of the gradients, with the kernel turned and transposed."""
    g, kernel = inputs[:2]
    layer = Layer.of(op, b.shape(output), b.shape(kernel))
    if layer is None or layer.images[3] < _MIN_CHANNELS or not _saves(layer.turned):
        return False
    if not b.is_float32(g, kernel, output):
        return False
    _call(b, layer.turned, g, kernel, output, is_turned=True)
    return True


def call_winograd_kernel_grad(
    b: Builder, op: ConvolutionKernelGrad, inputs: Sequence[int], output: int
) -> bool:
    """The transposed algorithm: products of transformed images and gradients."""
    x, g = inputs[:2]
    layer = Layer.of(op, b.shape(x), b.shape(output))
    if layer is None or not suits(layer) or not b.is_float32(x, g, output):
        return False
    b.call("winograd_kernel_grad", [x, g], [output], layer.ints(tile_size(layer)))
    return True
