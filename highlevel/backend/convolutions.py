"""Convolutions and pooling of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import OneOf
from .shapes import size_axes

__all__ = [
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "depthwise_conv2d",
    "pool2d",
    "pool3d",
    "separable_conv1d",
    "separable_conv2d",
]


def _order(where: str, data_format: str | None, rank: int) -> str:
    """The core's word for an order of axes."""
    sizes = "DHW"[3 - rank :]
    return f"NC{sizes}" if size_axes(where, data_format, rank)[0] == 2 else f"N{sizes}C"


def conv1d(
    x: Any,
    kernel: Any,
    strides: int = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int = 1,
) -> Tensor:
    """The convolution of sequences.

    Args:
        x: (batch, time, in), or with channels first.
        kernel: (size, in, out).
        strides: steps between two positions of the kernel.
        padding: `"valid"`, `"same"` or `"causal"`.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        dilation_rate: steps between two taps of the kernel.

    >>> from thalweg.backend import eval
    >>> eval(conv1d([[[1.0], [2.0]]], [[[10.0]], [[1.0]]])).tolist()
    [[[12.0]]]
    """
    order = _order("conv1d", data_format, 1)
    return core.conv1d(x, kernel, strides, padding, dilation_rate, 1, order)


def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """The convolution of images.

    Args:
        x: (batch, height, width, in), or with channels first.
        kernel: (height, width, in, out).
        strides: cells between two positions of the kernel.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        dilation_rate: cells between two taps of the kernel.

    >>> from thalweg.backend import eval
    >>> eval(conv2d([[[[2.0]]]], [[[[3.0]]]])).tolist()
    [[[[6.0]]]]
    """
    order = _order("conv2d", data_format, 2)
    return core.conv2d(x, kernel, strides, padding, dilation_rate, 1, order)


def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Tensor:
    """The convolution of volumes.

    Args:
        x: (batch, depth, height, width, in), or with channels first.
        kernel: (depth, height, width, in, out).
        strides: cells between two positions of the kernel.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        dilation_rate: cells between two taps of the kernel.

    >>> from thalweg.backend import eval
    >>> eval(conv3d([[[[[2.0]]]]], [[[[[3.0]]]]])).ravel().tolist()
    [6.0]
    """
    order = _order("conv3d", data_format, 3)
    return core.conv3d(x, kernel, strides, padding, dilation_rate, 1, order)


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """The transpose of `conv2d`: from what that gives back to images.

    Args:
        x: (batch, height, width, in), or with channels first.
        kernel: (height, width, out, in).
        output_shape: of the result, with the batch.
        strides, padding, data_format, dilation_rate: of the convolution.

    >>> from thalweg.backend import eval
    >>> eval(conv2d_transpose([[[[2.0]]]], [[[[3.0]]]], (1, 1, 1, 1))).ravel().tolist()
    [6.0]
    """
    order = _order("conv2d_transpose", data_format, 2)
    return core.conv2d_transpose(x, kernel, output_shape, strides, padding, dilation_rate, 1, order)


def conv3d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The transpose of `conv3d`: from what that gives back to volumes.

    Args:
        x: (batch, depth, height, width, in), or with channels first.
        kernel: (depth, height, width, out, in).
        output_shape: of the result, with the batch.
        strides, padding, data_format: of the convolution.

    >>> from thalweg.backend import eval
    >>> eval(conv3d_transpose([[[[[2.0]]]]], [[[[[3.0]]]]], (1, 1, 1, 1, 1))).ravel().tolist()
    [6.0]
    """
    order = _order("conv3d_transpose", data_format, 3)
    return core.conv3d_transpose(x, kernel, output_shape, strides, padding, 1, 1, order)


def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """The convolution of each channel of images with kernels of its own.

    Args:
        x: (batch, height, width, channels), or with channels first.
        depthwise_kernel: (height, width, channels, multiplier).
        strides, padding, data_format, dilation_rate: as in `conv2d`.

    >>> from thalweg.backend import eval
    >>> eval(depthwise_conv2d([[[[2.0, 5.0]]]], [[[[3.0], [1.0]]]])).ravel().tolist()
    [6.0, 5.0]
    """
    order = _order("depthwise_conv2d", data_format, 2)
    return core.depthwise_conv2d(x, depthwise_kernel, strides, padding, dilation_rate, order)


def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: int = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int = 1,
) -> Tensor:
    """A convolution of each channel of sequences, then sums over the channels of each step.

    Args:
        x: (batch, time, channels), or with channels first.
        depthwise_kernel: (size, channels, multiplier).
        pointwise_kernel: (1, channels * multiplier, out).
        strides, padding, data_format, dilation_rate: as in `conv1d`.

    >>> from thalweg.backend import eval
    >>> eval(separable_conv1d([[[2.0]]], [[[3.0]]], [[[1.0]]])).tolist()
    [[[6.0]]]
    """
    order = _order("separable_conv1d", data_format, 1)
    return core.separable_conv1d(
        x, depthwise_kernel, pointwise_kernel, strides, padding, dilation_rate, order
    )


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """A convolution of each channel of images, then sums over the channels of each pixel.

    Args:
        x: (batch, height, width, channels), or with channels first.
        depthwise_kernel: (height, width, channels, multiplier).
        pointwise_kernel: (1, 1, channels * multiplier, out).
        strides, padding, data_format, dilation_rate: as in `conv2d`.

    >>> from thalweg.backend import eval
    >>> eval(separable_conv2d([[[[2.0]]]], [[[[3.0]]]], [[[[1.0]]]])).ravel().tolist()
    [6.0]
    """
    order = _order("separable_conv2d", data_format, 2)
    return core.separable_conv2d(
        x, depthwise_kernel, pointwise_kernel, strides, padding, dilation_rate, order
    )


def _pooled(
    where: str, x: Any, size: Any, strides: Any, padding: str, data_format: str | None, mode: str
) -> Tensor:
    kind = OneOf("max", "avg").check(where, "pool_mode", mode).upper()
    rank = len(size)
    order = _order(where, data_format, rank)
    return core.pool(x, list(size), kind, strides, padding, 1, order)


def pool2d(
    x: Any,
    pool_size: Sequence[int],
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """The largest value or the mean of windows of images.

    Args:
        x: (batch, height, width, channels), or with channels first.
        pool_size: (height, width) of a window.
        strides: cells between two windows.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        pool_mode: `"max"` or `"avg"`.

    >>> from thalweg.backend import eval
    >>> eval(pool2d([[[[1.0], [2.0]]]], (1, 2), pool_mode="avg")).ravel().tolist()
    [1.5]
    """
    return _pooled("pool2d", x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Any,
    pool_size: Sequence[int],
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """The largest value or the mean of windows of volumes.

    Args:
        x: (batch, depth, height, width, channels), or with channels first.
        pool_size: (depth, height, width) of a window.
        strides: cells between two windows.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        pool_mode: `"max"` or `"avg"`.

    >>> from thalweg.backend import eval
    >>> eval(pool3d([[[[[1.0], [2.0]]]]], (1, 1, 2))).ravel().tolist()
    [2.0]
    """
    return _pooled("pool3d", x, pool_size, strides, padding, data_format, pool_mode)
