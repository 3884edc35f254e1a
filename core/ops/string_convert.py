"""Strings to numbers and back: decimal text, raw bytes, base64, hashes."""

from __future__ import annotations

import base64
import re
from typing import Any, ClassVar

import numpy as np

from ..errors import DataError, OptionError, user_site
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, TensorType, as_dtype
from .source import convert
from .string import ElementwiseString, require_strings

__all__ = [
    "as_string",
    "decode_base64",
    "decode_raw",
    "encode_base64",
    "string_to_number",
]

# Decimal text -----------------------------------------------------------------------------------


@register
class AsString(ElementwiseString):
    """Numbers as text.  x: (...) number or bool -> (...) string."""

    format: str  # C's and Python's

    def check(self, **types: TensorType) -> None:
        """Anything but strings."""
        require(self, "numeric", **types)

    def element(self, *values: Any) -> Any:
        """`printf`; booleans are words."""
        [x] = values
        if isinstance(x, bool):
            return b"true" if x else b"false"
        return (self.format % x).encode()


@register
class StringToNumber(ElementwiseString):
    """Numbers read from text.  x: (...) string -> (...) dtype."""

    dtype: DType

    def output_dtype(self) -> DType:
        """The attribute."""
        return self.dtype

    def element(self, *values: Any) -> Any:
        """Python's `float` and `int`, without underscores."""
        [x] = values
        try:
            if b"_" in x:
                raise ValueError
            if self.dtype.is_float:
                return float(x)
            number = int(x)
            limits = np.iinfo(self.dtype.numpy)
            if not limits.min <= number <= limits.max:
                raise ValueError
            return number
        except ValueError:
            raise DataError(
                self.label, "not a number", expected=f"the text of a {self.dtype}", got=repr(x)
            ) from None


# Bytes ------------------------------------------------------------------------------------------


@register
class DecodeRaw(OpDef):
    """The numbers whose bytes strings are.  x: (...) string -> (..., n) dtype."""

    dtype: DType
    little_endian: bool
    runs_on_host: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        """How many numbers a string holds, only the data tell."""
        require_strings(self, x=x)
        return TensorType(self.dtype, (*x.dims(), None))

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        require_strings(self, x=x)
        return (TensorType(self.dtype, None),)

    def compute(self, xp: Any, x: Any) -> Any:
        """All strings at once; they must be equally long."""
        del xp
        flat = x.reshape(-1).tolist()
        lengths = sorted({len(value) for value in flat}) or [0]
        size = self.dtype.size_bytes
        if len(lengths) > 1 or lengths[0] % size:
            raise DataError(
                self.label,
                "the strings have wrong lengths",
                expected=f"one length for all, a multiple of {size} bytes for {self.dtype}",
                got=f"{lengths[0]} bytes"
                + (f" to {lengths[-1]} bytes" if len(lengths) > 1 else ""),
            )
        stored_dtype = self.dtype.numpy.newbyteorder("<" if self.little_endian else ">")
        stored = np.frombuffer(b"".join(flat), stored_dtype)
        return stored.astype(self.dtype.numpy).reshape((*x.shape, lengths[0] // size))

    gradient = no_gradient


@register
class EncodeBase64(ElementwiseString):
    """Bytes as web-safe base64.  x: (...) string -> (...) string."""

    pad: bool

    def element(self, *values: Any) -> Any:
        """RFC 4648, section 5."""
        code = base64.urlsafe_b64encode(values[0])
        return code if self.pad else code.rstrip(b"=")


@register
class DecodeBase64(ElementwiseString):
    """Bytes from web-safe base64, padded or not.  x: (...) string -> (...) string."""

    def element(self, *values: Any) -> Any:
        """The inverse of EncodeBase64; nothing is skipped."""
        [x] = values
        code = x.rstrip(b"=")
        missing = -len(code) % 4
        padded = len(x) == len(code) or len(x) == len(code) + missing
        if missing == 3 or not padded or not _BASE64.fullmatch(code):
            raise DataError(
                self.label,
                "not web-safe base64",
                expected="letters, digits, - and _, and = at the end only",
                got=repr(x if len(x) <= 60 else x[:60] + b"..."),
            )
        return base64.urlsafe_b64decode(code + b"=" * missing)


_BASE64 = re.compile(rb"[A-Za-z0-9_-]*")


# Public functions -------------------------------------------------------------------------------


def _format(
    dtype: DType, precision: int, scientific: bool, shortest: bool, width: int, fill: str
) -> str:
    """The `printf` format that the options stand for."""
    is_float = dtype.is_float
    wrong = None
    if fill not in ("", " ", "+", "-", "0", "#"):
        wrong = ("unknown fill", "'', ' ', '+', '-', '0' or '#'", repr(fill))
    elif scientific and shortest:
        wrong = ("two formats", "scientific, shortest, or neither", "both")
    elif not is_float and (scientific or shortest or precision >= 0):
        wrong = ("a format of floats", "only width and fill for others", f"a {dtype}")
    if wrong:
        problem, expected, got = wrong
        raise OptionError("as_string", problem, expected=expected, got=got, site=user_site(3))
    letter = ("e" if scientific else "g" if shortest else "f") if is_float else "d"
    sizes = (str(width) if width >= 0 else "") + (f".{precision}" if precision >= 0 else "")
    return f"%{fill}{sizes}{letter}"


def as_string(
    x: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Numbers as text, as C's `printf` writes them; booleans as `true` and `false`.

    Args:
        x: (...) of any dtype; strings stay as they are.
        precision: digits behind the point; 6 if negative.
        scientific: `1.500000e+00` instead of `1.500000`.
        shortest: `1.5`, whichever of both is shorter.
        width: characters at least.
        fill: what fills them up: `"0"`, `" "`, or `"-"` for blanks on the right; `"+"` writes the
            sign of positive numbers too.
        name: of the node.

    Returns:
        (...) string.

    Raises:
        OptionError: if the options contradict each other or the dtype.

    >>> from thalweg.core import Session
    >>> Session().run([as_string(1.5), as_string(7, width=3, fill="0")])
    [b'1.500000', b'007']
    """
    tensor = convert(x)
    if tensor.dtype.is_string:
        return tensor
    form = _format(tensor.dtype, precision, bool(scientific), bool(shortest), width, fill)
    return apply(AsString(form), tensor, name=name)


def string_to_number(x: Any, out_type: Any = "float32", name: str | None = None) -> Tensor:
    """Numbers read from text.

    Args:
        x: (...) string: a decimal number, white space around it; `inf` and `nan` are floats.
        out_type: a float or integer dtype.
        name: of the node.

    Returns:
        (...) of that dtype.

    Raises:
        OptionError: for another dtype.
        DataError: in the run, if a string is not a number or out of the dtype's range.

    >>> from thalweg.core import Session
    >>> Session().run(string_to_number(["1.5", " -2e3"])).tolist()
    [1.5, -2000.0]
    """
    return apply(StringToNumber(_number("string_to_number", out_type)), convert(x), name=name)


def decode_raw(
    x: Any, out_type: Any, little_endian: bool = True, name: str | None = None
) -> Tensor:
    """The numbers whose bytes strings are.

    Args:
        x: (...) string, all of one length.
        out_type: dtype of the numbers.
        little_endian: the order of the bytes in a number.
        name: of the node.

    Returns:
        (..., n) of that dtype; n is known in the run only.

    Raises:
        OptionError: for a dtype that is not a number's.
        DataError: in the run, if the lengths differ or do not fit the dtype.

    >>> from thalweg.core import Session
    >>> Session().run(decode_raw([b"ab", b"cd"], "uint8")).tolist()
    [[97, 98], [99, 100]]
    """
    op = DecodeRaw(_number("decode_raw", out_type), bool(little_endian))
    return apply(op, convert(x), name=name)


def encode_base64(x: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Any bytes as text of letters, digits, `-` and `_` (RFC 4648, section 5).

    Args:
        x: (...) string.
        pad: whether to fill up with `=` to a multiple of 4.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(encode_base64(b"any bytes"))
    b'YW55IGJ5dGVz'
    """
    return apply(EncodeBase64(bool(pad)), convert(x), name=name)


def decode_base64(x: Any, name: str | None = None) -> Tensor:
    """The bytes of web-safe base64, padded or not.

    Args:
        x: (...) string.
        name: of the node.

    Raises:
        DataError: in the run, if a string is not of that form.

    >>> from thalweg.core import Session
    >>> Session().run(decode_base64("YW55IGJ5dGVz"))
    b'any bytes'
    """
    return apply(DecodeBase64(), convert(x), name=name)


def _number(where: str, dtype: Any) -> DType:
    wanted = as_dtype(dtype)
    if not wanted.is_number:
        raise OptionError(
            where, "not a number's dtype", expected="a float or integer dtype", got=str(wanted),
            site=user_site(3),
        )  # fmt: skip
    return wanted
