"""What branches and loops share while their functions are traced.

The functions are called once, in the graph of a body. In them Python runs as ever: tensors from
outside may be used, variables read and written in program order, random numbers drawn (others at
each iteration), loops and branches nested. What a body leaves in variables is committed when the
loop or branch has run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import GraphError
from ..graph import Tensor, control_dependencies, current_context
from ..structure import flatten, rebuild
from ..types import TensorType
from .bodies import BodyGraph
from .elementwise import identity
from .source import convert
from .state import Variable

__all__: list[str] = []  # all of it is for branching.py, looping.py and scanning.py


def leaves_of(structure: Any) -> list[Tensor]:
    """The leaves of what a body returned, as tensors of the graph in force."""
    graph = current_context().graph
    tensors = [convert(leaf) for leaf in flatten(structure)]
    return [t if t.graph is graph else graph.capture(t) for t in tensors]


def commit(writes: Sequence[tuple[Variable, Tensor]], results: Sequence[Tensor]) -> list[Tensor]:
    """Sets the variables that bodies wrote; whoever reads a result makes that happen."""
    if not writes:
        return list(results)
    operations = [variable.assign(value).op for variable, value in writes]
    if current_context().graph.outer is not None:
        return list(results)  # the body around this one knows
    with control_dependencies(operations):
        return [identity(result) for result in results]


def written_by(*graphs: BodyGraph) -> list[Variable]:
    """The variables that bodies write."""
    return list(dict.fromkeys(variable for graph in graphs for variable in graph.trace.values))


class Loop:
    """The body of a loop while it is traced."""

    def __init__(self, types: Sequence[TensorType]) -> None:
        self.graph = BodyGraph(current_context(), counts=True)
        self.carries = [self.graph.input(type_, "loop") for type_ in types]


def arguments_of(structure: Any, tensors: Sequence[Tensor]) -> list[Any]:
    """What a loop's function is called with: the items of the outermost list or tuple."""
    built = rebuild(structure, iter(tensors))
    return list(built) if isinstance(built, list | tuple) else [built]


def check_structure(where: str, expected: int, got: int) -> None:
    """A body returns as many values as it takes; raises GraphError otherwise."""
    if expected != got:
        raise GraphError(
            where,
            "the body returns another structure than it takes",
            expected=f"{expected} values, as in loop_vars",
            got=f"{got} values",
        )
