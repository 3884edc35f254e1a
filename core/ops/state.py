"""Variables, the ops that read and write them, and traces.

A run is a function (feeds, state) -> (fetches, new state). The rules, stated once:

* A read sees the value at the *start of the run*, unless data or control edges order it after a
  write; then it sees the value after the last such write. Where a tensor is fed, or a choice takes
  its other side, the run does not follow the edge, so it orders nothing.
* Writes of one variable in one run are ordered by their edges, else by creation. `assign_add` and
  `assign_sub` start from the value the write before them left, so unordered updates compose.
* Inside one `Trace` (a layer's call, an optimizer's step) reads and writes thread in program
  order, as Python reads: a read after a write in the same trace is that write's result.

A state op is lowered to pure instructions by `transition`; programs know no other state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import numpy as np

from ..errors import DtypeError, GraphError, ShapeError, Site, user_site
from ..graph import (
    Context,
    Graph,
    Operation,
    Tensor,
    changed_context,
    control_dependencies,
    current_context,
)
from ..opdef import REGISTRY, OpDef, apply, apply_many, no_gradient, register
from ..random import Stream
from ..types import DType, Shape, TensorType, as_dtype, as_shape, int64
from . import elementwise as _elementwise  # noqa: F401  (registers Add and Subtract)
from .source import as_array, convert

__all__ = ["Counter", "Trace", "Variable", "assign", "assign_add", "assign_sub", "group", "no_op"]


class Emitter(Protocol):
    """What `transition` uses to add pure instructions to a program; values are ids."""

    def emit(self, opdef: OpDef, *inputs: int) -> int:
        """Adds one instruction and returns its output."""

    def constant(self, value: np.ndarray[Any, Any]) -> int:
        """Adds a constant."""


class StateOp(OpDef):
    """An op on one variable. Subclasses have the field `variable`."""

    variable: Variable
    is_pure = False
    reads_start: ClassVar[bool] = False  # a plain read: it may see the start of the run
    writes: ClassVar[bool] = True

    def transition(
        self, emitter: Emitter, old: Callable[[], int], *inputs: int
    ) -> tuple[int, int | None]:
        """(ids of old value and inputs) -> (id of the output, id of the new value or None).

        `old()` is called only by ops that need the old value: one that does not, needs no
        initial value either.
        """
        raise NotImplementedError

    gradient = no_gradient


@register
class ReadVariable(StateOp):
    """The value of a variable.  () -> its type."""

    variable: Variable
    reads_start = True
    writes = False

    def infer(self) -> TensorType:
        """The variable's type."""
        return self.variable.type

    def transition(
        self, emitter: Emitter, old: Callable[[], int], *inputs: int
    ) -> tuple[int, int | None]:
        """The old value."""
        return old(), None


@register
class ReadLatest(ReadVariable):
    """What the writes before it in creation order leave in a variable.  () -> its type.

    Loops that write a variable start from it, so that they compose with other writes as
    `assign_add` does.
    """

    reads_start = False


class _Write(StateOp):
    variable: Variable

    def infer(self, value: TensorType) -> TensorType:
        """The variable's type, which the value must fit."""
        if not self.variable.type.accepts(value):
            kind = (
                DtypeError("assign", "the value has another dtype")
                if value.dtype is not self.variable.dtype
                else ShapeError("assign", "the value has another shape")
            )
            kind.expected = f"{self.variable.type}, the type of variable '{self.variable.name}'"
            kind.got = str(value)
            raise kind
        return self.variable.type

    def infer_unknown(self, value: TensorType) -> tuple[TensorType, ...]:
        """The variable's type."""
        return (self.infer(value),)


@register
class Assign(_Write):
    """Sets a variable.  value: (...) -> the new value."""

    def transition(
        self, emitter: Emitter, old: Callable[[], int], *inputs: int
    ) -> tuple[int, int | None]:
        """The value."""
        return inputs[0], inputs[0]


@register
class AssignAdd(_Write):
    """Adds to a variable.  value: (...) -> the new value."""

    def transition(
        self, emitter: Emitter, old: Callable[[], int], *inputs: int
    ) -> tuple[int, int | None]:
        """old + value."""
        new = emitter.emit(_ADD, old(), inputs[0])
        return new, new


@register
class AssignSub(_Write):
    """Subtracts from a variable.  value: (...) -> the new value."""

    def transition(
        self, emitter: Emitter, old: Callable[[], int], *inputs: int
    ) -> tuple[int, int | None]:
        """old - value."""
        new = emitter.emit(_SUBTRACT, old(), inputs[0])
        return new, new


@register
class NextCount(StateOp):
    """A counter's value, which the run then leaves one higher.  () -> () int64.

    Random ops draw their key from it: a run in which the op is not needed does not count.
    """

    variable: Variable

    def infer(self) -> TensorType:
        """A scalar."""
        return self.variable.type

    def transition(
        self, emitter: Emitter, old: Callable[[], int], *inputs: int
    ) -> tuple[int, int | None]:
        """(old, old + 1)."""
        count = old()
        return count, emitter.emit(_ADD, count, emitter.constant(np.asarray(1, np.int64)))


@register
class NoOp(OpDef):
    """Does nothing: a node to hang control dependencies on."""

    is_pure = False

    def infer(self) -> tuple[TensorType, ...]:
        """No outputs."""
        return ()

    gradient = no_gradient


class Variable:
    """A named value that outlives runs. The value itself lives in a `Session`.

    Args:
        initial_value: a tensor, an array, a number, or a function without arguments that makes
            one of these. It is computed at first use, once a session.
        trainable: whether optimizers change it by default.
        name: of the variable, after the name scope; nothing requires it to be unique.
        dtype: converts the initial value's dtype; required with a function.
        shape: required with a function.

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0], name="w")
    >>> session = Session()
    >>> session.run(w.assign_add([1.0, 1.0])).tolist(), session.run(w).tolist()
    ([2.0, 3.0], [2.0, 3.0])
    """

    __array_ufunc__ = None

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        shape: Any = None,
    ) -> None:
        wanted = None if dtype is None else as_dtype(dtype)
        self.site: Site | None = user_site(2)
        self.trainable = trainable
        if callable(initial_value):
            if wanted is None or shape is None:
                raise GraphError(
                    "Variable", "a function as initial value needs dtype and shape", got=repr(name)
                )
            self.type = TensorType(wanted, as_shape(shape))
        elif isinstance(initial_value, Tensor | Variable):
            initial_value = convert(initial_value, wanted)
            declared = initial_value.type.shape if shape is None else as_shape(shape)
            self.type = TensorType(initial_value.dtype, declared)
        else:
            initial_value = as_array(initial_value, wanted).copy()
            self.type = TensorType(as_dtype(initial_value.dtype), initial_value.shape)
        self.initial_value: Any = initial_value
        # What the layer that made it wants done with it; the core does not look.
        self.regularizer: Any = None
        self.constraint: Any = None
        self.always_updated = False  # by runs that only evaluate or predict, too
        context = current_context()
        self.graph: Graph = context.graph
        self.device = context.device
        self.name = context.scope + (name or "Variable")
        self._reads: tuple[Graph, Tensor] | None = None

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.type.dtype

    @property
    def shape(self) -> Shape | None:
        """Its sizes."""
        return self.type.shape

    @property
    def op(self) -> Operation:
        """The operation that reads it (so that it can stand in control dependencies)."""
        return self.value().op

    def value(self) -> Tensor:
        """A tensor that reads it: in an open trace, the value the trace last wrote."""
        context = current_context()
        known = self._known_here(context)
        if known is not None:
            return known
        if context.control:
            return apply(ReadVariable(self), name=f"{self.name}/read")
        if self._reads is None or self._reads[0] is not context.graph:
            with changed_context(scope="", control=(), is_library=True, owner=None):
                self._reads = (context.graph, apply(ReadVariable(self), name=f"{self.name}/read"))
        return self._reads[1]

    def _known_here(self, context: Context) -> Tensor | None:
        """What the open trace last wrote; inside the body of a loop or branch, its input."""
        trace: Trace | None = context.trace
        written = None if trace is None else trace.values.get(self)
        if written is not None and written.graph is context.graph:
            return written
        graph: Any = context.graph
        return None if graph.outer is None else graph.variable(self)

    def latest(self) -> Tensor:
        """A tensor that reads what all writes made so far leave, ordered or not."""
        known = self._known_here(current_context())
        return apply(ReadLatest(self), name=f"{self.name}/read") if known is None else known

    read_value = value
    __thalweg_tensor__ = value

    def assign(self, value: Any, name: str | None = None) -> Tensor:
        """Sets it; the returned tensor is the new value.  value: the variable's shape and dtype."""
        return self.write(Assign(self), convert(value, self.dtype), name=name)

    def assign_add(self, value: Any, name: str | None = None) -> Tensor:
        """Adds to it; unordered additions in one run compose."""
        return self.write(AssignAdd(self), convert(value, self.dtype), name=name)

    def assign_sub(self, value: Any, name: str | None = None) -> Tensor:
        """Subtracts from it; unordered subtractions in one run compose."""
        return self.write(AssignSub(self), convert(value, self.dtype), name=name)

    def write(self, op: StateOp, *inputs: Tensor, name: str | None = None) -> Tensor:
        """Adds an op that writes it; the returned tensor is the new value."""
        name = name or f"{self.name.rpartition('/')[2]}/{op.label}"
        context = current_context()
        graph: Any = context.graph
        trace: Trace | None = context.trace
        if graph.outer is not None:
            result: Tensor = graph.write(op, *map(graph.capture, inputs))
        else:
            before = None if trace is None else trace.values.get(self)
            with control_dependencies([] if before is None else [before]):
                result = apply(op, *inputs, name=name)
        if trace is not None and trace.values.get(self) is not result:
            trace.record(self, result)
        return result

    def initial_tensor(self) -> Tensor:
        """The initial value as a tensor of the current graph."""
        value = self.initial_value
        return convert(value() if callable(value) else value, self.dtype)

    @property
    def initializer(self) -> Operation:
        """An operation that sets the variable to its initial value again."""
        with changed_context(scope="", control=(), trace=None):
            return self.assign(self.initial_tensor(), name=f"{self.name}/Assign").op

    def initialized_value(self) -> Tensor:
        """Its value (TF1's spelling: here every read is of an initialised variable)."""
        return self.value()

    def eval(self, session: Any = None) -> Any:
        """Its value in the given or the default session."""
        return self.value().eval(None, session)

    def __repr__(self) -> str:
        return f"<Variable {self.name!r} {self.type}>"


def _install_variable_operators() -> None:
    """A variable in an expression is its value."""
    for symbol in (
        "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul "
        "rmatmul and rand or ror xor rxor lt le gt ge neg abs invert getitem"
    ).split():
        method = f"__{symbol}__"

        def operator(self: Variable, *args: Any, _method: str = method) -> Any:
            return getattr(self.value(), _method)(*args)

        setattr(Variable, method, operator)


class Trace:
    """A piece of graph in which reads and writes of variables thread in program order.

    Attributes:
        values: what each variable written so far now is.
        writes: the writing operations, in program order.
    """

    def __init__(self) -> None:
        self.values: dict[Variable, Tensor] = {}
        self.writes: list[Operation] = []

    def record(self, variable: Variable, result: Tensor) -> None:
        """Notes a write."""
        self.values[variable] = result
        self.writes.append(result.op)

    @contextmanager
    def open(self, **changes: Any) -> Iterator[Trace]:
        """A `with` block traced by this trace; `changes` are further context fields."""
        with changed_context(trace=self, **changes):
            yield self


def is_tracing() -> bool:
    """True inside an open trace on this thread."""
    return current_context().trace is not None


def assign(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """Sets a variable; the returned tensor is the new value."""
    return ref.assign(value, name=name)


def assign_add(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """Adds to a variable; the returned tensor is the new value."""
    return ref.assign_add(value, name=name)


def assign_sub(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """Subtracts from a variable; the returned tensor is the new value."""
    return ref.assign_sub(value, name=name)


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing."""
    return apply_many(NoOp(), name=name)


def group(*inputs: Any, name: str | None = None) -> Operation:
    """One operation that runs all the given operations and tensors.

    >>> from thalweg.core import Session
    >>> a, b = Variable(1.0), Variable(2.0)
    >>> session = Session()
    >>> session.run(group(a.assign(5.0), b.assign(6.0)))
    >>> [float(value) for value in session.run([a, b])]
    [5.0, 6.0]
    """
    operations: list[Operation] = [getattr(item, "op", item) for item in inputs]
    graph = current_context().graph
    if operations and graph.outer is None:
        graph = operations[0].graph
    with changed_context(graph=graph), control_dependencies(operations):
        return no_op(name or "group")


class Counter(Variable):
    """A hidden counter for `NextCount`, zero at first: how often a random op has drawn.

    Args:
        name: of the variable.
        stream: the stream that numbered the op, or None.
        ordinal: the op's number in the stream.
    """

    def __init__(self, name: str, stream: Stream | None = None, ordinal: int = 0) -> None:
        super().__init__(np.zeros((), int64.numpy), trainable=False, name=name)
        self.stream = stream
        self.ordinal = ordinal


_install_variable_operators()
_ADD: OpDef = REGISTRY["Add"]()
_SUBTRACT: OpDef = REGISTRY["Subtract"]()
