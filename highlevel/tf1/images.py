"""Convolution and pooling with TF1's four-number sizes and its two data formats.

The core knows `(batch, height, width, channels)` alone. NCHW images are transposed on the way in
and out; two transposes that meet cancel when the graph is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import thalweg.core
from thalweg.core import OptionError, Tensor, convert, nearest, transpose

from .arguments import either

__all__ = ["avg_pool", "conv2d", "max_pool"]

_FORMATS = {"NHWC": (1, 2), "NCHW": (2, 3)}  # where height and width are
_ONE_EACH = [1, 1, 1, 1]


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
    for argument, value in (("filter", kernel), ("strides", strides), ("padding", padding)):
        if value is None:
            raise OptionError("conv2d", f"{argument} is missing", expected=f"{argument}=…")
    axes = _spatial_axes("conv2d", data_format)
    steps = _height_and_width("conv2d", "strides", strides, axes)
    gaps = _height_and_width("conv2d", "dilations", dilations, axes)
    border = _padding("conv2d", padding, axes)

    def convolve(x: Tensor, name: str | None) -> Tensor:
        return thalweg.core.conv2d(x, kernel, steps, border, gaps, name=name)

    return _in_format(convolve, input, data_format, name)


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
    pool = thalweg.core.max_pool2d
    return _pool("max_pool", pool, value, ksize, strides, padding, data_format, name, input)


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
    pool = thalweg.core.avg_pool2d
    return _pool("avg_pool", pool, value, ksize, strides, padding, data_format, name, input)


def _pool(
    where: str,
    function: Callable[..., Tensor],
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str,
    name: str | None,
    input: Any,
) -> Tensor:
    value = either(where, "input", input, "value", value)
    axes = _spatial_axes(where, data_format)
    size = _height_and_width(where, "ksize", ksize, axes)
    steps = _height_and_width(where, "strides", strides, axes)

    def pool(x: Tensor, name: str | None) -> Tensor:
        return function(x, size, steps, padding, name=name)

    return _in_format(pool, value, data_format, name)


def _spatial_axes(where: str, data_format: Any) -> tuple[int, int]:
    axes = _FORMATS.get(data_format)
    if axes is None:
        raise OptionError(
            where,
            "unknown data_format",
            expected=" or ".join(map(repr, _FORMATS)),
            got=repr(data_format),
            hint=nearest(data_format, _FORMATS),
        )
    return axes


def _height_and_width(
    where: str, argument: str, value: Any, axes: tuple[int, int]
) -> tuple[int, int]:
    """The two spatial numbers of one, two or four."""
    numbers: Sequence[Any] = list(value) if isinstance(value, list | tuple) else [value]
    if len(numbers) == 1:
        numbers = [numbers[0], numbers[0]]
    if len(numbers) == 4:
        others = [numbers[axis] for axis in (0, 1, 2, 3) if axis not in axes]
        numbers = [numbers[axis] for axis in axes] if others == [1, 1] else []
    if len(numbers) != 2:
        raise OptionError(
            where,
            f"{argument} do not fit the axes",
            expected="one number, (height, width), or four with 1 for batch and channels",
            got=repr(value),
        )
    return numbers[0], numbers[1]


def _padding(where: str, padding: Any, axes: tuple[int, int]) -> Any:
    """A padding's name, or the two spatial pairs of its four."""
    if not isinstance(padding, list | tuple) or len(padding) != 4:
        return padding
    others = [list(padding[axis]) for axis in (0, 1, 2, 3) if axis not in axes]
    if others != [[0, 0], [0, 0]]:
        raise OptionError(
            where,
            "padding does not fit the axes",
            expected="'SAME', 'VALID', or four pairs with (0, 0) for batch and channels",
            got=repr(padding),
        )
    return [list(padding[axis]) for axis in axes]


def _in_format(
    function: Callable[[Tensor, str | None], Tensor],
    images: Any,
    data_format: str,
    name: str | None,
) -> Tensor:
    """Applies a function of NHWC images to images of either format."""
    x = convert(images)
    if data_format == "NHWC":
        return function(x, name)
    return transpose(function(transpose(x, (0, 2, 3, 1)), None), (0, 3, 1, 2), name=name)
