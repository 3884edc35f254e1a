"""The parts of a graph: its operations, and the tensors between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..graph import Graph, Operation, Tensor
from ..opdef import OpDef
from ..ops.source import Constant, Placeholder, PlaceholderWithDefault
from ..ops.state import ReadVariable, StateOp
from .parts import Diagram, Part, Wire, diagram
from .text import shortened

__all__ = [
    "body_names",
    "constant_text",
    "graph_diagram",
    "loop_scopes",
    "own_inputs",
    "says_the_same",
    "stripped",
]


def graph_diagram(
    graph: Graph, fetches: Sequence[Tensor | Operation] | None, depth: int | None
) -> Diagram:
    """What a graph looks like.

    Args:
        graph: that the fetches belong to.
        fetches: only what they need is shown; None shows all operations.
        depth: see `diagram`.
    """
    if fetches is None:
        operations = graph.get_operations()
        caption = f"Graph of {len(operations)} operations"
        wanted = frozenset[Operation]()
    else:
        wanted = frozenset(f if isinstance(f, Operation) else f.op for f in fetches)
        operations = _needed(wanted)
        names = ", ".join(dict.fromkeys(f.name for f in fetches))
        caption = f"The {len(operations)} operations that {shortened(names, 60)} need"
    collected = _Collected()
    collected.add(operations, (), wanted)
    return diagram(collected.parts, collected.wires, depth, caption)


def _needed(fetches: Iterable[Operation]) -> list[Operation]:
    """The operations that fetches depend on, in creation order."""
    found: set[Operation] = set()
    stack = list(fetches)
    while stack:
        op = stack.pop()
        if op not in found:
            found.add(op)
            stack.extend(tensor.op for tensor in op.inputs)
            stack.extend(op.control_inputs)
    return sorted(found, key=lambda op: op.index)


class _Collected:
    """The parts and wires of operations, and of the bodies of loops and branches in them."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.wires: list[Wire] = []

    def add(
        self,
        operations: Sequence[Operation],
        scopes: tuple[str, ...],
        fetched: frozenset[Operation] = frozenset(),
        strip: tuple[str, ...] = (),
    ) -> None:
        """Adds operations, in scopes around their own, which need not begin with `strip`."""
        defaults = _defaults(operations)
        for op in operations:
            if op in defaults:
                continue
            part = _part(op, op in fetched, defaults)
            part = replace(part, scopes=(*scopes, *stripped(part.scopes, strip)))
            if op.opdef.bodies:
                part = self._add_bodies(op, part)
            self.parts.append(part)
            for tensor in op.inputs[: own_inputs(op.opdef, len(op.inputs))]:
                if tensor.op not in defaults:
                    self._wire(tensor, op)
            self.wires += [Wire(before, op, None) for before in op.control_inputs]

    def _wire(self, tensor: Tensor, reader: Operation) -> None:
        self.wires.append(Wire(tensor.op, reader, tensor, str(tensor.type)))

    def _add_bodies(self, op: Operation, part: Part) -> Part:
        """The op in a box of its own, in which its bodies are boxes, too."""
        scopes = loop_scopes(part.scopes, op.name)
        for name, body in zip(body_names(op.opdef), op.opdef.bodies, strict=True):
            inside = _needed(tensor.op for tensor in body.outputs)
            self.add(inside, (*scopes, name), strip=part.scopes)
            given = op.inputs[len(op.inputs) - len(body.inputs) :]
            for outer, inner in zip(given, body.inputs, strict=True):
                if inner.op in inside:
                    self._wire(outer, inner.op)
            for tensor in body.outputs:
                self._wire(tensor, op)
        return replace(part, scopes=scopes)


def loop_scopes(scopes: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The box of a loop: a scope of that name, or one more."""
    own = name.rpartition("/")[2]
    return scopes if scopes and says_the_same(own, scopes[-1]) else (*scopes, own)


def stripped(scopes: tuple[str, ...], outer: tuple[str, ...]) -> tuple[str, ...]:
    """Scopes without those around them, if they begin with these."""
    return scopes[len(outer) :] if scopes[: len(outer)] == outer else scopes


def own_inputs(opdef: OpDef, inputs: int) -> int:
    """How many inputs an op reads itself; the others are those of its bodies."""
    bodies = [len(getattr(body, "feeds", getattr(body, "inputs", ()))) for body in opdef.bodies]
    return inputs - max(bodies, default=0)


def body_names(opdef: OpDef) -> Sequence[str]:
    """What the bodies of a loop or a branch are for."""
    names = {"Cond": ("then", "else"), "While": ("condition", "body")}
    return names.get(opdef.label, ("body",) * len(opdef.bodies))


def _defaults(operations: Sequence[Operation]) -> dict[Operation, str]:
    """Constants that only say what a placeholder is unless it is fed, and their texts."""
    readers: dict[Operation, list[Operation]] = {}
    for op in operations:
        for before in (*(tensor.op for tensor in op.inputs), *op.control_inputs):
            readers.setdefault(before, []).append(op)
    return {
        op: constant_text(op.opdef.literal.array)
        for op, reading in readers.items()
        if isinstance(op.opdef, Constant)
        and all(isinstance(reader.opdef, PlaceholderWithDefault) for reader in reading)
    }


def _part(op: Operation, is_fetched: bool, defaults: dict[Operation, str]) -> Part:
    *scopes, name = op.name.split("/")
    opdef = op.opdef
    kind, title = "op", op.type
    writes: tuple[str, ...] = ()
    detail = [] if says_the_same(name, op.type) else [name]
    if isinstance(opdef, StateOp):
        variable = opdef.variable.name.rpartition("/")[2]
        if scopes[-1:] == [variable]:
            scopes.pop()  # what reads and what writes a variable need no box of their own
        if isinstance(opdef, ReadVariable):
            kind, title, detail = "variable", variable, []
        elif opdef.writes:
            writes, detail = (variable,), []
    elif isinstance(opdef, Constant):
        kind, title = "constant", constant_text(opdef.literal.array)
        detail = [] if says_the_same(name, "Const") else [name]
    elif isinstance(opdef, Placeholder | PlaceholderWithDefault):
        default = [defaults[t.op] for t in op.inputs if t.op in defaults]
        if name == "read" and scopes:
            name = scopes.pop()  # what stands in a loop for a variable
        kind, title, detail = "placeholder", name, [f"default {text}" for text in default]
    if is_fetched:
        detail.append("fetched")
    return Part(op, tuple(scopes), kind, title, tuple(detail), writes, op.owner, _tooltip(op))


def says_the_same(name: str, label: str) -> bool:
    """True if a node's name tells no more than its op's: `matmul_3` of a MatMul."""
    return re.sub(r"_\d+$", "", name).lower() == label.lower()


def constant_text(array: np.ndarray[Any, Any]) -> str:
    """A small constant's value, `"0.5"` or `"[1, 2]"`; else that it is one."""
    if array.size > 4:
        return "constant"
    if array.ndim == 0:
        return shortened(f"{array.item():g}" if array.dtype.kind == "f" else str(array.item()), 24)
    return shortened(str(array.tolist()), 24)


def _tooltip(op: Operation) -> str:
    attributes = op.opdef.fields_text()
    lines = [op.name, f"{op.type}({shortened(attributes, 300)})"]
    lines += [str(tensor.type) for tensor in op.outputs]
    if op.owner:
        lines.append(f"layer {op.owner}")
    return "\n".join(lines)
