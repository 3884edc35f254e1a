"""Placeholders, constants and conversions in TF1's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import thalweg.core
from thalweg.core import (
    DType,
    DtypeError,
    ShapeError,
    Tensor,
    Variable,
    as_array,
    as_shape,
    convert,
    placeholder,
    placeholder_with_default,
    shape_text,
)

from .graph import name_scope

__all__ = [
    "as_dtype",
    "constant",
    "convert_to_tensor",
    "identity",
    "identity_n",
    "is_tensor",
    "placeholder",
    "placeholder_with_default",
    "stop_gradient",
]


def as_dtype(type_value: Any) -> DType:
    """The dtype named by a DType, a name, a NumPy dtype or scalar class, or a Python type.

    >>> as_dtype("float")
    thalweg.float32
    """
    return thalweg.core.as_dtype(type_value)


def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """A tensor whose value is fixed.

    Args:
        value: a number, string, bool, nested list or NumPy array.
        dtype: the element type; by default float32 for Python floats, int32 for Python ints,
            and a NumPy array's own.
        shape: if given, the value is reshaped to it; what is missing repeats the last element.
        name: of the node.
        verify_shape: refuses a value whose shape is not `shape` already.

    Raises:
        DtypeError: if the value does not fit `dtype`.
        ShapeError: if it does not fit `shape`.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.constant([1, 2], shape=[2, 2])))
    [[1 2]
     [2 2]]
    """
    array = as_array(value, None if dtype is None else thalweg.core.as_dtype(dtype))
    if shape is not None:
        sizes = tuple(size for size in as_shape(shape) or () if size is not None)
        missing = int(np.prod(sizes, dtype=np.int64)) - array.size
        if missing < 0 or (missing and not array.size) or (verify_shape and sizes != array.shape):
            raise ShapeError(
                "constant",
                "the value does not fit the shape",
                expected=shape_text(sizes) if verify_shape else f"at most {shape_text(sizes)}",
                got=f"{array.size} elements of shape {shape_text(array.shape)}",
            )
        flat = array.reshape(-1)
        array = np.concatenate([flat, flat[-1:].repeat(missing)]).reshape(sizes)
    return thalweg.core.constant(array, name=name)


def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    dtype_hint: Any = None,
) -> Tensor:
    """A tensor from a tensor, a variable, or anything `constant` takes.

    Args:
        value: what to convert.
        dtype: the element type it must have.
        name: of the node.
        preferred_dtype: the old name of `dtype_hint`.
        dtype_hint: the element type it gets if it can, where `dtype` is None.

    Raises:
        DtypeError: if a tensor of another dtype is given: tensors are never cast unasked.
    """
    hint = preferred_dtype if dtype_hint is None else dtype_hint
    if dtype is None and hint is not None:
        try:
            return convert(value, thalweg.core.as_dtype(hint), name)
        except DtypeError:
            return convert(value, None, name)
    return convert(value, None if dtype is None else thalweg.core.as_dtype(dtype), name)


def identity(input: Any, name: str | None = None) -> Tensor:
    """`input` itself under another name."""
    return thalweg.core.identity(input, name=name)


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """`input`, through which no gradient flows."""
    return thalweg.core.stop_gradient(input, name=name)


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Tensor]:
    """The tensors themselves under other names."""
    with name_scope(name, "IdentityN"):
        return [thalweg.core.identity(tensor) for tensor in input]


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor or a variable of a graph.

    >>> is_tensor(constant(1)), is_tensor(1)
    (True, False)
    """
    return isinstance(x, Tensor | Variable)
