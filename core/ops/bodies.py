"""Bodies: pieces of graph that loops and branches run, with explicit inputs.

A body is traced once, in a graph of its own. What it takes from outside becomes an input when it
is used (`BodyGraph.capture`); a variable becomes an input when it is read and, where the body
writes it, an output as well. So a body is a function without state, of tensors only.

A `Body` names the inputs and outputs. Any tensors of the graph may be its inputs, not only
placeholders: the body of a gradient is a piece of the same graph, fed with the values in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import GraphError, user_site
from ..graph import (
    Context,
    Graph,
    Operation,
    Tensor,
    changed_context,
    control_dependencies,
    current_context,
    use_context,
)
from ..opdef import OpDef, apply, infer_types
from ..types import TensorType, int64
from .elementwise import identity
from .source import Constant, Placeholder, convert
from .state import StateOp, Trace, Variable

__all__: list[str] = []  # all of it is for loops and branches


class BodyGraph(Graph):
    """The graph of a body.

    Args:
        outer: the context in which the loop or branch is built.
        counts: the body is a loop's, so that random numbers drawn in it differ by iteration.

    Attributes:
        captured: the input that stands for each outer tensor.
        read: the input that stands for each variable.
        trace: the writes of the body, in program order.
        counter: the input that counts iterations, if something asked for it.
        after: operations outside that something in the body has to run after.
    """

    outer: Context

    def __init__(self, outer: Context, *, counts: bool = False) -> None:
        super().__init__()
        self.outer = outer
        self.seed = outer.graph.seed
        self.captured: dict[Tensor, Tensor] = {}
        self.read: dict[Variable, Tensor] = {}
        self.trace = Trace()
        self.counter: Tensor | None = None
        self.after: list[Operation] = []
        self._counts = counts

    def inside(self) -> Any:
        """A `with` block in which operations go into the body."""
        return use_context(replace(self.outer, graph=self, control=(), trace=self.trace))

    def outside(self) -> Any:
        """A `with` block in which operations go where the loop or branch is built."""
        now = current_context()
        return use_context(
            replace(self.outer, scope=now.scope, owner=now.owner, site=now.site, stream=now.stream)
        )

    def input(self, type_: TensorType, name: str = "input") -> Tensor:
        """A new input of the body."""
        with changed_context(graph=self, scope="", control=(), is_library=True):
            return apply(Placeholder(type_), name=name)

    def iteration(self) -> Tensor | None:
        """The number of the iteration, () int64; None in a branch."""
        if self._counts and self.counter is None:
            self.counter = self.input(TensorType(int64, ()), "iteration")
        return self.counter

    def capture(self, tensor: Tensor) -> Tensor:
        """What stands for a tensor of an outer graph in this one.

        Raises:
            GraphError: if the tensor belongs to none of the graphs around this one.
        """
        if tensor.graph is self:
            return tensor
        if isinstance(tensor.op.opdef, Constant):
            with changed_context(graph=self, scope="", control=(), is_library=True):
                return apply(tensor.op.opdef, name=tensor.op.name)
        inner = self.captured.get(tensor)
        if inner is None:
            self._check_is_around(tensor)
            inner = self.captured[tensor] = self.input(tensor.type)
        return inner

    def control_from(self, operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
        """Those in the body; the whole loop or branch runs after the others."""
        for op in operations:
            if op.graph is not self:
                self._check_is_around(op)
                self.after.append(op)
        return tuple(op for op in operations if op.graph is self)

    def _check_is_around(self, item: Tensor | Operation) -> None:
        around: Context | None = self.outer
        while around is not None and around.graph is not item.graph:
            around = around.graph.outer
        if around is None:
            raise GraphError(
                "capture",
                "something of another graph is used in the body of a loop or branch",
                got=f"'{item.name}'",
                site=user_site(2),
                hint="what is made in a body is seen outside only if the body returns it",
            )

    def variable(self, variable: Variable) -> Tensor:
        """The value of a variable here: what the body last wrote, or how it found it."""
        written = self.trace.values.get(variable)
        return self.entry(variable) if written is None else written

    def entry(self, variable: Variable) -> Tensor:
        """The input that holds a variable's value when the body starts."""
        if variable not in self.read:
            self.read[variable] = self.input(variable.type, f"{variable.name}/read")
        return self.read[variable]

    def write(self, op: StateOp, *inputs: Tensor) -> Tensor:
        """What a write leaves in its variable; nothing is committed before the body returns."""
        infer_types(op, [tensor.type for tensor in inputs])  # refuses what does not fit
        variable = op.variable
        transition: Any = op.transition  # of tensors here, of values' numbers in programs
        _, new = transition(_Emitter(), lambda: self.variable(variable), *inputs)
        result: Tensor = identity(new)
        self.trace.record(variable, result)
        return result


class _Emitter:
    """Adds what a state op does to the body's graph."""

    def emit(self, opdef: OpDef, *inputs: Any) -> Any:
        return apply(opdef, *inputs)

    def constant(self, value: Any) -> Any:
        return convert(value)


class Body:
    """A function in a graph: from the values of `inputs` to those of `outputs`."""

    def __init__(self, graph: Graph, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.graph = graph
        self.inputs = tuple(inputs)
        self.outputs = list(outputs)

    def result_types(self, types: Sequence[TensorType]) -> list[TensorType]:
        """The types of the outputs, as far as they were known when it was traced."""
        del types
        return [tensor.type for tensor in self.outputs]

    def __repr__(self) -> str:
        return f"<body of {len(self.inputs)} inputs, {len(self.outputs)} outputs>"


def open_type(type_: TensorType) -> TensorType:
    """The type without its value, which changes from one iteration to the next."""
    return TensorType(type_.dtype, type_.shape)


def common_type(a: TensorType, b: TensorType) -> TensorType:
    """What two types of one dtype have in common."""
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return TensorType(a.dtype, None)
    sizes = zip(a.shape, b.shape, strict=True)
    return TensorType(a.dtype, tuple(m if m == n else None for m, n in sizes))


def after_all(*graphs: BodyGraph) -> Any:
    """A `with` block whose operations run after all that something in the bodies runs after."""
    return control_dependencies([op for graph in graphs for op in graph.after])


def operands(*graphs: BodyGraph) -> tuple[list[Tensor], list[list[Tensor]]]:
    """What bodies take from outside: the outer tensors, and each body's inputs for them.

    Variables that a body writes are left out: they are values that it hands on.
    """
    written = {variable for graph in graphs for variable in graph.trace.values}
    # one tensor may stand twice in a body: as itself, and as the value of a variable
    found: dict[tuple[Tensor, int], dict[int, Tensor]] = {}
    for position, graph in enumerate(graphs):
        for tensor, inner in graph.captured.items():
            found.setdefault((tensor, 0), {})[position] = inner
        with graph.outside(), after_all(graph):
            for variable, inner in graph.read.items():
                if variable not in written:
                    value = variable.value()
                    again = int(position in found.get((value, 0), {}))
                    found.setdefault((value, again), {})[position] = inner
    inputs = [
        [inner[i] if i in inner else graph.input(outer.type) for (outer, _), inner in found.items()]
        for i, graph in enumerate(graphs)
    ]
    return [tensor for tensor, _ in found], inputs
