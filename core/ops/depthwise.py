"""Depthwise and separable convolution: as many groups as channels, then a mix of the channels.

F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.
"""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError, user_site
from ..graph import Tensor
from ..types import types_text
from .conv import convolve
from .elementwise import shape_of
from .layout import is_channels_first
from .shape import reshape
from .source import convert_all
from .windows import axis_names

__all__ = ["depthwise_conv1d", "depthwise_conv2d", "separable_conv1d", "separable_conv2d"]


def depthwise_conv1d(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """The convolution of each channel of signals with kernels of its own.

    Args:
        input: (batch, width, channels), float.
        filters: (kernel_width, channels, multiplier), of the same dtype: so many kernels for
            each channel.
        strides: as in `conv1d`, and so the arguments that follow.
        padding: as in `conv1d`.
        dilations: as in `conv1d`.
        data_format: as in `conv1d`.
        name: of the node.

    Returns:
        (batch, out_width, channels * multiplier), all that a channel gives side by side; or
        these before the width.

    Raises:
        ShapeError: if ranks or channels do not fit, or the number of channels is unknown.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> signal = [[[1.0, 2.0], [3.0, 4.0]]]
    >>> Session().run(depthwise_conv1d(signal, [[[10.0], [100.0]]])).tolist()
    [[[10.0, 200.0], [30.0, 400.0]]]
    """
    x, kernel = convert_all(input, filters)
    return _depthwise(
        "depthwise_conv1d", x, kernel, strides, padding, dilations, data_format, 1, name
    )


def depthwise_conv2d(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The convolution of each channel of images with kernels of its own.

    Args:
        input: (batch, height, width, channels), float.
        filters: (kernel_height, kernel_width, channels, multiplier), of the same dtype: so many
            kernels for each channel.
        strides: as in `conv2d`, and so the arguments that follow.
        padding: as in `conv2d`.
        dilations: as in `conv2d`.
        data_format: as in `conv2d`.
        name: of the node.

    Returns:
        (batch, out_height, out_width, channels * multiplier), all that a channel gives side by
        side; or these before the height.

    Raises:
        ShapeError: if ranks or channels do not fit, or the number of channels is unknown.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> image = [[[[1.0, 2.0]], [[3.0, 4.0]]]]
    >>> Session().run(depthwise_conv2d(image, [[[[10.0], [100.0]]]])).tolist()
    [[[[10.0, 200.0]], [[30.0, 400.0]]]]
    """
    x, kernel = convert_all(input, filters)
    return _depthwise(
        "depthwise_conv2d", x, kernel, strides, padding, dilations, data_format, 2, name
    )


def separable_conv1d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """`depthwise_conv1d`, then a linear map of the channels of each position.

    Args:
        input: (batch, width, channels), float.
        depthwise_filter: (kernel_width, channels, multiplier), of the same dtype.
        pointwise_filter: (1, channels * multiplier, out), of the same dtype.
        strides: of the depthwise convolution, and so the arguments that follow.
        padding: as in `conv1d`.
        dilations: as in `conv1d`.
        data_format: as in `conv1d`.
        name: of the node.

    Returns:
        (batch, out_width, out), or (batch, out, out_width).

    Raises:
        ShapeError: if ranks or channels do not fit, or the number of channels is unknown.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> y = separable_conv1d([[[1.0, 2.0]]], [[[10.0], [100.0]]], [[[1.0], [1.0]]])
    >>> Session().run(y).tolist()
    [[[210.0]]]
    """
    x, depthwise, pointwise = convert_all(input, depthwise_filter, pointwise_filter)
    return _separable(
        "separable_conv1d", x, depthwise, pointwise, strides, padding, dilations, data_format, 1,
        name,
    )  # fmt: skip


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:
    """`depthwise_conv2d`, then a linear map of the channels of each position.

    Args:
        input: (batch, height, width, channels), float.
        depthwise_filter: (kernel_height, kernel_width, channels, multiplier), of the same dtype.
        pointwise_filter: (1, 1, channels * multiplier, out), of the same dtype.
        strides: of the depthwise convolution, and so the arguments that follow.
        padding: as in `conv2d`.
        dilations: as in `conv2d`.
        data_format: as in `conv2d`.
        name: of the node.

    Returns:
        (batch, out_height, out_width, out), or (batch, out, out_height, out_width).

    Raises:
        ShapeError: if ranks or channels do not fit, or the number of channels is unknown.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> y = separable_conv2d([[[[1.0, 2.0]]]], [[[[10.0], [100.0]]]], [[[[1.0], [1.0]]]])
    >>> Session().run(y).tolist()
    [[[[210.0]]]]
    """
    x, depthwise, pointwise = convert_all(input, depthwise_filter, pointwise_filter)
    return _separable(
        "separable_conv2d", x, depthwise, pointwise, strides, padding, dilations, data_format, 2,
        name,
    )  # fmt: skip


def _depthwise(
    where: str,
    x: Tensor,
    kernel: Tensor,
    strides: Any,
    padding: Any,
    dilations: Any,
    data_format: str | None,
    rank: int,
    name: str | None,
) -> Tensor:
    """(*sizes, channels, multiplier) is the grouped kernel (*sizes, 1, channels * multiplier)."""
    axis = 1 if is_channels_first(where, data_format, rank) else -1
    sizes = kernel.shape
    channels = None
    if sizes is not None and len(sizes) == rank + 2:
        channels = x.shape[axis] if sizes[-2] is None and x.shape else sizes[-2]
    if sizes is None or channels is None:
        raise ShapeError(
            where,
            "the rank or the number of channels is unknown, or not as expected",
            expected=f"filters ({', '.join(axis_names(rank))}, channels, multiplier)",
            got=types_text(input=x.type, filters=kernel.type),
            site=user_site(),
        )
    known = [shape_of(kernel)[i] if n is None else n for i, n in enumerate(sizes[:-2])]
    outputs = -1 if sizes[-1] is None else channels * sizes[-1]
    grouped = reshape(kernel, [*known, 1, outputs])
    return convolve(
        where, x, grouped, strides, padding, dilations, channels, data_format, rank, name
    )


def _separable(
    where: str,
    x: Tensor,
    depthwise: Tensor,
    pointwise: Tensor,
    strides: Any,
    padding: Any,
    dilations: Any,
    data_format: str | None,
    rank: int,
    name: str | None,
) -> Tensor:
    """The map of the channels is a convolution too, of single cells."""
    y = _depthwise(where, x, depthwise, strides, padding, dilations, data_format, rank, None)
    return convolve(where, y, pointwise, 1, "VALID", 1, 1, data_format, rank, name)
