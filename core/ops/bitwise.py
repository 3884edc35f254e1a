"""Integers as rows of bits. None of these has a gradient."""

from __future__ import annotations

from .elementwise import binary, unary

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
]

bitwise_and = binary(
    "bitwise_and",
    "The bits that are set in both.",
    lambda xp, x, y: x & y,
    None,
    example=("[12], 10", "[8]"),
    takes="integer",
)
bitwise_or = binary(
    "bitwise_or",
    "The bits that are set in at least one.",
    lambda xp, x, y: x | y,
    None,
    example=("[12], 10", "[14]"),
    takes="integer",
)
bitwise_xor = binary(
    "bitwise_xor",
    "The bits that are set in exactly one.",
    lambda xp, x, y: x ^ y,
    None,
    example=("[12], 10", "[6]"),
    takes="integer",
)
bitwise_invert = unary(
    "bitwise_invert",
    "The bits that are not set: -1 - x for signed integers.",
    lambda xp, x: ~x,
    None,
    example=("[0, 5]", "[-1, -6]"),
    takes="integer",
)
bitwise_left_shift = binary(
    "bitwise_left_shift",
    "The bits moved up by y places, 0 <= y < the number of bits; those moved out are lost.",
    lambda xp, x, y: x << y,
    None,
    example=("[1, 3], 4", "[16, 48]"),
    takes="integer",
)
bitwise_right_shift = binary(
    "bitwise_right_shift",
    "The bits moved down by y places, 0 <= y < the number of bits; a sign stays.",
    lambda xp, x, y: x >> y,
    None,
    example=("[48, -16], 4", "[3, -1]"),
    takes="integer",
)

# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__}
