"""`cond`, `while_loop`, `scan` and what is made of them.

The functions that a loop or branch runs are called once, to trace their bodies. In them, Python
runs as ever: tensors from outside may be used, variables read and written in program order,
random numbers drawn (others at each iteration), loops and branches nested. What a body leaves in
variables is committed when the loop or branch has run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError, OptionError, ShapeError
from ..graph import Tensor, control_dependencies, current_context, name_scope
from ..opdef import apply_many
from ..structure import flatten, rebuild
from ..types import TensorType, as_shape, int64, types_text
from .bodies import Body, BodyGraph, open_type, operands
from .compare import less, logical_and
from .elementwise import add, identity, shape_of
from .loops import Cond, Scan, While, check_carried
from .repeat import arange
from .source import constant, convert
from .state import Variable

__all__ = ["case", "cond", "foldl", "foldr", "map_fn", "scan", "while_loop"]


def _leaves(structure: Any) -> list[Tensor]:
    """The leaves of what a body returned, as tensors of the graph in force."""
    graph = current_context().graph
    tensors = [convert(leaf) for leaf in flatten(structure)]
    return [t if t.graph is graph else graph.capture(t) for t in tensors]


def _commit(writes: Sequence[tuple[Variable, Tensor]], results: Sequence[Tensor]) -> list[Tensor]:
    """Sets the variables that bodies wrote; whoever reads a result makes that happen."""
    if not writes:
        return list(results)
    operations = [variable.assign(value).op for variable, value in writes]
    if current_context().graph.outer is not None:
        return list(results)  # the body around this one knows
    with control_dependencies(operations):
        return [identity(result) for result in results]


def _written(*graphs: BodyGraph) -> list[Variable]:
    return list(dict.fromkeys(variable for graph in graphs for variable in graph.trace.values))


# Branches ---------------------------------------------------------------------------------------


def cond(
    pred: Any,
    true_fn: Callable[[], Any],
    false_fn: Callable[[], Any],
    name: str | None = None,
) -> Any:
    """What one of two functions returns; only that one runs.

    Args:
        pred: () bool tensor; a Python bool decides now.
        true_fn: a function without arguments; it returns tensors, perhaps nested in lists, tuples
            and dicts.
        false_fn: the same, with results of the same structure and dtypes.
        name: of the node.

    Returns:
        The structure that the functions return.

    Raises:
        GraphError: if the structures differ.
        DtypeError: if a dtype differs, or `pred` is not a boolean scalar.

    >>> from thalweg.core import Session, placeholder
    >>> x = placeholder("float32", [])
    >>> y = cond(x > 0, lambda: x * 2, lambda: -x)
    >>> [float(Session().run(y, {x: value})) for value in (3.0, -3.0)]
    [6.0, 3.0]
    """
    if isinstance(pred, bool):
        return true_fn() if pred else false_fn()
    condition = convert(pred)
    context = current_context()
    graphs = [BodyGraph(context), BodyGraph(context)]
    structures, outputs = [], []
    for graph, function in zip(graphs, (true_fn, false_fn), strict=True):
        with graph.inside():
            structures.append(function())
            outputs.append(_leaves(structures[-1]))
    _check_alike(structures)
    variables = _written(*graphs)
    outer, inputs = operands(*graphs)
    starts = [variable.latest() for variable in variables]
    bodies = []
    for graph, tensors, given in zip(graphs, outputs, inputs, strict=True):
        kept = [graph.variable(variable) for variable in variables]
        found = [graph.entry(variable) for variable in variables]
        bodies.append(Body(graph, [*found, *given], [*tensors, *kept]))
    arguments = [condition, *starts, *outer]
    results = apply_many(Cond(tuple(bodies)), *arguments, name=name or "cond").outputs
    count = len(outputs[0])
    writes = list(zip(variables, results[count:], strict=True))
    if not count and writes:
        return _committed_only(writes, structures[0])
    return rebuild(structures[0], iter(_commit(writes, results[:count])))


def _committed_only(writes: Sequence[tuple[Variable, Tensor]], structure: Any) -> Any:
    for variable, value in writes:
        variable.assign(value)
    return structure


def _check_alike(structures: Sequence[Any]) -> None:
    first, second = (rebuild(s, iter(["·"] * sum(1 for _ in flatten(s)))) for s in structures)
    if first != second:
        raise GraphError(
            "cond",
            "the two functions return different structures",
            expected=repr(first),
            got=repr(second),
        )


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    name: str | None = None,
) -> Any:
    """What the function beside the first true condition returns.

    Args:
        pred_fn_pairs: pairs of a () bool tensor and a function without arguments, or a dict.
        default: the function if none is true; the last pair's if None.
        exclusive: ignored: the first true condition counts.
        name: of the nodes.

    Raises:
        OptionError: if there are no pairs.

    >>> from thalweg.core import Session, placeholder
    >>> x = placeholder("float32", [])
    >>> y = case([(x < 1, lambda: x * 0), (x < 2, lambda: x * 10)], default=lambda: x)
    >>> [float(Session().run(y, {x: value})) for value in (0.5, 1.5, 2.5)]
    [0.0, 15.0, 2.5]
    """
    del exclusive
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if not pairs:
        raise OptionError("case", "there is nothing to choose from", got=repr(pred_fn_pairs))
    if default is None:
        default = pairs.pop()[1]
    function = default
    for pred, this in reversed(pairs):
        function = _either(pred, this, function, name)
    return function()


def _either(
    pred: Any, this: Callable[[], Any], other: Callable[[], Any], name: str | None
) -> Callable[[], Any]:
    return lambda: cond(pred, this, other, name=name or "case")


# Loops ------------------------------------------------------------------------------------------


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
        loop = _Loop(types)
        graph = loop.graph
        with graph.inside():
            returned = body(*_arguments(loop_vars, loop.carries))
            outputs = _leaves(returned)
        _check_structure(loop_vars, returned, len(starts), len(outputs))
        check_carried("while_loop", types, [t.type for t in outputs])
        condition = BodyGraph(graph.outer)
        asked = [condition.input(type_, "loop") for type_ in types]
        with condition.inside():
            [holds] = _leaves(cond(*_arguments(loop_vars, asked)))
            if limit is not None:
                holds = logical_and(holds, less(condition_counter(condition), limit))
                holds = condition.capture(holds)
                graph.iteration()
        if condition.trace.values:
            raise GraphError("while_loop", "cond writes a variable; only body may")
        return _build_while(loop, condition, asked, holds, outputs, starts, loop_vars)


def condition_counter(graph: BodyGraph) -> Tensor:
    """The input of a condition that counts iterations."""
    if graph.counter is None:
        graph.counter = graph.input(TensorType(int64, ()), "iteration")
    return graph.counter


class _Loop:
    """The body of a loop while it is traced."""

    def __init__(self, types: Sequence[TensorType]) -> None:
        self.graph = BodyGraph(current_context(), counts=True)
        self.carries = [self.graph.input(type_, "loop") for type_ in types]


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


def _arguments(structure: Any, tensors: Sequence[Tensor]) -> list[Any]:
    """What a loop's function is called with: the items of the outermost list or tuple."""
    built = rebuild(structure, iter(tensors))
    return list(built) if isinstance(built, list | tuple) else [built]


def _check_structure(before: Any, after: Any, expected: int, got: int) -> None:
    if expected != got:
        raise GraphError(
            "while_loop",
            "the body returns another structure than it takes",
            expected=f"{expected} values, as in loop_vars",
            got=f"{got} values",
        )


def _build_while(
    loop: _Loop,
    condition: BodyGraph,
    asked: list[Tensor],
    holds: Tensor,
    outputs: list[Tensor],
    starts: list[Tensor],
    structure: Any,
) -> Any:
    graph = loop.graph
    variables = _written(graph)
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
    results = apply_many(While(bodies, len(before)), *first, *outer, name="While").outputs
    count = len(starts)
    writes = list(zip(variables, results[count:], strict=False))
    return rebuild(structure, iter(_commit(writes, results[:count])))


def scan(
    function: Callable[..., Any],
    carries: Any,
    xs: Any,
    reverse: bool = False,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Runs `function` along the first axis of `xs`, handing values on.

    Args:
        function: (carries, slices) -> (carries, results), each in its structure.
        carries: the values to start with, perhaps nested; their types stay.
        xs: tensors of (length, ...) each, perhaps nested.
        reverse: from the last slice to the first; results stand where their slices stood.
        name: of the node.

    Returns:
        The last carries, and the results as tensors of (length, ...).

    Raises:
        ShapeError: if the tensors have no one length, or an iteration changes a carry's shape.

    >>> from thalweg.core import Session
    >>> last, sums = scan(lambda s, x: (s + x, s + x), 0.0, [1.0, 2.0, 3.0])
    >>> float(Session().run(last)), Session().run(sums).tolist()
    (6.0, [1.0, 3.0, 6.0])
    """
    with name_scope(name or "scan"):
        starts = [convert(leaf) for leaf in flatten(carries)]
        along, pattern = _along(xs)
        loop = _Loop([open_type(t.type) for t in starts])
        graph = loop.graph
        slices = [graph.input(_slice_type(x), "slice") for x in along]
        with graph.inside():
            new, results = function(
                rebuild(carries, iter(loop.carries)), rebuild(pattern, iter(slices))
            )
            outputs, rows = _leaves(new), _leaves(results)
        _check_structure(carries, new, len(starts), len(outputs))
        return _build_scan(loop, starts, along, slices, outputs, rows, (carries, results), reverse)


def _along(xs: Any) -> tuple[list[Tensor], Any]:
    """The tensors to run along, and their structure; a list of numbers is one tensor."""
    leaves = list(flatten(xs))
    if leaves and not any(
        isinstance(leaf, Tensor | Variable) or hasattr(leaf, "shape") for leaf in leaves
    ):
        return [convert(xs)], None
    tensors = [convert(leaf) for leaf in leaves]
    if not tensors:
        raise OptionError("scan", "there is nothing to run along", got=repr(xs))
    return tensors, xs


def _slice_type(x: Tensor) -> TensorType:
    if x.ndim == 0:
        raise ShapeError(
            "scan", "a scalar has no axis to run along", got=types_text(x=x.type), node=x.op.name
        )
    shape = x.type.shape
    return TensorType(x.dtype, None if shape is None else shape[1:])


def _build_scan(
    loop: _Loop,
    starts: list[Tensor],
    along: list[Tensor],
    slices: list[Tensor],
    outputs: list[Tensor],
    rows: list[Tensor],
    structures: tuple[Any, Any],
    reverse: bool,
) -> tuple[Any, Any]:
    graph = loop.graph
    variables = _written(graph)
    first = [*starts, *(variable.latest() for variable in variables)]
    before = [*loop.carries, *(graph.entry(v) for v in variables)]
    after = [*outputs, *(graph.variable(v) for v in variables)]
    if graph.counter is not None:
        along = [*along, arange(shape_of(along[0])[0], dtype="int64")]
        slices = [*slices, graph.counter]
    outer, [inputs] = operands(graph)
    body = Body(graph, [*before, *slices, *inputs], [*after, *rows])
    op = Scan((body,), len(before), len(along), bool(reverse))
    results = apply_many(op, *first, *along, *outer, name="Scan").outputs
    writes = list(zip(variables, results[len(starts) :], strict=False))
    last, stacked = results[: len(starts)], results[len(before) :]
    given = _commit(writes, [*last, *stacked])
    carried, returned = structures
    return (
        rebuild(carried, iter(given[: len(starts)])),
        rebuild(returned, iter(given[len(starts) :])),
    )


def map_fn(fn: Callable[[Any], Any], elems: Any, name: str | None = None) -> Any:
    """`fn` of each slice along the first axis, stacked.

    Args:
        fn: (slices, in the structure of `elems`) -> tensors, perhaps nested.
        elems: tensors of (length, ...) each.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(map_fn(lambda x: x * x, [1.0, 2.0, 3.0])).tolist()
    [1.0, 4.0, 9.0]
    """
    return scan(lambda _, x: ((), fn(x)), (), elems, name=name or "map")[1]


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combines the slices along the first axis, from the first to the last.

    Args:
        fn: (so far, slices) -> so far.
        elems: tensors of (length, ...) each.
        initializer: the value to start with; the first slices if None.
        name: of the node.

    >>> from thalweg.core import Session
    >>> float(Session().run(foldl(lambda a, x: a * 10 + x, [1.0, 2.0, 3.0])))
    123.0
    """
    return _fold(fn, elems, initializer, False, name or "foldl")


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combines the slices along the first axis, from the last to the first.

    Args:
        fn: (so far, slices) -> so far.
        elems: tensors of (length, ...) each.
        initializer: the value to start with; the last slices if None.
        name: of the node.

    >>> from thalweg.core import Session
    >>> float(Session().run(foldr(lambda a, x: a * 10 + x, [1.0, 2.0, 3.0])))
    321.0
    """
    return _fold(fn, elems, initializer, True, name or "foldr")


def _fold(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, reverse: bool, name: str
) -> Any:
    if initializer is None:
        tensors, pattern = _along(elems)
        first = -1 if reverse else 0
        others = slice(None, -1) if reverse else slice(1, None)
        initializer = rebuild(pattern, iter([t[first] for t in tensors]))
        elems = rebuild(pattern, iter([t[others] for t in tensors]))
    return scan(lambda so_far, x: (fn(so_far, x), ()), initializer, elems, reverse, name)[0]
