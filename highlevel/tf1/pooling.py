"""`tf.nn`: the largest value or the mean of each window of signals, images and volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import core
from thalweg.core import OptionError, Tensor

from .arguments import either, refuse
from .window_sizes import given, known_format, spatial, spatial_padding

__all__ = [
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool_with_argmax",
    "pool",
]


def _pool(
    where: str,
    function: Callable[..., Tensor],
    rank: int,
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    name: str | None,
) -> Tensor:
    data_format = known_format(where, data_format, rank)
    size = spatial(where, "ksize", ksize, data_format)
    steps = spatial(where, "strides", strides, data_format)
    border = spatial_padding(where, padding, data_format)
    return function(value, size, steps, border, data_format, name=name)


def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The largest element of each window of each channel.

    Args:
        value: (batch, height, width, channels) float, or (batch, channels, height, width).
        ksize: size of the windows: one number, two, or four in the order of the format.
        strides: cells between windows, likewise.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        name: of the node.
        input: the new name of `value`.

    >>> import thalweg.tf1 as tf
    >>> y = tf.nn.max_pool(tf.zeros([1, 28, 28, 8]), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    >>> y.get_shape().as_list()
    [1, 14, 14, 8]
    """
    images = either("max_pool", "input", input, "value", value)
    given("max_pool", value=images)
    pool = core.max_pool2d
    return _pool("max_pool", pool, 2, images, ksize, strides, padding, data_format, name)


def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The mean of each window of each channel; arguments as in `max_pool`."""
    images = either("avg_pool", "input", input, "value", value)
    given("avg_pool", value=images)
    pool = core.avg_pool2d
    return _pool("avg_pool", pool, 2, images, ksize, strides, padding, data_format, name)


avg_pool2d = avg_pool


def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:
    """`max_pool` of images alone."""
    pool = core.max_pool2d
    return _pool("max_pool2d", pool, 2, input, ksize, strides, padding, data_format, name)


def max_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """The largest element of each window of signals, each channel by itself.

    Args:
        input: (batch, width, channels) float, or channels second for NCW.
        ksize: size of the windows: one number, 1, or 3 in the order of the format.
        strides: cells between windows, likewise.
        padding: "SAME" or "VALID".
        data_format: "NWC" or "NCW".
        name: of the node.
    """
    pool = core.max_pool1d
    return _pool("max_pool1d", pool, 1, input, ksize, strides, padding, data_format, name)


def avg_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of signals, each channel by itself.

    Args:
        input: (batch, width, channels) float, or channels second for NCW.
        ksize: size of the windows: one number, 1, or 3 in the order of the format.
        strides: cells between windows, likewise.
        padding: "SAME" or "VALID".
        data_format: "NWC" or "NCW".
        name: of the node.
    """
    pool = core.avg_pool1d
    return _pool("avg_pool1d", pool, 1, input, ksize, strides, padding, data_format, name)


def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The largest element of each window of volumes, each channel by itself.

    Args:
        input: (batch, depth, height, width, channels) float, or channels second for NCDHW.
        ksize: size of the windows: one number, 3, or 5 in the order of the format.
        strides: cells between windows, likewise.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        name: of the node.
    """
    pool = core.max_pool3d
    return _pool("max_pool3d", pool, 3, input, ksize, strides, padding, data_format, name)


def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of volumes, each channel by itself.

    Args:
        input: (batch, depth, height, width, channels) float, or channels second for NCDHW.
        ksize: size of the windows: one number, 3, or 5 in the order of the format.
        strides: cells between windows, likewise.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        name: of the node.
    """
    pool = core.avg_pool3d
    return _pool("avg_pool3d", pool, 3, input, ksize, strides, padding, data_format, name)


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    Targmax: Any = None,
    name: str | None = None,
    output_dtype: Any = None,
    include_batch_in_index: bool = False,
) -> core.MaxPoolWithArgmax:
    """The largest element of each window of images, and where it lies.

    Args:
        input: (batch, height, width, channels) float.
        ksize: size of the windows, four numbers.
        strides: cells between windows, four numbers.
        padding: "SAME" or "VALID".
        data_format: must be "NHWC", as in TF1.
        Targmax: dtype of the places; int64 if None.
        name: of the node of the values.
        output_dtype: the new name of `Targmax`.
        include_batch_in_index: whether places count from the start of the batch.

    Returns:
        output, and argmax: (y * width + x) * channels + channel.
    """
    where = "max_pool_with_argmax"
    refuse(where, "'NHWC'", data_format=None if data_format == "NHWC" else data_format)
    dtype = either(where, "output_dtype", output_dtype, "Targmax", Targmax) or "int64"
    largest, places = core.max_pool_with_argmax(
        input,
        spatial(where, "ksize", ksize, data_format),
        spatial(where, "strides", strides, data_format),
        spatial_padding(where, padding, data_format),
        include_batch_in_index,
        name=name,
    )
    return core.MaxPoolWithArgmax(largest, core.cast(places, dtype))


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    padding: Any,
    dilation_rate: Any = None,
    strides: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """The largest element or the mean of each window, in one to three dimensions.

    Args:
        input: (batch, *sizes, channels) float, or (batch, channels, *sizes).
        window_shape: one number for each size.
        pooling_type: "MAX" or "AVG".
        padding: "SAME" or "VALID".
        dilation_rate: cells between two cells of a window, one number for each size; 1 if None.
        strides: cells between windows, likewise.
        name: of the node.
        data_format: None if channels come last, else "NCW", "NCHW" or "NCDHW".
        dilations: the new name of `dilation_rate`.

    >>> import thalweg.tf1 as tf
    >>> tf.nn.pool(tf.zeros([1, 9, 9, 2]), [3, 3], "AVG", "VALID").get_shape().as_list()
    [1, 7, 7, 2]
    """
    rates = either("pool", "dilations", dilations, "dilation_rate", dilation_rate)
    size = list(window_shape) if isinstance(window_shape, list | tuple) else [window_shape]
    if not 1 <= len(size) <= 3:
        raise OptionError(
            "pool", "not a window", expected="one, two or three numbers", got=repr(window_shape)
        )
    data_format = known_format("pool", data_format, len(size))
    steps = spatial("pool", "strides", strides, data_format)
    gaps = spatial("pool", "dilations", rates, data_format)
    return core.pool(input, size, pooling_type, steps, padding, gaps, data_format, name=name)
