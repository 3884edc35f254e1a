"""ahead: work on rows that are picked from a table becomes work on the table, done once.

A backend computes once what follows from variables alone, and again only when one of them changes
(`Fusion.keeps_fixed`). `matmul(gather(table, indices), kernel)` follows from the indices too; but
as `gather(matmul(table, kernel), indices)` only the picking is left to each run. It is the same sum
for each row. So an embedding before a dense or a recurrent layer costs a prediction no product;
a step of training writes both variables, and keeps it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..ops.gather import Gather
from ..ops.linalg.products import MatMul
from ..ops.shape import Reshape
from ..program import Instruction, Program
from .rewrite import Rewriter, rewrite

__all__ = ["ahead"]

# Rows of a table for each row that a run picks: so many runs pay for the product with the table.
MAX_ROWS = 8
MAX_BYTES = 64 << 20  # of a product that is kept


class _Picked(NamedTuple):
    """Rows of a table: values of the program."""

    table: int
    indices: int


def ahead(program: Program) -> Program:
    """Puts products and biases before the picking, where they then follow from variables alone."""
    written = set(program.state_out)
    fixed = {n for variable, n in program.state_in.items() if variable not in written}
    if not fixed or not program.is_on_host:
        return program

    def rule(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
        sides = _sides(rewriter, instruction, fixed)
        if sides is None:
            return None
        picked, other = sides
        whole = rewriter.emit(instruction.opdef, picked.table, other)
        fixed.add(whole)
        before = rewriter.type(instruction.outputs[0]).dims()[:-1]
        indices = picked.indices
        if rewriter.type(indices).shape != before:
            sizes = rewriter.constant(np.array(before, np.int64))
            indices = rewriter.emit(Reshape(), indices, sizes)
        return (rewriter.emit(Gather(0), whole, indices),)

    return rewrite(program, rule, about="Gather")


def _sides(
    rewriter: Rewriter, instruction: Instruction, fixed: set[int]
) -> tuple[_Picked, int] | None:
    """Picked rows, and the fixed operand that each of them meets."""
    op, inputs = instruction.opdef, instruction.inputs
    if isinstance(op, MatMul):
        if op.transpose_a or len(rewriter.type(inputs[1]).dims()) != 2:
            return None
        pairs = [inputs]
    elif op.label == "Add":
        pairs = [inputs, inputs[::-1]]
    else:
        return None
    width = rewriter.type(instruction.outputs[0]).dims()[-1:]
    for rows, other in pairs:
        is_bias = rewriter.type(other).dims() == width
        picked = _picked(rewriter, rows) if other in fixed else None
        if picked is None or picked.table not in fixed:
            continue
        if isinstance(op, MatMul) and _is_worth_it(rewriter, picked, width):
            return picked, other
        # a table that a run reads as it is would be kept twice for the sake of an addition
        if op.label == "Add" and is_bias and rewriter.made_by(picked.table, "MatMul"):
            return picked, other
    return None


def _picked(rewriter: Rewriter, rows: int) -> _Picked | None:
    """What rows (..., width) were picked from, if each is a row of one table (size, width)."""
    shape = rewriter.type(rows).dims()
    reshaped = rewriter.made_by(rows, "Reshape")
    made = rewriter.made_by(reshaped.inputs[0] if reshaped else rows, "Gather")
    if made is None or not isinstance(made.opdef, Gather):
        return None
    table, indices = (rewriter.type(n) for n in made.inputs)
    if not (table.is_static and indices.is_static and rewriter.type(rows).is_static):
        return None
    is_rows = len(table.dims()) == 2 and table.dims()[-1:] == shape[-1:]
    if not is_rows or made.opdef.axes(2, len(indices.dims())) != (0, 0):
        return None
    return _Picked(*made.inputs)


def _is_worth_it(rewriter: Rewriter, picked: _Picked, width: tuple[int | None, ...]) -> bool:
    size = rewriter.type(picked.table).dims()[0] or 0
    bytes_kept = size * (width[0] or 0) * rewriter.type(picked.table).dtype.size_bytes
    count = math.prod(n or 0 for n in rewriter.type(picked.indices).dims())
    return size <= MAX_ROWS * count and bytes_kept <= MAX_BYTES
