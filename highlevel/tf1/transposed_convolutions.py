"""`tf.nn`: what leads back from convolutions: their transposes and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .arguments import either
from .window_sizes import given, known_format, windows_of

__all__ = [
    "atrous_conv2d_transpose",
    "conv1d_transpose",
    "conv2d_backprop_filter",
    "conv2d_backprop_input",
    "conv2d_transpose",
    "conv3d_transpose",
]

_ONE_EACH = [1, 1, 1, 1]


def _transposed(
    where: str,
    function: Callable[..., Tensor],
    rank: int,
    value: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    name: str | None,
) -> Tensor:
    given(where, value=value, filters=filters, output_shape=output_shape, strides=strides)
    data_format = known_format(where, data_format, rank)
    windows = windows_of(where, strides, padding, dilations, data_format)
    return function(value, filters, output_shape, **windows, name=name)


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv1d`; arguments as in `conv2d_transpose`."""
    return _transposed(
        "conv1d_transpose",
        core.conv1d_transpose,
        1,
        input,
        filters,
        output_shape,
        strides,
        padding,
        data_format,
        dilations,
        name,
    )


def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv2d`, sometimes called deconvolution.

    Args:
        value: (batch, in_height, in_width, in) float, or channels second for NCHW.
        filter: (height, width, out, in): the kernel of the convolution the other way.
        output_shape: (batch, height, width, out) in the order of the format, integers.
        strides: of the convolution the other way: one, two or four numbers.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        name: of the node.
        input: the new name of `value`.
        filters: the new name of `filter`.
        dilations: as `strides`.

    >>> import thalweg.tf1 as tf
    >>> small, kernel = tf.zeros([1, 5, 5, 8]), tf.zeros([3, 3, 4, 8])
    >>> tf.nn.conv2d_transpose(small, kernel, [1, 10, 10, 4], [1, 2, 2, 1]).get_shape().as_list()
    [1, 10, 10, 4]
    """
    where = "conv2d_transpose"
    return _transposed(
        where,
        core.conv2d_transpose,
        2,
        either(where, "input", input, "value", value),
        either(where, "filters", filters, "filter", filter),
        output_shape,
        strides,
        padding,
        data_format,
        dilations,
        name,
    )


def conv3d_transpose(
    value: Any,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str = "NDHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv3d`; arguments as in `conv2d_transpose`."""
    where = "conv3d_transpose"
    return _transposed(
        where,
        core.conv3d_transpose,
        3,
        either(where, "input", input, "value", value),
        either(where, "filters", filters, "filter", filter),
        output_shape,
        strides,
        padding,
        data_format,
        dilations,
        name,
    )


def atrous_conv2d_transpose(
    value: Any,
    filters: Any,
    output_shape: Any,
    rate: int,
    padding: Any,
    name: str | None = None,
) -> Tensor:
    """The transpose of `atrous_conv2d`; filters are (height, width, out, in)."""
    return core.conv2d_transpose(
        value, filters, output_shape, padding=padding, dilations=rate, name=name
    )


def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = _ONE_EACH,
    name: str | None = None,
) -> Tensor:
    """The gradient of `conv2d` in its kernel.

    Args:
        input: the images.
        filter_sizes: (height, width, in, out), integers.
        out_backprop: the gradient in the result.
        strides: of the convolution, and so the arguments that follow.
        padding: "SAME", "VALID" or four pairs.
        use_cudnn_on_gpu: ignored.
        data_format: "NHWC" or "NCHW".
        dilations: as `strides`.
        name: of the node.
    """
    del use_cudnn_on_gpu
    where = "conv2d_backprop_filter"
    windows = windows_of(where, strides, padding, dilations, known_format(where, data_format, 2))
    return core.convolution_backprop_filter(input, filter_sizes, out_backprop, **windows, name=name)


def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = _ONE_EACH,
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The gradient of `conv2d` in its images; arguments as in `conv2d_backprop_filter`.

    Args:
        input_sizes: the images' shape, integers.
        filter: (height, width, in, out).
        out_backprop: the gradient in the result.
        strides: of the convolution, and so the arguments that follow.
        padding: "SAME", "VALID" or four pairs.
        use_cudnn_on_gpu: ignored.
        data_format: "NHWC" or "NCHW".
        dilations: as `strides`.
        name: of the node.
        filters: the new name of `filter`.
    """
    del use_cudnn_on_gpu
    where = "conv2d_backprop_input"
    kernel = either(where, "filters", filters, "filter", filter)
    given(where, filter=kernel, out_backprop=out_backprop, strides=strides, padding=padding)
    windows = windows_of(where, strides, padding, dilations, known_format(where, data_format, 2))
    return core.convolution_backprop_input(input_sizes, kernel, out_backprop, **windows, name=name)
