"""Loops whose rows know nothing of each other, such as a recurrent layer's samples.

Their iterations need no barrier: a thread takes a block of rows through all of them, and what it
works on stays in its caches. Whether the rows of a body are independent follows from its ops: each
result's row must be made of the same row of what has rows, and of what all rows share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ThalwegError
from ...ops.linalg.products import MatMul
from ...program import Instruction, Program

__all__ = ["Rows", "block_size", "find_rows", "with_rows"]

# ops that only move numbers; which row of the result comes from which row is seen by moving labels
_MOVES = {
    "Concat", "ExpandDims", "Reshape", "Reverse", "Slice", "SliceGrad", "Split", "Squeeze", "Stack",
    "Tile", "Transpose", "Unstack",
}  # fmt: skip
_SHAPED = {"BroadcastTo", "Reshape", "SliceGrad", "SpreadReduced"}  # the last input is the shape

MAX_BLOCKS = 8  # enough to keep a few threads evenly busy
MIN_ROWS = 8  # a tile of the micro-kernel: fewer rows make too little of each weight they read
MIN_ROWS_OF_LARGE = 16  # where the weights come from the third-level cache
LARGE_BYTES = 512 << 10
MIN_WORK = 1 << 17  # multiplications of a block's iteration, a few microseconds


@dataclass(frozen=True)
class Rows:
    """The rows of a loop's body.

    Attributes:
        count: how many, the first size of all that has rows; at least two.
        values: what has rows; all rows share the other values.
    """

    count: int
    values: frozenset[int]

    def feeds(self, body: Program) -> frozenset[int]:
        """Positions of the body's feeds that have rows."""
        return frozenset(i for i, n in enumerate(body.feeds) if n in self.values)


def find_rows(body: Program, carries: int, xs: int) -> Rows | None:
    """The rows, if every carry and result has them and no row needs another.

    Args:
        body: of a scan; all its sizes are known.
        carries, xs: how many of its feeds are handed on and taken apart.
    """
    first = body.feeds[0] if carries else None
    made = [n for i in body.instructions for n in i.outputs]
    if first is None or not all(body.types[n].is_static for n in (first, *made)):
        return None
    count = next(iter(body.types[first].dims()), None)
    return _Search(body, count).result(carries, xs) if count and count > 1 else None


class _Search:
    """Goes through a body and settles what has rows."""

    def __init__(self, body: Program, count: int) -> None:
        self._body = body
        self._count = count
        self._rows: set[int] = set()
        self._open: set[int] = set()  # constants of the loop that may have rows, or only look so

    def result(self, carries: int, xs: int) -> Rows | None:
        body = self._body
        for position, n in enumerate(body.feeds):
            if n is None or not self._looks_so(n):
                if position < carries:
                    return None
            elif position < carries + xs:
                self._rows.add(n)
            else:
                self._open.add(n)
        if not all(map(self._takes, body.instructions)) or not self._rows.issuperset(body.fetches):
            return None
        return Rows(self._count, frozenset(self._rows))

    def _looks_so(self, n: int) -> bool:
        sizes = self._body.types[n].dims()
        return bool(sizes) and sizes[0] == self._count

    def _takes(self, instruction: Instruction) -> bool:
        """Whether rows stay apart here."""
        opdef = instruction.opdef
        inputs = _arrays(instruction)
        if opdef.has_effect:
            return False
        if self._rows.isdisjoint(inputs):
            return self._are_shared(inputs)
        if isinstance(opdef, MatMul):
            x, y = inputs
            flat = all(len(self._body.types[n].dims()) == 2 for n in inputs)
            is_split = flat and not opdef.transpose_a and x in self._rows and self._are_shared([y])
        elif opdef.is_elementwise:
            is_split = self._takes_elementwise(instruction, inputs)
        elif opdef.label in _MOVES:
            is_split = self._have_rows(inputs) and _keeps_rows(self._body, instruction, self._count)
        else:
            is_split = False
        self._rows.update(instruction.outputs)
        return is_split

    def _takes_elementwise(self, instruction: Instruction, inputs: Iterable[int]) -> bool:
        rank = len(self._body.types[instruction.outputs[0]].dims())
        aligned = {
            n for n in inputs if self._looks_so(n) and len(self._body.types[n].dims()) == rank
        }
        return self._have_rows(aligned) and self._are_shared(set(inputs) - aligned)

    def _have_rows(self, values: Iterable[int]) -> bool:
        for n in self._open.intersection(values):
            self._open.remove(n)
            self._rows.add(n)
        return self._rows.issuperset(values)

    def _are_shared(self, values: Iterable[int]) -> bool:
        self._open.difference_update(values)
        return self._rows.isdisjoint(values)


def _arrays(instruction: Instruction) -> list[int]:
    """The inputs that are not only a shape."""
    host = instruction.opdef.host_inputs
    return [n for i, n in enumerate(instruction.inputs) if i not in host]


def _keeps_rows(program: Program, instruction: Instruction, count: int) -> bool:
    """Whether an op that moves numbers leaves each in its row, or puts a zero there."""
    host = instruction.opdef.host_inputs
    arguments: list[Any] = []
    for i, n in enumerate(instruction.inputs):
        sizes = program.types[n].dims()
        if i in host:
            arguments.append(program.constants.get(n))
        else:
            arguments.append(_labels(tuple(int(size or 0) for size in sizes)))
        if arguments[-1] is None:
            return False
    results = instruction.opdef.compute(np, *arguments)
    for result in results if isinstance(results, tuple) else (results,):
        if (
            result.shape[:1] != (count,)
            or not ((result == 0) | (result == _labels(result.shape))).all()
        ):
            return False
    return True


def _labels(sizes: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Each row's number, from 1."""
    numbers = np.arange(1, sizes[0] + 1, dtype=np.int32)
    return np.broadcast_to(numbers.reshape(-1, *[1] * (len(sizes) - 1)), sizes)


def with_rows(body: Program, rows: Rows, count: int) -> Program | None:
    """The same body for another number of rows; None if its ops do not allow it."""
    new = body.emptied()
    for position in rows.feeds(body):
        n = body.feeds[position]
        if n is not None:
            new.types[n] = body.types[n].with_shape((count, *body.types[n].dims()[1:]))
    renamed: dict[int, int] = {}
    for instruction in body.instructions:
        inputs = [renamed.get(n, n) for n in instruction.inputs]
        has_rows = not rows.values.isdisjoint(instruction.outputs)
        if has_rows and instruction.opdef.label in _SHAPED:
            inputs[-1] = _reshaped(new, inputs[-1], rows.count, count)
        try:
            outputs = new.emit_many(instruction.opdef, *inputs, origin=instruction.origin)
        except ThalwegError:  # a size that does not follow from the rows, such as one in an option
            return None
        renamed.update(zip(instruction.outputs, outputs, strict=True))
        if not has_rows:
            continue
        emitted = new.instructions[-1]
        if any(
            new.types[made].dims() != (count, *body.types[old].dims()[1:])
            for old, made in zip(instruction.outputs, outputs, strict=True)
        ) or (emitted.opdef.label in _MOVES and not _keeps_rows(new, emitted, count)):
            return None
    new.fetches = [renamed.get(n, n) for n in body.fetches]
    return new


def _reshaped(program: Program, n: int, before: int, after: int) -> int:
    """A shape with another first size."""
    shape = program.constants.get(n)
    if shape is None or shape.ndim != 1 or not shape.size or shape[0] != before:
        return n
    return program.constant(np.concatenate([[after], shape[1:]]).astype(shape.dtype))


def block_size(body: Program, rows: Rows) -> int:
    """Rows of a block: all of them, or as few as still use the weights well.

    It follows from the sizes alone, so the number of threads does not change results.
    """
    weights, work = 0, 0
    for instruction in body.instructions:
        type_ = body.types[instruction.outputs[0]]
        work += 4 * int(type_.size or 0) // rows.count
        if isinstance(instruction.opdef, MatMul):
            matrix = body.types[instruction.inputs[1]]
            weights += int(matrix.size_bytes or 0)
            work += int(matrix.size or 0)
    least = MIN_ROWS if weights <= LARGE_BYTES else MIN_ROWS_OF_LARGE
    least = max(least, -(-MIN_WORK // max(work, 1)))
    blocks = max(1, min(MAX_BLOCKS, rows.count // least))
    return -(-rows.count // blocks)
