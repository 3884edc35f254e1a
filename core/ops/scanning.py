"""`scan` and its kin: a function runs along the first axis of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import OptionError, ShapeError
from ..graph import Tensor, name_scope
from ..opdef import apply_many
from ..structure import flatten, rebuild
from ..types import TensorType, types_text
from .bodies import Body, after_all, open_type, operands
from .elementwise import shape_of
from .loops import Scan
from .repeat import arange
from .source import convert
from .state import Variable
from .tracing import Loop, check_structure, commit, leaves_of, written_by

__all__ = ["foldl", "foldr", "map_fn", "scan"]


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
        loop = Loop([open_type(t.type) for t in starts])
        graph = loop.graph
        slices = [graph.input(_slice_type(x), "slice") for x in along]
        with graph.inside():
            new, results = function(
                rebuild(carries, iter(loop.carries)), rebuild(pattern, iter(slices))
            )
            outputs, rows = leaves_of(new), leaves_of(results)
        check_structure("scan", len(starts), len(outputs))
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
    loop: Loop,
    starts: list[Tensor],
    along: list[Tensor],
    slices: list[Tensor],
    outputs: list[Tensor],
    rows: list[Tensor],
    structures: tuple[Any, Any],
    reverse: bool,
) -> tuple[Any, Any]:
    graph = loop.graph
    variables = written_by(graph)
    first = [*starts, *(variable.latest() for variable in variables)]
    before = [*loop.carries, *(graph.entry(v) for v in variables)]
    after = [*outputs, *(graph.variable(v) for v in variables)]
    if graph.counter is not None:
        along = [*along, arange(shape_of(along[0])[0], dtype="int64")]
        slices = [*slices, graph.counter]
    outer, [inputs] = operands(graph)
    body = Body(graph, [*before, *slices, *inputs], [*after, *rows])
    op = Scan((body,), len(before), len(along), bool(reverse))
    with after_all(graph):
        results = apply_many(op, *first, *along, *outer, name="Scan").outputs
    writes = list(zip(variables, results[len(starts) :], strict=False))
    last, stacked = results[: len(starts)], results[len(before) :]
    given = commit(writes, [*last, *stacked])
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
