"""Tensors put together, cut, repeated and bordered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..layers.upsampling import repeated, resized
from ..options import DATA_FORMAT, OneOf, OrNone

__all__ = [
    "batch_flatten",
    "concatenate",
    "expand_dims",
    "flatten",
    "gather",
    "one_hot",
    "permute_dimensions",
    "repeat",
    "repeat_elements",
    "reshape",
    "resize_images",
    "resize_volumes",
    "reverse",
    "slice",
    "spatial_2d_padding",
    "spatial_3d_padding",
    "squeeze",
    "stack",
    "temporal_padding",
    "tile",
]

reshape = core.reshape
reverse = core.reverse
slice = core.slice
stack = core.stack


def size_axes(where: str, data_format: str | None, rank: int) -> list[int]:
    """Where the sizes of images or volumes lie.

    Args:
        where: whose argument it is, for messages.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        rank: how many sizes there are.
    """
    checked = OrNone(DATA_FORMAT).check(where, "data_format", data_format)
    first = 2 if checked == "channels_first" else 1
    return list(range(first, first + rank))


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Tensor:
    """Tensors one after another along an axis.

    >>> from thalweg.backend import eval
    >>> eval(concatenate([[[1.0]], [[2.0]]])).tolist()
    [[1.0, 2.0]]
    """
    return core.concat(list(tensors), axis)


def gather(reference: Any, indices: Any) -> Tensor:
    """Rows of a tensor, by number.

    Args:
        reference: (rows, ...).
        indices: integers of any shape.

    Returns:
        The shape of the indices, then that of a row.

    >>> from thalweg.backend import eval
    >>> eval(gather([[1.0], [2.0]], [1, 1])).tolist()
    [[2.0], [2.0]]
    """
    return core.gather(reference, indices)


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Tensor:
    """The axes in another order.

    Args:
        x: a tensor.
        pattern: for each axis of the result, which one of x it is.

    >>> from thalweg.backend import eval
    >>> eval(permute_dimensions([[1, 2]], (1, 0))).tolist()
    [[1], [2]]
    """
    return core.transpose(x, list(pattern))


def expand_dims(x: Any, axis: int = -1) -> Tensor:
    """The tensor with one more axis, of size 1.

    >>> from thalweg.backend import eval
    >>> eval(expand_dims([1, 2])).tolist()
    [[1], [2]]
    """
    return core.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Tensor:
    """The tensor without an axis of size 1.

    >>> from thalweg.backend import eval
    >>> eval(squeeze([[1], [2]], 1)).tolist()
    [1, 2]
    """
    return core.squeeze(x, [axis])


def flatten(x: Any) -> Tensor:
    """All elements in a row.

    >>> from thalweg.backend import eval
    >>> eval(flatten([[1, 2], [3, 4]])).tolist()
    [1, 2, 3, 4]
    """
    return core.reshape(x, [-1])


def batch_flatten(x: Any) -> Tensor:
    """The elements of each sample in a row: (batch, ...) to (batch, elements).

    >>> from thalweg.backend import eval
    >>> eval(batch_flatten([[[1, 2], [3, 4]]])).tolist()
    [[1, 2, 3, 4]]
    """
    tensor = core.convert(x)
    sizes = tensor.shape
    if sizes is not None and None not in sizes[1:]:
        count = 1
        for size in sizes[1:]:
            count *= int(size or 0)
        return core.reshape(tensor, [-1, count])
    rows = core.shape_of(tensor)[0]
    return core.reshape(tensor, core.stack([rows, -1]))


def tile(x: Any, n: Any) -> Tensor:
    """The tensor several times over along its axes.

    Args:
        x: a tensor.
        n: how often along each axis, or along the only one.

    >>> from thalweg.backend import eval
    >>> eval(tile([1, 2], 2)).tolist()
    [1, 2, 1, 2]
    """
    return core.tile(x, [n] if isinstance(n, int) else n)


def repeat(x: Any, n: int) -> Tensor:
    """Each row n times as steps of a sequence: (batch, features) to (batch, n, features).

    >>> from thalweg.backend import eval
    >>> eval(repeat([[1.0, 2.0]], 2)).tolist()
    [[[1.0, 2.0], [1.0, 2.0]]]
    """
    return core.tile(core.expand_dims(x, 1), [1, n, 1])


def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Each entry of an axis several times, one after another.

    >>> from thalweg.backend import eval
    >>> eval(repeat_elements([1, 2], 2, axis=0)).tolist()
    [1, 1, 2, 2]
    """
    return core.repeat(x, rep, axis)


def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Rows of zeros with a one where the index says.

    >>> from thalweg.backend import eval
    >>> eval(one_hot([2, 0], 3)).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    return core.one_hot(indices, num_classes)


def _bordered(where: str, x: Any, padding: Any, data_format: str | None, rank: int) -> Tensor:
    around = [(0, 0)] * (rank + 2)
    for axis, (before, after) in zip(size_axes(where, data_format, rank), padding, strict=True):
        around[axis] = (before, after)
    return core.pad(x, around)


def temporal_padding(x: Any, padding: Sequence[int] = (1, 1)) -> Tensor:
    """Zeros before and after the steps of (batch, time, channels).

    >>> from thalweg.backend import eval
    >>> eval(temporal_padding([[[5.0]]], (0, 1))).tolist()
    [[[5.0], [0.0]]]
    """
    return _bordered("temporal_padding", x, [padding], None, 1)


def spatial_2d_padding(
    x: Any,
    padding: Sequence[Sequence[int]] = ((1, 1), (1, 1)),
    data_format: str | None = None,
) -> Tensor:
    """Zeros around images.

    Args:
        x: (batch, height, width, channels), or with channels first.
        padding: ((above, below), (left, right)).
        data_format: `"channels_last"`, which None means, or `"channels_first"`.

    >>> int(spatial_2d_padding([[[[5.0]]]]).shape[1])
    3
    """
    return _bordered("spatial_2d_padding", x, padding, data_format, 2)


def spatial_3d_padding(
    x: Any,
    padding: Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
    data_format: str | None = None,
) -> Tensor:
    """Zeros around volumes.

    Args:
        x: (batch, depth, height, width, channels), or with channels first.
        padding: a pair (before, after) for each size.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.

    >>> int(spatial_3d_padding([[[[[5.0]]]]]).shape[1])
    3
    """
    return _bordered("spatial_3d_padding", x, padding, data_format, 3)


def resize_images(
    x: Any,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
    interpolation: str = "nearest",
) -> Tensor:
    """Images made larger by whole factors.

    Args:
        x: (batch, height, width, channels), or with channels first.
        height_factor, width_factor: integers >= 1.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        interpolation: `"nearest"` or `"bilinear"`, with pixels' centres at halves.

    >>> from thalweg.backend import eval
    >>> eval(resize_images([[[[1.0], [2.0]]]], 1, 2)).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    method = OneOf("nearest", "bilinear").check("resize_images", "interpolation", interpolation)
    axes, factors = size_axes("resize_images", data_format, 2), (height_factor, width_factor)
    y = core.convert(x)
    if method == "nearest":
        return repeated(y, axes, factors)
    if axes[0] == 1:
        return resized(y, factors, method)
    return core.transpose(resized(core.transpose(y, [0, 2, 3, 1]), factors, method), [0, 3, 1, 2])


def resize_volumes(
    x: Any,
    depth_factor: int,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
) -> Tensor:
    """Volumes made larger by whole factors: cells are repeated.

    Args:
        x: (batch, depth, height, width, channels), or with channels first.
        depth_factor, height_factor, width_factor: integers >= 1.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.

    >>> [int(n) for n in resize_volumes([[[[[1.0]]]]], 1, 2, 3).shape]
    [1, 1, 2, 3, 1]
    """
    axes = size_axes("resize_volumes", data_format, 3)
    return repeated(core.convert(x), axes, (depth_factor, height_factor, width_factor))
