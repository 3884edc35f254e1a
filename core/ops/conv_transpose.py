"""The way back through a convolution: transposed convolution, and both gradients by name."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError, user_site
from ..graph import Tensor
from ..opdef import apply
from ..types import types_text
from .conv import ConvolutionInputGrad, ConvolutionKernelGrad, attributes
from .layout import channels_first, channels_last, is_channels_first, sizes_last
from .sizes import beside
from .source import convert_all
from .stack import size_vector

__all__ = [
    "conv1d_transpose",
    "conv2d_transpose",
    "conv3d_transpose",
    "convolution_backprop_filter",
    "convolution_backprop_input",
]


def convolution_backprop_input(
    input_sizes: Any,
    filters: Any,
    out_backprop: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The gradient of `convolution` in its input.

    Args:
        input_sizes: the shape of that input, integers.
        filters: (*kernel_sizes, in // groups, out), float, with one, two or three sizes.
        out_backprop: (batch, *positions, out), of the same dtype: what flows back.
        strides: as the convolution's, and so the arguments that follow.
        padding: of the convolution.
        dilations: of the convolution.
        groups: of the convolution.
        data_format: of the convolution.
        name: of the node.

    Returns:
        `input_sizes`.

    Raises:
        ShapeError: if such an input does not give such an output.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> g = convolution_backprop_input([1, 3, 1], [[[10.0]], [[1.0]]], [[[1.0], [2.0]]])
    >>> Session().run(g).tolist()
    [[[10.0], [21.0], [2.0]]]
    """
    where = "convolution_backprop_input"
    g, kernel = convert_all(out_backprop, filters)
    rank = _rank(where, out_backprop=g, filters=kernel)
    return _transposed(
        where, g, kernel, input_sizes, strides, padding, dilations, groups, data_format, rank, name
    )


def convolution_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The gradient of `convolution` in its filters.

    Args:
        input: (batch, *sizes, in), float, with one, two or three sizes.
        filter_sizes: the shape of the filters, integers.
        out_backprop: (batch, *positions, out), of the same dtype: what flows back.
        strides: as the convolution's, and so the arguments that follow.
        padding: of the convolution.
        dilations: of the convolution.
        groups: of the convolution.
        data_format: of the convolution.
        name: of the node.

    Returns:
        `filter_sizes`.

    Raises:
        ShapeError: if such filters do not give such an output.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> signal, g = [[[1.0], [2.0], [3.0]]], [[[1.0], [1.0]]]
    >>> Session().run(convolution_backprop_filter(signal, [2, 1, 1], g)).tolist()
    [[[3.0]], [[5.0]]]
    """
    where = "convolution_backprop_filter"
    x, g = convert_all(input, out_backprop)
    rank = _rank(where, input=x, out_backprop=g)
    opdef = ConvolutionKernelGrad(*attributes(where, rank, strides, padding, dilations, groups))
    if is_channels_first(where, data_format, rank):
        x, g = channels_last(x, rank), channels_last(g, rank)
    return apply(opdef, x, g, size_vector(where, filter_sizes, x), name=name)


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any = 1,
    padding: Any = "SAME",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv1d`: from what that gives back to signals, not its inverse.

    Args:
        input: (batch, in_width, in), float.
        filters: (kernel_width, out // groups, in), of the same dtype: the kernel of the
            convolution that leads the other way.
        output_shape: (batch, width, out), integers; the convolution of signals of this shape
            must give the shape of `input`.
        strides: as the convolution's, and so the arguments that follow.
        padding: of the convolution.
        dilations: of the convolution.
        groups: of the convolution.
        data_format: "NWC", or "NCW" for input and output_shape with channels second.
        name: of the node.

    Returns:
        `output_shape`.

    Raises:
        ShapeError: if ranks, channels or `output_shape` do not fit.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> signal = conv1d_transpose([[[1.0], [2.0]]], [[[1.0]], [[0.5]]], [1, 4, 1], strides=2)
    >>> Session().run(signal).reshape(-1).tolist()
    [1.0, 0.5, 2.0, 1.0]
    """
    g, kernel = convert_all(input, filters)
    return _transposed(
        "conv1d_transpose", g, kernel, output_shape, strides, padding, dilations, groups,
        data_format, 1, name,
    )  # fmt: skip


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any = 1,
    padding: Any = "SAME",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv2d`: from what that gives back to images, not its inverse.

    Args:
        input: (batch, in_height, in_width, in), float.
        filters: (kernel_height, kernel_width, out // groups, in), of the same dtype: the kernel
            of the convolution that leads the other way.
        output_shape: (batch, height, width, out), integers; the convolution of images of this
            shape must give the shape of `input`.
        strides: as the convolution's, and so the arguments that follow.
        padding: of the convolution.
        dilations: of the convolution.
        groups: of the convolution.
        data_format: "NHWC", or "NCHW" for input and output_shape with channels second.
        name: of the node.

    Returns:
        `output_shape`.

    Raises:
        ShapeError: if ranks, channels or `output_shape` do not fit.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> image = conv2d_transpose([[[[1.0], [2.0]]]], [[[[1.0]], [[0.5]]]], [1, 1, 4, 1], 2)
    >>> Session().run(image).reshape(-1).tolist()
    [1.0, 0.5, 2.0, 1.0]
    """
    g, kernel = convert_all(input, filters)
    return _transposed(
        "conv2d_transpose", g, kernel, output_shape, strides, padding, dilations, groups,
        data_format, 2, name,
    )  # fmt: skip


def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any = 1,
    padding: Any = "SAME",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv3d`: from what that gives back to volumes, not its inverse.

    Args:
        input: (batch, in_depth, in_height, in_width, in), float.
        filters: (kernel_depth, kernel_height, kernel_width, out // groups, in), of the same
            dtype: the kernel of the convolution that leads the other way.
        output_shape: (batch, depth, height, width, out), integers; the convolution of volumes
            of this shape must give the shape of `input`.
        strides: as the convolution's, and so the arguments that follow.
        padding: of the convolution.
        dilations: of the convolution.
        groups: of the convolution.
        data_format: "NDHWC", or "NCDHW" for input and output_shape with channels second.
        name: of the node.

    Returns:
        `output_shape`.

    Raises:
        ShapeError: if ranks, channels or `output_shape` do not fit.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> volume = conv3d_transpose([[[[[3.0]]]]], [[[[[2.0]]]]], [1, 1, 1, 2, 1], (1, 1, 2))
    >>> Session().run(volume).reshape(-1).tolist()
    [6.0, 0.0]
    """
    g, kernel = convert_all(input, filters)
    return _transposed(
        "conv3d_transpose", g, kernel, output_shape, strides, padding, dilations, groups,
        data_format, 3, name,
    )  # fmt: skip


def _transposed(
    where: str,
    g: Tensor,
    kernel: Tensor,
    shape: Any,
    strides: Any,
    padding: Any,
    dilations: Any,
    groups: Any,
    data_format: str | None,
    rank: int,
    name: str | None,
) -> Tensor:
    """What all of them do; `rank` counts the axes between batch and channels."""
    opdef = ConvolutionInputGrad(*attributes(where, rank, strides, padding, dilations, groups))
    sizes = size_vector(where, shape, g)
    if not is_channels_first(where, data_format, rank):
        return apply(opdef, g, kernel, sizes, name=name or f"Conv{rank}DTranspose")
    with beside(g):
        sizes = sizes_last(sizes, rank)
    return channels_first(apply(opdef, channels_last(g, rank), kernel, sizes), rank, name)


def _rank(where: str, **tensors: Tensor) -> int:
    """The number of axes between batch and channels."""
    found = [tensor.ndim for tensor in tensors.values() if tensor.ndim is not None]
    if not found or found[0] not in (3, 4, 5):
        raise ShapeError(
            where,
            "no rank of images" if found else "the rank is unknown",
            expected="one, two or three axes between batch and channels",
            got=types_text(**{name: tensor.type for name, tensor in tensors.items()}),
            site=user_site(),
        )
    return found[0] - 2
