"""`while_loop`: a function runs as long as another one says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError, OptionError, ShapeError
from ..graph import Tensor, name_scope
from ..opdef import apply, apply_many
from ..structure import flatten, rebuild
from ..types import TensorType, as_shape, int64
from .bodies import Body, BodyGraph, after_all, open_type, operands
from .compare import less, logical_and
from .elementwise import add, shape_of
from .loops import Call, While, check_carried
from .source import constant, convert
from .tensor_array import TensorArray
from .tracing import Loop, arguments_of, check_structure, commit, leaves_of, written_by

__all__ = ["while_loop"]


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Runs `body` as long as `cond` holds, and returns the values that it ends with.

    Args:
        cond: (loop variables) -> () bool tensor. It may not write variables.
        body: (loop variables) -> loop variables of the same structure and dtypes.
        loop_vars: the values to start with: a list, tuple or dict of tensors, perhaps nested.
        shape_invariants: shapes in the structure of `loop_vars` that hold at each iteration, where
            a size changes; the shapes of `loop_vars` if None.
        maximum_iterations: at most so many; () integer.
        name: of the node.

    Returns:
        The structure of `loop_vars`.

    Raises:
        DtypeError, ShapeError: if an iteration changes the type of a value.
        GraphError: if `body` returns another structure.

    >>> from thalweg.core import Session
    >>> i, total = while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), [0, 0])
    >>> [int(value) for value in Session().run([i, total])]
    [5, 10]
    """
    with name_scope(name or "while"):
        starts = [convert(leaf) for leaf in flatten(loop_vars)]
        types = _invariants(starts, shape_invariants)
        limit = None if maximum_iterations is None else convert(maximum_iterations, int64)
        loop = Loop(types)
        graph = loop.graph
        with graph.inside():
            arguments = arguments_of(loop_vars, loop.carries)
            returned = body(*arguments)
            outputs = leaves_of(returned)
        starts = _with_new_arrays(loop, arguments, starts)
        types = [open_type(t.type) for t in loop.carries]
        check_structure("while_loop", len(starts), len(outputs))
        check_carried("while_loop", types, [t.type for t in outputs])
        condition = BodyGraph(graph.outer)
        asked = [condition.input(type_, "loop") for type_ in types]
        with condition.inside():
            [holds] = leaves_of(cond(*rebuild(arguments, iter(asked))))
            if limit is not None:
                holds = logical_and(holds, less(condition_counter(condition), limit))
                holds = condition.capture(holds)
                graph.iteration()
        if condition.trace.values:
            raise GraphError("while_loop", "cond writes a variable; only body may")
        results = _build_while(loop, condition, asked, holds, outputs, starts)
        return _like(loop_vars, rebuild(arguments, iter(results)))


def condition_counter(graph: BodyGraph) -> Tensor:
    """The input of a condition that counts iterations."""
    if graph.counter is None:
        graph.counter = graph.input(TensorType(int64, ()), "iteration")
    return graph.counter


def _invariants(starts: Sequence[Tensor], shapes: Any) -> list[TensorType]:
    """The types of the loop variables at every iteration."""
    if shapes is None:
        return [open_type(t.type) for t in starts]
    given = list(_shapes(shapes))
    if len(given) != len(starts):
        raise OptionError(
            "while_loop",
            "shape_invariants do not fit loop_vars",
            expected=f"{len(starts)} shapes",
            got=repr(shapes),
        )
    types = [TensorType(t.dtype, as_shape(s)) for t, s in zip(starts, given, strict=True)]
    for type_, start in zip(types, starts, strict=True):
        if not type_.accepts(start.type):
            raise ShapeError(
                "while_loop",
                "a loop variable does not have its invariant shape",
                expected=str(type_),
                got=str(start.type),
            )
    return types


def _shapes(structure: Any) -> Any:
    """The shapes in a structure of them: a tuple or list of sizes is a leaf."""
    if isinstance(structure, dict):
        structure = list(structure.values())
    if structure is None or all(size is None or isinstance(size, int) for size in structure):
        yield structure
        return
    for item in structure:
        yield from _shapes(item)


def _build_while(
    loop: Loop,
    condition: BodyGraph,
    asked: list[Tensor],
    holds: Tensor,
    outputs: list[Tensor],
    starts: list[Tensor],
) -> list[Tensor]:
    """The operation; returns what the loop variables end with."""
    graph = loop.graph
    variables = written_by(graph)
    first = [*starts, *(variable.latest() for variable in variables)]
    before = [*loop.carries, *(graph.entry(v) for v in variables)]
    after = [*outputs, *(graph.variable(v) for v in variables)]
    looked = [*asked, *(condition.entry(v) for v in variables)]
    if graph.counter is not None:
        first.append(constant(0, "int64"))
        before.append(graph.counter)
        looked.append(condition_counter(condition))
        with graph.inside():
            after.append(add(graph.counter, constant(1, "int64")))
    outer, inputs = operands(condition, graph)
    bodies = (
        Body(condition, [*looked, *inputs[0]], [holds]),
        Body(graph, [*before, *inputs[1]], after),
    )
    with after_all(condition, graph):
        results = apply_many(While(bodies, len(before)), *first, *outer, name="While").outputs
    count = len(starts)
    writes = list(zip(variables, results[count:], strict=False))
    return commit(writes, results[:count])


def _with_new_arrays(loop: Loop, arguments: list[Any], starts: list[Tensor]) -> list[Tensor]:
    """What the loop starts with, now that arrays which the body was first to write are known."""
    start_of = dict(zip(loop.carries, starts, strict=True))
    for array in _arrays(arguments):
        slot = array.slot
        if slot is not None and slot.input is not None and slot.element is not None:
            shape = _shape_outside(loop, start_of, slot.element)
            start_of[slot.input] = array.made_outside(shape)
    loop.carries = list(flatten(arguments))
    return [start_of[tensor] for tensor in loop.carries]


def _arrays(structure: Any) -> list[TensorArray]:
    if isinstance(structure, TensorArray):
        return [structure]
    if isinstance(structure, dict):
        structure = list(structure.values())
    if not isinstance(structure, list | tuple):
        return []
    return [array for item in structure for array in _arrays(item)]


def _shape_outside(loop: Loop, start_of: dict[Tensor, Tensor], element: Tensor) -> Tensor:
    """The shape of a value of the body, as a tensor outside of it."""
    shape = element.type.shape
    if shape is not None and None not in shape:
        return constant(shape, "int32", [len(shape)])
    with loop.graph.inside():
        inner = shape_of(element)
    outer, [inputs] = operands(loop.graph)
    body = Body(loop.graph, [*start_of, *inputs], [inner])
    return apply(Call((body,)), *start_of.values(), *outer, name="element_shape")


def _like(structure: Any, items: list[Any]) -> Any:
    """The items as a list, tuple or single value, as `structure` is one."""
    if isinstance(structure, list):
        return items
    if isinstance(structure, tuple):
        make = getattr(type(structure), "_make", type(structure))
        return make(items)
    return items[0]
