"""Reductions and positions of extremes, with TF1's old argument names."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import Tensor, int64

from .arguments import either

__all__ = [
    "argmax",
    "argmin",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
]


def _reduce(
    where: str,
    input_tensor: Any,
    axis: Any,
    keepdims: bool | None,
    name: str | None,
    reduction_indices: Any,
    keep_dims: bool | None,
) -> Tensor:
    axis = either(where, "axis", axis, "reduction_indices", reduction_indices)
    keepdims = either(where, "keepdims", keepdims, "keep_dims", keep_dims)
    function = getattr(thalweg.core, where)
    result: Tensor = function(input_tensor, axis, bool(keepdims), name=name)
    return result


def reduce_sum(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The sum of elements.

    Args:
        input_tensor: (...) number.
        axis: None for all axes, a number, or several; negative ones count from the last.
        keepdims: leave reduced axes with size 1.
        name: of the node.
        reduction_indices: the old name of `axis`.
        keep_dims: the old name of `keepdims`.

    Raises:
        OptionError: if an argument is given under both its names.
        ShapeError: if there is no such axis.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.reduce_sum([[1, 2], [3, 4]], reduction_indices=[1])))
    [3 7]
    """
    return _reduce("reduce_sum", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_mean(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The mean of elements. Arguments as in `reduce_sum`."""
    return _reduce("reduce_mean", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_max(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The largest element. Arguments as in `reduce_sum`."""
    return _reduce("reduce_max", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_min(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The smallest element. Arguments as in `reduce_sum`."""
    return _reduce("reduce_min", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_prod(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The product of elements. Arguments as in `reduce_sum`."""
    return _reduce("reduce_prod", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_all(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """True where all elements are. Arguments as in `reduce_sum`."""
    return _reduce("reduce_all", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_any(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """True where any element is. Arguments as in `reduce_sum`."""
    return _reduce("reduce_any", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """log(sum(exp(elements))), which does not overflow. Arguments as in `reduce_sum`."""
    return _reduce(
        "reduce_logsumexp", input_tensor, axis, keepdims, name, reduction_indices, keep_dims
    )


def argmax(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Tensor:
    """The position of the largest element along an axis, the first of equals.

    Args:
        input: (...) number.
        axis: one axis; the first if None.
        name: of the node.
        dimension: the old name of `axis`.
        output_type: int32 or int64.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.argmax([[1, 3, 2], [9, 8, 7]], 1)))
    [1 0]
    """
    axis = either("argmax", "axis", axis, "dimension", dimension)
    return thalweg.core.argmax(input, axis, output_type, name=name)


def argmin(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Tensor:
    """The position of the smallest element along an axis; arguments as in `argmax`."""
    axis = either("argmin", "axis", axis, "dimension", dimension)
    return thalweg.core.argmin(input, axis, output_type, name=name)
