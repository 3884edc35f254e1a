"""Rows of the ops in `core/ops/conv.py`, and of what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy.signal import correlate

from thalweg.core import (
    Tensor,
    apply,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    convert,
    convolution,
    convolution_backprop_filter,
    convolution_backprop_input,
    depthwise_conv1d,
    depthwise_conv2d,
    reshape,
    separable_conv1d,
    separable_conv2d,
    transpose,
)
from thalweg.core.ops.conv import ConvolutionInputGrad, ConvolutionKernelGrad

from .case import Case, Input

ALL = ("Convolution", "ConvolutionInputGrad", "ConvolutionKernelGrad")
SIZES = {"n": (1, 2), "d": (3, 4), "h": (5, 7), "w": (5, 7)} | dict.fromkeys("ijko", (1, 3))


def cells_added(size: int, taps: int, stride: int, dilation: int, padding: Any) -> tuple[int, int]:
    """SAME by search: the fewest cells that let the window stop ceil(size / stride) times."""
    if padding == "VALID":
        return 0, 0
    if padding == "CAUSAL":
        return dilation * (taps - 1), 0
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


def by_correlation(
    x: np.ndarray,
    kernel: np.ndarray,
    *,
    strides: Sequence[int],
    padding: Any = "VALID",
    dilations: Sequence[int] | None = None,
    groups: int = 1,
) -> np.ndarray:
    """SciPy's correlation of every image channel with every kernel plane."""
    dilations = dilations or (1,) * len(strides)
    x = padded(x, kernel, {"strides": strides, "padding": padding, "dilations": dilations})
    *taps, inner, outputs = kernel.shape
    spread = np.zeros(
        [(n - 1) * dilation + 1 for n, dilation in zip(taps, dilations, strict=True)]
        + [inner, outputs]
    )
    spread[tuple(slice(None, None, dilation) for dilation in dilations)] = kernel
    positions = [
        len(range(0, size - reach + 1, stride))
        for size, reach, stride in zip(x.shape[1:-1], spread.shape, strides, strict=False)
    ]
    result = np.zeros((len(x), *positions, outputs))
    every = tuple(slice(None, None, stride) for stride in strides)
    for image, o, c in product(range(len(x)), range(outputs), range(inner)):
        channel = o // (outputs // groups) * inner + c
        whole = correlate(x[image, ..., channel], spread[..., c, o], "valid", "direct")
        result[image, ..., o] += whole[every]
    return result


def case(
    name: str, function: Callable[..., Any], inputs: Sequence[Input], oracle: Any, **more: Any
) -> Case:
    return Case(name, ALL, function, tuple(inputs), oracle, **{"sizes": SIZES, **more})


def convolution2d(name: str, x: Input, kernel: Input, *, empty: str = "", **given: Any) -> Case:
    options: dict[str, Any] = {
        "strides": (1, 1), "padding": "VALID", "dilations": (1, 1), "groups": 1, **given,
    }  # fmt: skip
    return case(
        name,
        lambda x, kernel: conv2d(x, kernel, **options),
        (x, kernel),
        lambda x, kernel: by_correlation(x, kernel, **options),
        empty=empty,
    )


def one_size(function: Any, rank: int, x: str, kernel: str, **options: Any) -> Case:
    """A row of `conv1d` or `conv3d`, whose options are one number for all axes or several."""
    each = {key: (v,) * rank if isinstance(v, int) else v for key, v in options.items()}
    if "groups" in options:
        each["groups"] = options["groups"]
    text = " ".join(f"{key} {value}" for key, value in options.items())
    return case(
        f"{function.__name__} {text}".strip(),
        lambda x, kernel: function(x, kernel, **options),
        (Input(x), Input(kernel)),
        lambda x, kernel: by_correlation(x, kernel, **{"strides": (1,) * rank, **each}),
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
    found = []
    for b, *position, o in product(*map(range, g)):
        first = o // (kernel[-1] // op.groups) * kernel[-2]
        for *tap, c in product(*map(range, kernel[:-1])):
            cell = [
                p * stride + t * dilation - before
                for p, t, stride, dilation, (before, _) in zip(
                    position, tap, op.strides, op.dilations, op.padding, strict=True
                )
            ]
            if all(0 <= n < size for n, size in zip(cell, x[1:], strict=False)):
                found.append(((b, *cell, first + c), (*tap, c, o), (b, *position, o)))
    return found


def input_grad(name: str, x: tuple[int, ...], kernel: tuple[int, ...], g: tuple[int, ...],
               op: ConvolutionInputGrad) -> Case:  # fmt: skip
    def function(g_in: Tensor, kernel_in: Tensor, shape: Any) -> Tensor:
        return apply(op, g_in, kernel_in, convert(shape))

    def oracle(g_in: np.ndarray, kernel_in: np.ndarray, shape: np.ndarray) -> np.ndarray:
        result = np.zeros(shape)
        for at_x, at_kernel, at_g in products(op, x, kernel, g):
            result[at_x] += kernel_in[at_kernel] * g_in[at_g]
        return result

    return case(name, function, (Input(g), Input(kernel), sizes_input(*x)), oracle)


def kernel_grad(name: str, x: tuple[int, ...], kernel: tuple[int, ...], g: tuple[int, ...],
                op: ConvolutionKernelGrad) -> Case:  # fmt: skip
    def function(x_in: Tensor, g_in: Tensor, shape: Any) -> Tensor:
        return apply(op, x_in, g_in, convert(shape))

    def oracle(x_in: np.ndarray, g_in: np.ndarray, shape: np.ndarray) -> np.ndarray:
        result = np.zeros(shape)
        for at_x, at_kernel, at_g in products(op, x, kernel, g):
            result[at_kernel] += x_in[at_x] * g_in[at_g]
        return result

    return case(name, function, (Input(x), Input(g), sizes_input(*kernel)), oracle)


def transposed(g: np.ndarray, kernel: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Stride 2, SAME, 3 taps on even sizes: zeros between the inputs, then a full convolution."""
    rank = kernel.ndim - 2
    spread = np.zeros((len(g), *(2 * n - 1 for n in g.shape[1:-1]), g.shape[-1]))
    spread[(slice(None), *(slice(None, None, 2),) * rank)] = g
    turned = np.flip(kernel, range(rank)).swapaxes(-1, -2)
    # SAME on even sizes pads one cell, at the end: the full result loses its last cells.
    around = np.pad(spread, [(0, 0), *[(2, 2)] * rank, (0, 0)])
    full = by_correlation(around, turned, strides=(1,) * rank)
    result: np.ndarray = full[(slice(None), *(slice(None, -1),) * rank)]
    return result


def each_channel(x: np.ndarray, kernel: np.ndarray, **options: Any) -> np.ndarray:
    """Depthwise: channel after channel, each an image of its own."""
    options = {"strides": (1,) * (kernel.ndim - 2), **options}
    return np.concatenate(
        [
            by_correlation(x[..., c : c + 1], kernel[..., c : c + 1, :], **options)
            for c in range(x.shape[-1])
        ],
        axis=-1,
    )


def depthwise(function: Any, x: tuple[Any, ...], kernel: tuple[int, ...], **options: Any) -> Case:
    """The kernel's shape is known whatever the row says: groups are counted in the graph."""
    text = " ".join(f"{key} {value}" for key, value in options.items())
    return case(
        f"{function.__name__} {text}".strip(),
        lambda x, k: function(x, reshape(k, kernel), **options),
        (Input(x), Input(kernel)),
        lambda x, k: each_channel(x, k, **options),
    )


def separable(function: Any, x: str, kernel: tuple[int, ...], outputs: int) -> Case:
    rank = len(kernel) - 2
    ones, width = (1,) * rank, kernel[-1] * kernel[-2]

    def oracle(x: np.ndarray, k: np.ndarray, mix: np.ndarray) -> np.ndarray:
        y = each_channel(x, k, strides=(2,) * rank, padding="SAME")
        result: np.ndarray = y @ mix.reshape(width, outputs)
        return result

    return case(
        function.__name__,
        lambda x, k, mix: function(x, reshape(k, kernel), mix, 2, "SAME"),
        (Input((*x[:-1], kernel[-2])), Input(kernel), Input((*ones, width, outputs))),
        oracle,
    )


def channels_first(function: Any, rank: int, data_format: str) -> Case:
    letters, taps = "dhw"[-rank:], "ijk"[-rank:]
    back, forth = (0, *range(2, rank + 2), 1), (0, rank + 1, *range(1, rank + 1))

    def oracle(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        y = by_correlation(x.transpose(back), kernel, strides=(1,) * rank, padding="SAME")
        return y.transpose(forth)

    return case(
        f"{function.__name__} {data_format}",
        lambda x, kernel: function(x, kernel, padding="SAME", data_format=data_format),
        (Input(("n", "c", *letters)), Input((*taps, "c", "o"))),
        oracle,
        needs_rank=function is convolution,
    )


def numpy_first(array: np.ndarray) -> np.ndarray:
    return np.moveaxis(array, -1, 1)


IMAGES, KERNEL = Input("nhwc"), Input("ijco")
ONE_SIDE = ((1, 0), (0, 0))

CASES = (
    convolution2d("conv2d", IMAGES, KERNEL, empty="nco"),
    convolution2d("conv2d same", IMAGES, KERNEL, padding="SAME", empty="n"),
    convolution2d("conv2d strides", IMAGES, KERNEL, strides=(2, 3)),
    convolution2d("conv2d same strides", IMAGES, KERNEL, padding="SAME", strides=(3, 2)),
    convolution2d("conv2d dilations", IMAGES, KERNEL, dilations=(2, 1)),
    convolution2d(
        "conv2d same strides dilations", IMAGES, KERNEL, padding="SAME", strides=(2, 1),
        dilations=(1, 2),
    ),
    convolution2d("conv2d explicit padding", IMAGES, KERNEL, padding=((3, 0), (1, 2))),
    convolution2d(
        "conv2d groups", Input(("n", "h", "w", 4)), Input(("i", "j", 2, 6)), groups=2,
        padding="SAME", strides=(2, 2), empty="n",
    ),
    convolution2d("conv2d depthwise", Input(("n", "h", "w", 3)), Input((2, 3, 1, 3)), groups=3),
    convolution2d("conv2d pixels", IMAGES, Input((1, 1, "c", "o"))),
    convolution2d("conv2d one channel", Input(("n", 9, 9, 1)), Input((2, 3, 1, "o"))),
    one_size(conv1d, 1, "nwc", "kco", strides=2),
    one_size(conv1d, 1, "nwc", "kco", padding="CAUSAL", dilations=2),
    one_size(conv1d, 1, "nwc", "kco", padding="SAME", strides=3, dilations=2),
    one_size(conv1d, 1, "nwc", "kco", padding=((2, 1),)),
    one_size(conv3d, 3, "ndhwc", "ijkco", strides=(1, 2, 1)),
    one_size(conv3d, 3, "ndhwc", "ijkco", padding="SAME", strides=2),
    one_size(conv3d, 3, "ndhwc", "ijkco", padding=((0, 1), (1, 0), (0, 0)), dilations=(1, 2, 2)),
    channels_first(conv1d, 1, "NCW"),
    channels_first(conv2d, 2, "NCHW"),
    channels_first(conv3d, 3, "NCDHW"),
    channels_first(convolution, 2, "NCHW"),
    case(
        "conv3d groups",
        lambda x, kernel: conv3d(x, kernel, groups=2),
        (Input(("n", 2, 4, 3, 4)), Input((1, 2, 2, 2, 2))),
        lambda x, kernel: by_correlation(x, kernel, strides=(1, 1, 1), groups=2),
    ),
    case(
        "convolution of signals",
        lambda x, kernel: convolution(x, kernel, 2, "SAME"),
        (Input("nwc"), Input("kco")),
        lambda x, kernel: by_correlation(x, kernel, strides=(2,), padding="SAME"),
        needs_rank=True,
    ),
    depthwise(depthwise_conv1d, ("n", "w", 3), (3, 3, 2), padding="CAUSAL", strides=(2,)),
    depthwise(depthwise_conv2d, ("n", "h", "w", 2), (3, 2, 2, 2)),
    depthwise(
        depthwise_conv2d, ("n", "h", "w", 3), (3, 2, 3, 1), padding="SAME", strides=(2, 2),
        dilations=(1, 2),
    ),
    case(
        "depthwise_conv2d NCHW",
        lambda x, k: depthwise_conv2d(x, reshape(k, (2, 2, 3, 2)), data_format="NCHW"),
        (Input(("n", 3, "h", "w")), Input((2, 2, 3, 2))),
        lambda x, k: numpy_first(each_channel(np.moveaxis(x, 1, -1), k)),
    ),
    separable(separable_conv1d, "nw3", (2, 3, 2), 4),
    separable(separable_conv2d, "nhw2", (3, 2, 2, 2), 3),
    input_grad(
        "conv2d input gradient", (2, 4, 5, 2), (2, 3, 2, 3), (2, 3, 3, 3),
        ConvolutionInputGrad((1, 1), ((0, 0), (0, 0)), (1, 1)),
    ),
    input_grad(
        "conv2d input gradient strides", (1, 6, 5, 4), (2, 3, 2, 2), (1, 3, 2, 2),
        ConvolutionInputGrad((2, 2), ONE_SIDE, (1, 1), 2),
    ),
    input_grad(
        "conv1d input gradient", (2, 6, 2), (3, 2, 3), (2, 3, 3),
        ConvolutionInputGrad((2,), ((1, 1),), (1,)),
    ),
    kernel_grad(
        "conv2d kernel gradient", (2, 5, 4, 2), (2, 2, 2, 3), (2, 3, 3, 3),
        ConvolutionKernelGrad((1, 1), ((0, 0), (0, 0)), (2, 1)),
    ),
    kernel_grad(
        "conv2d kernel gradient strides", (1, 5, 6, 4), (3, 2, 2, 2), (1, 3, 3, 2),
        ConvolutionKernelGrad((2, 2), ((1, 1), (0, 0)), (1, 1), 2),
    ),
    kernel_grad(
        "conv3d kernel gradient", (1, 2, 4, 3, 2), (2, 2, 1, 2, 2), (1, 1, 2, 3, 2),
        ConvolutionKernelGrad((1, 1, 1), ((0, 0),) * 3, (1, 2, 1)),
    ),
    case(
        "conv1d_transpose",
        lambda g, kernel, shape: conv1d_transpose(g, kernel, shape, strides=2),
        (Input((2, 3, "c")), Input((3, 2, "c")), sizes_input(2, 6, 2)),
        transposed,
    ),
    case(
        "conv2d_transpose",
        lambda g, kernel, shape: conv2d_transpose(g, kernel, shape, strides=2),
        (Input((2, 2, 3, "c")), Input((3, 3, 2, "c")), sizes_input(2, 4, 6, 2)),
        transposed,
    ),
    case(
        "conv2d_transpose NCHW",
        lambda g, kernel, shape: conv2d_transpose(g, kernel, shape, 2, data_format="NCHW"),
        (Input((2, "c", 2, 3)), Input((3, 3, 2, "c")), sizes_input(2, 2, 4, 6)),
        lambda g, kernel, shape: numpy_first(transposed(np.moveaxis(g, 1, -1), kernel, shape)),
    ),
    case(
        "conv3d_transpose",
        lambda g, kernel, shape: conv3d_transpose(g, kernel, shape, strides=2),
        (Input((1, 1, 2, 2, "c")), Input((3, 3, 3, 2, "c")), sizes_input(1, 2, 4, 4, 2)),
        transposed,
    ),
    case(
        "convolution_backprop_input",
        lambda g, kernel, shape: convolution_backprop_input(shape, kernel, g, 2, "SAME"),
        (Input((2, 2, 3, "c")), Input((3, 3, 2, "c")), sizes_input(2, 4, 6, 2)),
        transposed,
        needs_rank=True,
    ),
    case(
        "convolution_backprop_filter NCW",
        lambda x, g, shape: convolution_backprop_filter(
            transpose(x, (0, 2, 1)), shape, transpose(g, (0, 2, 1)), data_format="NCW"
        ),
        (Input((2, 5, "c")), Input((2, 4, "o")), sizes_input(2, 3, 2)),
        lambda x, g, shape: np.stack(
            [np.einsum("nwc,nwo->co", x[:, tap : tap + 4], g) for tap in (0, 1)]
        ),
        sizes={"c": (3, 3), "o": (2, 2)},
    ),
)  # fmt: skip
