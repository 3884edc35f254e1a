"""Slices, orders, sets and blocks in TF1's spelling."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import bool_, int32

from .arguments import either

__all__ = [
    "argsort",
    "batch_gather",
    "batch_to_space_nd",
    "boolean_mask",
    "broadcast_dynamic_shape",
    "broadcast_static_shape",
    "depth_to_space",
    "dynamic_partition",
    "dynamic_stitch",
    "ensure_shape",
    "extract_image_patches",
    "gather_nd",
    "invert_permutation",
    "linspace",
    "meshgrid",
    "reverse",
    "reverse_sequence",
    "roll",
    "searchsorted",
    "sequence_mask",
    "setdiff1d",
    "shape_n",
    "slice",
    "sort",
    "space_to_batch_nd",
    "space_to_depth",
    "strided_slice",
    "unique",
    "unique_with_counts",
]


def meshgrid(*args: Any, **kwargs: Any) -> Any:
    """The coordinates of a grid, one tensor an axis.

    Args:
        args: the vectors of the axes.
        kwargs: `indexing`, `"xy"` or `"ij"`, and `name`.
    """
    return core.meshgrid(*args, **kwargs)


def shape_n(input: Any, out_type: Any = int32, name: str | None = None) -> Any:
    """The shapes of several tensors."""
    return core.shape_n(input, out_type, name=name)


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """A part of a tensor, by where it begins and its sizes; -1 is all that is left."""
    return core.slice(input_, begin, size, name=name)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """The tensor backwards along axes."""
    return core.reverse(tensor, axis, name=name)


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Elements shifted along axes; what leaves comes in at the other end."""
    return core.roll(input, shift, axis, name=name)


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: Any = 0) -> Any:
    """Slices picked by tuples of numbers, the last axis of `indices`."""
    return core.gather_nd(params, indices, batch_dims, name=name)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """Slices picked by number, each batch from its own."""
    return core.batch_gather(params, indices, name=name)


def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Any:
    """What stands where the mask is true."""
    return core.boolean_mask(tensor, mask, 0 if axis is None else axis, name=name)


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: Any, name: str | None = None
) -> Any:
    """The rows of each part, as a list of tensors."""
    return core.dynamic_partition(data, partitions, num_partitions, name=name)


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Any:
    """Rows put where their numbers say."""
    return core.dynamic_stitch(indices, data, name=name)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape to which both are broadcast."""
    return core.broadcast_static_shape(shape_x, shape_y)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape to which both are broadcast, as a tensor."""
    return core.broadcast_dynamic_shape(shape_x, shape_y)


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: Any = "left",
    out_type: Any = int32,
    name: str | None = None,
) -> Any:
    """Where values belong in sorted rows."""
    return core.searchsorted(sorted_sequence, values, side, out_type, name=name)


def sort(values: Any, axis: Any = -1, direction: Any = "ASCENDING", name: str | None = None) -> Any:
    """Values in order."""
    return core.sort(values, axis, direction, name=name)


def argsort(
    values: Any,
    axis: Any = -1,
    direction: Any = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Any:
    """The places that values in order come from; equal ones stay in order."""
    del stable
    return core.argsort(values, axis, direction, name=name)


def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """Values without repetition, by first occurrence, and the place of each element."""
    return core.unique(x, out_idx, name=name)


def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """As `unique`, and how often each value occurs."""
    return core.unique_with_counts(x, out_idx, name=name)


def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: str | None = None) -> Any:
    """What is in x and not in y, and its places."""
    return core.setdiff1d(x, y, index_dtype, name=name)


def invert_permutation(x: Any, name: str | None = None) -> Any:
    """The permutation that undoes one."""
    return core.invert_permutation(x, name=name)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor; an error if it does not have the shape."""
    return core.ensure_shape(x, shape, name=name)


def depth_to_space(
    input: Any, block_size: Any, name: str | None = None, data_format: Any = "NHWC"
) -> Any:
    """Channels become blocks of pixels."""
    return core.depth_to_space(input, block_size, data_format, name=name)


def space_to_depth(
    input: Any, block_size: Any, name: str | None = None, data_format: Any = "NHWC"
) -> Any:
    """Blocks of pixels become channels."""
    return core.space_to_depth(input, block_size, data_format, name=name)


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """Places in blocks become samples."""
    return core.space_to_batch_nd(input, block_shape, paddings, name=name)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Any:
    """Samples become places in blocks."""
    return core.batch_to_space_nd(input, block_shape, crops, name=name)


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
    sizes: Any = None,
) -> Any:
    """The patches of images, each as one vector."""
    return core.extract_image_patches(
        images,
        either("extract_image_patches", "ksizes", ksizes, "sizes", sizes)[1:3],
        strides[1:3],
        (rates or [1, 1, 1, 1])[1:3],
        padding,
        name=name,
    )


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: Any = 0,
    end_mask: Any = 0,
    ellipsis_mask: Any = 0,
    new_axis_mask: Any = 0,
    shrink_axis_mask: Any = 0,
    var: Any = None,
    name: str | None = None,
) -> Any:
    """A part of a tensor, as Python slices it; bits of the masks stand for axes."""
    del var
    return core.strided_slice(
        input_,
        begin,
        end,
        strides,
        begin_mask,
        end_mask,
        ellipsis_mask,
        new_axis_mask,
        shrink_axis_mask,
        name=name,
    )


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: Any = None,
    batch_axis: Any = None,
    name: str | None = None,
    seq_dim: Any = None,
    batch_dim: Any = None,
) -> Any:
    """The first steps of each sequence backwards, the rest as it is."""
    return core.reverse_sequence(
        input,
        seq_lengths,
        either("reverse_sequence", "seq_axis", seq_axis, "seq_dim", seq_dim),
        either("reverse_sequence", "batch_axis", batch_axis, "batch_dim", batch_dim) or 0,
        name=name,
    )


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None
) -> Any:
    """True in the first steps of each sequence."""
    return core.sequence_mask(lengths, maxlen, dtype, name=name)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None) -> Any:
    """Numbers at equal distances, ends included."""
    return core.linspace(start, stop, num, name=name)
