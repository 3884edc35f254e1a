"""Optimizers: every rule's own formula, traced once and run as one pass over memory a variable.

`UpdateRule.step` is written for arrays. Here it is called with objects that note what is done to
them, and what they note is an element-wise group, see `elementwise.py`. What has no elements, such
as Adam's corrected rate, is computed once for all variables. In the pass over a variable of a rule
with averages, numbers below the smallest normal one count as zero: `denormals.h` says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from ....opdef import REGISTRY
from ....program import Instruction, Program
from ....types import TensorType, int32
from ....updates import Update
from ..lowering import Builder, rule
from .elementwise import ChainCall, PickedRows, chain_of, is_supported
from .index import is_first_axis, list_rows

__all__ = ["call_update"]

_ANY_SIZE = 1 << 20  # stands for the number of elements while a formula is traced
_PIECE = 16  # instructions of a scalar part: their constants must fit a chain, too


class _NotTraceable(Exception):
    """The formula does something that the engine has no element-wise op for."""


class _Noted:
    """An array in a formula."""

    def __init__(self, program: Program, number: int) -> None:
        self.program = program
        self.number = number

    def apply(self, label: str, *operands: Any) -> _Noted:
        """What an op makes of these; Python's numbers take this array's dtype."""
        numbers = [self._number(operand) for operand in operands]
        return _Noted(self.program, self.program.emit(REGISTRY[label](), *numbers))

    def _number(self, operand: Any) -> int:
        if isinstance(operand, _Noted):
            return operand.number
        if not isinstance(operand, int | float):
            raise _NotTraceable
        dtype = self.program.types[self.number].dtype.numpy
        return self.program.constant(np.asarray(operand, dtype))

    def __add__(self, other: Any) -> _Noted:
        return self.apply("Add", self, other)

    def __radd__(self, other: Any) -> _Noted:
        return self.apply("Add", other, self)

    def __sub__(self, other: Any) -> _Noted:
        return self.apply("Subtract", self, other)

    def __rsub__(self, other: Any) -> _Noted:
        return self.apply("Subtract", other, self)

    def __mul__(self, other: Any) -> _Noted:
        return self.apply("Multiply", self, other)

    def __rmul__(self, other: Any) -> _Noted:
        return self.apply("Multiply", other, self)

    def __truediv__(self, other: Any) -> _Noted:
        return self.apply("Divide", self, other)

    def __rtruediv__(self, other: Any) -> _Noted:
        return self.apply("Divide", other, self)

    def __pow__(self, other: Any) -> _Noted:
        return self.apply("Sqrt", self) if other == 0.5 else self.apply("Pow", self, other)

    def __rpow__(self, other: Any) -> _Noted:
        return self.apply("Pow", other, self)

    def __neg__(self) -> _Noted:
        return self.apply("Negative", self)


class _Functions:
    """The array module of a traced formula."""

    def sqrt(self, x: _Noted) -> _Noted:
        """Square root."""
        return x.apply("Sqrt", x)

    def exp(self, x: _Noted) -> _Noted:
        """e to the power of x."""
        return x.apply("Exp", x)

    def expm1(self, x: _Noted) -> _Noted:
        """The same less 1."""
        return x.apply("Expm1", x)

    def abs(self, x: _Noted) -> _Noted:
        """Size."""
        return x.apply("Abs", x)

    def sign(self, x: _Noted) -> _Noted:
        """-1, 0 or 1."""
        return x.apply("Sign", x)

    def maximum(self, x: _Noted, y: Any) -> _Noted:
        """The larger."""
        return x.apply("Maximum", x, y)

    def clip(self, x: _Noted, low: float, high: float) -> _Noted:
        """Between two numbers."""
        return self.maximum(x, low).apply("Minimum", self.maximum(x, low), high)

    def __getattr__(self, name: str) -> Any:
        raise _NotTraceable(name)


class _Formula:
    """A rule's step for one dtype, as a scalar part and a part for each element."""

    def __init__(self, op: Update, dtype: Any) -> None:
        program = Program()
        slots = len(op.rule.slots)
        many, one = TensorType(dtype, (_ANY_SIZE,)), TensorType(dtype, ())
        self.arrays = [program.value(many) for _ in range(2 + slots)]  # w, g, slots
        self.scalars = [program.value(one) for _ in range(2)]  # rate, t
        self.lists = program.value(TensorType(int32, (_ANY_SIZE,)))  # of a gradient's rows
        noted = [_Noted(program, n) for n in (*self.arrays, *self.scalars)]
        w, g, *rest = noted
        rate, t = rest[slots:]
        if op.weight_decay:
            w = w - w * (op.weight_decay * rate)
        results = op.rule.step(_Functions(), w, g, rest[:slots], rate, t)
        self.results = [result.number for result in results]
        if not all(is_supported(program, i) for i in program.instructions):
            raise _NotTraceable
        is_scalar = [program.types[i.outputs[0]].shape == () for i in program.instructions]
        pairs = list(zip(program.instructions, is_scalar, strict=True))
        once = [i for i, scalar in pairs if scalar]
        each = [i for i, scalar in pairs if not scalar]
        read = {n for i in each for n in i.inputs}
        self.once = [part for part in _pieces(program, once, read) if part.fetches]
        self.each = _part(program, each, self.results)


def _pieces(program: Program, members: list[Instruction], read: set[int]) -> Iterator[Program]:
    """Parts that a chain has room for; each gives what later ones, or those in `read`, need."""
    for start in range(0, len(members), _PIECE):
        piece, later = members[start : start + _PIECE], members[start + _PIECE :]
        wanted = read.union(*(i.inputs for i in later))
        yield _part(program, piece, [n for i in piece for n in i.outputs if n in wanted])


def _part(program: Program, members: Sequence[Instruction], outputs: Sequence[int]) -> Program:
    part = Program(types=program.types, constants=program.constants)
    part.instructions, part.fetches = list(members), list(outputs)
    return part


@rule("Update")
def update(b: Builder, op: Update, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """One call for what is the same for all variables, then one for each variable."""
    return call_update(b, op, inputs, outputs, {})


def call_update(
    b: Builder,
    op: Update,
    inputs: Sequence[int],
    outputs: Sequence[int],
    tables: Mapping[int, Instruction],
) -> bool:
    """An update in which some gradients are the `ScatterRows` that would make them.

    Those are added up on the way: a table of mostly zeros is neither written nor read.
    """
    rate, t, *arrays = inputs
    dtype = b.type(rate).dtype
    if len({b.type(n).dtype.name for n in (*inputs, *outputs)}) > 1 or not dtype.is_float:
        return False
    if not all(is_first_axis(b, made) for made in tables.values()):
        return False
    try:
        formula = _Formula(op, dtype)
    except (_NotTraceable, TypeError):
        return False
    given = dict(zip(formula.scalars, (rate, t), strict=True))
    gradients = arrays[op.count : 2 * op.count]
    common = chain_of(formula.each)  # of all variables whose gradients lie there
    found = (_picked_chain(b, formula, tables[n]) if n in tables else common for n in gradients)
    chains = [chain for chain in found if chain is not None]
    if len(chains) < op.count:
        return False
    for piece in formula.once:
        once = chain_of(piece)
        if once is None:
            return False
        given.update({n: b.temporary(dtype.size_bytes) for n in piece.fetches})
        made = [given[n] for n in piece.fetches]
        b.call("elementwise", [given[n] for n in once.buffers], made, once.ints, once.reals)
    # Where a gradient of zero changes nothing, nothing fades, and rows that are left out must stay.
    kernel = "elementwise" if op.rule.skips_zeros else "update"
    for i, chain in enumerate(chains):
        columns = range(i, len(arrays), op.count)
        named = {**given, **dict(zip(formula.arrays, (arrays[k] for k in columns), strict=True))}
        results = [outputs[k] for k in range(i, len(outputs), op.count)]
        table = tables.get(arrays[op.count + i])
        if table is not None:
            named[formula.arrays[1]] = table.inputs[0]
            named[formula.lists] = list_rows(b, table)
        ints = [int(b.type(arrays[i]).size or 0), *chain.ints[1:]]
        b.call(kernel, [named[n] for n in chain.buffers], results, ints, chain.reals)
    return True


def _picked_chain(b: Builder, formula: _Formula, table: Instruction) -> ChainCall | None:
    """The call for a variable whose gradient is a table that is added up on the way."""
    size, *row = b.shape(table.outputs[0])
    return chain_of(formula.each, PickedRows(formula.arrays[1], formula.lists, size, prod(row)))
