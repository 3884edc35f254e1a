"""Reverse-mode differentiation: a graph walk that adds each op's own gradient expressions.

Since creation order is a topological order, the walk is two passes over the operations between
`xs` and `ys`: forwards to see which depend on `xs`, backwards to add up what flows into each
tensor. The result is ordinary graph, so a gradient has a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import DtypeError, GraphError
from .graph import OPERATORS, Operation, Tensor, changed_context, library, name_scope
from .ops.elementwise import add, ones_like, zeros_like
from .ops.source import convert
from .ops.state import ReadVariable, Variable
from .types import types_text

__all__ = ["gradients"]


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    stop_gradients: Sequence[Tensor] = (),
    unconnected_gradients: str = "none",
) -> list[Tensor | None]:
    """The derivatives of the sum of `ys` with respect to each of `xs`.

    Args:
        ys: a tensor or a list of tensors, float.
        xs: a tensor or variable, or a list of them.
        grad_ys: what flows into `ys`, of their shapes; ones if None.
        name: name scope of the new nodes.
        stop_gradients: tensors treated as constants.
        unconnected_gradients: `"none"` gives None where `ys` do not depend on an x, `"zero"`
            zeros of its shape.

    Returns:
        One tensor of x's shape for each of `xs`.

    Raises:
        DtypeError: if a y is not float.
        GraphError: if an op on the way has no gradient.

    >>> from thalweg.core import Session, constant
    >>> x = constant(3.0)
    >>> [dx] = gradients(x * x, [x])
    >>> float(Session().run(dx))
    6.0
    """
    targets = [convert(y) for y in (ys if isinstance(ys, list | tuple) else [ys])]
    sources = xs if isinstance(xs, list | tuple) else [xs]
    seeds = grad_ys if isinstance(grad_ys, list | tuple) else [grad_ys] * len(targets)
    for y in targets:
        if not y.dtype.is_float:
            raise DtypeError(
                "gradients", "only floats have gradients", got=types_text(y=y.type), node=y.op.name
            )
    stopped = set(stop_gradients)
    source_tensors = [x for x in sources if isinstance(x, Tensor)]
    source_variables = {x for x in sources if isinstance(x, Variable)}
    between = _between(targets, set(source_tensors), source_variables, stopped)
    with library(), name_scope(name):
        flowing: dict[Tensor, Tensor] = {}
        for y, seed in zip(targets, seeds, strict=True):
            _accumulate(flowing, y, ones_like(y) if seed is None else convert(seed, y.dtype))
        for op in reversed(between):
            _differentiate(op, flowing, stopped)
        return [_result(x, flowing, between, unconnected_gradients) for x in sources]


def _between(
    targets: list[Tensor], tensors: set[Tensor], variables: set[Variable], stopped: set[Tensor]
) -> list[Operation]:
    """The operations on a path from the sources to the targets, in creation order."""
    reachable: set[Operation] = set()
    stack = [y.op for y in targets]
    while stack:
        op = stack.pop()
        if op not in reachable:
            reachable.add(op)
            stack.extend(t.op for t in op.inputs if t not in stopped)
    ordered = sorted(reachable, key=lambda op: op.index)
    depends: set[Operation] = set()
    for op in ordered:
        if (
            (isinstance(op.opdef, ReadVariable) and op.opdef.variable in variables)
            or not tensors.isdisjoint(op.outputs)
            or any(t in tensors or (t.op in depends and t not in stopped) for t in op.inputs)
        ):
            depends.add(op)
    return [op for op in ordered if op in depends]


def _differentiate(op: Operation, flowing: dict[Tensor, Tensor], stopped: set[Tensor]) -> None:
    """Adds the op's gradient nodes and lets them flow into its inputs."""
    incoming = [flowing.get(t) if t not in stopped else None for t in op.outputs]
    if not op.inputs or all(g is None for g in incoming):
        return
    scope = f"{op.name.rpartition('/')[2]}_grad"
    with changed_context(site=op.site, owner=op.owner), name_scope(scope):
        try:
            outgoing = op.opdef.gradient(op, *incoming)
        except GraphError as error:
            raise error.at(node=op.name, layer=op.owner, site=op.site) from None
        if len(outgoing) != len(op.inputs):
            raise GraphError(
                op.type,
                "its gradient has the wrong number of entries",
                expected=str(len(op.inputs)),
                got=str(len(outgoing)),
                node=op.name,
            )
        for tensor, g in zip(op.inputs, outgoing, strict=True):
            if g is not None and tensor.dtype.is_float:
                _accumulate(flowing, tensor, g)


def _accumulate(flowing: dict[Tensor, Tensor], tensor: Tensor, g: Tensor) -> None:
    known = flowing.get(tensor)
    flowing[tensor] = g if known is None else add(known, g)


def _result(
    x: Any, flowing: dict[Tensor, Tensor], between: list[Operation], unconnected: str
) -> Tensor | None:
    if isinstance(x, Variable):
        total: Tensor | None = None
        for op in between:
            if isinstance(op.opdef, ReadVariable) and op.opdef.variable is x:
                g = flowing.get(op.outputs[0])
                if g is not None:
                    total = g if total is None else add(total, g)
    else:
        total = flowing.get(convert(x))
    if total is None and unconnected == "zero":
        return zeros_like(convert(x))
    return total


OPERATORS["gradients"] = gradients
