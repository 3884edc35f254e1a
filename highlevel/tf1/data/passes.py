"""What one pass over a data set knows, and functions of elements, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import thalweg.core
from thalweg.core import (
    Graph,
    GraphError,
    GraphFunction,
    Tensor,
    TensorType,
    as_array,
    changed_context,
    convert,
    current_context,
    placeholder,
    use_context,
)

from .nesting import leaves_of, packed

__all__ = ["ElementFunction", "Pass"]


class Pass:
    """One pass over a data set, from the initialization of an iterator to its end.

    Args:
        values: what tensors, and data sets that are parts of elements, stand for.
        session: runs the functions of elements and keeps the state of their random numbers.
    """

    def __init__(self, values: dict[Any, Any], session: Any = None) -> None:
        self.values = values
        self.session = session or thalweg.core.Session()
        self.memory: dict[Any, Any] = {}  # what data sets remember from one repetition to the next

    def inside(self, values: dict[Any, Any]) -> Pass:
        """The same pass, in the body of a function that knows more."""
        inner = Pass({**self.values, **values}, self.session)
        inner.memory = self.memory
        return inner

    def value(self, item: Any) -> Any:
        """The value of a tensor; anything else as it is."""
        return self.values[item] if isinstance(item, Tensor) else item


class _FunctionGraph(Graph):
    """The graph of a function; tensors from outside become inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = current_context()
        self.seed = self.outer.graph.seed
        self.captured: dict[Tensor, Tensor] = {}
        self.counter: Tensor | None = None

    def inside(self) -> Any:
        """A `with` block in which operations go into the function."""
        return changed_context(graph=self, scope="", control=(), trace=None)

    def outside(self) -> Any:
        """A `with` block in which operations go where the data set is made."""
        return use_context(self.outer)  # type: ignore[arg-type]

    def iteration(self) -> Tensor:
        """The number of the element, by which random numbers differ."""
        if self.counter is None:
            with self.inside():
                self.counter = placeholder("int64", [], name="iteration")
        return self.counter

    def capture(self, tensor: Tensor) -> Tensor:
        """What stands for a tensor of another graph in this one."""
        if tensor.graph is self:
            return tensor
        if tensor not in self.captured:
            with self.inside():
                self.captured[tensor] = placeholder(tensor.dtype, tensor.shape)
        return self.captured[tensor]

    def variable(self, variable: Any) -> Tensor:
        """A variable, as it is where the iterator is initialized."""
        with self.outside():
            value = variable.value()
        return self.capture(value)

    def write(self, op: Any, *inputs: Tensor) -> Tensor:
        """Functions of elements write no variables."""
        raise GraphError(
            "Dataset",
            "a function of elements writes a variable",
            expected="a function without effects on variables",
            hint="write it with what get_next() returns",
        )


class ElementFunction:
    """A function of elements, traced once and compiled once for each set of sizes.

    Args:
        function: takes an element: the parts of a tuple as arguments of their own, anything else
            as one. Returns nested tensors, or a data set.
        structure: of its elements, with types as leaves.
        stand_in: makes what stands for a part that is a data set.
        is_spread: False hands a tuple over as one argument.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        structure: Any,
        stand_in: Callable[[Any], Any],
        is_spread: bool = True,
    ) -> None:
        graph = _FunctionGraph()
        with graph.inside():
            self._inputs: list[Any] = [
                placeholder(part.dtype, part.shape)
                if isinstance(part, TensorType)
                else stand_in(part)
                for part in leaves_of(structure)
            ]
            element = packed(structure, iter(self._inputs))
            is_tuple = type(structure) is tuple and is_spread
            result = function(*element) if is_tuple else function(element)
            self.result = _without_lists(result)
            parts = list(leaves_of(self.result))
            self._outputs: list[Any] = [p if hasattr(p, "structure") else convert(p) for p in parts]
            self._tensors = [graph.capture(t) for t in self._tensors_of_outputs()]
        self._captured = graph.captured
        self.structure = packed(
            self.result,
            (
                o.as_part() if hasattr(o, "structure") else TensorType(o.dtype, o.shape)
                for o in self._outputs
            ),
        )
        self._fed = [i for i, part in enumerate(self._inputs) if isinstance(part, Tensor)]
        feeds = [*(self._inputs[i] for i in self._fed), *self._captured.values()]
        self._counts = graph.counter is not None
        if graph.counter is not None:
            feeds.append(graph.counter)
        self._compiled = GraphFunction(self._tensors, feeds)

    def _tensors_of_outputs(self) -> list[Tensor]:
        self._places: dict[Tensor, int] = {}
        for output in self._outputs:
            for tensor in output.tensors() if hasattr(output, "structure") else [output]:
                self._places.setdefault(tensor, len(self._places))
        return list(self._places)

    @property
    def captured(self) -> list[Tensor]:
        """The tensors from outside that it uses."""
        return list(self._captured)

    def inside(self, run: Pass, element: Sequence[Any]) -> Pass:
        """The pass in which its results have values, for an element."""
        fed = [element[i] for i in self._fed]
        outer = [run.values[tensor] for tensor in self._captured]
        if self._counts:
            count = run.memory.get(self, 0)
            run.memory[self] = count + 1
            outer.append(np.asarray(count, np.int64))
        found = run.session.call(self._compiled, [*fed, *outer]) if self._tensors else []
        arrays = map(as_array, found)  # a string alone comes as bytes, whose zeros NumPy drops
        values: dict[Any, Any] = dict(zip(self._places, arrays, strict=True))
        for part, value in zip(self._inputs, element, strict=True):
            if not isinstance(part, Tensor):
                values[part] = value
        return run.inside(values)

    def __call__(self, run: Pass, element: Sequence[Any]) -> tuple[Any, ...]:
        """The parts of its result for an element."""
        inner = self.inside(run, element)
        return tuple(
            output.bound(inner) if hasattr(output, "structure") else inner.values[output]
            for output in self._outputs
        )


def _without_lists(result: Any) -> Any:
    """A list returned by a function is a tuple of tensors, or one tensor if it has none."""
    if isinstance(result, list) and any(isinstance(part, Tensor) for part in result):
        return tuple(result)
    return result
