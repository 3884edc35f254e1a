"""Reverse-mode differentiation: a graph walk that adds each op's own gradient expressions.

Since creation order is a topological order, the walk is two passes over the operations between
`xs` and `ys`: forwards to see which depend on `xs`, backwards to add up what flows into each
tensor. The result is ordinary graph, so a gradient has a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import DtypeError, GraphError, ShapeError
from .graph import OPERATORS, Operation, Tensor, changed_context, library, name_scope
from .ops.concat import concat
from .ops.elementwise import add, multiply, ones_like, shape_of, stop_gradient, zeros_like
from .ops.repeat import zeros
from .ops.shape import reshape
from .ops.source import constant, convert
from .ops.stack import stack
from .ops.state import ReadVariable, Variable
from .types import types_text

__all__ = ["gradients", "hessian_vector_product", "jacobian"]


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
        reads: dict[Variable, list[Tensor]] = {}
        for op in between:
            if isinstance(op.opdef, ReadVariable):
                reads.setdefault(op.opdef.variable, []).append(op.outputs[0])
        return [_result(x, flowing, reads, unconnected_gradients) for x in sources]


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
    place = changed_context(site=op.site, owner=op.owner, device=op.device)
    with place, name_scope(f"{op.name}_grad"):
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
    x: Any,
    flowing: dict[Tensor, Tensor],
    reads: dict[Variable, list[Tensor]],
    unconnected: str,
) -> Tensor | None:
    if isinstance(x, Variable):
        total: Tensor | None = None
        for tensor in reads.get(x, ()):
            g = flowing.get(tensor)
            if g is not None:
                total = g if total is None else add(total, g)
    else:
        total = flowing.get(convert(x))
    if total is None and unconnected == "zero":
        return zeros_like(convert(x))
    return total


def hessian_vector_product(ys: Any, xs: Any, vectors: Any) -> list[Tensor | None]:
    """The product of the matrix of second derivatives of the sum of `ys` with `vectors`.

    The gradient of the product of gradient and vector, so that no matrix is made (Pearlmutter,
    "Fast Exact Multiplication by the Hessian", 1994).

    Args:
        ys: a tensor or a list of tensors, float.
        xs: a tensor or variable, or a list of them.
        vectors: one of x's shape for each of `xs`.

    Returns:
        One tensor of x's shape for each of `xs`; None where nothing flows.

    >>> from thalweg.core import Session, constant
    >>> x = constant([1.0, 2.0])
    >>> [product] = hessian_vector_product(x * x * x, [x], [[1.0, 10.0]])
    >>> Session().run(product).tolist()
    [6.0, 120.0]
    """
    sources = xs if isinstance(xs, list | tuple) else [xs]
    given = vectors if isinstance(vectors, list | tuple) and len(sources) > 1 else None
    pairs = zip(gradients(ys, sources), given or _one(vectors), strict=True)
    products = [multiply(g, stop_gradient(convert(v, g.dtype))) for g, v in pairs if g is not None]
    if not products:
        return [None] * len(sources)
    return gradients(products, sources)


def _one(vectors: Any) -> list[Any]:
    """The vector of a single x, given alone or in a list."""
    return list(vectors) if isinstance(vectors, list | tuple) and len(vectors) == 1 else [vectors]


def jacobian(y: Any, x: Any) -> Tensor:
    """The derivatives of each element of `y` with respect to each element of `x`.

    Args:
        y: (...) float, of known sizes: one backward pass is built for each element.
        x: (...) a tensor or variable.

    Returns:
        The shape of `y`, followed by that of `x`.

    Raises:
        ShapeError: if a size of `y` is not known.

    >>> from thalweg.core import Session, constant
    >>> x = constant([1.0, 2.0])
    >>> Session().run(jacobian(x * x, x)).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    target = convert(y)
    size = target.type.size
    if size is None or target.shape is None:
        raise ShapeError(
            "jacobian",
            "the sizes of y are not all known",
            expected="known sizes: one backward pass is built for each element",
            got=str(target.type),
            node=target.op.name,
        )
    tensor = convert(x)
    flat = reshape(target, [size])
    rows = [gradients(flat[i], [x], unconnected_gradients="zero")[0] for i in range(size)]
    sizes = concat([constant(target.shape, "int32", [len(target.shape)]), shape_of(tensor)], axis=0)
    return reshape(stack(rows), sizes) if rows else zeros(sizes, tensor.dtype)


OPERATORS["gradients"] = gradients
