"""Elementwise and matrix mathematics in TF1's spelling.

Functions whose arguments TF1 names as the core does are the core's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import thalweg.core
from thalweg.core import (
    OptionError,
    Tensor,
    abs,
    add,
    add_n,
    ceil,
    cos,
    divide,
    equal,
    erf,
    exp,
    expand_dims,
    expm1,
    floor,
    floordiv,
    floormod,
    greater,
    greater_equal,
    is_finite,
    is_inf,
    is_nan,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    reciprocal,
    reduce_sum,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    squared_difference,
    subtract,
    tan,
    tanh,
)

from .arguments import refuse

mod = floormod

__all__ = [
    "abs",
    "add",
    "add_n",
    "cast",
    "ceil",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "cos",
    "div",
    "divide",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "floordiv",
    "floormod",
    "global_norm",
    "greater",
    "greater_equal",
    "is_finite",
    "is_inf",
    "is_nan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "matmul",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "not_equal",
    "pow",
    "reciprocal",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
    "tan",
    "tanh",
    "to_double",
    "to_float",
    "to_int32",
    "to_int64",
    "truediv",
    "where",
]


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 divides: integers become floats first, of 64 bits from 32 on.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.truediv([1, 3], 2)))
    [0.5 1.5]
    """
    a, b = thalweg.core.convert_all(x, y)
    if a.dtype.is_integer:
        wanted = "float32" if a.dtype.size_bytes <= 2 else "float64"
        a, b = cast(a, wanted), cast(b, wanted)
    return divide(a, b, name=name)


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 2 divides: integers give integers, rounded down."""
    a, b = thalweg.core.convert_all(x, y)
    return (floordiv if a.dtype.is_integer else divide)(a, b, name=name)


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The matrix product of `a` and `b`.

    Args:
        a: (..., rows, k) number.
        b: (..., k, units), of the dtype of `a`.
        transpose_a: `a` comes as (..., k, rows).
        transpose_b: `b` comes as (..., units, k).
        adjoint_a: the same, for numbers that are real.
        adjoint_b: the same.
        a_is_sparse: ignored: it only promises zeros.
        b_is_sparse: ignored.
        name: of the node.

    Raises:
        ShapeError: if an operand is not a matrix, or the sizes do not fit.
        DtypeError: if the dtypes differ or are not numbers.
        OptionError: if one operand is both transposed and adjoint.
    """
    for which, transposes, adjoins in (
        ("a", transpose_a, adjoint_a),
        ("b", transpose_b, adjoint_b),
    ):
        if transposes and adjoins:
            raise OptionError(
                "matmul",
                "an operand is transposed twice",
                expected=f"transpose_{which} or adjoint_{which}",
                got="both",
            )
    return thalweg.core.matmul(a, b, transpose_a or adjoint_a, transpose_b or adjoint_b, name=name)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """x or y but not both."""
    return thalweg.core.logical_xor(x, y, name=name)


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """`x` in another dtype; booleans become 0 and 1, floats lose their fraction.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.cast([True, False], "float")))
    [1. 0.]
    """
    return thalweg.core.cast(x, dtype, name=name)


def to_float(x: Any, name: str = "ToFloat") -> Tensor:
    """`x` as float32."""
    return cast(x, "float32", name)


def to_double(x: Any, name: str = "ToDouble") -> Tensor:
    """`x` as float64."""
    return cast(x, "float64", name)


def to_int32(x: Any, name: str = "ToInt32") -> Tensor:
    """`x` as int32."""
    return cast(x, "int32", name)


def to_int64(x: Any, name: str = "ToInt64") -> Tensor:
    """`x` as int64."""
    return cast(x, "int64", name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`x` where `condition` holds, else `y`.

    Args:
        condition: bool of the shape of `x`; or (rows,), which chooses whole rows.
        x: (...) of any dtype.
        y: the same type.
        name: of the node.

    Raises:
        GraphError: if `x` and `y` are missing: the places that hold are not supported.
    """
    if x is None or y is None:
        refuse("where", "where(condition, x, y)", condition_alone=True)
    chosen, first = thalweg.core.convert(condition), thalweg.core.convert(x)
    if chosen.ndim == 1:
        for _ in range((first.ndim or 1) - 1):
            chosen = expand_dims(chosen, -1)
    return thalweg.core.where(chosen, x, y, name=name)


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None
) -> Tensor:
    """`t` limited to clip_value_min <= t <= clip_value_max, elementwise."""
    return thalweg.core.clip_by_value(t, clip_value_min, clip_value_max, name=name)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """`t`, scaled down to the Euclidean norm `clip_norm` where its own is larger.

    Args:
        t: (...) float.
        clip_norm: > 0.
        axes: the norm is taken over these axes; over all if None.
        name: of the node.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.clip_by_norm([3.0, 4.0], 1.0)).round(3))
    [0.6 0.8]
    """
    tensor = thalweg.core.convert(t)
    limit = thalweg.core.convert(clip_norm, tensor.dtype)
    squares = reduce_sum(square(tensor), axes, keepdims=True)
    # max(norm, limit) as the root of a maximum: the root of 0 has no gradient.
    return divide(tensor * limit, sqrt(maximum(squares, square(limit))), name=name)


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The Euclidean norm of all elements of all tensors together; None entries do not count.

    Raises:
        OptionError: if there is no tensor.
    """
    squares = [reduce_sum(square(t)) for t in t_list if t is not None]
    return sqrt(add_n(squares), name=name or "global_norm")


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Tensor | None], Tensor]:
    """Tensors scaled down together, to the global norm `clip_norm` where theirs is larger.

    Args:
        t_list: tensors of one float dtype; None entries stay None.
        clip_norm: > 0.
        use_norm: the global norm, where it is already known.
        name: of the scaled tensors, numbered.

    Returns:
        The scaled tensors, and the norm before.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     clipped, norm = tf.clip_by_global_norm([[3.0], [4.0]], 1.0)
    ...     print(session.run(norm), session.run(tf.concat(clipped, 0)))
    5.0 [0.6 0.8]
    """
    norm = global_norm(t_list) if use_norm is None else thalweg.core.convert(use_norm)
    scale = divide(clip_norm, maximum(norm, clip_norm))
    clipped = [
        None if t is None else multiply(t, scale, name=f"{name or 'clip_by_global_norm'}/{i}")
        for i, t in enumerate(t_list)
    ]
    return clipped, norm
