"""Elementwise and matrix mathematics in TF1's spelling.

Functions whose arguments TF1 names as the core does are the core's own.
"""

from __future__ import annotations

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
