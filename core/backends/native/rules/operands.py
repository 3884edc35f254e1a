"""What rules ask of their operands: element types by number, and indices as kernels read them."""

from __future__ import annotations

from ..lowering import Builder
from .elementwise import cast_to, type_code

__all__ = ["as_indices", "number_code"]

_INDEX_BYTES = {"int32": 4, "int64": 8}


def number_code(b: Builder, value: int) -> int | None:
    """The number of a value's element type; None if kernels do not compute with it."""
    return None if b.type(value).dtype.is_bool else type_code(b, value)


def as_indices(b: Builder, value: int) -> tuple[int, int]:
    """Integers of 4 or 8 bytes that have these values, and how many bytes."""
    name = b.type(value).dtype.name
    if name in _INDEX_BYTES:
        return value, _INDEX_BYTES[name]
    return cast_to(b, value, "int64"), 8
