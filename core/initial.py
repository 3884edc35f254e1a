"""Initial values of variables: all that a run needs, by one program.

A network has hundreds of variables. One program for each would take longer to compile than the
network's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .errors import ShapeError
from .function import GraphFunction
from .graph import Graph, Tensor, library
from .ops.state import ReadVariable, Variable

__all__ = ["initial_arrays"]


def initial_arrays(
    variables: Sequence[Variable],
    run: Callable[[GraphFunction], Sequence[Any]],
    is_missing: Callable[[Variable], bool],
) -> Iterator[tuple[Variable, np.ndarray[Any, Any]]]:
    """Variables and arrays of their own, not always in the order given.

    What depends on other variables is computed for itself, after these: each is drawn once.

    Args:
        variables: whose initial values are wanted.
        run: computes the fetches of a function without feeds; that may initialise variables.
        is_missing: whether a variable has no value yet.

    Raises:
        ShapeError: if a value does not fit its variable.
    """
    graph = Graph()
    of_functions: list[tuple[Variable, Tensor]] = []
    alone: list[tuple[Variable, Tensor]] = []
    for variable in variables:
        if isinstance(variable.initial_value, np.ndarray):
            yield variable, np.array(variable.initial_value)
            continue
        with graph.as_default(), library():
            tensor = variable.initial_tensor()
        reads = any(isinstance(op.opdef, ReadVariable) for op in graph.get_operations())
        graph.forget_names()  # what is drawn follows from names, not from who else is initialised
        (alone if reads or tensor.graph is not graph else of_functions).append((variable, tensor))
    for group in (of_functions, *([pair] for pair in alone)):
        if group and (group is of_functions or is_missing(group[0][0])):
            values = run(GraphFunction([tensor for _, tensor in group], []))
            yield from _checked([variable for variable, _ in group], values)


def _checked(
    variables: Sequence[Variable], values: Sequence[Any]
) -> Iterator[tuple[Variable, np.ndarray[Any, Any]]]:
    """Each value as an array that nothing else has."""
    seen: set[int] = set()
    for variable, value in zip(variables, values, strict=True):
        # copies what is not ours alone
        array = np.require(value, variable.dtype.numpy, ["C", "W", "O"])
        if id(array) in seen:  # equal values are computed once
            array = array.copy()
        seen.add(id(array))
        if not variable.type.accepts_shape(array.shape):
            raise ShapeError(
                "Variable",
                "the initial value has another shape",
                expected=f"{variable.type}, the type of '{variable.name}'",
                got=f"{array.dtype} {array.shape}",
                site=variable.site,
            )
        yield variable, array
