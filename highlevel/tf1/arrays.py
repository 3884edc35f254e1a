"""Making, shaping, joining and picking of tensors in TF1's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import thalweg.core
from thalweg.core import (
    OptionError,
    Tensor,
    convert,
    fill,
    float32,
    int32,
    reshape,
    tile,
)

from .arguments import either, refuse

__all__ = [
    "broadcast_to",
    "concat",
    "expand_dims",
    "fill",
    "gather",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "range",
    "rank",
    "reshape",
    "shape",
    "size",
    "split",
    "squeeze",
    "stack",
    "tile",
    "transpose",
    "unstack",
    "zeros",
    "zeros_like",
]


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Zeros of a shape: an int, a list of ints and integer scalars, or an integer vector."""
    return thalweg.core.zeros(shape, dtype, name=name)


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Ones of a shape: an int, a list of ints and integer scalars, or an integer vector."""
    return thalweg.core.ones(shape, dtype, name=name)


def zeros_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Zeros of the shape of `tensor`.

    Args:
        tensor: (...) any dtype.
        dtype: of the zeros; that of `tensor` if None.
        name: of the node.
        optimize: ignored: known shapes are always used.
    """
    return _like(thalweg.core.zeros_like, tensor, dtype, name)


def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Ones of the shape of `tensor`; arguments as in `zeros_like`."""
    return _like(thalweg.core.ones_like, tensor, dtype, name)


def _like(function: Any, tensor: Any, dtype: Any, name: str | None) -> Tensor:
    source = convert(tensor)
    wanted = source.dtype if dtype is None else thalweg.core.as_dtype(dtype)
    result: Tensor = function(thalweg.core.cast(source, wanted), name=name)
    return result


def transpose(
    a: Any, perm: Sequence[int] | None = None, name: str = "transpose", conjugate: bool = False
) -> Tensor:
    """`a` with its axes in another order.

    Args:
        a: (...) any dtype.
        perm: for each axis of the result, the axis of `a` it comes from; None reverses all.
        name: of the node.
        conjugate: ignored: numbers are real.
    """
    return thalweg.core.transpose(a, perm, name=name)


def concat(values: Any, axis: int, name: str = "concat") -> Tensor:
    """The values one after another along `axis`.

    Args:
        values: a list of tensors of one dtype and rank, whose sizes differ on `axis` at most.
        axis: in -rank <= axis < rank.
        name: of the node.

    Raises:
        OptionError: if the arguments come in the order of TensorFlow before 1.0.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.concat([[1, 2], [3]], 0)))
    [1 2 3]
    """
    if isinstance(values, int):
        raise OptionError(
            "concat",
            "the values come first since TensorFlow 1.0",
            expected="concat(values, axis)",
            got=f"concat({values!r}, …)",
        )
    items = values if isinstance(values, list | tuple) else [values]
    return thalweg.core.concat(items, axis, name=name)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """`input` repeated to `shape` by NumPy's broadcasting rule."""
    return thalweg.core.broadcast_to(input, shape, name=name)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """The values, of one shape, side by side along a new `axis`."""
    return thalweg.core.stack(values, axis, name=name)


def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str = "unstack"
) -> list[Tensor]:
    """The slices of `value` along `axis`; `num` says how many where the size is unknown."""
    return thalweg.core.unstack(value, num, axis, name=name)


def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """Consecutive parts of `value` along `axis`.

    Args:
        value: (..., size, ...) any dtype.
        num_or_size_splits: the number of equal parts, or a list with the size of each.
        axis: in -rank <= axis < rank.
        num: ignored: the list says how many.
        name: of the node.
    """
    return thalweg.core.split(value, num_or_size_splits, axis, name=name)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """`input` with a new axis of size 1.

    Args:
        input: (...) any dtype.
        axis: where the new axis is in the result; negative ones count from its end.
        name: of the node.
        dim: the old name of `axis`.

    Raises:
        OptionError: if there is no axis, or both names are used.
    """
    axis = either("expand_dims", "axis", axis, "dim", dim)
    if axis is None:
        raise OptionError("expand_dims", "axis is missing", expected="an int", got="None")
    return thalweg.core.expand_dims(input, axis, name=name)


def squeeze(
    input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Tensor:
    """`input` without axes of size 1.

    Args:
        input: (...) any dtype.
        axis: the axis or axes to leave out; None means all that have size 1.
        name: of the node.
        squeeze_dims: the old name of `axis`.
    """
    axis = either("squeeze", "axis", axis, "squeeze_dims", squeeze_dims)
    return thalweg.core.squeeze(input, axis, name=name)


def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The sizes of `input`.  (...) any dtype -> (rank,) int32 or int64."""
    return thalweg.core.shape_of(input, out_type, name=name)


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The number of elements of `input`.  (...) any dtype -> () int32 or int64."""
    return thalweg.core.size_of(input, out_type, name=name)


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes of `input`.  (...) any dtype -> () int32."""
    return thalweg.core.rank_of(input, name=name)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: int | None = None,
    batch_dims: int = 0,
) -> Tensor:
    """The slices of `params` at `indices` along `axis`.

    Args:
        params: (..., size, ...) any dtype.
        indices: (...) integer in 0 <= index < size.
        validate_indices: ignored, as in TF1.
        name: of the node.
        axis: the first if None.
        batch_dims: 0.
    """
    refuse("gather", "batch_dims=0", batch_dims=batch_dims or None)
    return thalweg.core.gather(params, indices, axis or 0, name=name)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """`on_value` at each index along a new axis, `off_value` everywhere else.

    Args:
        indices: (...) integer; one outside 0 <= index < depth gets `off_value` only.
        depth: () integer, the size of the new axis.
        on_value: a Python number, 1 if None.
        off_value: a Python number, 0 if None.
        axis: where the new axis is in the result; the last if None.
        dtype: of the result; float32 if None, or what the values are.
        name: of the node.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.one_hot([1, 0], 3)))
    [[0. 1. 0.]
     [1. 0. 0.]]
    """
    if dtype is None:
        given = on_value if on_value is not None else off_value
        dtype = float32 if given is None else convert(given).dtype
    on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    return thalweg.core.one_hot(indices, depth, on, off, -1 if axis is None else axis, dtype, name)


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    name: str | None = None,
    constant_values: Any = 0,
) -> Tensor:
    """`tensor` with a border around it.

    Args:
        tensor: (...) number or bool.
        paddings: (rank, 2) integers >= 0 that are known now, before and after each axis.
        mode: `"CONSTANT"`.
        name: of the node.
        constant_values: the number in the border.
    """
    return thalweg.core.pad(tensor, paddings, mode, constant_values, name=name)


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> Tensor:
    """The numbers from `start` in steps of `delta`, excluding `limit`; from 0 if only one is given.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.range(3)))
    [0 1 2]
    """
    return thalweg.core.arange(start, limit, delta, dtype, name=name)
