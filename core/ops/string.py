"""Strings: arrays of bytes objects, which live on the host whatever the backend.

A string is bytes; where characters matter, they are those of UTF-8. Strings have no gradient.
`string_regex.py` matches patterns, `string_convert.py` turns strings into numbers and back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import DataError, DtypeError, OptionError, ShapeError, user_site
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, TensorType, broadcast_shapes, int32, string, types_text
from .source import convert
from .stack import value_list

__all__ = [
    "string_join",
    "string_length",
    "string_lower",
    "string_strip",
    "string_upper",
    "substr",
]

UNITS = ("BYTE", "UTF8_CHAR")


def require_strings(op: OpDef, **types: TensorType) -> None:
    """Checks that inputs are strings.

    Raises:
        DtypeError: if one is not.
    """
    if not all(type_.dtype.is_string for type_ in types.values()):
        raise DtypeError(
            op.label,
            "takes strings",
            expected="string dtypes",
            got=types_text(**types),
            hint="as_string(x) writes numbers as strings",
        )


def each(function: Callable[..., Any], dtype: DType, *arrays: Any) -> np.ndarray[Any, Any]:
    """`function` of the elements of arrays that are broadcast against each other."""
    shaped = np.broadcast_arrays(*arrays)
    result = np.empty(shaped[0].shape, dtype.numpy)
    flat = result.reshape(-1)
    for place, values in enumerate(zip(*(a.reshape(-1).tolist() for a in shaped), strict=True)):
        flat[place] = function(*values)
    return result


def text(value: bytes) -> str:
    """The characters of a string; bytes that are not UTF-8 stand for themselves."""
    return value.decode("utf-8", "surrogateescape")


def encoded(value: str) -> bytes:
    """The inverse of `text`."""
    return value.encode("utf-8", "surrogateescape")


def as_bytes(value: str | bytes) -> bytes:
    """A string option as bytes."""
    return encoded(value) if isinstance(value, str) else value


class ElementwiseString(OpDef):
    """Base of ops on strings and perhaps numbers, element by element.

    Class attributes:
        gives: dtype of the output.
    """

    runs_on_host: ClassVar[bool] = True
    gives: ClassVar[DType] = string

    def check(self, **types: TensorType) -> None:
        """Raises DtypeError if an input has another dtype than the op takes."""
        require_strings(self, **types)

    def named(self, types: Sequence[TensorType]) -> dict[str, TensorType]:
        """The inputs by the names that messages use."""
        return {"x": types[0]}

    def infer(self, *types: TensorType) -> TensorType:
        """The broadcast shape."""
        named = self.named(types)
        self.check(**named)
        try:
            shape = broadcast_shapes(*(type_.dims() for type_ in types))
        except ShapeError as error:
            raise ShapeError(
                self.label,
                "shapes cannot be broadcast together",
                expected=error.expected,
                got=types_text(**named),
            ) from None
        return TensorType(self.output_dtype(), shape)

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        self.check(**self.named(types))
        return (TensorType(self.output_dtype(), None),)

    def output_dtype(self) -> DType:
        """The dtype of the output."""
        return self.gives

    def element(self, *values: Any) -> Any:
        """The op for one element of each input."""
        raise NotImplementedError(type(self).__name__)

    def compute(self, xp: Any, *arrays: Any) -> Any:
        """One element after another."""
        del xp
        return each(self.element, self.output_dtype(), *arrays)

    gradient = no_gradient


# Lengths and parts ------------------------------------------------------------------------------


@register
class StringLength(ElementwiseString):
    """How long strings are.  x: (...) string -> (...) int32."""

    unit: str
    gives: ClassVar[DType] = int32

    def element(self, *values: Any) -> Any:
        """`len`."""
        [x] = values
        return len(x if self.unit == "BYTE" else text(x))


@register
class Substr(ElementwiseString):
    """Parts of strings.

    x: (...) string; pos, length: (...) integer; broadcast against each other -> that shape.
    """

    unit: str

    def named(self, types: Sequence[TensorType]) -> dict[str, TensorType]:
        """Three inputs."""
        return dict(zip(("x", "pos", "length"), types, strict=True))

    def check(self, **types: TensorType) -> None:
        """A string and two integers."""
        require_strings(self, x=types.pop("x"))
        require(self, "integer", **types)

    def element(self, *values: Any) -> Any:
        """A slice that begins inside the string."""
        x, pos, length = values
        whole = x if self.unit == "BYTE" else text(x)
        if not -len(whole) <= pos <= len(whole) or length < 0:
            raise DataError(
                self.label,
                "a part lies outside its string",
                expected=f"{-len(whole)} <= pos <= {len(whole)} and length >= 0, for {x!r}",
                got=f"pos {pos}, length {length}",
            )
        start = pos + len(whole) if pos < 0 else pos
        part = whole[start : start + length]
        return part if self.unit == "BYTE" else encoded(part)


@register
class StringJoin(ElementwiseString):
    """Strings one after another.  n of (...) string, broadcast -> that shape."""

    separator: bytes

    def named(self, types: Sequence[TensorType]) -> dict[str, TensorType]:
        """As in the list."""
        return {f"inputs[{i}]": type_ for i, type_ in enumerate(types)}

    def element(self, *values: Any) -> Any:
        """`bytes.join`."""
        return self.separator.join(values)


# Letters ----------------------------------------------------------------------------------------


class _Case(ElementwiseString):
    is_utf8: bool

    def element(self, *values: Any) -> Any:
        """The ASCII letters, or all that Unicode knows."""
        [x] = values
        return encoded(self.changed(text(x))) if self.is_utf8 else self.changed(x)

    def changed(self, value: Any) -> Any:
        """The same of a str or of bytes."""
        raise NotImplementedError(type(self).__name__)


@register
class StringLower(_Case):
    """Small letters.  x: (...) string -> (...) string."""

    def changed(self, value: Any) -> Any:
        """`lower`."""
        return value.lower()


@register
class StringUpper(_Case):
    """Capital letters.  x: (...) string -> (...) string."""

    def changed(self, value: Any) -> Any:
        """`upper`."""
        return value.upper()


@register
class StringStrip(ElementwiseString):
    """Without white space at both ends.  x: (...) string -> (...) string."""

    def element(self, *values: Any) -> Any:
        """`bytes.strip`."""
        return values[0].strip()


# Public functions -------------------------------------------------------------------------------


def checked_unit(where: str, unit: str) -> str:
    if unit not in UNITS:
        raise OptionError(
            where,
            "unknown unit",
            expected=" or ".join(map(repr, UNITS)),
            got=repr(unit),
            site=user_site(3),
        )
    return unit


def _is_utf8(where: str, encoding: str) -> bool:
    if encoding not in ("", "utf-8"):
        raise OptionError(
            where,
            "unknown encoding",
            expected="'' for ASCII, or 'utf-8'",
            got=repr(encoding),
            site=user_site(3),
        )
    return encoding == "utf-8"


def string_length(x: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:
    """How long strings are.

    Args:
        x: (...) string.
        unit: `"BYTE"`, or `"UTF8_CHAR"` for characters; a byte that is not UTF-8 counts as one.
        name: of the node.

    Returns:
        (...) int32.

    Raises:
        OptionError: for another unit.

    >>> from thalweg.core import Session
    >>> lengths = [string_length("höhe"), string_length("höhe", "UTF8_CHAR")]
    >>> [int(length) for length in Session().run(lengths)]
    [5, 4]
    """
    return apply(StringLength(checked_unit("string_length", unit)), convert(x), name=name)


def substr(x: Any, pos: Any, length: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:
    """Parts of strings: at most `length` bytes from `pos` on.

    Args:
        x: (...) string.
        pos: (...) integer; negative ones count from the end.
        length: (...) integer >= 0; what lies behind the end of the string is left out. All three
            are broadcast against each other.
        unit: `"BYTE"`, or `"UTF8_CHAR"` for characters.
        name: of the node.

    Returns:
        The broadcast shape, string.

    Raises:
        OptionError: for another unit.
        DataError: in the run, if a `pos` lies outside its string or a length is negative.

    >>> from thalweg.core import Session
    >>> Session().run(substr(["thalweg", "river"], [0, -3], 4)).tolist()
    [b'thal', b'ver']
    """
    op = Substr(checked_unit("substr", unit))
    return apply(op, convert(x), convert(pos), convert(length), name=name)


def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Tensor:
    """Strings one after another, element by element.

    Args:
        inputs: a list of (...) string; they are broadcast against each other.
        separator: stands between them.
        name: of the node.

    Returns:
        The broadcast shape, string.

    Raises:
        ShapeError: if the shapes cannot be broadcast together, or the list is empty.

    >>> from thalweg.core import Session
    >>> Session().run(string_join(["conv", ["1", "2"]], separator="_")).tolist()
    [b'conv_1', b'conv_2']
    """
    values = value_list("StringJoin", inputs)
    return apply(StringJoin(as_bytes(separator)), *values, name=name)


def string_lower(x: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Small letters instead of capital ones.

    Args:
        x: (...) string.
        encoding: `""` changes ASCII letters only, `"utf-8"` all that Unicode knows.
        name: of the node.

    Raises:
        OptionError: for another encoding.

    >>> from thalweg.core import Session
    >>> Session().run(string_lower("River"))
    b'river'
    """
    return apply(StringLower(_is_utf8("string_lower", encoding)), convert(x), name=name)


def string_upper(x: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Capital letters instead of small ones.

    Args:
        x: (...) string.
        encoding: `""` changes ASCII letters only, `"utf-8"` all that Unicode knows.
        name: of the node.

    Raises:
        OptionError: for another encoding.

    >>> from thalweg.core import Session
    >>> Session().run(string_upper("River"))
    b'RIVER'
    """
    return apply(StringUpper(_is_utf8("string_upper", encoding)), convert(x), name=name)


def string_strip(x: Any, name: str | None = None) -> Tensor:
    """Strings without the white space at both ends.

    Args:
        x: (...) string.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(string_strip("  river "))
    b'river'
    """
    return apply(StringStrip(), convert(x), name=name)
