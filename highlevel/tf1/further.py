"""Rarer functions on tensors, and names that TF1 kept from its first versions."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import ShapeError, Tensor, convert, int32, int64

from .arguments import either
from .reductions import argmax as _argmax
from .reductions import argmin as _argmin

__all__ = [
    "IndexedSlices",
    "accumulate_n",
    "arg_max",
    "arg_min",
    "batch_to_space",
    "edit_distance",
    "floor_div",
    "get_seed",
    "histogram_fixed_width_bins",
    "lin_space",
    "parallel_stack",
    "polygamma",
    "repeat",
    "reverse_v2",
    "space_to_batch",
    "tensor_scatter_add",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "tensor_scatter_sub",
    "tensor_scatter_update",
    "truncatemod",
    "unravel_index",
    "where_v2",
]


class IndexedSlices:
    """Rows of a tensor that is zero elsewhere: a name to ask for, and three parts to hold.

    # differs from TF1: `tf.gradients` gives the tensor itself. That only rows of it are touched
    # is found when the graph is compiled, so no gradient is an instance of this class.

    Args:
        values: (rows, ...) tensor.
        indices: (rows,) integer, where the rows stand.
        dense_shape: (rank,) integer, if known.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values = convert(values)
        self.indices = convert(indices)
        self.dense_shape = None if dense_shape is None else convert(dense_shape)

    @property
    def dtype(self) -> core.DType:
        """Of the values."""
        return self.values.dtype

    @property
    def name(self) -> str:
        """Of the values."""
        return self.values.name


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """The sum of tensors of one shape; `shape` and `tensor_dtype` are accepted."""
    del shape, tensor_dtype
    return core.add_n(inputs, name=name)


def arg_max(input: Any, dimension: Any, output_type: Any = int64, name: str | None = None) -> Any:
    """The older name of `argmax`."""
    return _argmax(input, axis=dimension, output_type=output_type, name=name)


def arg_min(input: Any, dimension: Any, output_type: Any = int64, name: str | None = None) -> Any:
    """The older name of `argmin`."""
    return _argmin(input, axis=dimension, output_type=output_type, name=name)


def floor_div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The older name of `floordiv`."""
    return core.floordiv(x, y, name=name)


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """What remains of x / y without its fraction, with x's sign, elementwise."""
    return core.truncatemod(x, y, name=name)


def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The derivative of order `a` of digamma, elementwise; `a` is an integer of Python."""
    return core.polygamma(a, x, name=name)


def lin_space(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """`num` numbers of equal distance from `start` to `stop`, both included."""
    return core.linspace(start, stop, num, name=name)


def reverse_v2(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The older name of `reverse`."""
    return core.reverse(tensor, axis, name=name)


def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """Tensors of one type, stacked along a new first axis."""
    return core.stack(values, name=name)


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element of an axis several times; of the flattened tensor if it is None."""
    return core.repeat(input, repeats, axis, name=name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`x` where a condition holds, else `y`, with broadcasting; without both, where it holds."""
    if x is None and y is None:
        return core.where_indices(condition, name=name)
    return core.where(condition, x, y, name=name)


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The seed of the graph and of an operation; both None where neither is set.

    The graph's is the one that `set_random_seed` set; it stands for its default, 87654321, where
    only the operation has one, and an operation's default is 0 here.
    """
    whole = core.get_default_graph().seed
    if whole is None and op_seed is None:
        return None, None
    return 87654321 if whole is None else whole, 0 if op_seed is None else op_seed


def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance"
) -> Tensor:
    """How many entries must be put in, left out or changed to make one sequence of the other.

    # differs from TF1: sequences are dense. What stands behind the last entry of a row is
    # negative, as the decoders of CTC fill rows up; of strings, "".

    Args:
        hypothesis: (batch, n).
        truth: (batch, m) of the same dtype.
        normalize: whether distances are divided by the length of the truth.
        name: of the node.

    Returns:
        (batch,) float32.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.edit_distance([[1, 2, -1]], [[1, 3, 2]], normalize=False)))
    [1.]
    """
    made, wanted = convert(hypothesis), convert(truth)
    return core.edit_distance(made, wanted, _lengths(made), _lengths(wanted), normalize, name)


def _lengths(rows: Tensor) -> Tensor:
    if rows.dtype.is_string:
        is_filler = core.equal(rows, "")
    else:
        is_filler = core.less(rows, core.zeros_like(rows))
    return core.reduce_sum(core.cast(core.logical_not(is_filler), "int32"), 1)


def histogram_fixed_width_bins(
    values: Any,
    value_range: Any,
    nbins: int = 100,
    dtype: Any = int32,
    name: str | None = None,
) -> Tensor:
    """The bin of each value, where a range is divided into equal ones.

    Args:
        values: (...) float.
        value_range: (2,) of the same dtype; what lies outside is in the first or last bin.
        nbins: how many bins.
        dtype: of the result.
        name: of the node.
    """
    x = convert(values)
    ends = core.cast(value_range, x.dtype)
    share = (x - ends[0]) / (ends[1] - ends[0])
    bins = core.clip_by_value(core.floor(share * float(nbins)), 0.0, float(nbins - 1))
    return core.cast(bins, dtype, name=name)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """The coordinates of elements that are counted row by row.

    Args:
        indices: () or (n,) integer.
        dims: (rank,) integer, the sizes of the array that they count.
        name: of the node.

    Returns:
        (rank,) or (rank, n).
    """
    flat, sizes = core.convert_all(indices, dims)
    steps = core.cumprod(sizes, exclusive=True, reverse=True)
    if flat.ndim not in (0, 1):
        raise ShapeError(
            "unravel_index", "too many axes", expected="() or (n,)", got=str(flat.type)
        )
    if flat.ndim == 1:
        steps, sizes = core.expand_dims(steps, 1), core.expand_dims(sizes, 1)
    return core.floormod(core.floordiv(flat, steps), sizes, name=name)


def batch_to_space(
    input: Any,
    crops: Any,
    block_size: Any,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """`batch_to_space_nd` of images, with square blocks.

    Args:
        input: (batch * block_size**2, height, width, channels).
        crops: (2, 2) integer, how much is cut.
        block_size: side of a block.
        name: of the node.
        block_shape: the new name of `block_size`.
    """
    block = either("batch_to_space", "block_shape", block_shape, "block_size", block_size)
    return core.batch_to_space_nd(input, _square(block), crops, name=name)


def space_to_batch(
    input: Any,
    paddings: Any,
    block_size: Any = None,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """`space_to_batch_nd` of images, with square blocks; arguments as in `batch_to_space`."""
    block = either("space_to_batch", "block_shape", block_shape, "block_size", block_size)
    return core.space_to_batch_nd(input, _square(block), paddings, name=name)


def _square(block: Any) -> Any:
    return [block, block] if isinstance(block, int) else block


def tensor_scatter_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Tensor:
    """A tensor with parts of it replaced.

    Args:
        tensor: (...) any dtype.
        indices: (..., k) integer, the first k coordinates of each part.
        updates: the parts.
        name: of the node.
    """
    return core.tensor_scatter_update(tensor, indices, updates, name=name)


def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """A tensor with parts added to; arguments as in `tensor_scatter_update`."""
    return core.tensor_scatter_add(tensor, indices, updates, name=name)


def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """A tensor with parts subtracted from; arguments as in `tensor_scatter_update`."""
    return core.tensor_scatter_sub(tensor, indices, updates, name=name)


tensor_scatter_nd_update = tensor_scatter_update
tensor_scatter_nd_add = tensor_scatter_add
tensor_scatter_nd_sub = tensor_scatter_sub
