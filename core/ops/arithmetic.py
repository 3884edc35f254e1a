"""Division towards zero, and products and quotients in which a zero decides alone."""

from __future__ import annotations

from typing import Any

from ..graph import Tensor
from .compare import not_equal
from .elementwise import BinaryFunction, binary, cast

__all__ = [
    "div_no_nan",
    "multiply_no_nan",
    "truncatediv",
    "truncatemod",
    "xdivy",
    "xlogy",
]

# Towards zero -----------------------------------------------------------------------------------


def _signs_differ(x: Any, y: Any, rest: Any) -> Any:
    """Where Python's `//` and `%`, which round down, do not round towards zero."""
    return (rest != 0) & ((x < 0) != (y < 0))


def _truncatediv(xp: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return xp.trunc(x / y)
    return x // y + _signs_differ(x, y, x % y)


def _truncatemod(xp: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return xp.fmod(x, y)
    rest = x % y
    return xp.where(_signs_differ(x, y, rest), rest - y, rest)


truncatediv = binary(
    "truncatediv",
    "The whole number x / y rounded towards zero, as C divides; `floordiv` rounds down. No "
    "gradient.",
    _truncatediv,
    None,
    example=("[7, -7], 2", "[3, -3]"),
)
truncatemod = binary(
    "truncatemod",
    "x - y * truncatediv(x, y), as C's `%`: the sign is x's.",
    _truncatemod,
    lambda x, y, z, g: (g, -g * truncatediv(x, y)),
    example=("[7, -7], 3", "[1, -1]"),
)

# Zero decides -----------------------------------------------------------------------------------


def _div_no_nan(xp: Any, x: Any, y: Any) -> Any:
    is_zero = y == 0
    return xp.where(is_zero, xp.zeros((), x.dtype), x / xp.where(is_zero, 1, y))


def _xlogy(xp: Any, x: Any, y: Any) -> Any:
    is_zero = x == 0
    return xp.where(is_zero, xp.zeros((), x.dtype), x * xp.log(xp.where(is_zero, 1, y)))


div_no_nan: BinaryFunction = binary(
    "div_no_nan",
    "x / y, and 0 where y is 0, whatever x is; there both gradients are 0 too.",
    _div_no_nan,
    lambda x, y, z, g: (div_no_nan(g, y), -div_no_nan(g, y) * z),
    example=("[1.0, 2.0], [0.0, 4.0]", "[0.0, 0.5]"),
    takes="float",
)
multiply_no_nan: BinaryFunction = binary(
    "multiply_no_nan",
    "x * y, and 0 where y is 0, even if x is infinite or NaN.",
    lambda xp, x, y: xp.where(y == 0, xp.zeros((), x.dtype), x * y),
    lambda x, y, z, g: (multiply_no_nan(g, y), multiply_no_nan(x, g)),
    example=('[float("inf"), 2.0], [0.0, 4.0]', "[0.0, 8.0]"),
    takes="float",
)
xdivy: BinaryFunction = binary(
    "xdivy",
    "x / y, and 0 where x is 0, even if y is 0 too.",
    lambda xp, x, y: xp.where(x == 0, xp.zeros((), x.dtype), x / xp.where(x == 0, 1, y)),
    lambda x, y, z, g: (xdivy(_is_not_zero(x), y) * g, -xdivy(z, y) * g),
    example=("[0.0, 2.0], [0.0, 4.0]", "[0.0, 0.5]"),
    takes="float",
)
xlogy: BinaryFunction = binary(
    "xlogy",
    "x log(y), and 0 where x is 0, even if y is 0 too: the terms of entropies.",
    _xlogy,
    lambda x, y, z, g: (xlogy(_is_not_zero(x), y) * g, xdivy(x, y) * g),
    example=("[0.0, 2.0], [0.0, 1.0]", "[0.0, 0.0]"),
    takes="float",
)


def _is_not_zero(x: Tensor) -> Tensor:
    """1 where x is not 0, where the gradient of what is 0 there begins."""
    return cast(not_equal(x, 0), x.dtype)


# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__}
