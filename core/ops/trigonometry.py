"""Circular and hyperbolic functions."""

from __future__ import annotations

from .elementwise import UnaryFunction, unary

__all__ = ["cos", "sin", "tan", "tanh"]

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
tanh = unary(
    "tanh",
    "The hyperbolic tangent.",
    lambda xp, x: xp.tanh(x),
    lambda x, y, g: g * (1 - y * y),
    example=("[0.0]", "[0.0]"),
)

# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__}
