"""sum_outside: what a loop only adds up is one product after the loop.

The gradient of a weight that a loop uses is a sum over its iterations, of aᵀ b for the rows a and b
of each. Over all of them together that is one matrix product, of all rows a and all rows b: many
times faster than as many small ones, each with a pass over the whole sum.
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
    return rewrite(program, _rule)


class _Sum(NamedTuple):
    """Carry `carry` is added aᵀ b at each iteration, and nothing else happens to it."""

    carry: int
    product: MatMul
    a: int
    b: int


def _rule(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
    op = instruction.opdef
    if not isinstance(op, Scan):
        return None
    types = rewriter.program.types
    if not all(types[n].is_static for n in (*instruction.inputs, *instruction.outputs)):
        return None
    sums = [found for i in range(op.carries) if (found := _sum_of(op.bodies[0], op, i))]
    return _replaced(rewriter, instruction, op, sums) if sums else None


def _sum_of(body: Program, op: Scan, carry: int) -> _Sum | None:
    feed, result = body.feeds[carry], body.fetches[carry]
    if feed is None or body.fetches.count(result) != 1 or feed in body.fetches:
        return None
    maker = {n: i for i in body.instructions for n in i.outputs}
    add = maker.get(result)
    if add is None or add.opdef.label != "Add" or feed not in add.inputs:
        return None
    uses = [n for i in body.instructions for n in i.inputs]
    term = add.inputs[1] if add.inputs[0] == feed else add.inputs[0]
    product = maker.get(term)
    if product is None or uses.count(feed) != 1 or uses.count(term) != 1 or term in body.fetches:
        return None
    matmul = product.opdef
    if not isinstance(matmul, MatMul) or not matmul.transpose_a or matmul.transpose_b:
        return None
    a, b = product.inputs
    constants = {*body.constants, *body.feeds[op.carries + op.xs :]}
    is_plain = all(body.types[n].is_static and body.types[n].rank == 2 for n in (a, b))
    if not is_plain or a in constants or b in constants or body.types[result] != body.types[term]:
        return None
    return _Sum(carry, matmul, a, b)


def _replaced(
    rewriter: Rewriter, instruction: Instruction, op: Scan, sums: list[_Sum]
) -> tuple[int, ...]:
    """The scan without these carries, with what they add up as rows, and the products."""
    body = op.bodies[0]
    gone = {found.carry for found in sums}
    inputs = [n for i, n in enumerate(instruction.inputs) if i not in gone]
    slices = {
        n: instruction.inputs[i]
        for i, n in enumerate(body.feeds)
        if n is not None and op.carries <= i < op.carries + op.xs
    }
    rows = [n for s in sums for n in (s.a, s.b) if n not in slices]
    rows = list(dict.fromkeys(rows))
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
        a, b = (_as_matrix(rewriter, stacked[n]) for n in (found.a, found.b))
        product = rewriter.emit(found.product, a, b)
        start = instruction.inputs[found.carry]
        outputs[found.carry] = rewriter.emit(REGISTRY["Add"](), start, product)
    return tuple(outputs[i] for i in range(len(body.fetches)))


def _as_matrix(rewriter: Rewriter, value: int) -> int:
    """(length, rows, width) -> (length * rows, width)."""
    length, rows, width = (int(size or 0) for size in rewriter.type(value).dims())
    shape = rewriter.constant(np.array([length * rows, width], np.int32))
    return rewriter.emit(REGISTRY["Reshape"](), value, shape)
