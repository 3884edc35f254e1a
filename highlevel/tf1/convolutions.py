"""`tf.nn`: convolutions of signals, images and volumes."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import OptionError, Tensor, convert

from .arguments import either
from .window_sizes import given, known_format, windows_of

__all__ = [
    "atrous_conv2d",
    "conv1d",
    "conv2d",
    "conv3d",
    "convolution",
    "depthwise_conv2d",
    "depthwise_conv2d_native",
    "separable_conv2d",
]

_ONE_EACH = [1, 1, 1, 1]


def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool | None = None,
    data_format: str | None = None,
    name: str | None = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The convolution of signals.

    Args:
        value: (batch, width, in) float, or (batch, in, width) for NCW.
        filters: (width, in, out).
        stride: cells between two positions: a number, or three in the order of the format.
        padding: "SAME" or "VALID".
        use_cudnn_on_gpu: ignored.
        data_format: "NWC" if None, or "NCW"; "NHWC" and "NCHW" are their old names.
        name: of the node.
        input: the new name of `value`.
        dilations: cells between two taps of the kernel.

    >>> import thalweg.tf1 as tf
    >>> tf.nn.conv1d(tf.zeros([1, 9, 2]), tf.zeros([3, 2, 4]), 2, "SAME").get_shape().as_list()
    [1, 5, 4]
    """
    del use_cudnn_on_gpu
    signals = either("conv1d", "input", input, "value", value)
    given("conv1d", value=signals, filters=filters, stride=stride, padding=padding)
    older = {"NHWC": "NWC", "NCHW": "NCW"}
    data_format = known_format("conv1d", older.get(str(data_format), data_format), 1)
    windows = windows_of("conv1d", stride, padding, dilations, data_format)
    return core.conv1d(signals, filters, **windows, name=name)


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = _ONE_EACH,
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """Two-dimensional convolution (cross-correlation, as everywhere in deep learning).

    Args:
        input: (batch, height, width, in) float, or (batch, in, height, width) for NCHW.
        filter: (height, width, in, out), for both formats.
        strides: one number, two (height, width), or four in the order of the format.
        padding: "SAME", "VALID", or a list of four pairs of zeros before and after each axis.
        use_cudnn_on_gpu: ignored.
        data_format: "NHWC" or "NCHW".
        dilations: as `strides`.
        name: of the node.
        filters: the new name of `filter`.

    Raises:
        OptionError: if a size or an option is not one of these.
        ShapeError: if the channels do not fit.

    >>> import thalweg.tf1 as tf
    >>> y = tf.nn.conv2d(tf.zeros([1, 28, 28, 1]), tf.zeros([5, 5, 1, 32]), [1, 1, 1, 1], "SAME")
    >>> y.get_shape().as_list()
    [1, 28, 28, 32]
    """
    kernel = either("conv2d", "filters", filters, "filter", filter)
    given("conv2d", filter=kernel, strides=strides, padding=padding)
    data_format = known_format("conv2d", data_format, 2)
    windows = windows_of("conv2d", strides, padding, dilations, data_format)
    return core.conv2d(input, kernel, **windows, name=name)


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: str = "NDHWC",
    dilations: Any = [1, 1, 1, 1, 1],  # noqa: B006 (TF1's signature)
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The convolution of volumes.

    Args:
        input: (batch, depth, height, width, in) float, or channels second for NCDHW.
        filter: (depth, height, width, in, out).
        strides: five numbers in the order of the format.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        dilations: as `strides`.
        name: of the node.
        filters: the new name of `filter`.
    """
    kernel = either("conv3d", "filters", filters, "filter", filter)
    given("conv3d", filter=kernel, strides=strides, padding=padding)
    data_format = known_format("conv3d", data_format, 3)
    windows = windows_of("conv3d", strides, padding, dilations, data_format)
    return core.conv3d(input, kernel, **windows, name=name)


def convolution(
    input: Any,
    filter: Any,
    padding: Any,
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The convolution of signals, images or volumes, whichever the kernel's axes tell.

    Args:
        input: (batch, *sizes, in) float, or (batch, in, *sizes).
        filter: (*sizes, in, out), with one, two or three sizes.
        padding: "SAME" or "VALID".
        strides: one number for each size; 1 if None.
        dilation_rate: likewise.
        name: of the node.
        data_format: None if channels come last, else "NCW", "NCHW" or "NCDHW".
        filters: the new name of `filter`.
        dilations: the new name of `dilation_rate`.
    """
    kernel = convert(either("convolution", "filters", filters, "filter", filter))
    rates = either("convolution", "dilations", dilations, "dilation_rate", dilation_rate)
    if kernel.ndim not in (3, 4, 5):
        raise OptionError(
            "convolution",
            "not a kernel",
            expected="three to five axes: (*sizes, in, out)",
            got=str(kernel.type),
        )
    data_format = known_format("convolution", data_format, kernel.ndim - 2)
    windows = windows_of("convolution", strides, padding, rates, data_format)
    return core.convolution(input, kernel, **windows, name=name)


def _rates(where: str, rate: Any, dilations: Any) -> Any:
    return either(where, "dilations", dilations, "rate", rate)


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """The convolution of each channel with kernels of its own.

    Args:
        input: (batch, height, width, channels) float, or channels second for NCHW.
        filter: (height, width, channels, multiplier).
        strides: four numbers in the order of the format.
        padding: "SAME" or "VALID".
        rate: two numbers, cells between taps; 1 if None.
        name: of the node.
        data_format: "NHWC" if None, or "NCHW".
        dilations: the new name of `rate`.

    Returns:
        (batch, height, width, channels * multiplier).
    """
    where = "depthwise_conv2d"
    data_format = known_format(where, data_format, 2)
    windows = windows_of(where, strides, padding, _rates(where, rate, dilations), data_format)
    return core.depthwise_conv2d(input, filter, **windows, name=name)


def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = _ONE_EACH,
    name: str | None = None,
) -> Tensor:
    """`depthwise_conv2d` with the arguments of its kernel in TF1."""
    windows = windows_of("depthwise_conv2d_native", strides, padding, dilations, data_format)
    return core.depthwise_conv2d(input, filter, **windows, name=name)


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """`depthwise_conv2d`, then a convolution of 1 x 1 that mixes the channels.

    Args:
        input: (batch, height, width, channels) float, or channels second for NCHW.
        depthwise_filter: (height, width, channels, multiplier).
        pointwise_filter: (1, 1, channels * multiplier, out).
        strides: four numbers in the order of the format.
        padding: "SAME" or "VALID".
        rate: two numbers, cells between taps; 1 if None.
        name: of the node.
        data_format: "NHWC" if None, or "NCHW".
        dilations: the new name of `rate`.
    """
    where = "separable_conv2d"
    data_format = known_format(where, data_format, 2)
    windows = windows_of(where, strides, padding, _rates(where, rate, dilations), data_format)
    return core.separable_conv2d(input, depthwise_filter, pointwise_filter, **windows, name=name)


def atrous_conv2d(
    value: Any, filters: Any, rate: int, padding: Any, name: str | None = None
) -> Tensor:
    """`conv2d` with `rate` - 1 cells left out between two taps of the kernel.

    Source: Chen et al., "Semantic Image Segmentation with Deep Convolutional Nets, Atrous
    Convolution, and Fully Connected CRFs", 2014.
    """
    return core.conv2d(value, filters, padding=padding, dilations=rate, name=name)
