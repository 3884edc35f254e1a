"""Strings taken apart and put together in rows: parts between separators, n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import OptionError, ShapeError, user_site
from ..graph import Tensor
from ..opdef import OpDef, apply_many, no_gradient, register, require
from ..types import TensorType, int32, string, types_text
from .source import convert
from .string import as_bytes, checked_unit, encoded, require_strings, text

__all__ = ["string_ngrams", "string_split"]


def _rows(rows: Sequence[Sequence[bytes]]) -> tuple[Any, Any]:
    """Rows filled up with "" to equal length, and how many strings each had."""
    result = np.full((len(rows), max(map(len, rows), default=0)), b"", object)
    for place, row in enumerate(rows):
        result[place, : len(row)] = row
    return result, np.array([len(row) for row in rows], np.int32)


@register
class StringSplit(OpDef):
    """The parts of strings between separators.

    x: (n,) string -> (n, most) string, "" behind the last part, (n,) int32 number of parts.
    """

    separator: bytes | None  # None is any white space
    skip_empty: bool
    unit: str
    runs_on_host: ClassVar[bool] = True

    def infer(self, x: TensorType) -> tuple[TensorType, TensorType]:
        """How many parts there are, only the data tell."""
        require_strings(self, x=x)
        if len(x.dims()) != 1:
            raise ShapeError(self.label, "takes a vector", expected="x (n,)", got=f"x {x}")
        return TensorType(string, (*x.dims(), None)), TensorType(int32, x.dims())

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """A matrix and a vector."""
        require_strings(self, x=x)
        return TensorType(string, (None, None)), TensorType(int32, (None,))

    def compute(self, xp: Any, x: Any) -> Any:
        """One string after another."""
        del xp
        return _rows([self._parts(value) for value in x.tolist()])

    def _parts(self, value: bytes) -> list[bytes]:
        if self.separator is None:
            return value.split()
        if self.separator:
            parts = value.split(self.separator)
        elif self.unit == "BYTE":
            parts = [value[i : i + 1] for i in range(len(value))]
        else:
            parts = [encoded(character) for character in text(value)]
        return [part for part in parts if part] if self.skip_empty else parts

    gradient = no_gradient


@register
class StringNgrams(OpDef):
    """Strings that stand side by side in a row, joined.

    x: (n, m) string, lengths: (n,) integer -> (n, most) string, (n,) int32 how many.
    """

    widths: tuple[int, ...]
    separator: bytes
    runs_on_host: ClassVar[bool] = True

    def infer(self, x: TensorType, lengths: TensorType) -> tuple[TensorType, TensorType]:
        """How many there are, only the lengths tell."""
        self._check(x, lengths)
        sizes, counts = x.dims(), lengths.dims()
        is_matrix = len(sizes) == 2 and len(counts) == 1
        if not is_matrix or (None not in (sizes[0], counts[0]) and sizes[0] != counts[0]):
            raise ShapeError(
                self.label,
                "not one length a row",
                expected="x (n, m), lengths (n,)",
                got=types_text(x=x, lengths=lengths),
            )
        return TensorType(string, (sizes[0], None)), TensorType(int32, sizes[:1])

    def infer_unknown(self, x: TensorType, lengths: TensorType) -> tuple[TensorType, ...]:
        """A matrix and a vector."""
        self._check(x, lengths)
        return TensorType(string, (None, None)), TensorType(int32, (None,))

    def _check(self, x: TensorType, lengths: TensorType) -> None:
        require_strings(self, x=x)
        require(self, "integer", lengths=lengths)

    def compute(self, xp: Any, x: Any, lengths: Any) -> Any:
        """One row after another, one width after another."""
        del xp
        rows = []
        for row, length in zip(x.tolist(), lengths.tolist(), strict=True):
            words = row[: max(length, 0)]
            rows.append(
                [
                    self.separator.join(words[begin : begin + width])
                    for width in self.widths
                    for begin in range(len(words) - width + 1)
                ]
            )
        return _rows(rows)

    gradient = no_gradient


def string_split(
    x: Any,
    separator: str | bytes | None = " ",
    skip_empty: bool = True,
    name: str | None = None,
    *,
    unit: str = "BYTE",
) -> tuple[Tensor, Tensor]:
    """The parts of strings between separators, as rows of equal length.

    # differs from TensorFlow 1: a separator of several characters is one separator, and rows are
    # filled up, where TF1 returns a sparse tensor.

    Args:
        x: (n,) string.
        separator: what stands between parts; `""` makes every byte a part, or every character;
            None is any white space (and then no part is empty).
        skip_empty: whether to leave out empty parts.
        name: of the node.
        unit: what `""` makes a part: `"BYTE"`, or `"UTF8_CHAR"` for characters.

    Returns:
        (n, most) string, with `""` behind the last part of a row, and (n,) int32, the number of
        parts of each. `most` is known in the run only.

    Raises:
        OptionError: for another unit.
        ShapeError: if x is not a vector.

    >>> from thalweg.core import Session
    >>> parts, count = Session().run(string_split(["a bc", "d"]))
    >>> parts.tolist(), count.tolist()
    ([[b'a', b'bc'], [b'd', b'']], [2, 1])
    """
    between = None if separator is None else as_bytes(separator)
    op = StringSplit(between, bool(skip_empty), checked_unit("string_split", unit))
    parts, count = apply_many(op, convert(x), name=name).outputs
    return parts, count


def string_ngrams(
    x: Any,
    lengths: Any,
    widths: Sequence[int],
    separator: str | bytes = " ",
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Strings that stand side by side in a row, joined, as rows of equal length.

    Args:
        x: (n, m) string.
        lengths: (n,) integer: how many strings of each row count.
        widths: how many are joined; of each row all of the first width come first.
        separator: what is put between them.
        name: of the node.

    Returns:
        (n, most) string, with `""` behind the last of a row, and (n,) int32, how many each has.
        `most` is known in the run only.

    Raises:
        OptionError: if a width is not 1 or more.
        ShapeError: if there is not one length a row.

    >>> from thalweg.core import Session
    >>> texts = [["a", "b", "c"], ["d", "", ""]]
    >>> grams, count = Session().run(string_ngrams(texts, [3, 1], [1, 2]))
    >>> grams.tolist(), count.tolist()
    ([[b'a', b'b', b'c', b'a b', b'b c'], [b'd', b'', b'', b'', b'']], [5, 1])
    """
    found = tuple(widths)
    if not found or not all(isinstance(width, int) and width >= 1 for width in found):
        raise OptionError(
            "string_ngrams", "bad widths", expected="integers >= 1", got=repr(widths),
            site=user_site(),
        )  # fmt: skip
    op = StringNgrams(found, as_bytes(separator))
    grams, count = apply_many(op, convert(x), convert(lengths), name=name).outputs
    return grams, count
