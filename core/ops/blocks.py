"""Blocks of images moved between places, channels and batch.

Each is a reshape, an exchange of axes, and another reshape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError, user_site
from ..graph import Tensor
from ..types import types_text
from .elementwise import shape_of
from .math import floordiv
from .pad import pad
from .shape import reshape, transpose
from .sizes import beside
from .slicing import slice
from .source import as_array, convert
from .stack import unstack

__all__ = [
    "batch_to_space_nd",
    "depth_to_space",
    "space_to_batch_nd",
    "space_to_depth",
]


def space_to_depth(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Each block of places becomes one, with the channels of all of them.

    Channel (i * block_size + j) * channels + c of the result is channel c at row i and column j
    of the block.

    Args:
        input: (batch, height, width, channels) any dtype; height and width multiples of
            `block_size`.
        block_size: rows and columns of a block, > 1.
        data_format: `"NHWC"`, or `"NCHW"` for (batch, channels, height, width).
        name: of the node.

    Returns:
        (batch, height / block_size, width / block_size, channels * block_size ** 2).

    Raises:
        ShapeError: for another rank, or sizes that are not multiples.
        OptionError: for another block size or format.

    >>> from thalweg.core import Session
    >>> Session().run(space_to_depth([[[[1], [2]], [[3], [4]]]], 2)).tolist()
    [[[[1, 2, 3, 4]]]]
    """
    where = "space_to_depth"
    x, block = _as_images(where, input, data_format), _block_size(where, block_size)
    batch, height, width, channels = _sizes(x)
    _check_multiples(where, x, {1: block, 2: block})
    rows, columns = floordiv(height, block), floordiv(width, block)
    with beside(x):
        parts = reshape(x, [batch, rows, block, columns, block, channels])
        moved = transpose(parts, [0, 1, 3, 2, 4, 5])
        result = reshape(moved, [batch, rows, columns, channels * (block * block)], name=name)
    return _to_format(result, data_format)


def depth_to_space(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Each place becomes a block, among which its channels are shared out.

    Channel (i * block_size + j) * depth + c goes to channel c at row i and column j of the block:
    the inverse of `space_to_depth`.

    Args:
        input: (batch, height, width, channels) any dtype; channels a multiple of
            `block_size ** 2`.
        block_size: rows and columns of a block, > 1.
        data_format: `"NHWC"`, or `"NCHW"` for (batch, channels, height, width).
        name: of the node.

    Returns:
        (batch, height * block_size, width * block_size, channels / block_size ** 2).

    Raises:
        ShapeError: for another rank, or channels that are no multiple.
        OptionError: for another block size or format.

    >>> from thalweg.core import Session
    >>> Session().run(depth_to_space([[[[1, 2, 3, 4]]]], 2)).tolist()
    [[[[1], [2]], [[3], [4]]]]
    """
    where = "depth_to_space"
    x, block = _as_images(where, input, data_format), _block_size(where, block_size)
    batch, height, width, channels = _sizes(x)
    _check_multiples(where, x, {3: block * block})
    depth = floordiv(channels, block * block)
    with beside(x):
        parts = reshape(x, [batch, height, width, block, block, depth])
        moved = transpose(parts, [0, 1, 3, 2, 4, 5])
        result = reshape(moved, [batch, height * block, width * block, depth], name=name)
    return _to_format(result, data_format)


def space_to_batch_nd(
    input: Any, block_shape: Any, paddings: Any, name: str | None = None
) -> Tensor:
    """The places of each block become entries of the batch, after zeros are added around.

    Args:
        input: (batch, size_1, …, size_m, ...) number or bool.
        block_shape: (m,) integers >= 1 that are known now.
        paddings: (m, 2) integers >= 0 that are known now, so that the padded sizes are multiples
            of those of the block.
        name: of the node.

    Returns:
        (batch * product of the block's sizes, padded_1 / block_1, …, padded_m / block_m, ...); the
        place in the block counts before the entry of the batch.

    Raises:
        ShapeError: if the sizes do not fit.
        OptionError: for other block shapes or paddings.

    >>> from thalweg.core import Session
    >>> Session().run(space_to_batch_nd([[1, 2, 3]], [2], [[0, 1]])).tolist()
    [[1, 3], [2, 0]]
    """
    where = "space_to_batch_nd"
    x = convert(input)
    blocks, pairs = _blocks_and_pairs(where, x, block_shape, "paddings", paddings)
    rest = (x.ndim or 0) - 1 - len(blocks)
    x = pad(x, [(0, 0), *pairs, *[(0, 0)] * rest])
    _check_multiples(where, x, dict(enumerate(blocks, start=1)))
    batch, *sizes = _sizes(x)
    m = len(blocks)
    cells = [floordiv(size, block) for size, block in zip(sizes, blocks, strict=False)]
    with beside(x):
        halves = [n for pair in zip(cells, blocks, strict=True) for n in pair]
        parts = reshape(x, [batch, *halves, *sizes[m:]])
        order = [
            *range(2, 2 * m + 1, 2),
            0,
            *range(1, 2 * m, 2),
            *range(2 * m + 1, 2 * m + 1 + rest),
        ]
        count = int(np.prod(blocks, dtype=int))
        return reshape(transpose(parts, order), [batch * count, *cells, *sizes[m:]], name=name)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """Entries of the batch become the places of blocks, whose border is cut off then.

    The inverse of `space_to_batch_nd`.

    Args:
        input: (batch, size_1, …, size_m, ...) any dtype, the batch a multiple of the product of
            the block's sizes.
        block_shape: (m,) integers >= 1 that are known now.
        crops: (m, 2) integers >= 0 that are known now: entries cut off before and after.
        name: of the node.

    Returns:
        (batch / product of the block's sizes, size_1 * block_1 - crops, …, ...).

    Raises:
        ShapeError: if the sizes do not fit.
        OptionError: for other block shapes or crops.

    >>> from thalweg.core import Session
    >>> Session().run(batch_to_space_nd([[1, 3], [2, 0]], [2], [[0, 1]])).tolist()
    [[1, 2, 3]]
    """
    where = "batch_to_space_nd"
    x = convert(input)
    blocks, pairs = _blocks_and_pairs(where, x, block_shape, "crops", crops)
    count = int(np.prod(blocks, dtype=int))
    _check_multiples(where, x, {0: count})
    batch, *sizes = _sizes(x)
    m = len(blocks)
    with beside(x):
        entries = floordiv(batch, count)
        parts = reshape(x, [*blocks, entries, *sizes])
        order = [m, *(n for i in range(m) for n in (m + 1 + i, i))]
        order += range(2 * m + 1, m + 1 + len(sizes))
        wide = [size * block for size, block in zip(sizes, blocks, strict=False)]
        whole = reshape(transpose(parts, order), [entries, *wide, *sizes[m:]])
        kept = [size - sum(pair) for size, pair in zip(wide, pairs, strict=True)]
        begins = [0, *(before for before, _ in pairs), *[0] * (len(sizes) - m)]
        return slice(whole, begins, [entries, *kept, *sizes[m:]], name=name)


# What the blocks share ----------------------------------------------------------------------------


def _as_images(where: str, input: Any, data_format: str) -> Tensor:
    """The images with their channels last."""
    x = convert(input)
    if data_format not in ("NHWC", "NCHW"):
        raise _option_error(where, "unknown data_format", "'NHWC' or 'NCHW'", data_format)
    if x.ndim != 4:
        raise ShapeError(
            where,
            "takes a batch of images, whose rank is known",
            expected="input of rank 4",
            got=types_text(input=x.type),
            site=user_site(2),
        )
    return transpose(x, [0, 2, 3, 1]) if data_format == "NCHW" else x


def _to_format(x: Tensor, data_format: str) -> Tensor:
    return transpose(x, [0, 3, 1, 2]) if data_format == "NCHW" else x


def _block_size(where: str, block_size: Any) -> int:
    if not isinstance(block_size, int | np.integer) or block_size < 2:
        raise _option_error(where, "block_size is not one", "an integer > 1", block_size)
    return int(block_size)


def _sizes(x: Tensor) -> list[Tensor]:
    """The sizes of x, one by one."""
    return list(unstack(shape_of(x, "int64"), x.ndim))


def _check_multiples(where: str, x: Tensor, factors: dict[int, int]) -> None:
    """Raises ShapeError if a size that is known is no multiple; of others the reshape says it."""
    for axis, factor in factors.items():
        size = x.type.dims()[axis]
        if size is not None and size % factor:
            raise ShapeError(
                where,
                "a size is no multiple",
                expected=f"a multiple of {factor} on axis {axis}",
                got=types_text(input=x.type),
                site=user_site(2),
            )


def _blocks_and_pairs(
    where: str, x: Tensor, block_shape: Any, name: str, pairs: Any
) -> tuple[list[int], list[tuple[int, int]]]:
    """(sizes of the block, pairs of integers), one each an axis after the batch."""
    blocks, borders = as_array(block_shape), as_array(pairs)
    count = blocks.shape[0] if blocks.ndim == 1 else 0
    if count == 0 or blocks.dtype.kind not in "iu" or int(blocks.min()) < 1:
        raise _option_error(
            where, "block_shape is not one", "a vector of integers >= 1", block_shape
        )
    if borders.shape != (count, 2) or borders.dtype.kind not in "iu" or int(borders.min()) < 0:
        raise _option_error(where, f"{name} are not pairs", f"({count}, 2) integers >= 0", pairs)
    if x.ndim is None or x.ndim < count + 1:
        raise ShapeError(
            where,
            "the rank is unknown, or too small for the block",
            expected=f"input of rank {count + 1} or more",
            got=types_text(input=x.type),
            site=user_site(2),
        )
    return [int(n) for n in blocks], [(int(before), int(after)) for before, after in borders]


def _option_error(where: str, problem: str, expected: str, got: Any) -> OptionError:
    return OptionError(where, problem, expected=expected, got=repr(got), site=user_site(2))
