"""Circular and hyperbolic functions, and their inverses."""

from __future__ import annotations

from typing import Any

from ..graph import Tensor
from .elementwise import BinaryFunction, UnaryFunction, binary, unary
from .math import rsqrt, square

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
]

# Circular functions -----------------------------------------------------------------------------

sin = unary(
    "sin",
    "The sine of x in radians.",
    lambda xp, x: xp.sin(x),
    lambda x, y, g: g * cos(x),
    example=("[0.0]", "[0.0]"),
)
cos: UnaryFunction = unary(
    "cos",
    "The cosine of x in radians.",
    lambda xp, x: xp.cos(x),
    lambda x, y, g: -g * sin(x),
    example=("[0.0]", "[1.0]"),
)
tan = unary(
    "tan",
    "The tangent of x in radians.",
    lambda xp, x: xp.tan(x),
    lambda x, y, g: g * (1 + y * y),
    example=("[0.0]", "[0.0]"),
)


def _leg(x: Tensor) -> Tensor:
    """1 / sqrt(1 - x²), exact near -1 and 1, where 1 - x² would cancel."""
    return rsqrt((1 - x) * (1 + x))


asin = unary(
    "asin",
    "The angle in -pi/2..pi/2 whose sine is x; NaN unless -1 <= x <= 1.",
    lambda xp, x: xp.arcsin(x),
    lambda x, y, g: g * _leg(x),
    example=("[0.0]", "[0.0]"),
)
acos = unary(
    "acos",
    "The angle in 0..pi whose cosine is x; NaN unless -1 <= x <= 1.",
    lambda xp, x: xp.arccos(x),
    lambda x, y, g: -g * _leg(x),
    example=("[1.0]", "[0.0]"),
)
atan = unary(
    "atan",
    "The angle in -pi/2..pi/2 whose tangent is x.",
    lambda xp, x: xp.arctan(x),
    lambda x, y, g: g / (1 + square(x)),
    example=("[0.0]", "[0.0]"),
)


def _atan2_gradient(y: Tensor, x: Tensor, angle: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    share = g / (square(x) + square(y))
    return share * x, -share * y


_atan2: BinaryFunction = binary(
    "atan2",
    "The angle in -pi..pi of the point (x, y), seen from the origin.",
    lambda xp, y, x: xp.arctan2(y, x),
    _atan2_gradient,
    takes="float",
)


def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """The angle in -pi..pi between the positive x-axis and the point (x, y).

    Args:
        y: (...) float, the vertical coordinate: it comes first, as everywhere.
        x: the same dtype, a shape that broadcasts.
        name: of the node.

    Returns:
        The broadcast shape; its gradient at the origin is NaN.

    >>> from thalweg.core import Session
    >>> Session().run(atan2([1.0, 0.0], [1.0, -1.0])).round(4).tolist()
    [0.78539..., 3.1415...]
    """
    return _atan2(y, x, name)


# Hyperbolic functions ---------------------------------------------------------------------------

sinh = unary(
    "sinh",
    "The hyperbolic sine, (exp(x) - exp(-x)) / 2.",
    lambda xp, x: xp.sinh(x),
    lambda x, y, g: g * cosh(x),
    example=("[0.0]", "[0.0]"),
)
cosh: UnaryFunction = unary(
    "cosh",
    "The hyperbolic cosine, (exp(x) + exp(-x)) / 2.",
    lambda xp, x: xp.cosh(x),
    lambda x, y, g: g * sinh(x),
    example=("[0.0]", "[1.0]"),
)
tanh = unary(
    "tanh",
    "The hyperbolic tangent.",
    lambda xp, x: xp.tanh(x),
    lambda x, y, g: g * (1 - y * y),
    example=("[0.0]", "[0.0]"),
)
# The slopes of asinh and acosh are written with y: sqrt(x² + 1) overflows where they do not.
asinh = unary(
    "asinh",
    "The number whose hyperbolic sine is x.",
    lambda xp, x: xp.arcsinh(x),
    lambda x, y, g: g / cosh(y),
    example=("[0.0]", "[0.0]"),
)
acosh = unary(
    "acosh",
    "The number >= 0 whose hyperbolic cosine is x; NaN below 1.",
    lambda xp, x: xp.arccosh(x),
    lambda x, y, g: g / sinh(y),
    example=("[1.0]", "[0.0]"),
)
atanh = unary(
    "atanh",
    "The number whose hyperbolic tangent is x; NaN unless -1 <= x <= 1.",
    lambda xp, x: xp.arctanh(x),
    lambda x, y, g: g / ((1 - x) * (1 + x)),
    example=("[0.0]", "[0.0]"),
)

# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__ if name != "atan2"}
