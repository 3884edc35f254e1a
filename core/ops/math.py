"""Elementwise mathematics: powers, exponentials, rounding, and the usual activations.

Gradients at kinks are TensorFlow's: relu has slope 0 at 0, and abs has sign(x).
"""

from __future__ import annotations

import functools
from typing import Any

from ..errors import OptionError, ShapeError
from ..graph import Tensor
from ..types import types_text
from .compare import greater, greater_equal, less, minimum, not_equal, where
from .elementwise import (
    BinaryFunction,
    UnaryFunction,
    add,
    binary,
    multiply,
    negative,
    ones_like,
    subtract,
    unary,
    zeros_like,
)
from .source import convert, convert_all

__all__ = [
    "abs",
    "add_n",
    "ceil",
    "clipped_relu",
    "elu",
    "exp",
    "expm1",
    "floor",
    "floordiv",
    "floormod",
    "leaky_relu",
    "log",
    "log1p",
    "log_sigmoid",
    "pow",
    "reciprocal",
    "relu",
    "round",
    "rsqrt",
    "selu",
    "sigmoid",
    "sign",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "squared_difference",
]

# Powers and roots -------------------------------------------------------------------------------

square = unary(
    "square",
    "x².",
    lambda xp, x: x * x,
    lambda x, y, g: g * (2 * x),
    example=("[1, -3]", "[1, 9]"),
    takes="number",
)
sqrt = unary(
    "sqrt",
    "The square root; NaN below 0.",
    lambda xp, x: xp.sqrt(x),
    lambda x, y, g: 0.5 * g / y,
    example=("[4.0, 9.0]", "[2.0, 3.0]"),
)
rsqrt = unary(
    "rsqrt",
    "1 / sqrt(x).",
    lambda xp, x: 1 / xp.sqrt(x),
    lambda x, y, g: -0.5 * g * (y * y * y),
    example=("[4.0, 1.0]", "[0.5, 1.0]"),
)
reciprocal = unary(
    "reciprocal",
    "1 / x.",
    lambda xp, x: 1 / x,
    lambda x, y, g: -g * (y * y),
    example=("[4.0, 2.0]", "[0.25, 0.5]"),
)


def _pow_gradient(x: Tensor, y: Tensor, z: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    """y x^(y-1), which is 0 where y is; and x^y log(x), which is 0 where x is not positive."""
    exponent = where(not_equal(y, 0), y, ones_like(y)) - 1
    positive = greater(x, 0)
    logarithm = where(positive, log(where(positive, x, ones_like(x))), zeros_like(x))
    return g * (y * pow(x, exponent)), g * (z * logarithm)


pow = binary(
    "pow",
    "x to the power y. A negative integer power of integers is an error.",
    lambda xp, x, y: x**y,
    _pow_gradient,
    example=("[2.0, 3.0], 2.0", "[4.0, 9.0]"),
)

# Exponentials and logarithms --------------------------------------------------------------------

exp = unary(
    "exp",
    "e to the power x.",
    lambda xp, x: xp.exp(x),
    lambda x, y, g: g * y,
    example=("[0.0]", "[1.0]"),
)
expm1 = unary(
    "expm1",
    "exp(x) - 1, exact for small x.",
    lambda xp, x: xp.expm1(x),
    lambda x, y, g: g * (y + 1),
    example=("[0.0]", "[0.0]"),
)
log = unary(
    "log",
    "The natural logarithm; NaN below 0. `log(softmax(x))` and `log(sigmoid(x))` never overflow.",
    lambda xp, x: xp.log(x),
    lambda x, y, g: g / x,
    example=("[1.0]", "[0.0]"),
)
log1p = unary(
    "log1p",
    "log(1 + x), exact for small x.",
    lambda xp, x: xp.log1p(x),
    lambda x, y, g: g / (1 + x),
    example=("[0.0]", "[0.0]"),
)

# Rounding ---------------------------------------------------------------------------------------

floor = unary(
    "floor",
    "The largest whole number that is not above x. No gradient.",
    lambda xp, x: xp.floor(x),
    None,
    example=("[1.5, -1.5]", "[1.0, -2.0]"),
)
ceil = unary(
    "ceil",
    "The smallest whole number that is not below x. No gradient.",
    lambda xp, x: xp.ceil(x),
    None,
    example=("[1.5, -1.5]", "[2.0, -1.0]"),
)
round = unary(
    "round",
    "The nearest whole number; of two, the even one. No gradient.",
    lambda xp, x: xp.rint(x),
    None,
    example=("[0.5, 1.5, 2.6]", "[0.0, 2.0, 3.0]"),
)
floordiv = binary(
    "floordiv",
    "The whole number floor(x / y), as Python's `//`. No gradient.",
    lambda xp, x, y: x // y,
    None,
    example=("[7, -7], 2", "[3, -4]"),
)
floormod = binary(
    "floormod",
    "x - y * floor(x / y), as Python's `%`: the sign is y's.",
    lambda xp, x, y: x % y,
    lambda x, y, z, g: (g, -g * floordiv(x, y)),
    example=("[7, -7], 3", "[1, 2]"),
)

# Signs and sums ----------------------------------------------------------------------------------

abs = unary(
    "abs",
    "The absolute value.",
    lambda xp, x: xp.abs(x),
    lambda x, y, g: g * sign(x),
    example=("[1, -2]", "[1, 2]"),
    takes="number",
)
sign: UnaryFunction = unary(
    "sign",
    "-1, 0 or 1. Its gradient is 0.",
    lambda xp, x: xp.sign(x),
    lambda x, y, g: zeros_like(g),
    example=("[5.0, 0.0, -2.0]", "[1.0, 0.0, -1.0]"),
    takes="number",
)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """(x - y)², elementwise.

    Args:
        x: (...) number.
        y: the same dtype, a shape that broadcasts.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(squared_difference([1.0, 5.0], 2.0)).tolist()
    [1.0, 9.0]
    """
    return square(subtract(x, y), name=name or "squared_difference")


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of tensors of one shape, from first to last.

    Args:
        inputs: a list of at least one tensor, all (...) of one number dtype.
        name: of the node.

    Raises:
        OptionError: for an empty list.
        ShapeError: if the shapes differ: nothing is broadcast.

    >>> from thalweg.core import Session
    >>> Session().run(add_n([[1.0, 2.0], [10.0, 20.0], [0.5, 0.5]])).tolist()
    [11.5, 22.5]
    """
    items = inputs if isinstance(inputs, list | tuple) else [inputs]
    if not items:
        raise OptionError("add_n", "there is nothing to add", expected="at least one tensor")
    tensors = convert_all(*items)
    for tensor in tensors:
        if not tensor.type.accepts_shape(tensors[0].shape):
            raise ShapeError(
                "add_n",
                "shapes differ",
                expected=f"every tensor as the first, {tensors[0].type}",
                got=types_text(tensor=tensor.type),
            )
    return functools.reduce(add, tensors)


# Activations ------------------------------------------------------------------------------------

_relu_gradient: BinaryFunction = binary(
    "relu_gradient",
    "g where y is positive, else 0: the gradient of `relu` whose result is y.",
    lambda xp, g, y: xp.where(y > 0, g, xp.zeros((), g.dtype)),
    lambda g, y, z, h: (_relu_gradient(h, y), None),
)
relu = unary(
    "relu",
    "max(x, 0), with gradient 0 at 0.",
    lambda xp, x: xp.maximum(x, 0),
    lambda x, y, g: _relu_gradient(g, y),
    example=("[1.0, -2.0]", "[1.0, 0.0]"),
    takes="number",
)
sigmoid = unary(
    "sigmoid",
    "1 / (1 + exp(-x)), without overflow.",
    lambda xp, x: xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x))),
    lambda x, y, g: g * (y * (1 - y)),
    example=("[0.0]", "[0.5]"),
)
softplus = unary(
    "softplus",
    "log(1 + exp(x)), without overflow.",
    lambda xp, x: xp.logaddexp(x, xp.zeros((), x.dtype)),
    lambda x, y, g: g * sigmoid(x),
    example=("[-1000.0, 1000.0]", "[0.0, 1000.0]"),
)
softsign = unary(
    "softsign",
    "x / (1 + |x|).",
    lambda xp, x: x / (1 + xp.abs(x)),
    lambda x, y, g: g / square(1 + abs(x)),
    example=("[1.0, -3.0]", "[0.5, -0.75]"),
)
elu = unary(
    "elu",
    "x where it is positive, else exp(x) - 1 (Clevert et al. 2016, equation 15, with alpha = 1).",
    lambda xp, x: xp.where(x > 0, x, xp.expm1(xp.minimum(x, 0))),
    lambda x, y, g: where(less(y, 0), g * (y + 1), g),
    example=("[2.0, -1000.0]", "[2.0, -1.0]"),
)

_SELU_ALPHA = 1.6732632423543772  # Klambauer et al. 2017, equation 14
_SELU_SCALE = 1.0507009873554805


def selu(x: Any, name: str | None = None) -> Tensor:
    """The self-normalising unit: scale * x where x >= 0, else scale * alpha * (exp(x) - 1).

    With the constants of Klambauer et al. 2017 (equation 14), mean 0 and variance 1 is a fixed
    point.

    Args:
        x: (...) float.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(selu([1.0, -1000.0])).round(4).tolist()
    [1.0506999492645264, -1.7581000328063965]
    """
    x = convert(x)
    curved = _SELU_ALPHA * expm1(minimum(x, 0))
    return multiply(where(greater_equal(x, 0), x, curved), _SELU_SCALE, name=name or "selu")


def leaky_relu(x: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """x where it is positive, else alpha * x.

    Args:
        x: (...) float.
        alpha: slope below 0, where 0 itself belongs.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(leaky_relu([1.0, -2.0], alpha=0.5)).tolist()
    [1.0, -1.0]
    """
    x = convert(x)
    return where(greater(x, 0), x, multiply(x, alpha), name=name or "leaky_relu")


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """log(1 / (1 + exp(-x))), finite also where the sigmoid is 0.

    Args:
        x: (...) float.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(log_sigmoid([-1000.0])).tolist()
    [-1000.0]
    """
    return negative(softplus(negative(x)), name=name or "log_sigmoid")


def clipped_relu(x: Any, max_value: Any = 6.0, name: str | None = None) -> Tensor:
    """min(max(x, 0), max_value), with gradient 0 at both bounds.

    Args:
        x: (...) number.
        max_value: the largest result, 0 < max_value; 6 makes it the relu6 of MobileNet.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(clipped_relu([-1.0, 3.0, 8.0])).tolist()
    [0.0, 3.0, 6.0]
    """
    x, bound = convert_all(x, max_value)
    return where(less(x, bound), relu(x), bound, name=name or "clipped_relu")


# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__}
