"""Vocabularies: where words or integers stand in a list, and what stands at a place.

A :class:`Table` is a host object that graphs refer to. It may be filled anew at any time, and the
next run sees what it holds then; so a model that was built first may learn its words later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import DataError, DtypeError, OptionError, user_site
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register
from ..types import DType, TensorType, int64, string, types_text
from .source import convert

__all__ = ["Table", "table_index", "table_value"]


class Table:
    """Words, or integers of 64 bits, each at its place: 0, 1, 2 and so on.

    Args:
        values: bytes, or integers; none twice.
        of_strings: whether they are words.

    Raises:
        OptionError: a value stands twice, or is of the other kind.

    >>> table = Table([b"river", b"sea"], of_strings=True)
    >>> len(table), table.values
    (2, (b'river', b'sea'))
    """

    def __init__(self, values: Sequence[Any] = (), *, of_strings: bool) -> None:
        self.of_strings = of_strings
        self.fill(values)

    @property
    def dtype(self) -> DType:
        """Of the values."""
        return string if self.of_strings else int64

    @property
    def values(self) -> tuple[Any, ...]:
        """All of them, in order."""
        return self._content[0]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.values)

    def fill(self, values: Sequence[Any]) -> None:
        """Takes these values in place of all others.

        Raises:
            OptionError: a value stands twice, or is of another kind.
        """
        kind = bytes if self.of_strings else int
        found = tuple(v.item() if isinstance(v, np.integer) else v for v in values)
        places = {value: place for place, value in enumerate(found)}
        wrong = next((v for v in found if type(v) is not kind), None)
        if wrong is not None:
            raise OptionError(
                "Table",
                "a value of another kind",
                expected="bytes" if self.of_strings else "integers",
                got=repr(wrong),
                site=user_site(2),
            )
        if len(places) != len(found):
            twice = next(v for place, v in enumerate(found) if places[v] != place)
            raise OptionError("Table", "a value stands twice", got=repr(twice), site=user_site(2))
        # One assignment, so that a run on another thread sees the old values or the new ones.
        self._content: tuple[tuple[Any, ...], dict[Any, int]] = (found, places)

    def index(self, values: Any, missing: int) -> np.ndarray[Any, Any]:
        """The places of the elements of an array; `missing` for one that is not here."""
        places = self._content[1]
        flat = [places.get(value, missing) for value in values.reshape(-1).tolist()]
        found: np.ndarray[Any, Any] = np.array(flat, np.int64).reshape(values.shape)
        return found

    def take(self, places: Any, missing: Any) -> np.ndarray[Any, Any]:
        """What stands at places; `missing` beyond them."""
        values = self._content[0]
        result = np.empty(places.shape, self.dtype.numpy)
        flat = result.reshape(-1)
        for i, place in enumerate(places.reshape(-1).tolist()):
            flat[i] = values[place] if 0 <= place < len(values) else missing
        return result


class _OnTable(OpDef):
    """An op that reads a table. It is not pure: the table may be filled anew."""

    table: Table
    runs_on_host: ClassVar[bool] = True
    is_pure: ClassVar[bool] = False
    gradient = no_gradient

    def takes(self) -> DType:
        """The dtype of the input."""
        raise NotImplementedError

    def gives(self) -> DType:
        """The dtype of the output."""
        raise NotImplementedError

    def infer(self, x: TensorType) -> TensorType:
        """The same shape."""
        [result] = self.infer_unknown(x)
        return TensorType(result.dtype, x.dims())

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        if x.dtype != self.takes():
            raise DtypeError(
                self.label,
                "not what the table takes",
                expected=self.takes().name,
                got=types_text(x=x),
                hint=None if x.dtype.is_string else "cast(x, 'int64') converts",
            )
        return (TensorType(self.gives(), None),)


@register
class TableIndex(_OnTable):
    """Where values stand in a table.  x: (...) string or int64 -> (...) int64."""

    missing: int | None

    def takes(self) -> DType:
        """The values'."""
        return self.table.dtype

    def gives(self) -> DType:
        """Places."""
        return int64

    def compute(self, xp: Any, x: Any) -> Any:
        """One value after another; without `missing` all must be there."""
        del xp
        result = self.table.index(x, -1 if self.missing is None else self.missing)
        if self.missing is None and (result < 0).any():
            unknown = dict.fromkeys(x[result < 0].tolist())
            shown = ", ".join(map(repr, list(unknown)[:5]))
            raise DataError(
                self.label,
                "values that are not in the table",
                expected=f"{len(self.table)} known values",
                got=shown + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""),
            )
        return result


@register
class TableValue(_OnTable):
    """What stands at places of a table.  x: (...) int64 -> (...) string or int64."""

    missing: bytes | int

    def takes(self) -> DType:
        """Places."""
        return int64

    def gives(self) -> DType:
        """The values'."""
        return self.table.dtype

    def compute(self, xp: Any, x: Any) -> Any:
        """One place after another."""
        del xp
        return self.table.take(x, self.missing)


def table_index(
    x: Any, table: Table, missing: int | None = None, name: str | None = None
) -> Tensor:
    """Where values stand in a table.

    Args:
        x: (...) string, or int64 for a table of integers.
        table: the values; what it holds when the graph runs counts.
        missing: the result for a value that is not there; None makes that an error.
        name: of the node.

    Returns:
        (...) int64.

    Raises:
        DtypeError: x has another dtype than the table.
        DataError: in the run, for a value that is not there, without `missing`.

    >>> from thalweg.core import Session
    >>> words = Table([b"river", b"sea"], of_strings=True)
    >>> Session().run(table_index(["sea", "bed", "river"], words, -1)).tolist()
    [1, -1, 0]
    """
    return apply(
        TableIndex(table, None if missing is None else int(missing)), convert(x), name=name
    )


def table_value(x: Any, table: Table, missing: Any, name: str | None = None) -> Tensor:
    """What stands at places of a table.

    Args:
        x: (...) int64.
        table: the values; what it holds when the graph runs counts.
        missing: the result for a place beyond them: bytes, or an integer for a table of integers.
        name: of the node.

    Returns:
        (...) string, or int64 for a table of integers.

    Raises:
        OptionError: `missing` is of the other kind.

    >>> import numpy as np
    >>> from thalweg.core import Session
    >>> words = Table([b"river", b"sea"], of_strings=True)
    >>> Session().run(table_value(np.int64([1, 0, 7]), words, b"?")).tolist()
    [b'sea', b'river', b'?']
    """
    if not isinstance(missing, bytes if table.of_strings else int):
        raise OptionError(
            "table_value",
            "bad missing",
            expected="bytes" if table.of_strings else "an integer",
            got=repr(missing),
            site=user_site(),
        )
    return apply(TableValue(table, missing), convert(x), name=name)
