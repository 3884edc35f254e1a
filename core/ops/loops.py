"""Loops and branches: ops that run bodies.

The bodies of an operation in a graph are `Body` objects; in a program they are programs, which
the passes enter and a backend compiles. Their inputs are explicit, so an op with bodies is as pure
as they are. How many values an iteration hands on, takes apart and puts together is in the op's
fields; all else is the body's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import DtypeError, ShapeError
from ..graph import OPERATORS, Operation, Tensor
from ..opdef import OpDef, register
from ..types import TensorType, as_dtype, types_text
from .bodies import common_type, open_type

__all__: list[str] = []  # branching.py, looping.py and scanning.py hold the public functions


class Runner(Protocol):
    """What an op with bodies uses to run them.

    Attributes:
        xp: the array module.
        types: of the op's outputs, with all sizes known.
    """

    xp: Any
    types: Sequence[TensorType]

    def call(self, body: int, arrays: Sequence[Any]) -> list[Any]:
        """Runs a body."""

    def host(self, array: Any) -> np.ndarray[Any, Any]:
        """An array as a NumPy array."""

    def copy(self, array: Any) -> Any:
        """A copy that shares no memory."""


class _PlainRunner:
    """Runs bodies instruction by instruction, as the specification says."""

    def __init__(self, op: BodyOp, xp: Any, inputs: Sequence[Any]) -> None:
        self.xp = xp
        self.bodies = op.bodies
        self.types = op.infer(*(TensorType(as_dtype(a.dtype), a.shape) for a in inputs))

    def call(self, body: int, arrays: Sequence[Any]) -> list[Any]:
        return [array.copy() for array in self.bodies[body].compute(self.xp, arrays)]

    def host(self, array: Any) -> np.ndarray[Any, Any]:
        return np.asarray(array)

    def copy(self, array: Any) -> Any:
        return array.copy()


class BodyOp(OpDef):
    """Base of ops that run bodies. Subclasses say `body_types` and `execute`."""

    bodies: tuple[Any, ...]  # type: ignore[misc]
    is_pure = False  # they may have effects, and are too large to compute while planning

    @property
    def has_effect(self) -> bool:  # type: ignore[override]
        """True if something in a body has one; a graph's bodies are lowered before it matters."""
        return any(
            instruction.opdef.has_effect
            for body in self.bodies
            for instruction in getattr(body, "instructions", ())
        )

    def with_bodies(self, bodies: Sequence[Any]) -> Any:
        """The same op with other bodies."""
        return type(self)(tuple(bodies), *self.field_values()[1:])

    def body_types(self, types: Sequence[TensorType]) -> list[list[TensorType]]:
        """The types of each body's inputs, from those of the op's."""
        raise NotImplementedError(type(self).__name__)

    def execute(self, run: Runner, *inputs: Any) -> tuple[Any, ...]:
        """Arrays -> arrays, running the bodies by `run`."""
        raise NotImplementedError(type(self).__name__)

    def narrowed(self, alive: Sequence[bool]) -> tuple[Any, list[int], list[int]]:
        """Without what nobody needs: the op, the inputs and the outputs that are left."""
        return self, list(range(len(self.bodies[0].feeds))), list(range(len(alive)))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """Bodies may take tensors of unknown rank."""
        return self.infer(*types)  # type: ignore[no-any-return]

    def compute(self, xp: Any, *inputs: Any) -> Any:
        """Runs the bodies by the `compute` of their ops."""
        return self.execute(_PlainRunner(self, xp, inputs), *inputs)

    def fields_text(self) -> str:
        """Without the bodies, which have lines of their own."""
        fields = zip(self._fields[1:], self.field_values()[1:], strict=True)
        return ", ".join(f"{name}={value!r}" for name, value in fields)


def _leading(length: int | None, type_: TensorType) -> TensorType:
    shape = type_.shape
    return TensorType(type_.dtype, None if shape is None else (length, *shape))


def check_carried(where: str, before: Sequence[TensorType], after: Sequence[TensorType]) -> None:
    """A loop hands each value on in the type in which it took it.

    Raises:
        DtypeError, ShapeError: if the body returns another one.
    """
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        got = f"value {number} is {old} before an iteration, {new} after it"
        if old.dtype is not new.dtype:
            raise DtypeError(where, "a loop changes the dtype of a value", got=got)
        if not old.accepts_shape(new.shape):
            raise ShapeError(
                where,
                "a loop changes the shape of a value",
                got=got,
                hint="while_loop's shape_invariants say which sizes may change",
            )


def _check_size(where: str, first: Any, now: Any) -> None:
    """What a loop puts together, for its results or its gradient, has one shape."""
    if first.shape != now.shape:
        raise ShapeError(
            where,
            "a value that is kept of each iteration changes its shape",
            expected=str(first.shape),
            got=str(now.shape),
            hint="a loop whose values grow has no gradient: give them their final size",
        )


def _no_rows(run: Runner, types: Sequence[TensorType]) -> list[Any]:
    """The stacked results of a loop that did not run; sizes that nobody knows are 0."""
    shapes = [(0, *(size or 0 for size in (t.shape or ())[1:])) for t in types]
    return [run.xp.empty(s, t.dtype.numpy) for s, t in zip(shapes, types, strict=True)]


@register
class Scan(BodyOp):
    """Runs a body once for each slice of some tensors, and hands values on.

    carries: (...) each; xs: (length, ...) each, taken apart along their first axis; constants
    -> the carries after the last iteration, and (length, ...) for each further result of the body.

    The body maps (carries, slices, constants) to (carries, results). With `reverse` it runs from
    the last slice to the first; a result stands where its slice stood.
    """

    bodies: tuple[Any, ...]  # type: ignore[misc]
    carries: int
    xs: int
    reverse: bool = False

    def infer(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The body's types, with the length before those of its results."""
        [inner] = self.body_types(types)
        results = self.bodies[0].result_types(inner)
        check_carried("scan", inner[: self.carries], results[: self.carries])
        length = self._length(types)
        kept = [common_type(a, b) for a, b in zip(inner, results[: self.carries], strict=False)]
        return (*kept, *(_leading(length, t) for t in results[self.carries :]))

    def _length(self, types: Sequence[TensorType]) -> int | None:
        xs = types[self.carries : self.carries + self.xs]
        found = {t.shape[0] for t in xs if t.shape} - {None}
        if len(found) > 1 or any(t.shape == () for t in xs):
            raise ShapeError(
                "scan",
                "what it runs along has no one length",
                expected="the same first size for all",
                got=types_text(**{f"x{i}": t for i, t in enumerate(xs)}),
            )
        return found.pop() if found else None

    def body_types(self, types: Sequence[TensorType]) -> list[list[TensorType]]:
        """Carries and slices have no known values."""
        first, last = self.carries, self.carries + self.xs
        slices = [t.with_shape(None if t.shape is None else t.shape[1:]) for t in types[first:last]]
        return [[*map(open_type, types[:first]), *slices, *types[last:]]]

    def execute(self, run: Runner, *inputs: Any) -> tuple[Any, ...]:
        """A Python loop over the slices."""
        carries = list(inputs[: self.carries])
        xs = inputs[self.carries : self.carries + self.xs]
        constants = inputs[self.carries + self.xs :]
        length = int(xs[0].shape[0])
        if not length:
            carries = [run.copy(array) for array in carries]
        stacks: list[Any] = []
        for step in range(length):
            i = length - 1 - step if self.reverse else step
            results = run.call(0, [*carries, *(x[i, ...] for x in xs), *constants])
            carries = results[: self.carries]
            rows = results[self.carries :]
            if not stacks:
                stacks = [run.xp.empty((length, *row.shape), row.dtype) for row in rows]
            for stack, row in zip(stacks, rows, strict=True):
                _check_size("scan", stack[0], row)
                stack[i] = row
        return (*carries, *(stacks or _no_rows(run, run.types[self.carries :])))

    def narrowed(self, alive: Sequence[bool]) -> tuple[Any, list[int], list[int]]:
        """Drops results nobody reads, carries that serve only themselves, unread inputs."""
        body = self.bodies[0]
        count, span = self.carries, self.carries + self.xs
        outputs = {i for i, is_alive in enumerate(alive) if is_alive}
        while True:
            used = body.needed_feeds([body.fetches[i] for i in sorted(outputs)])
            more = {i for i in range(count) if i in used} - outputs
            if not more:
                break
            outputs |= more
        kept = sorted(outputs)
        inputs = [i for i in range(len(body.feeds)) if i in (outputs if i < count else used)]
        if not any(count <= i < span for i in inputs):
            inputs = sorted([*inputs, count])  # something must tell the length
        op = Scan(
            (body.part(inputs, kept),),
            sum(i < count for i in inputs),
            sum(count <= i < span for i in inputs),
            self.reverse,
        )
        return op, inputs, kept

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """A scan the other way, over what was computed on the way here."""
        return OPERATORS["scan_gradient"](self, node, g)  # type: ignore[no-any-return]


@register
class While(BodyOp):
    """Runs a body as long as a condition holds.

    carries: (...) each; constants -> the carries after the last iteration, and (iterations, ...)
    for each further result of the body.

    The bodies are the condition, (carries, constants) -> () bool, and (carries, constants) ->
    (carries, results). Sizes of carries may change where they are unknown.
    """

    bodies: tuple[Any, ...]  # type: ignore[misc]
    carries: int

    def infer(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The carries' types as far as no iteration changes them."""
        inner = self.body_types(types)[1]
        results = self.bodies[1].result_types(inner)
        stacked = results[self.carries :]
        return (*inner[: self.carries], *(_leading(None, t) for t in stacked))

    def body_types(self, types: Sequence[TensorType]) -> list[list[TensorType]]:
        """Sizes that an iteration changes are unknown."""
        carries = [open_type(t) for t in types[: self.carries]]
        while True:
            inner = [*carries, *types[self.carries :]]
            results = self.bodies[1].result_types(inner)[: self.carries]
            for before, after in zip(carries, results, strict=True):
                if before.dtype is not after.dtype:
                    check_carried("while_loop", carries, results)
            merged = [common_type(a, b) for a, b in zip(carries, results, strict=True)]
            if merged == carries:
                return [inner, inner]
            carries = merged

    def execute(self, run: Runner, *inputs: Any) -> tuple[Any, ...]:
        """Python's `while`."""
        carries = list(inputs[: self.carries])
        constants = inputs[self.carries :]
        rows: list[list[Any]] = [[] for _ in run.types[self.carries :]]
        is_first = True
        while bool(run.host(run.call(0, [*carries, *constants])[0])):
            is_first = False
            results = run.call(1, [*carries, *constants])
            carries = results[: self.carries]
            for row, result in zip(rows, results[self.carries :], strict=True):
                row.append(result)
                _check_size("while_loop", row[0], result)
        if is_first:
            carries = [run.copy(array) for array in carries]
            return (*carries, *_no_rows(run, run.types[self.carries :]))
        return (*carries, *map(run.xp.stack, rows))

    def narrowed(self, alive: Sequence[bool]) -> tuple[Any, list[int], list[int]]:
        """Drops results nobody reads, carries that serve only themselves, unread inputs."""
        condition, body = self.bodies
        outputs = {i for i, is_alive in enumerate(alive) if is_alive}
        while True:
            used = body.needed_feeds([body.fetches[i] for i in sorted(outputs)])
            used |= condition.needed_feeds(condition.fetches)
            more = {i for i in range(self.carries) if i in used} - outputs
            if not more:
                break
            outputs |= more
        kept = sorted(outputs)
        inputs = [i for i in range(len(body.feeds)) if i in (outputs if i < self.carries else used)]
        bodies = (condition.part(inputs, [0]), body.part(inputs, kept))
        return While(bodies, sum(i < self.carries for i in inputs)), inputs, kept

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """A scan backwards, over what was computed on the way here."""
        return OPERATORS["while_gradient"](self, node, g)  # type: ignore[no-any-return]


@register
class Call(BodyOp):
    """Runs a body once.  the body's inputs -> its results.

    Loops use it to know, before they start, the shape of something that their body makes.
    """

    bodies: tuple[Any, ...]  # type: ignore[misc]

    def infer(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The types of the results, and their values where these are known."""
        return tuple(self.bodies[0].result_types(types))

    def body_types(self, types: Sequence[TensorType]) -> list[list[TensorType]]:
        """Those of the inputs."""
        return [list(types)]

    def execute(self, run: Runner, *inputs: Any) -> tuple[Any, ...]:
        """The results."""
        return tuple(run.call(0, inputs))

    def narrowed(self, alive: Sequence[bool]) -> tuple[Any, list[int], list[int]]:
        """Drops results nobody reads, and unread inputs."""
        kept = [i for i, is_alive in enumerate(alive) if is_alive]
        body = self.bodies[0]
        inputs = sorted(body.needed_feeds([body.fetches[i] for i in kept]))
        return Call((body.part(inputs, kept),)), inputs, kept

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """Only sizes are asked for."""
        return [None] * len(node.inputs)


@register
class Cond(BodyOp):
    """Runs one of two bodies.

    condition: () bool; constants -> the results of the first body if it holds, else of the second.
    """

    bodies: tuple[Any, ...]  # type: ignore[misc]

    def infer(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The chosen body's types where the condition is known, else what both have in common."""
        condition = types[0]
        if not condition.dtype.is_bool or condition.shape not in ((), None):
            raise DtypeError("cond", "the condition is not a boolean scalar", got=str(condition))
        sides = [
            body.result_types(inner)
            for body, inner in zip(self.bodies, self.body_types(types), strict=True)
        ]
        for number, (a, b) in enumerate(zip(*sides, strict=True)):
            if a.dtype is not b.dtype:
                raise DtypeError(
                    "cond",
                    f"result {number} has two dtypes",
                    expected="the same dtype from both functions",
                    got=types_text(true=a, false=b),
                )
        known = condition.known_value
        if known is not None:
            return tuple(map(open_type, sides[0 if known else 1]))
        return tuple(common_type(a, b) for a, b in zip(*sides, strict=True))

    def body_types(self, types: Sequence[TensorType]) -> list[list[TensorType]]:
        """Both take all constants."""
        return [list(types[1:])] * 2

    def execute(self, run: Runner, *inputs: Any) -> tuple[Any, ...]:
        """Python's `if`."""
        chosen = 0 if bool(run.host(inputs[0])) else 1
        return tuple(run.call(chosen, inputs[1:]))

    def narrowed(self, alive: Sequence[bool]) -> tuple[Any, list[int], list[int]]:
        """Drops results nobody reads, and unread inputs."""
        kept = [i for i, is_alive in enumerate(alive) if is_alive]
        used: set[int] = set()
        for body in self.bodies:
            used |= body.needed_feeds([body.fetches[i] for i in kept])
        inputs = sorted(used)
        bodies = tuple(body.part(inputs, kept) for body in self.bodies)
        return Cond(bodies), [0, *(i + 1 for i in inputs)], kept

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """The gradient of the body that ran."""
        return OPERATORS["cond_gradient"](self, node, g)  # type: ignore[no-any-return]
