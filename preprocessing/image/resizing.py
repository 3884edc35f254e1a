"""Pictures as arrays brought to another size, as TensorFlow's `tf.image.resize` does it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from thalweg.core import (
    CallCache,
    OptionError,
    ShapeError,
    Tensor,
    call_at_once,
    image,
    is_symbolic,
    transpose,
    user_site,
)
from thalweg.core.options import DATA_FORMAT, OneOf, Sizes

__all__ = ["METHODS", "crop_box", "padded", "resized", "smart_resize"]

Array = np.ndarray[Any, Any]

METHODS = OneOf(
    "bilinear",
    "nearest",
    "bicubic",
    "area",
    "lanczos3",
    "lanczos5",
    "gaussian",
    "mitchellcubic",
)
_CALLS: CallCache = CallCache()


def smart_resize(
    x: Any, size: Any, interpolation: str = "bilinear", data_format: str | None = "channels_last"
) -> Any:
    """Pictures brought to a size without distortion: what does not fit is cut off.

    The largest piece in the middle that has the size's proportions is resized.

    Args:
        x: (height, width, channels) or (batch, height, width, channels), number; or channels
            first; an array or a tensor.
        size: (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5",
            "gaussian" or "mitchellcubic", as in `thalweg.core.image.resize`.
        data_format: "channels_last" or "channels_first".

    Returns:
        The pictures of that size: an array for an array, a tensor for a tensor; float32, or the
        dtype of x if that is a float or for "nearest".

    Raises:
        OptionError: for an argument outside its values.
        ShapeError: if x has neither three nor four axes.

    >>> smart_resize(np.zeros((10, 30, 3)), (4, 4)).shape
    (4, 4, 3)
    """
    target = Sizes(2).check("smart_resize", "size", size)
    method = METHODS.check("smart_resize", "interpolation", interpolation)
    order = DATA_FORMAT.check("smart_resize", "data_format", data_format or "channels_last")
    shape = x.shape if hasattr(x, "shape") else np.shape(x)
    if shape is None or len(shape) not in (3, 4):
        raise ShapeError(
            "smart_resize",
            "these are no pictures",
            expected="three axes, or four with one for the batch",
            got=str(shape),
            site=user_site(),
        )
    first = len(shape) - (3 if order == "channels_last" else 2)  # the axis of rows
    height, width = shape[first], shape[first + 1]
    if height is None or width is None:
        raise OptionError(
            "smart_resize",
            "the size of the pictures is not known",
            expected="a height and a width",
            got=str(shape),
            site=user_site(),
        )
    top, left, rows, columns = crop_box(height, width, *target)
    part = (slice(None),) * first + (slice(top, top + rows), slice(left, left + columns))
    if not is_symbolic(x):
        pictures = np.asarray(x)[part]
        is_last = order == "channels_last"
        result = resized(
            pictures if is_last else np.moveaxis(pictures, first - 1, -1), target, method
        )
        return result if is_last else np.ascontiguousarray(np.moveaxis(result, -1, first - 1))
    cut = x[part]
    if order == "channels_last":
        return image.resize(cut, target, method)
    lead = list(range(first - 1))
    channels_last = transpose(cut, [*lead, first, first + 1, first - 1])
    small = image.resize(channels_last, target, method)
    return transpose(small, [*lead, first + 1, first - 1, first])


def crop_box(height: int, width: int, new_height: int, new_width: int) -> tuple[int, int, int, int]:
    """The largest piece in the middle with the new proportions: top, left, height, width.

    >>> crop_box(10, 30, 4, 4)
    (0, 10, 10, 10)
    """
    rows = max(1, min(height, int(float(width * new_height) / new_width)))
    columns = max(1, min(width, int(float(height * new_width) / new_height)))
    return (height - rows) // 2, (width - columns) // 2, rows, columns


def resized(x: Array, size: tuple[int, ...], method: str) -> Array:
    """Arrays (…, height, width, channels) of another size, whatever sizes came before.

    A plan of the engine is for one size; folders of photographs have hundreds. So the weights of
    each axis are computed by the engine, and pixels are mixed here.

    Args:
        x: numbers.
        size: (height, width).
        method: one of METHODS.

    Returns:
        float32, or the dtype of x if that is a float or for "nearest".
    """
    height, width = x.shape[-3:-1]
    if method == "nearest":
        rows = (2 * np.arange(size[0]) + 1) * height // (2 * size[0])
        columns = (2 * np.arange(size[1]) + 1) * width // (2 * size[1])
        picked: Array = x[..., rows[:, None], columns, :]
        return picked
    y = x if x.dtype.kind == "f" else x.astype(np.float32)
    y = _mixed(y, _taps(method, size[0], height), -3)
    return _mixed(y, _taps(method, size[1], width), -2)


def _mixed(x: Array, taps: tuple[Array, Array], axis: int) -> Array:
    """Sums of entries along an axis, by index and weight."""
    indices, weights = taps
    wide = weights.astype(x.dtype).reshape(weights.shape + (1,) * (-axis - 1))
    total: Array = np.take(x, indices[0], axis) * wide[0]
    for index, weight in zip(indices[1:], wide[1:], strict=True):
        total += np.take(x, index, axis) * weight
    return total


@lru_cache(maxsize=4096)
def _taps(method: str, outputs: int, inputs: int) -> tuple[Array, Array]:
    """Which entries of one axis are mixed how: indices and weights, (taps, outputs).

    The weights are read off a resized identity matrix, one channel an entry.
    """
    identity = np.eye(inputs, dtype=np.float64)[:, None, :]

    def build(x: Tensor) -> Tensor:
        return image.resize(x, [outputs, 1], method)

    matrix = call_at_once(build, [identity], _CALLS, (method, outputs))[:, 0, :]
    count = max(1, int((matrix != 0).sum(axis=1).max()))
    # The heaviest entries, in ascending order; entries without weight add nothing.
    chosen = np.sort(np.argsort(matrix == 0, axis=1, kind="stable")[:, :count], axis=1)
    weights = np.take_along_axis(matrix, chosen, axis=1)
    return np.ascontiguousarray(chosen.T), np.ascontiguousarray(weights.T)


def padded(x: Array, size: tuple[int, ...], method: str) -> Array:
    """A picture (height, width, channels) resized without distortion, with zeros around it.

    The sizes are those of TensorFlow's `tf.image.resize_with_pad`.
    """
    height, width = x.shape[:2]
    ratio = max(width / size[1], height / size[0])
    inner = height / ratio, width / ratio
    sizes = tuple(max(1, int(np.floor(extent))) for extent in inner)
    content = resized(x, sizes, method)
    result = np.zeros((*size, x.shape[2]), content.dtype)
    starts = [max(0, int((total - extent) / 2)) for total, extent in zip(size, inner, strict=True)]
    rows, columns = (
        slice(start, start + extent) for start, extent in zip(starts, sizes, strict=True)
    )
    result[rows, columns] = content[: size[0] - starts[0], : size[1] - starts[1]]
    return result
