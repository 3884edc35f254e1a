"""`cond` and `case`: one of several functions runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError, OptionError
from ..graph import Tensor, current_context
from ..opdef import apply_many
from ..structure import flatten, rebuild
from .bodies import Body, BodyGraph, after_all, operands
from .loops import Cond
from .source import convert
from .state import Variable
from .tracing import commit, leaves_of, written_by

__all__ = ["case", "cond"]


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
            outputs.append(leaves_of(structures[-1]))
    _check_alike(structures)
    variables = written_by(*graphs)
    outer, inputs = operands(*graphs)
    starts = [variable.latest() for variable in variables]
    bodies = []
    for graph, tensors, given in zip(graphs, outputs, inputs, strict=True):
        kept = [graph.variable(variable) for variable in variables]
        found = [graph.entry(variable) for variable in variables]
        bodies.append(Body(graph, [*found, *given], [*tensors, *kept]))
    arguments = [condition, *starts, *outer]
    with after_all(*graphs):
        results = apply_many(Cond(tuple(bodies)), *arguments, name=name or "cond").outputs
    count = len(outputs[0])
    writes = list(zip(variables, results[count:], strict=True))
    if not count and writes:
        return _commit_only(writes, structures[0])
    return rebuild(structures[0], iter(commit(writes, results[:count])))


def _commit_only(writes: Sequence[tuple[Variable, Tensor]], structure: Any) -> Any:
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
