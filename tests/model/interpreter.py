"""What a run of a graph means, computed as naively as possible: the oracle of the model checker.

Nothing here is shared with what it checks (`lower`, the passes, `plan`, `session`, backends). It
walks the graph's operations themselves, in creation order, computes each one that is needed by its
op's `compute` on copies, and keeps the rules of state, which are:

* A run computes what its fetches need, through data and control edges. A fed tensor needs nothing.
  The side of a choice that is not taken is not needed, if constants and fed values decide: small
  integers and booleans. Where sizes or computed values decide, both sides are needed.
* A read sees the value at the start of the run; if the run follows edges from a write to it, the
  value that the last such write left.
* A loop or branch that writes a variable starts from what the writes before it have left.
* Writes of one variable take creation order. `assign_add` and `assign_sub` start from what the
  write before them left.
* A variable gets its initial value before the first run that reads it, by a run of its own.
* What a run leaves in variables takes effect at its end, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.core.graph import Graph, Operation, Tensor
from thalweg.core.opdef import OpDef
from thalweg.core.ops.control import Choose
from thalweg.core.ops.custom import CustomGradient
from thalweg.core.ops.loops import BodyOp, Call, Cond, Scan, While
from thalweg.core.ops.scatter_state import AssignRows
from thalweg.core.ops.source import Constant, Placeholder, PlaceholderWithDefault
from thalweg.core.ops.state import (
    Assign,
    AssignAdd,
    AssignSub,
    NextCount,
    NoOp,
    ReadLatest,
    ReadVariable,
    StateOp,
    Variable,
)
from thalweg.core.types import MAX_VALUE_SIZE

__all__ = ["Interpreter", "NotFed", "with_rows"]

Array = np.ndarray[Any, Any]
Fetch = Tensor | Operation


class NotFed(Exception):
    """A placeholder is needed and not fed."""


class Interpreter:
    """The state of one session, and the meaning of a run.

    Args:
        watch: called with each op and its inputs before it is computed.

    Attributes:
        state: the value of each variable that has one.
    """

    def __init__(self, watch: Callable[[OpDef, Sequence[Array]], None] | None = None) -> None:
        self.state: dict[Variable, Array] = {}
        self.watch = watch

    def run(
        self, fetches: Sequence[Fetch], feeds: Mapping[Tensor, Array] | None = None
    ) -> list[Array | None]:
        """The fetches' values, None for operations; and the state moves on."""
        run = _Run(self, dict(feeds or {}))
        run.prepare(fetches)
        for variable in run.starting():
            if variable not in self.state:
                self._initialize(variable)
        with np.errstate(all="ignore"):
            results = run.results(fetches)
        self.state.update(run.left)
        return results

    def uses(self, fetches: Sequence[Fetch], feeds: Mapping[Tensor, Array]) -> set[Tensor]:
        """Those of the fed tensors whose values the fetches need."""
        run = _Run(self, dict(feeds))
        for op in run.needed(fetches):
            run.used.update(run.reads(op), op.outputs)
        return (run.used | {f for f in fetches if isinstance(f, Tensor)}) & run.feeds.keys()

    def writes(self, fetches: Sequence[Fetch], feeds: Mapping[Tensor, Array]) -> bool:
        """True if a run of the fetches may change a variable."""
        needed = _Run(self, dict(feeds)).needed(fetches)
        return any(_is_write(op) for op in needed)

    def _initialize(self, variable: Variable) -> None:
        initial = variable.initial_value
        if not isinstance(initial, Tensor | np.ndarray):
            with Graph().as_default():
                initial = variable.initial_tensor()
        [value] = self.run([initial]) if isinstance(initial, Tensor) else [initial]
        self.state[variable] = np.array(value, variable.dtype.numpy)


class _Run:
    """One run: the values of tensors so far, and what the writes so far have left."""

    def __init__(
        self, interpreter: Interpreter, feeds: dict[Tensor, Array], is_body: bool = False
    ) -> None:
        self.interpreter = interpreter
        self.is_body = is_body  # then its inputs are computed values, which decide nothing
        self.feeds = feeds
        self.values: dict[Tensor, Array] = {t: np.array(value) for t, value in feeds.items()}
        self.used: set[Tensor] = set()  # fed tensors that decided something
        self.left: dict[Variable, Array] = {}
        self.history: dict[Variable, list[tuple[Operation, Array]]] = {}
        self.order: list[Operation] = []
        self.earlier: dict[Operation, frozenset[Operation]] = {}  # writes it comes after

    def prepare(self, fetches: Sequence[Fetch]) -> None:
        """Finds what must run, and which writes come before what."""
        self.order = self.needed(fetches)
        for op in self.order:
            if isinstance(op.opdef, Placeholder) and op.outputs[0] not in self.feeds:
                raise NotFed(op.name)
            self.earlier[op] = frozenset().union(*map(self.order_behind, self.needs(op)))

    def starting(self) -> list[Variable]:
        """The variables whose value at the start is read."""
        written: dict[Variable, list[Operation]] = {}
        found: dict[Variable, None] = {}
        for op in self.order:
            if isinstance(op.opdef, StateOp):
                variable = op.opdef.variable
                before = written.setdefault(variable, [])
                if _is_plain_read(op):
                    before = [write for write in before if write in self.earlier[op]]
                if not before and not isinstance(op.opdef, Assign):
                    found[variable] = None
                if _is_write(op):
                    written[variable].append(op)
        return list(found)

    def results(self, fetches: Sequence[Fetch]) -> list[Array | None]:
        """Computes everything."""
        for op in self.order:
            for tensor, value in zip(op.outputs, self.compute(op), strict=True):
                if tensor not in self.feeds:
                    self.values[tensor] = np.array(value, tensor.dtype.numpy, order="C")
        return [np.array(self.values[f]) if isinstance(f, Tensor) else None for f in fetches]

    def needed(self, fetches: Sequence[Fetch]) -> list[Operation]:
        """The operations that must run, in creation order."""
        found: set[Operation] = set()
        waiting = [f if isinstance(f, Operation) else f.op for f in fetches if f not in self.feeds]
        while waiting:
            op = waiting.pop()
            if op not in found:
                found.add(op)
                waiting += self.needs(op)
        return sorted(found, key=lambda op: op.index)

    def reads(self, op: Operation) -> tuple[Tensor, ...]:
        """The inputs whose values the operation takes."""
        if isinstance(op.opdef, Choose):
            condition = self.decided(op.inputs[0])
            if condition is not None:
                return (op.inputs[1 if condition else 2],)
        return op.inputs

    def needs(self, op: Operation) -> list[Operation]:
        """The operations at the other end of the edges that the run follows from `op`."""
        made = [tensor.op for tensor in self.reads(op) if tensor not in self.feeds]
        return [*made, *op.control_inputs]

    def order_behind(self, op: Operation) -> frozenset[Operation]:
        """The writes that come before whatever has an edge from `op`."""
        return self.earlier[op] | {op} if _is_write(op) else self.earlier[op]

    def decided(self, tensor: Tensor) -> Array | None:
        """The value of a tensor that constants and fed values decide, else None."""
        opdef = tensor.op.opdef
        if tensor.dtype.is_float or tensor.type.size is None or tensor.type.size > MAX_VALUE_SIZE:
            return None
        if tensor in self.feeds:
            if self.is_body:
                return None
            self.used.add(tensor)
            return self.feeds[tensor]
        if isinstance(opdef, Constant):
            return opdef.literal.array
        inputs = [self.decided(t) for t in tensor.op.inputs]
        if not opdef.is_pure and not isinstance(opdef, PlaceholderWithDefault):
            return None
        if opdef.is_host or not inputs or any(value is None for value in inputs):
            return None
        result = opdef.compute(np, *inputs)
        return result[tensor.index] if isinstance(result, tuple) else result

    def compute(self, op: Operation) -> Sequence[Array]:
        """The op's outputs."""
        opdef = op.opdef
        if isinstance(opdef, Placeholder):
            return (self.feeds[op.outputs[0]],)
        if isinstance(opdef, NoOp):
            return ()
        inputs = [np.array(self.values[t], order="C") for t in self.reads(op)]
        if isinstance(opdef, Choose) and len(inputs) == 1:
            return inputs
        if isinstance(opdef, StateOp):
            return (self.transition(op, opdef, inputs),)
        if isinstance(opdef, CustomGradient):
            return inputs[opdef.count :]
        if isinstance(opdef, BodyOp):
            return _Bodies(self.interpreter, op).run(opdef, inputs)
        if self.interpreter.watch is not None:
            self.interpreter.watch(opdef, inputs)
        result = opdef.compute(np, *inputs)
        return result if isinstance(result, tuple) else (result,)

    def transition(self, op: Operation, opdef: StateOp, inputs: list[Array]) -> Array:
        """The output of an operation on a variable; notes what it leaves there."""
        variable = opdef.variable
        if _is_plain_read(op):
            history = self.history.get(variable, [])
            seen = [left for write, left in history if write in self.earlier[op]]
            return seen[-1] if seen else self.interpreter.state[variable]
        if isinstance(opdef, ReadLatest):
            return self.now(variable)
        if isinstance(opdef, Assign):
            output = new = inputs[0]
        elif isinstance(opdef, AssignAdd):
            output = new = self.now(variable) + inputs[0]
        elif isinstance(opdef, AssignSub):
            output = new = self.now(variable) - inputs[0]
        elif isinstance(opdef, NextCount):
            output, new = self.now(variable), self.now(variable) + 1
        elif isinstance(opdef, AssignRows):
            output = new = with_rows(self.now(variable), opdef.kind, opdef.axes, *inputs)
        else:
            raise AssertionError(f"the checker has no rule for {opdef.label}")
        self.left[variable] = new = np.array(new, variable.dtype.numpy)
        self.history.setdefault(variable, []).append((op, new))
        return output

    def now(self, variable: Variable) -> Array:
        """What the last write so far has left, whatever its order."""
        return self.left.get(variable, self.interpreter.state.get(variable))


def with_rows(old: Array, kind: str, axes: int, indices: Array, rows: Array) -> Array:
    """An array some of whose rows meet new ones, one after the other."""
    new = np.array(old, order="C")
    row_shape = old.shape[axes:]
    flat = new.reshape((-1, *row_shape))  # a view
    for index, row in zip(indices.reshape(-1), rows.reshape((-1, *row_shape)), strict=True):
        flat[index] = MEETS[kind](flat[index], row)
    return new


MEETS: dict[str, Callable[[Array, Array], Array]] = {
    "last": lambda old, new: new,
    "add": np.add,
    "subtract": np.subtract,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


class _Bodies:
    """What loops and branches mean: Python's own."""

    def __init__(self, interpreter: Interpreter, op: Operation) -> None:
        self.interpreter = interpreter
        self.op = op

    def run(self, opdef: BodyOp, inputs: list[Array]) -> list[Array]:
        if isinstance(opdef, Scan):
            return self.scan(opdef, inputs)
        if isinstance(opdef, While):
            return self.loop(opdef, inputs)
        if isinstance(opdef, Cond):
            return self.call(0 if inputs[0] else 1, inputs[1:])
        if isinstance(opdef, Call):
            return self.call(0, inputs)
        raise AssertionError(f"the checker has no rule for {opdef.label}")

    def call(self, body: int, inputs: Sequence[Array]) -> list[Array]:
        """Runs a body: a graph, whose inputs are fed."""
        function = self.op.opdef.bodies[body]
        run = _Run(self.interpreter, dict(zip(function.inputs, inputs, strict=True)), is_body=True)
        try:
            run.prepare(function.outputs)
        except NotFed as missing:
            raise AssertionError(f"nothing feeds {missing}, an input of a body") from None
        return run.results(function.outputs)  # type: ignore[return-value]

    def scan(self, opdef: Scan, inputs: list[Array]) -> list[Array]:
        first, last = opdef.carries, opdef.carries + opdef.xs
        carries, along, constants = inputs[:first], inputs[first:last], inputs[last:]
        steps = range(len(along[0]))
        rows: dict[int, list[Array]] = {}
        for i in reversed(steps) if opdef.reverse else steps:
            results = self.call(0, [*carries, *(x[i] for x in along), *constants])
            carries, rows[i] = results[:first], results[first:]
        return [*carries, *self.stacked([rows[i] for i in steps], first)]

    def loop(self, opdef: While, inputs: list[Array]) -> list[Array]:
        count = opdef.carries
        carries, constants = inputs[:count], inputs[count:]
        rows: list[list[Array]] = []
        while self.call(0, [*carries, *constants])[0]:
            results = self.call(1, [*carries, *constants])
            carries = results[:count]
            rows.append(results[count:])
        return [*carries, *self.stacked(rows, count)]

    def stacked(self, rows: list[list[Array]], first: int) -> list[Array]:
        """The results beyond the carries, along a new first axis."""
        if rows:
            return [np.stack(column) for column in zip(*rows, strict=True)]
        types = [tensor.type for tensor in self.op.outputs[first:]]
        return [np.zeros((0, *(n or 0 for n in t.dims()[1:])), t.dtype.numpy) for t in types]


def _is_plain_read(op: Operation) -> bool:
    return isinstance(op.opdef, ReadVariable) and not isinstance(op.opdef, ReadLatest)


def _is_write(op: Operation) -> bool:
    return isinstance(op.opdef, StateOp) and not isinstance(op.opdef, ReadVariable)
