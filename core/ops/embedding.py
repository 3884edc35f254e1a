"""Rows of tables by id: `embedding_lookup`, of one table or of several that share the ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import OptionError, ShapeError, user_site
from ..graph import Tensor
from ..opdef import apply
from ..types import types_text
from .compare import equal, greater, less, maximum, where
from .elementwise import add, cast, divide, multiply, ones_like, shape_of, subtract, zeros_like
from .gather import gather
from .math import add_n, floordiv, floormod, sqrt, square
from .reduce import reduce_sum
from .shape import expand_dims
from .sizes import beside
from .slicing import Slice
from .source import convert, convert_all

__all__ = ["embedding_lookup"]


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    max_norm: float | None = None,
) -> Tensor:
    """The rows of a table at `ids`; or of several tables, among which the ids are shared out.

    With `"mod"`, id i is row i // n of table i % n of the n tables. With `"div"`, the tables follow
    one another, and the first ones have one row more where their number does not divide the rows.
    What flows back is of the picked rows only, as in `gather`.

    Args:
        params: (rows, ...), a table or a variable, or a list of them of one dtype and row shape.
        ids: (...) integer in 0 <= id < rows, of all tables together.
        partition_strategy: `"mod"` or `"div"`; says nothing about a single table.
        name: of the node.
        max_norm: if given, longer rows (in the 2-norm) are scaled down to this length.

    Returns:
        (..., ...): the shape of the ids, and that of a row.

    Raises:
        ShapeError: if tables differ, or the rank of one is unknown where that matters.
        OptionError: for another strategy, an empty list, or a norm <= 0.
        KernelError: if an id that only the run knows is out of range (on a device it wraps).

    >>> from thalweg.core import Session
    >>> tables = [[[0.0, 0.0], [2.0, 2.0]], [[1.0, 1.0]]]
    >>> Session().run(embedding_lookup(tables, [2, 1])).tolist()
    [[2.0, 2.0], [1.0, 1.0]]
    """
    if max_norm is not None and not max_norm > 0:
        raise _option_error("max_norm must be above 0", "a number > 0, or None", max_norm)
    if isinstance(params, list | tuple) and not params:
        raise _option_error("there are no tables", "one table or more", params)
    tables = convert_all(*params) if isinstance(params, list | tuple) else (convert(params),)
    with beside(tables[0]):
        picked = convert(ids)
        if len(tables) == 1:
            rows = gather(tables[0], picked, name=None if max_norm else name)
        else:
            owner, places = _shared_out(partition_strategy, tables, picked)
            rows = _picked_rows(tables, owner, places)
        return rows if max_norm is None else _clipped(rows, _width(tables[0]), max_norm, name)


def _shared_out(strategy: str, tables: Sequence[Tensor], ids: Tensor) -> tuple[Tensor, Tensor]:
    """For each id, its table and the row there."""
    count = len(tables)
    if strategy == "mod":
        return floormod(ids, count), floordiv(ids, count)
    if strategy != "div":
        raise _option_error("unknown partition_strategy", "'mod' or 'div'", strategy)
    total = add_n([apply(Slice((0,)), shape_of(table, "int64")) for table in tables])
    place = cast(ids, "int64")
    each = maximum(floordiv(total, count), 1)
    longer = floormod(total, count)  # so many tables have one row more than the others
    long, rest = add(each, 1), subtract(place, longer)
    owner = maximum(floordiv(place, long), floordiv(rest, each))
    return owner, where(less(owner, longer), floormod(place, long), floormod(rest, each))


def _picked_rows(tables: Sequence[Tensor], owner: Tensor, places: Tensor) -> Tensor:
    """Each table gives as many rows as there are ids, and for each id that of its own is chosen:
    so no size depends on how many fall to which.
    """
    axes = list(range(-_width(tables[0]), 0))
    is_own = [equal(owner, number) for number in range(len(tables))]
    rows = [
        gather(table, where(own, places, zeros_like(places)))
        for table, own in zip(tables, is_own, strict=True)
    ]
    result = rows[0]
    for own, found in zip(is_own[1:], rows[1:], strict=True):
        result = where(expand_dims(own, axes) if axes else own, found, result)
    return result


def _clipped(rows: Tensor, width: int, max_norm: float, name: str | None) -> Tensor:
    """Rows no longer than `max_norm`, by a scale whose gradient is finite for zeros too."""
    squares = reduce_sum(square(rows), axis=tuple(range(-width, 0)), keepdims=True)
    is_long = greater(squares, max_norm * max_norm)
    one = ones_like(squares)
    scale = where(is_long, divide(max_norm, sqrt(where(is_long, squares, one))), one)
    return multiply(rows, scale, name=name)


def _width(table: Tensor) -> int:
    """How many axes a row has."""
    if table.ndim is None:
        raise ShapeError(
            "embedding_lookup",
            "the rank of a table is unknown",
            expected="tables of known rank",
            got=types_text(params=table.type),
            site=user_site(3),
        )
    return table.ndim - 1


def _option_error(problem: str, expected: str, got: Any) -> OptionError:
    return OptionError(
        "embedding_lookup", problem, expected=expected, got=repr(got), site=user_site(2)
    )
