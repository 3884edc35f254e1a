"""sparse: updates of the rows that a gradient is about, instead of whole tables.

The gradient of `gather(table, indices)` is `ScatterRows`, zero but for the picked rows. Some rules
change nothing where the gradient is zero (`UpdateRule.skips_zeros`). Then the picked rows of the
variable and its slots are gathered, the rule is applied to them, and they are put back: the same
numbers, to the last bit, and the table-sized gradient is never made. `PutRows` writes into the
variable itself where nothing else reads it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..ops.gather import Gather, ScatterRows
from ..ops.scatter import CombineRows, PutRows
from ..program import Instruction, Program
from ..updates import Update
from .rewrite import Rewriter, rewrite

__all__ = ["sparse"]


class _Rows(NamedTuple):
    """What a gradient is made of: values of the program."""

    rows: int
    indices: int
    size: int


def sparse(program: Program) -> Program:
    """Replaces updates of tables by updates of their rows, where that is the same and less work."""
    return rewrite(program, _split, about="ScatterRows")


def _split(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
    """An update of tables and other variables becomes two."""
    op = instruction.opdef
    if not isinstance(op, Update) or op.weight_decay or not op.rule.skips_zeros:
        return None
    n = op.count
    rate, t, *values = instruction.inputs
    variables, gradients, *slots = (values[i : i + n] for i in range(0, len(values), n))
    found = {i: _rows(rewriter, variables[i], gradients[i]) for i in range(n)}
    tables = {i: rows for i, rows in found.items() if rows is not None}
    if not tables:
        return None
    state = [variables, *slots]
    results: dict[tuple[int, int], int] = {}
    others = [i for i in range(n) if i not in tables]
    if others:
        columns = [[column[i] for i in others] for column in (variables, gradients, *slots)]
        _update(rewriter, op, (rate, t), columns, others, results)
    picked = [
        [rewriter.emit(Gather(0), column[i], rows.indices) for i, rows in tables.items()]
        for column in state
    ]
    sums = [
        rewriter.emit(CombineRows("add"), rows.rows, rows.indices, rows.size)
        for rows in tables.values()
    ]
    _update(rewriter, op, (rate, t), [picked[0], sums, *picked[1:]], list(tables), results)
    for (place, i), new in results.items():
        if i in tables:
            indices = tables[i].indices
            results[place, i] = rewriter.emit(PutRows(), state[place][i], indices, new)
    return tuple(results[place, i] for place in range(len(state)) for i in range(n))


def _update(
    rewriter: Rewriter,
    op: Update,
    scalars: tuple[int, int],
    columns: list[list[int]],
    which: list[int],
    results: dict[tuple[int, int], int],
) -> None:
    """An update of some of the variables; notes its results by column and variable."""
    operands = [value for column in columns for value in column]
    outputs = iter(rewriter.emit_many(Update(op.rule, len(which)), *scalars, *operands))
    for place in range(len(columns) - 1):
        for i in which:
            results[place, i] = next(outputs)


def _rows(rewriter: Rewriter, variable: int, gradient: int) -> _Rows | None:
    """The rows of a gradient, if it is known to have fewer of them than the variable."""
    made = rewriter.made_by(gradient, "ScatterRows")
    table = rewriter.type(variable)
    if made is None or not isinstance(made.opdef, ScatterRows) or not table.is_static:
        return None
    rows, indices, _ = made.inputs
    index = rewriter.type(indices)
    if not index.is_static or rewriter.type(gradient).shape != table.shape:
        return None
    is_first = made.opdef.axes(len(table.dims()), len(index.dims())) == (0, 0)
    size = table.dims()[0] or 0
    if not is_first or math.prod(n or 0 for n in index.dims()) >= size:
        return None
    return _Rows(rows, indices, rewriter.constant(np.asarray(size, np.int64)))
