"""sum_outside: what a loop only adds up is one product after the loop.

The gradient of a weight that a loop uses is a sum over its iterations, of aᵀ b for the rows a and b
of each. Over all of them together that is one matrix product, of all rows a and all rows b: many
times faster than as many small ones, each with a pass over the whole sum. The gradient of a bias is
a sum of such rows too; and what is linear in a sum, such as the part of a weight that it is about,
follows it out of the loop.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..opdef import REGISTRY
from ..ops.linalg.products import MatMul
from ..ops.loops import Scan
from ..program import Instruction, Program
from .rewrite import Rewriter, drop_dead, rewrite

__all__ = ["sum_outside"]


def sum_outside(program: Program) -> Program:
    """Takes sums of products out of scans whose sizes are known."""
    return rewrite(program, _rule, about="Scan")


_LINEAR = {"Add", "Concat", "Reshape", "SliceGrad", "Transpose"}  # may as well follow the sum


class _Sum(NamedTuple):
    """Carry `carry` is added `term` at each iteration, and nothing else happens to it.

    Attributes:
        makers: what computes the term: sums over rows, and what only moves these or adds them up.
        rows: what the sums are of, (rows, width) at each iteration.
        has_product: whether one is of products.
    """

    carry: int
    term: int
    makers: list[Instruction]
    rows: set[int]
    has_product: bool


def _rule(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
    op = instruction.opdef
    if not isinstance(op, Scan):
        return None
    types = rewriter.program.types
    if not all(types[n].is_static for n in (*instruction.inputs, *instruction.outputs)):
        return None
    body = op.bodies[0]
    found = [s for i in range(op.carries) if (s := _sum_of(body, op, i))]
    # rows that are at hand; those of a plain sum alone would cost more than they save
    stacked = {*body.feeds[op.carries : op.carries + op.xs], *body.fetches[op.carries :]}
    stacked.update(n for s in found if s.has_product for n in s.rows)
    sums = [s for s in found if s.has_product or s.rows <= stacked]
    return _replaced(rewriter, instruction, op, sums) if sums else None


def _sum_of(body: Program, op: Scan, carry: int) -> _Sum | None:
    feed, result = body.feeds[carry], body.fetches[carry]
    if feed is None or body.fetches.count(result) != 1 or feed in body.fetches:
        return None
    search = _Search(body, op)
    add = search.maker.get(result)
    if add is None or add.opdef.label != "Add" or feed not in add.inputs:
        return None
    term = add.inputs[1] if add.inputs[0] == feed else add.inputs[0]
    is_plain = search.uses.count(feed) == 1 and body.types[result] == body.types[term]
    if not is_plain or not search.takes(term):
        return None
    makers = [i for i in body.instructions if i.outputs[0] in search.taken]
    has_product = any(isinstance(i.opdef, MatMul) for i in makers)
    return _Sum(carry, term, makers, search.rows, has_product)


class _Search:
    """Goes back from a term to the sums over rows that it is made of."""

    def __init__(self, body: Program, op: Scan) -> None:
        self._body = body
        self._outer = {*body.constants, *body.feeds[op.carries + op.xs :]}
        self.maker = {n: i for i in body.instructions for n in i.outputs}
        self.uses = [n for i in body.instructions for n in i.inputs]
        self.taken: set[int] = set()
        self.rows: set[int] = set()

    def takes(self, n: int) -> bool:
        """Whether a value is linear in sums over rows, and nothing else reads it."""
        made = self.maker.get(n)
        is_used_once = self.uses.count(n) == 1 and n not in self._body.fetches
        if made is None or not is_used_once or not self._body.types[n].is_static:
            return False
        self.taken.add(n)
        host = made.opdef.host_inputs
        arrays = [m for i, m in enumerate(made.inputs) if i not in host]
        if any(m not in self._body.constants for m in made.inputs if m not in arrays):
            return False
        if self._sums_rows(made):
            self.rows.update(arrays)
            return self._outer.isdisjoint(arrays) and all(map(self._is_matrix, arrays))
        is_same = made.opdef.label != "Add" or all(
            self._body.types[m] == self._body.types[n] for m in arrays
        )
        return made.opdef.label in _LINEAR and is_same and all(map(self.takes, arrays))

    def _sums_rows(self, made: Instruction) -> bool:
        """Whether an instruction sums over the first axis of matrices."""
        if isinstance(made.opdef, MatMul):
            return made.opdef.transpose_a and not made.opdef.transpose_b
        sizes = self._body.types[made.outputs[0]].dims()
        return made.opdef.label == "SumTo" and (len(sizes) < 2 or sizes[0] == 1)

    def _is_matrix(self, n: int) -> bool:
        return self._body.types[n].is_static and self._body.types[n].rank == 2


def _replaced(
    rewriter: Rewriter, instruction: Instruction, op: Scan, sums: list[_Sum]
) -> tuple[int, ...]:
    """The scan without these carries, with what they add up as rows, and the sums after it."""
    body = op.bodies[0]
    gone = {found.carry for found in sums}
    inputs = [n for i, n in enumerate(instruction.inputs) if i not in gone]
    slices = {
        n: instruction.inputs[i]
        for i, n in enumerate(body.feeds)
        if n is not None and op.carries <= i < op.carries + op.xs
    }
    rows = list(dict.fromkeys(n for s in sums for n in sorted(s.rows) if n not in slices))
    new = body.emptied()
    new.feeds = [n for i, n in enumerate(body.feeds) if i not in gone]
    new.instructions = list(body.instructions)
    kept = [i for i in range(len(body.fetches)) if i not in gone]
    new.fetches = [*(body.fetches[i] for i in kept), *rows]
    scan = Scan((drop_dead(new),), op.carries - len(sums), op.xs, op.reverse)
    made = rewriter.emit_many(scan, *inputs)
    stacked = {**slices, **dict(zip(rows, made[len(kept) :], strict=True))}
    outputs = dict(zip(kept, made, strict=False))
    for found in sums:
        values = {n: _as_matrix(rewriter, stacked[n]) for n in sorted(found.rows)}
        total = _after(rewriter, body, found, values)
        start = instruction.inputs[found.carry]
        outputs[found.carry] = rewriter.emit(REGISTRY["Add"](), start, total)
    return tuple(outputs[i] for i in range(len(body.fetches)))


def _after(rewriter: Rewriter, body: Program, found: _Sum, values: dict[int, int]) -> int:
    """The term, of all iterations' rows."""
    for made in found.makers:
        for n in made.inputs:
            if n in body.constants and n not in values:
                values[n] = rewriter.constant(body.constants[n])
        outputs = rewriter.emit_many(made.opdef, *(values[n] for n in made.inputs))
        values.update(zip(made.outputs, outputs, strict=True))
    return values[found.term]


def _as_matrix(rewriter: Rewriter, value: int) -> int:
    """(length, rows, width) -> (length * rows, width)."""
    length, rows, width = (int(size or 0) for size in rewriter.type(value).dims())
    shape = rewriter.constant(np.array([length * rows, width], np.int32))
    return rewriter.emit(REGISTRY["Reshape"](), value, shape)
