"""Gradients of loops and branches: the same ops, over bodies cut from the same graphs.

The gradient of a loop's body is built in the body's own graph, after it. What that piece reads of
the forward pass (values in between, carries as they were) becomes a further result of the
forward loop, stacked along its iterations, and a slice of the loop that goes backwards. So the
backward body is the graph's new part, fed with values at the seam; nothing is copied. Predicting
reads none of these results, and they are dropped from its program.

A branch's gradient computes the branch again up to the seam instead: there is nothing to stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from ..graph import OPERATORS, Operation, Tensor, changed_context
from ..opdef import apply_many
from .bodies import Body, BodyGraph, open_type
from .elementwise import add, zeros_like
from .loops import Cond, Scan, While
from .source import Constant

__all__: list[str] = []

Gradients = Sequence[Tensor | None]


def _in_body(graph: BodyGraph) -> Any:
    return changed_context(graph=graph, scope="gradients/", control=(), trace=None)


def _derivatives(body: Body, ys: Sequence[Tensor], seeds: Sequence[Tensor]) -> list[Tensor | None]:
    """What flows from `ys` into each input of a body, None where nothing does."""
    floats = [x for x in body.inputs if x.dtype.is_float]
    found = OPERATORS["gradients"](list(ys), floats, list(seeds), stop_gradients=body.inputs)
    flows = dict(zip(floats, found, strict=True))
    return [flows.get(x) for x in body.inputs]


class _Seam:
    """Which values of a forward body its gradient reads, and how the backward loop gets them.

    Args:
        node: the forward loop.
        body: what it runs.
        carries, xs: how many of the body's inputs are handed on and taken apart.
        mark: operations of a smaller index are the forward body's.
    """

    def __init__(self, node: Operation, body: Body, carries: int, xs: int, mark: int) -> None:
        self._node = node
        self._body = body
        self._carries = carries
        self._mark = mark
        self._slices = set(body.inputs[carries : carries + xs])
        self._constants = set(body.inputs[carries + xs :])
        self._is_input = set(body.inputs)
        self._is_constant: dict[Tensor, bool] = dict.fromkeys(self._constants, True)
        self._is_constant.update(dict.fromkeys(body.inputs[: carries + xs], False))
        self.saved: list[Tensor] = []
        self.slices: list[Tensor] = []
        self.constants: list[Tensor] = []

    def find(self, outputs: Sequence[Tensor], fresh: set[Tensor]) -> None:
        """Walks back from the gradients to the seam."""
        seen: set[Tensor] = set()
        stack = list(outputs)
        while stack:
            tensor = stack.pop()
            if tensor in seen or tensor in fresh:
                continue
            seen.add(tensor)
            if tensor in self._constants:
                self.constants.append(tensor)
            elif tensor in self._slices:
                self.slices.append(tensor)
            elif self._is_new(tensor) or self._is_computed_again(tensor):
                stack.extend(tensor.op.inputs)
            else:
                self.saved.append(tensor)

    def _is_new(self, tensor: Tensor) -> bool:
        return tensor.op.index >= self._mark and tensor not in self._is_input

    def _is_computed_again(self, tensor: Tensor) -> bool:
        """What no iteration changes, and what cannot be stacked since its size may change."""
        return self._follows_from_constants(tensor) or self._varies(tensor)

    def _varies(self, tensor: Tensor) -> bool:
        """True for stacks of inner loops of unknown length, and for what has sizes from them."""
        shape, op = tensor.type.shape, tensor.op
        if tensor in self._is_input or (shape is not None and None not in shape):
            return False
        if isinstance(op.opdef, Scan | While):
            return tensor.index >= op.opdef.carries
        return any(map(self._varies, op.inputs))

    def _follows_from_constants(self, tensor: Tensor) -> bool:
        known = self._is_constant.get(tensor)
        if known is None:
            op = tensor.op
            known = not op.control_inputs and (
                isinstance(op.opdef, Constant)
                or (
                    op.opdef.is_pure
                    and bool(op.inputs)
                    and all(map(self._follows_from_constants, op.inputs))
                )
            )
            self._is_constant[tensor] = known
        return known

    def stacked(self, tensor: Tensor) -> Tensor:
        """A value of the forward body, stacked along its iterations: one more result of it."""
        outputs = self._body.outputs
        for position in range(self._carries, len(outputs)):
            if outputs[position] is tensor:
                return self._node.outputs[position]
        outputs.append(tensor)
        opdef: Any = self._node.opdef
        types = opdef.infer(*(t.type for t in self._node.inputs))
        result = Tensor(self._node, len(outputs) - 1, types[-1])
        self._node.outputs = (*self._node.outputs, result)
        return result


def _loop_gradient(
    node: Operation, body: Body, carries: int, xs: int, g: Gradients, reverse: bool
) -> Gradients:
    """The backward scan of a loop.

    It hands on the gradients of the float carries and sums of those of the constants, runs along
    the gradients of the results and the forward pass's slices and saved values, and puts together
    the gradients of the slices.
    """
    graph = cast(BodyGraph, body.graph)
    handed = [i for i in range(carries) if body.outputs[i].dtype.is_float]
    active = [i for i in range(carries, len(g)) if g[i] is not None]
    read = [*handed, *active]
    with _in_body(graph):
        seeds = [graph.input(open_type(body.outputs[i].type), "g") for i in read]
        if not seeds:
            return [None] * len(node.inputs)
        mark = seeds[0].op.index
        flows = _derivatives(body, [body.outputs[i] for i in read], seeds)
        sums = [i for i in range(carries + xs, len(body.inputs)) if flows[i] is not None]
        slopes = [i for i in range(carries, carries + xs) if flows[i] is not None]
        totals = [graph.input(open_type(body.inputs[i].type), "total") for i in sums]
        next_g = [_or_zeros(flows[i], seeds[k]) for k, i in enumerate(handed)]
        new_totals = [add(t, _known(flows[i])) for t, i in zip(totals, sums, strict=True)]
        outputs = [*next_g, *new_totals, *(_known(flows[i]) for i in slopes)]
    seam = _Seam(node, body, carries, xs, mark)
    seam.find(outputs, {*seeds, *totals})
    if not (active or seam.slices or seam.saved):  # something must tell the length
        (seam.slices if xs else seam.saved).append(body.inputs[carries if xs else 0])

    outer = dict(zip(body.inputs, node.inputs, strict=True))
    handed_g = [_or_zeros(g[i], node.outputs[i]) for i in handed]
    zeros = [zeros_like(node.inputs[i]) for i in sums]
    count, along = len(handed), [*seeds[len(handed) :], *seam.slices, *seam.saved]
    backward = Body(graph, [*seeds[:count], *totals, *along, *seam.constants], outputs)
    results = apply_many(
        Scan((backward,), count + len(sums), len(along), reverse),
        *handed_g,
        *zeros,
        *(_known(g[i]) for i in active),
        *(outer[x] for x in seam.slices),
        *(seam.stacked(x) for x in seam.saved),
        *(outer[c] for c in seam.constants),
        name="backward",
    ).outputs
    found: list[Tensor | None] = [None] * len(node.inputs)
    for position, result in zip([*handed, *sums, *slopes], results, strict=False):
        found[position] = result
    return found


def _known(tensor: Tensor | None) -> Tensor:
    return cast(Tensor, tensor)


def _or_zeros(g: Tensor | None, like: Tensor) -> Tensor:
    return zeros_like(like) if g is None else g


def _scan_gradient(op: Scan, node: Operation, g: Gradients) -> Gradients:
    return _loop_gradient(node, op.bodies[0], op.carries, op.xs, g, not op.reverse)


def _while_gradient(op: While, node: Operation, g: Gradients) -> Gradients:
    return _loop_gradient(node, op.bodies[1], op.carries, 0, g, True)


def _cond_gradient(op: Cond, node: Operation, g: Gradients) -> Gradients:
    """The gradient of each body, computed from the inputs of the branch."""
    active = [i for i, one in enumerate(g) if one is not None]
    flows, seeds = [], []
    for body in op.bodies:
        graph = cast(BodyGraph, body.graph)
        with _in_body(graph):
            seeds.append([graph.input(open_type(body.outputs[i].type), "g") for i in active])
            flows.append(_derivatives(body, [body.outputs[i] for i in active], seeds[-1]))
    wanted = [
        i
        for i, pair in enumerate(zip(*flows, strict=True))
        if any(flow is not None for flow in pair)
    ]
    found: list[Tensor | None] = [None] * len(node.inputs)
    if not wanted:
        return found
    bodies = []
    for body, seed, flow in zip(op.bodies, seeds, flows, strict=True):
        with _in_body(cast(BodyGraph, body.graph)):
            outputs = [_or_zeros(flow[i], body.inputs[i]) for i in wanted]
        bodies.append(Body(body.graph, [*seed, *body.inputs], outputs))
    arguments = [node.inputs[0], *(_known(g[i]) for i in active), *node.inputs[1:]]
    results = apply_many(Cond(tuple(bodies)), *arguments, name="backward").outputs
    for position, result in zip(wanted, results, strict=True):
        found[position + 1] = result
    return found


OPERATORS["scan_gradient"] = _scan_gradient
OPERATORS["while_gradient"] = _while_gradient
OPERATORS["cond_gradient"] = _cond_gradient
