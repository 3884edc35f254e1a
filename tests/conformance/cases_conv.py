"""Rows of the ops in `core/ops/conv.py`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy.signal import correlate

from thalweg.core import Tensor, apply, conv2d, conv2d_transpose, convert
from thalweg.core.ops.conv import Conv2DInputGrad, Conv2DKernelGrad

from .case import Case, Input

ALL = ("Conv2D", "Conv2DInputGrad", "Conv2DKernelGrad")


def cells_added(size: int, taps: int, stride: int, dilation: int, padding: Any) -> tuple[int, int]:
    """SAME by search: the fewest cells that let the window stop ceil(size / stride) times."""
    if padding == "VALID":
        return 0, 0
    starts = range(0, size, stride)
    total = 0
    while starts[-1] + dilation * (taps - 1) >= size + total:
        total += 1
    return total // 2, total - total // 2


def padded(x: np.ndarray, kernel: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    padding = options["padding"]
    if isinstance(padding, str):
        padding = [
            cells_added(x.shape[axis + 1], kernel.shape[axis], stride, dilation, padding)
            for axis, (stride, dilation) in enumerate(
                zip(options["strides"], options["dilations"], strict=True)
            )
        ]
    return np.pad(x, [(0, 0), *padding, (0, 0)])


def by_correlation(x: np.ndarray, kernel: np.ndarray, **options: Any) -> np.ndarray:
    """SciPy's correlation of every image channel with every kernel plane."""
    (down, right), (down_tap, right_tap) = options["strides"], options["dilations"]
    groups = options["groups"]
    x = padded(x, kernel, options)
    height, width, inner, outputs = kernel.shape
    spread = np.zeros(((height - 1) * down_tap + 1, (width - 1) * right_tap + 1, inner, outputs))
    spread[::down_tap, ::right_tap] = kernel
    rows, columns = (
        len(range(0, x.shape[axis + 1] - spread.shape[axis] + 1, stride))
        for axis, stride in enumerate((down, right))
    )
    result = np.zeros((len(x), rows, columns, outputs))
    for image, o, c in product(range(len(x)), range(outputs), range(inner)):
        channel = o // (outputs // groups) * inner + c
        whole = correlate(x[image, :, :, channel], spread[:, :, c, o], "valid", "direct")
        result[image, :, :, o] += whole[::down, ::right]
    return result


def convolution(name: str, x: Input, kernel: Input, *, empty: str = "", **given: Any) -> Case:
    options: dict[str, Any] = {
        "strides": (1, 1), "padding": "VALID", "dilations": (1, 1), "groups": 1, **given,
    }  # fmt: skip
    return Case(
        name,
        ALL,
        lambda x, kernel: conv2d(x, kernel, **options),
        (x, kernel),
        lambda x, kernel: by_correlation(x, kernel, **options),
        sizes={"n": (1, 2), "h": (5, 7), "w": (5, 7), "i": (1, 3), "j": (1, 3), "o": (1, 3)},
        empty=empty,
    )


def sizes_input(*sizes: int) -> Input:
    """A host operand with this value."""
    return Input(
        (len(sizes),),
        "int32",
        values=lambda generator, shape, dtype: np.array(sizes, dtype),
        host=True,
    )


def products(
    op: Any, x: Sequence[int], kernel: Sequence[int], g: Sequence[int]
) -> list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """The definition: which element of images, kernel and output meet in one product each."""
    (top, _), (left, _) = op.padding
    found = []
    for b, p, q, o in product(*map(range, g)):
        first = o // (kernel[3] // op.groups) * kernel[2]
        for i, j, c in product(*map(range, kernel[:3])):
            row = p * op.strides[0] + i * op.dilations[0] - top
            column = q * op.strides[1] + j * op.dilations[1] - left
            if 0 <= row < x[1] and 0 <= column < x[2]:
                found.append(((b, row, column, first + c), (i, j, c, o), (b, p, q, o)))
    return found


def input_grad(name: str, x: tuple[int, ...], kernel: tuple[int, ...], g: tuple[int, ...],
               op: Conv2DInputGrad) -> Case:  # fmt: skip
    def function(g_in: Tensor, kernel_in: Tensor, shape: Any) -> Tensor:
        return apply(op, g_in, kernel_in, convert(shape))

    def oracle(g_in: np.ndarray, kernel_in: np.ndarray, shape: np.ndarray) -> np.ndarray:
        result = np.zeros(shape)
        for at_x, at_kernel, at_g in products(op, x, kernel, g):
            result[at_x] += kernel_in[at_kernel] * g_in[at_g]
        return result

    return Case(name, ALL, function, (Input(g), Input(kernel), sizes_input(*x)), oracle)


def kernel_grad(name: str, x: tuple[int, ...], kernel: tuple[int, ...], g: tuple[int, ...],
                op: Conv2DKernelGrad) -> Case:  # fmt: skip
    def function(x_in: Tensor, g_in: Tensor, shape: Any) -> Tensor:
        return apply(op, x_in, g_in, convert(shape))

    def oracle(x_in: np.ndarray, g_in: np.ndarray, shape: np.ndarray) -> np.ndarray:
        result = np.zeros(shape)
        for at_x, at_kernel, at_g in products(op, x, kernel, g):
            result[at_kernel] += x_in[at_x] * g_in[at_g]
        return result

    return Case(name, ALL, function, (Input(x), Input(g), sizes_input(*kernel)), oracle)


def transposed(g: np.ndarray, kernel: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Stride 2, SAME, 3 by 3 on even sizes: zeros between the inputs, then a full convolution."""
    spread = np.zeros((len(g), 2 * g.shape[1] - 1, 2 * g.shape[2] - 1, g.shape[3]))
    spread[:, ::2, ::2] = g
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    # SAME on even sizes pads one cell, at the end: the full result loses its last row and column.
    around = np.pad(spread, [(0, 0), (2, 2), (2, 2), (0, 0)])
    options = {"strides": (1, 1), "padding": "VALID", "dilations": (1, 1), "groups": 1}
    return by_correlation(around, turned, **options)[:, :-1, :-1]


IMAGES, KERNEL = Input("nhwc"), Input("ijco")
NO_PADDING = ((0, 0), (0, 0))

CASES = (
    convolution("conv2d", IMAGES, KERNEL, empty="nco"),
    convolution("conv2d same", IMAGES, KERNEL, padding="SAME", empty="n"),
    convolution("conv2d strides", IMAGES, KERNEL, strides=(2, 3)),
    convolution("conv2d same strides", IMAGES, KERNEL, padding="SAME", strides=(3, 2)),
    convolution("conv2d dilations", IMAGES, KERNEL, dilations=(2, 1)),
    convolution(
        "conv2d same strides dilations", IMAGES, KERNEL, padding="SAME", strides=(2, 1),
        dilations=(1, 2),
    ),
    convolution("conv2d explicit padding", IMAGES, KERNEL, padding=((3, 0), (1, 2))),
    convolution(
        "conv2d groups", Input(("n", "h", "w", 4)), Input(("i", "j", 2, 6)), groups=2,
        padding="SAME", strides=(2, 2), empty="n",
    ),
    convolution("conv2d depthwise", Input(("n", "h", "w", 3)), Input((2, 3, 1, 3)), groups=3),
    convolution("conv2d pixels", IMAGES, Input((1, 1, "c", "o"))),
    convolution("conv2d one channel", Input(("n", 9, 9, 1)), Input((2, 3, 1, "o"))),
    input_grad(
        "conv2d input gradient", (2, 4, 5, 2), (2, 3, 2, 3), (2, 3, 3, 3),
        Conv2DInputGrad(padding=NO_PADDING),
    ),
    input_grad(
        "conv2d input gradient strides", (1, 6, 5, 4), (2, 3, 2, 2), (1, 3, 2, 2),
        Conv2DInputGrad((2, 2), ((1, 0), (0, 0)), (1, 1), 2),
    ),
    kernel_grad(
        "conv2d kernel gradient", (2, 5, 4, 2), (2, 2, 2, 3), (2, 3, 3, 3),
        Conv2DKernelGrad(padding=NO_PADDING, dilations=(2, 1)),
    ),
    kernel_grad(
        "conv2d kernel gradient strides", (1, 5, 6, 4), (3, 2, 2, 2), (1, 3, 3, 2),
        Conv2DKernelGrad((2, 2), ((1, 1), (0, 0)), (1, 1), 2),
    ),
    Case(
        "conv2d_transpose",
        ALL,
        lambda g, kernel, shape: conv2d_transpose(g, kernel, shape, strides=2),
        (Input((2, 2, 3, "c")), Input((3, 3, 2, "c")), sizes_input(2, 4, 6, 2)),
        transposed,
    ),
)  # fmt: skip
