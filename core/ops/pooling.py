"""Pooling as users call it: one, two or three axes, channels last or first."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import OptionError, ShapeError, nearest, user_site
from ..graph import Tensor
from ..opdef import apply
from .layout import in_layout
from .pool import AvgPool, MaxPool, MaxPoolArgmax, Pooling
from .source import convert
from .windows import as_padding, as_sizes

__all__ = [
    "MaxPoolWithArgmax",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool_with_argmax",
    "pool",
]

_TYPES: dict[str, type[Pooling]] = {"MAX": MaxPool, "AVG": AvgPool}


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The largest value or the mean of each window of signals, images or volumes.

    Args:
        input: (batch, *sizes, channels), float, with one, two or three sizes.
        window_shape: size of the windows; one integer, or one for each axis.
        pooling_type: "MAX" or "AVG".
        strides: cells between two windows; one integer, or one for each axis.
        padding: "VALID" (whole windows only), "SAME" (ceil(size / stride) windows an axis, the
            last ones perhaps cut off), or a pair (before, after) of cells for each axis. Padding
            never is the largest, and does not count in the mean.
        dilations: cells between two cells of a window; one integer, or one for each axis.
        data_format: None or "NHWC" if channels come last, "NCHW" if they come first, and
            likewise "NWC", "NCW", "NDHWC", "NCDHW".
        name: of the node.

    Returns:
        (batch, *positions, channels), or (batch, channels, *positions).

    Raises:
        ShapeError: for another or an unknown rank, or images smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for types, sizes, strides, dilations, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> signal = [[[1.0], [5.0], [2.0], [4.0]]]
    >>> Session().run(pool(signal, 2, "MAX", dilations=2)).tolist()
    [[[2.0], [5.0]]]
    """
    x = convert(input)
    given = window_shape if isinstance(window_shape, list | tuple) else ()
    rank = (x.ndim or len(given) + 2) - 2
    if rank not in (1, 2, 3):
        raise ShapeError(
            "pool",
            "the rank is unknown" if x.ndim is None else "no rank of images",
            expected="input (batch, ..., channels) with one, two or three axes between",
            got=f"input {x.type}",
            site=user_site(),
        )
    if not isinstance(pooling_type, str) or pooling_type not in _TYPES:
        raise OptionError(
            "pool",
            "unknown pooling_type",
            expected=" or ".join(map(repr, _TYPES)),
            got=repr(pooling_type),
            hint=nearest(pooling_type, _TYPES),
            site=user_site(),
        )
    return _pool(
        _TYPES[pooling_type], "pool", rank, x, window_shape, strides, padding, data_format, name,
        dilations,
    )  # fmt: skip


def max_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """The largest value of each window of the signals.

    Args:
        input: (batch, width, channels), float.
        ksize: size of the windows.
        strides: cells between two windows.
        padding: "VALID" (whole windows only), "SAME" (ceil(width / stride) windows, the last one
            perhaps cut off), or ((left, right),) cells.
        data_format: "NWC", or "NCW" for (batch, channels, width).
        name: of the node.

    Returns:
        (batch, out_width, channels), or (batch, channels, out_width).

    Raises:
        ShapeError: for another rank, or signals shorter than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> Session().run(max_pool1d([[[1.0], [3.0], [2.0]]], 2, 2, "SAME")).tolist()
    [[[3.0], [2.0]]]
    """
    return _pool(MaxPool, "max_pool1d", 1, input, ksize, strides, padding, data_format, name)


def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The largest value of each window of the images.

    Args:
        input: (batch, height, width, channels), float.
        ksize: size of the windows; one integer or (height, width).
        strides: cells between two windows; one integer or (height, width).
        padding: "VALID" (whole windows only), "SAME" (ceil(size / stride) windows a side, the
            last ones perhaps cut off), or ((top, bottom), (left, right)) cells.
        data_format: "NHWC", or "NCHW" for (batch, channels, height, width).
        name: of the node.

    Returns:
        (batch, out_height, out_width, channels), or (batch, channels, out_height, out_width).

    Raises:
        ShapeError: for another rank, or images smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> image = [[[[1.0], [2.0], [9.0]], [[3.0], [4.0], [5.0]]]]
    >>> Session().run(max_pool2d(image, 2, 2, "SAME")).tolist()
    [[[[4.0], [9.0]]]]
    """
    return _pool(MaxPool, "max_pool2d", 2, input, ksize, strides, padding, data_format, name)


def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The largest value of each window of the volumes.

    Args:
        input: (batch, depth, height, width, channels), float.
        ksize: size of the windows; one integer or (depth, height, width).
        strides: cells between two windows; one integer or (depth, height, width).
        padding: "VALID" (whole windows only), "SAME" (ceil(size / stride) windows a side, the
            last ones perhaps cut off), or ((front, back), (top, bottom), (left, right)) cells.
        data_format: "NDHWC", or "NCDHW" for (batch, channels, depth, height, width).
        name: of the node.

    Returns:
        (batch, out_depth, out_height, out_width, channels), or channels as the second axis.

    Raises:
        ShapeError: for another rank, or volumes smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> volume = [[[[[1.0], [2.0]]], [[[4.0], [3.0]]]]]
    >>> Session().run(max_pool3d(volume, 2, 2, "SAME")).tolist()
    [[[[[4.0]]]]]
    """
    return _pool(MaxPool, "max_pool3d", 3, input, ksize, strides, padding, data_format, name)


class MaxPoolWithArgmax(NamedTuple):
    """What `max_pool_with_argmax` makes."""

    output: Tensor
    argmax: Tensor


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> MaxPoolWithArgmax:
    """The largest value of each window of the images, and where it lies.

    Args:
        input: (batch, height, width, channels), float.
        ksize: as in `max_pool2d`, and so the next two arguments.
        strides: as in `max_pool2d`.
        padding: as in `max_pool2d`.
        include_batch_in_index: whether indices count from the start of the batch.
        name: of the node of the values.

    Returns:
        output (batch, out_height, out_width, channels), and argmax of that shape, int64: the
        first maximum of a window at (b, y, x, c) has index (y * width + x) * channels + c, plus
        b * height * width * channels with `include_batch_in_index`.

    Raises:
        ShapeError: for another rank, or images smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides or padding that are none.

    >>> from thalweg.core import Session
    >>> result = max_pool_with_argmax([[[[1.0], [2.0]], [[4.0], [3.0]]]], 2, 2, "SAME")
    >>> [value.reshape(-1).tolist() for value in Session().run(result)]
    [[4.0], [2]]
    """
    x = convert(input)
    max_pool = _opdef(MaxPool, "max_pool_with_argmax", 2, ksize, strides, padding, 1)
    y = apply(max_pool, x, name=name)
    argmax = MaxPoolArgmax(
        max_pool.pool_size,
        max_pool.strides,
        max_pool.padding,
        max_pool.dilations,
        bool(include_batch_in_index),
    )
    return MaxPoolWithArgmax(y, apply(argmax, x, y))


def avg_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of the signals; padding does not count.

    Args:
        input: (batch, width, channels), float.
        ksize: as in `max_pool1d`, and so the arguments that follow.
        strides: as in `max_pool1d`.
        padding: as in `max_pool1d`.
        data_format: as in `max_pool1d`.
        name: of the node.

    Returns:
        (batch, out_width, channels), or (batch, channels, out_width).

    Raises:
        ShapeError: for another rank, or signals shorter than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> Session().run(avg_pool1d([[[1.0], [3.0], [5.0]]], 2, 2, "SAME")).tolist()
    [[[2.0], [5.0]]]
    """
    return _pool(AvgPool, "avg_pool1d", 1, input, ksize, strides, padding, data_format, name)


def avg_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of the images; padding does not count.

    Args:
        input: (batch, height, width, channels), float.
        ksize: as in `max_pool2d`, and so the arguments that follow.
        strides: as in `max_pool2d`.
        padding: as in `max_pool2d`.
        data_format: as in `max_pool2d`.
        name: of the node.

    Returns:
        (batch, out_height, out_width, channels), or (batch, channels, out_height, out_width).

    Raises:
        ShapeError: for another rank, or images smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> image = [[[[1.0], [2.0], [9.0]], [[3.0], [4.0], [5.0]]]]
    >>> Session().run(avg_pool2d(image, 2, 2, "SAME")).tolist()
    [[[[2.5], [7.0]]]]
    """
    return _pool(AvgPool, "avg_pool2d", 2, input, ksize, strides, padding, data_format, name)


def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of the volumes; padding does not count.

    Args:
        input: (batch, depth, height, width, channels), float.
        ksize: as in `max_pool3d`, and so the arguments that follow.
        strides: as in `max_pool3d`.
        padding: as in `max_pool3d`.
        data_format: as in `max_pool3d`.
        name: of the node.

    Returns:
        (batch, out_depth, out_height, out_width, channels), or channels as the second axis.

    Raises:
        ShapeError: for another rank, or volumes smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> volume = [[[[[1.0], [2.0]]], [[[4.0], [3.0]]]]]
    >>> Session().run(avg_pool3d(volume, 2, 2, "SAME")).tolist()
    [[[[[2.5]]]]]
    """
    return _pool(AvgPool, "avg_pool3d", 3, input, ksize, strides, padding, data_format, name)


def _pool(
    op: type[Pooling],
    where: str,
    rank: int,
    images: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None,
    name: str | None,
    dilations: Any = 1,
) -> Tensor:
    """What all of them do; `rank` counts the axes between batch and channels."""
    opdef = _opdef(op, where, rank, ksize, strides, padding, dilations)

    def function(x: Tensor, name: str | None) -> Tensor:
        return apply(opdef, x, name=name)

    return in_layout(function, where, images, data_format, rank, name)


def _opdef(
    op: type[Pooling],
    where: str,
    rank: int,
    ksize: Any,
    strides: Any,
    padding: Any,
    dilations: Any,
) -> Pooling:
    """The op with its fields checked."""
    sizes = as_sizes(where, "window_shape" if where == "pool" else "ksize", ksize, rank)
    gaps = as_sizes(where, "dilations", dilations, rank)
    checked = as_padding(where, padding, rank)
    reaches = [(size - 1) * gap + 1 for size, gap in zip(sizes, gaps, strict=True)]
    if not isinstance(checked, str) and any(
        n >= reach for pair, reach in zip(checked, reaches, strict=True) for n in pair
    ):
        raise OptionError(
            where,
            "a window would hold nothing but padding",
            expected=f"padding smaller than the windows {tuple(reaches)}",
            got=repr(padding),
            site=user_site(),
        )
    return op(sizes, as_sizes(where, "strides", strides, rank), checked, gaps)
