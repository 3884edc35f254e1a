"""Arguments of data sets, checked; and types of the parts of their elements."""

from __future__ import annotations

import os
from typing import Any

from thalweg.core import (
    OptionError,
    Tensor,
    TensorType,
    Variable,
    as_array,
    as_dtype,
    as_shape,
    convert,
)

from .nesting import leaves_of, mapped, packed

__all__ = [
    "Part",
    "as_value",
    "declared",
    "fresh_entropy",
    "number",
    "require_tensors",
    "spread",
    "type_of",
    "types_and_shapes",
    "with_first",
    "without_first",
    "zero_of",
]


class Part:
    """In a structure: a part of an element that is itself a data set.

    Args:
        structure: of its elements.
    """

    def __init__(self, structure: Any) -> None:
        self.structure = structure

    @property
    def dtype(self) -> Any:
        """The dtypes of its elements."""
        return types_and_shapes(self.structure)[0]

    @property
    def shape(self) -> Any:
        """The shapes of its elements."""
        return types_and_shapes(self.structure)[1]


def types_and_shapes(structure: Any) -> tuple[Any, Any]:
    """The dtypes and the shapes of an element."""
    types = mapped(lambda part: part.dtype, structure)
    return types, mapped(lambda part: part.shape, structure)


def as_value(value: Any) -> Any:
    """A tensor as it is, anything else as an array."""
    if isinstance(value, Tensor | Variable):
        return convert(value)
    if isinstance(value, list) and any(isinstance(item, Tensor | Variable) for item in value):
        return convert(value)
    return as_array(value)


def number(value: Any, name: str = "", least: int | None = None) -> Any:
    """An int, None, or the tensor that will be one.

    Raises:
        OptionError: if it is smaller than `least`.
    """
    if isinstance(value, Tensor | Variable):
        return convert(value)
    found = None if value is None else int(value)
    if found is not None and least is not None and found < least:
        raise OptionError("Dataset", f"{name} is too small", expected=f">= {least}", got=str(found))
    return found


def type_of(value: Any) -> TensorType:
    """The type of an array or tensor."""
    return TensorType(as_dtype(value.dtype), as_shape(value.shape))


def with_first(type_: TensorType, size: int | None) -> TensorType:
    """The type of several of them."""
    return TensorType(type_.dtype, None if type_.shape is None else (size, *type_.shape))


def without_first(type_: TensorType) -> TensorType:
    """The type of a row."""
    if type_.shape == ():
        raise OptionError("Dataset", "a scalar has no rows", got=str(type_))
    return TensorType(type_.dtype, None if type_.shape is None else type_.shape[1:])


def zero_of(type_: TensorType) -> Any:
    """What pads."""
    return b"" if type_.dtype.is_string else False if type_.dtype.is_bool else 0


def declared(output_types: Any, output_shapes: Any) -> Any:
    """A structure from nested dtypes and shapes; shapes of unknown rank if there are none."""
    count = len(list(leaves_of(output_types)))
    types = mapped(as_dtype, output_types)
    shapes = [None] * count if output_shapes is None else spread(output_types, output_shapes)
    pairs = zip(leaves_of(types), shapes, strict=True)
    return packed(types, (TensorType(dtype, as_shape(shape)) for dtype, shape in pairs))


def spread(structure: Any, values: Any) -> list[Any]:
    """The values that stand where a structure has leaves; each may itself be a tuple.

    Raises:
        OptionError: if they are nested in another way.
    """
    if isinstance(structure, tuple | dict):
        keys = sorted(structure) if isinstance(structure, dict) else range(len(structure))
        fits = isinstance(values, dict if isinstance(structure, dict) else tuple | list)
        if not fits or len(values) != len(structure):
            raise OptionError(
                "Dataset",
                "not nested as the elements are",
                expected=f"{len(structure)} parts",
                got=repr(values),
            )
        return [value for key in keys for value in spread(structure[key], values[key])]
    return [values]


def require_tensors(where: str, structure: Any, hint: str) -> None:
    """Checks that no part of an element is a data set.

    Raises:
        OptionError: if one is.
    """
    if any(isinstance(part, Part) for part in leaves_of(structure)):
        raise OptionError(where, "elements are data sets", expected="tensors", hint=hint)


def fresh_entropy() -> list[int]:
    """What makes an order of elements different every time."""
    return [int.from_bytes(os.urandom(7), "little")]
