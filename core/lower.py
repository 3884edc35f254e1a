"""From graph to program: what the fetches need, with state made explicit.

`lower` walks back from the fetches, stops at what is fed, follows only the chosen side of a
`Choose` whose condition is known, and emits the operations it met in creation order. Reads and
writes of variables become plain values by the rules of `ops/state.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import FeedError, ThalwegError
from .graph import Operation, Tensor
from .opdef import OpDef
from .ops.control import Choose
from .ops.custom import CustomGradient
from .ops.source import Constant, Placeholder, PlaceholderWithDefault
from .ops.state import NoOp, StateOp, Variable
from .program import Instruction, Origin, Program
from .types import MAX_VALUE_SIZE, TensorType

__all__ = ["host_feeds", "lower"]

HostValues = Mapping[Tensor, np.ndarray[Any, Any]]


def host_feeds(fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> list[Tensor]:
    """The feeds whose *values* decide a size or a branch: those join the plan's key."""
    fed = set(feeds)
    needed = _needed(fetches, fed, None)
    deciding: list[Tensor] = []
    for op in needed:
        deciding += [op.inputs[i] for i in op.opdef.host_inputs]
    found: set[Tensor] = set()
    seen: set[Tensor] = set()
    while deciding:
        tensor = deciding.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in fed:
            if _is_small(tensor.type):
                found.add(tensor)
        elif not tensor.op.opdef.is_host:
            deciding.extend(tensor.op.inputs)
    return [tensor for tensor in feeds if tensor in found]


def _is_small(type_: TensorType) -> bool:
    """A value that may join a plan's key; others, if they decide sizes, do so while it runs."""
    size = type_.size
    return not type_.dtype.is_float and size is not None and size <= MAX_VALUE_SIZE


class _HostEvaluator:
    """Values of host scalars and small vectors that follow from constants and given feeds."""

    def __init__(self, given: HostValues, fed: set[Tensor]) -> None:
        self._given = given
        self._fed = fed
        self._known: dict[Tensor, np.ndarray[Any, Any] | None] = {}

    def __call__(self, tensor: Tensor) -> np.ndarray[Any, Any] | None:
        if tensor in self._given:
            return self._given[tensor]
        if tensor in self._fed:
            return None
        if tensor not in self._known:
            self._known[tensor] = self._compute(tensor)
        return self._known[tensor]

    def _compute(self, tensor: Tensor) -> np.ndarray[Any, Any] | None:
        opdef = tensor.op.opdef
        if isinstance(opdef, Constant):
            return opdef.literal.array if opdef.literal.array.size <= MAX_VALUE_SIZE else None
        if isinstance(opdef, PlaceholderWithDefault):
            return self(tensor.op.inputs[0])
        if tensor.dtype.is_float or not opdef.is_pure or opdef.is_host or not tensor.op.inputs:
            return None
        values = [self(t) for t in tensor.op.inputs]
        if any(value is None for value in values):
            return None
        result = opdef.compute(np, *values)
        return np.asarray(result[tensor.index] if isinstance(result, tuple) else result)


def _needed(
    fetches: Sequence[Tensor | Operation], fed: set[Tensor], value: _HostEvaluator | None
) -> list[Operation]:
    """The operations that must run, in creation order."""
    seen: set[Operation] = set()
    stack: list[Operation] = [
        f if isinstance(f, Operation) else f.op for f in fetches if f not in fed
    ]
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        for tensor in _taken(op, value):
            if tensor not in fed:
                stack.append(tensor.op)
        stack.extend(op.control_inputs)
    return sorted(seen, key=lambda op: op.index)


def _chosen(op: Operation, value: _HostEvaluator | None) -> Tensor | None:
    """The side a `Choose` takes, if that is known."""
    if value is None or not isinstance(op.opdef, Choose):
        return None
    condition = value(op.inputs[0])
    return None if condition is None else op.inputs[1 if bool(condition) else 2]


def _taken(op: Operation, value: _HostEvaluator | None) -> Sequence[Tensor]:
    """The inputs that an operation takes: all of them, but one side of a known choice."""
    chosen = _chosen(op, value)
    return op.inputs if chosen is None else (chosen,)


def lower(
    fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor], given: HostValues | None = None
) -> Program:
    """The program that computes `fetches` from `feeds`.

    Args:
        fetches: tensors whose values are wanted; operations that only have to run.
        feeds: tensors that get their values from outside, in the caller's order.
        given: the values of `host_feeds`, which become constants.

    Raises:
        FeedError: if a placeholder that is needed is not fed.
    """
    return _Lowering(feeds, given or {}).run(fetches)


class _Lowering:
    """One lowering. Implements `ops.state.Emitter`."""

    def __init__(
        self,
        feeds: Sequence[Tensor],
        given: HostValues,
        types: Sequence[TensorType] | None = None,
    ) -> None:
        self.program = Program()
        self.fed = set(feeds)
        self.value = _HostEvaluator(given, self.fed)
        self.given = given
        self.feeds = feeds
        self.numbers: dict[Tensor, int] = {}  # program values of tensors
        self.current: dict[Variable, int] = {}  # after the writes so far
        self.origin = Origin("")
        # which writes (bits) an operation runs after, if any, and what each write left
        self.after: dict[Operation, int] = {}
        self.writes: dict[Variable, list[tuple[int, int]]] = {}
        self.bit = 0
        # a fed intermediate may contradict sizes that the graph derived from it; so may what a
        # body takes from there
        self.infer_again = types is not None or any(not _is_placeholder(t.op.opdef) for t in feeds)
        self.types = types or [TensorType(t.dtype, t.type.shape) for t in feeds]

    def run(self, fetches: Sequence[Tensor | Operation]) -> Program:
        """Emits everything the fetches need."""
        for tensor, type_ in zip(self.feeds, self.types, strict=True):
            if tensor in self.given:
                self.numbers[tensor] = self.program.constant(self.given[tensor])
                self.program.feeds.append(None)
            else:
                self.numbers[tensor] = self.program.value(type_)
                self.program.feeds.append(self.numbers[tensor])
        for op in _needed(fetches, self.fed, self.value):
            self.origin = Origin(op.name, op.owner, op.site, op.device)
            self._note_order(op)
            self._emit_operation(op)
        self.program.fetches = [self.numbers[f] for f in fetches if isinstance(f, Tensor)]
        start = self.program.state_in
        self.program.state_out = {
            v: number for v, number in self.current.items() if start.get(v) != number
        }
        return self.program

    def _note_order(self, op: Operation) -> None:
        mask = 0
        if self.after:  # there was a write
            for tensor in _taken(op, self.value):
                if tensor not in self.fed:
                    mask |= self.after.get(tensor.op, 0)
            for control in op.control_inputs:
                mask |= self.after.get(control, 0)
        if isinstance(op.opdef, StateOp) and op.opdef.writes:
            self.bit += 1
            mask |= 1 << self.bit
        if mask:
            self.after[op] = mask

    def _emit_operation(self, op: Operation) -> None:
        opdef = op.opdef
        chosen = _chosen(op, self.value)
        if chosen is not None:
            self._define(op, self.numbers[chosen])
        elif isinstance(opdef, StateOp):
            self._emit_state(op, opdef)
        elif isinstance(opdef, Constant):
            self._define(op, self.program.constant(opdef.literal.array))
        elif isinstance(opdef, Placeholder):
            if op.outputs[0] in self.fed:
                return
            raise FeedError(
                "Session.run",
                "a placeholder is not fed",
                expected=f"a value of {op.outputs[0].type}",
                node=op.name,
                site=op.site,
                hint=f"pass feed_dict={{{op.name.rpartition('/')[2]}: value}}",
            )
        elif isinstance(opdef, PlaceholderWithDefault):
            self._define(op, self.numbers[op.inputs[0]])
        elif isinstance(opdef, CustomGradient):
            self._define(op, *(self.numbers[t] for t in op.inputs[opdef.count :]))
        elif not isinstance(opdef, NoOp):
            self._emit_pure(op)

    def _define(self, op: Operation, *outputs: int) -> None:
        """Says which values an operation's outputs are; those that are fed stay what was fed."""
        for tensor, number in zip(op.outputs, outputs, strict=True):
            self.numbers.setdefault(tensor, number)

    def _emit_pure(self, op: Operation) -> None:
        inputs = tuple(self.numbers[t] for t in op.inputs)
        opdef: Any = op.opdef
        if opdef.bodies:
            opdef = opdef.with_bodies(self._body_programs(opdef, inputs))
        if self.infer_again:
            outputs = self.program.emit_many(opdef, *inputs, origin=self.origin)
        else:
            outputs = tuple(self.program.value(t.type) for t in op.outputs)
            self.program.instructions.append(Instruction(opdef, inputs, outputs, self.origin))
        self._define(op, *outputs)

    def _body_programs(self, opdef: Any, inputs: Sequence[int]) -> list[Program]:
        if not self.infer_again:
            return [lower(body.outputs, body.inputs) for body in opdef.bodies]
        types = opdef.body_types([self.program.types[n] for n in inputs])
        return [
            _Lowering(body.inputs, {}, inner).run(body.outputs)
            for body, inner in zip(opdef.bodies, types, strict=True)
        ]

    def _emit_state(self, op: Operation, opdef: StateOp) -> None:
        variable = opdef.variable
        inputs = tuple(self.numbers[t] for t in op.inputs)
        if opdef.reads_start:
            mask = self.after.get(op, 0)
            earlier = [left for bit, left in self.writes.get(variable, ()) if mask >> bit & 1]
            output = earlier[-1] if earlier else self._start(variable)
            self._define(op, output)
            return
        try:
            output, new = opdef.transition(self, lambda: self._latest(variable), *inputs)
        except ThalwegError as error:
            raise error.at(node=op.name, layer=op.owner, site=op.site) from None
        self._define(op, output)
        if new is not None:
            self.current[variable] = new
            self.writes.setdefault(variable, []).append((self.bit, new))

    def _start(self, variable: Variable) -> int:
        if variable not in self.program.state_in:
            self.program.state_in[variable] = self.program.value(variable.type)
        return self.program.state_in[variable]

    def _latest(self, variable: Variable) -> int:
        number = self.current.get(variable)
        return self._start(variable) if number is None else number

    def emit(self, opdef: OpDef, *inputs: int) -> int:
        """Adds a pure instruction in the name of the operation being lowered."""
        return self.program.emit(opdef, *inputs, origin=self.origin)

    def constant(self, value: np.ndarray[Any, Any]) -> int:
        """Adds a constant."""
        return self.program.constant(value)


def _is_placeholder(opdef: OpDef) -> bool:
    return isinstance(opdef, Placeholder | PlaceholderWithDefault)
