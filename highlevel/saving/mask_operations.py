"""Masks in Keras 3's functional models, which it stores as operations between the layers.

Where an `Embedding` or a `Masking` gives a mask, Keras 3 lists the operations that compute it
among the layers, and passes the result to other layers as `mask`. Layers here find their masks
by themselves, so both are left out, once it is certain that nothing else is computed there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from thalweg.core import flatten
from thalweg.core.errors import FileFormatError

from ..layers.base import Layer
from ..layers.embedding import Embedding
from ..layers.masking import Masking
from .nodes import Node, Reference, read_nodes

__all__ = ["Operation", "read_operation", "without_masks"]

# What Keras's layers compute masks with.
_KINDS = {
    *("NotEqual", "Any", "All", "ExpandDims", "ZerosLike", "OnesLike", "LogicalOr", "LogicalAnd"),
    *("Concatenate", "Squeeze", "Reshape", "BroadcastTo", "Cast", "Repeat"),
}
_MODULE = "keras.src.ops."


class Operation(NamedTuple):
    """An operation that stands among layers.

    Attributes:
        name: its own.
        kind: the name of its class.
        nodes: its calls.
    """

    name: str
    kind: str
    nodes: list[Node]


def read_operation(entry: Any, where: str) -> Operation | None:
    """The operation that an entry describes; None if it is a layer, or nonsense.

    Raises:
        FileFormatError: if its calls make no sense.
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        return None
    module, kind, name = (entry.get(key) for key in ("module", "class_name", "name"))
    if not isinstance(kind, str) or not isinstance(name, str):
        return None
    is_listed = isinstance(module, str) and module.startswith(_MODULE)
    # In `.h5` files Keras 3 names no module; configurations of layers say whether they train.
    is_plain = module is None and kind in _KINDS and "trainable" not in entry["config"]
    if not is_listed and not (is_plain and _has_keras_3_calls(entry)):
        return None
    return Operation(name, kind, read_nodes(entry.get("inbound_nodes", []), name, where))


def _has_keras_3_calls(entry: Mapping[str, Any]) -> bool:
    calls = entry.get("inbound_nodes")
    return isinstance(calls, list) and all(
        isinstance(call, Mapping) and "args" in call for call in calls
    )


def without_masks(
    layers: Mapping[str, Layer],
    nodes: Mapping[str, list[Node]],
    operations: Mapping[str, Operation],
    ends: Sequence[Reference],
    where: str,
) -> dict[str, list[Node]]:
    """The calls of layers without the masks that operations compute.

    Args:
        layers: by name.
        nodes: their calls.
        operations: by name.
        ends: the model's inputs and outputs.
        where: the file.

    Raises:
        FileFormatError: an operation does something else.
    """
    masked = {reference for node in _calls(nodes) for reference in _computed(node, operations)}
    if not masked:
        raise _refused(next(iter(operations.values())), where)
    compared = _compared(layers, nodes)
    for operation in operations.values():
        is_known = operation.kind in _KINDS
        if operation.kind == "NotEqual":
            is_known = all(_is_among(node, compared) for node in operation.nodes)
        if not is_known:
            raise _refused(operation, where)
    found = {
        name: [
            node._replace(named={k: v for k, v in node.named.items() if k != "mask"})
            if _computed(node, operations)
            else node
            for node in own
        ]
        for name, own in nodes.items()
    }
    sources = [reference for node in _calls(found) for reference in node.sources()]
    for reference in (*sources, *ends):
        if reference.layer in operations:
            raise _refused(operations[reference.layer], where)
    return found


def _calls(nodes: Mapping[str, list[Node]]) -> list[Node]:
    return [node for own in nodes.values() for node in own]


def _computed(node: Node, operations: Mapping[str, Operation]) -> list[str]:
    """The operations that compute a call's masks."""
    masks = flatten(node.named.get("mask"))
    return [m.layer for m in masks if isinstance(m, Reference) and m.layer in operations]


def _compared(
    layers: Mapping[str, Layer], nodes: Mapping[str, list[Node]]
) -> set[tuple[Any, float]]:
    """What layers that give masks compare: where their inputs come from, and with which value."""
    found = set()
    for name, layer in layers.items():
        if isinstance(layer, Embedding) and layer.mask_zero:
            value = 0.0
        elif isinstance(layer, Masking):
            value = float(layer.mask_value)
        else:
            continue
        found |= {(_place(node.inputs), value) for node in nodes[name]}
    return found


def _is_among(comparison: Node, compared: set[tuple[Any, float]]) -> bool:
    """Whether a comparison is that of a layer which gives a mask."""
    value = comparison.positional[0] if comparison.positional else comparison.named.get("x2")
    return isinstance(value, int | float) and (_place(comparison.inputs), value) in compared


def _place(inputs: Any) -> Any:
    if not isinstance(inputs, Reference):
        return None
    return inputs.layer, inputs.call, inputs.output


def _refused(operation: Operation, where: str) -> FileFormatError:
    return FileFormatError(
        where,
        "an operation between the layers belongs to none of them",
        expected="layers, and the masks that they compute",
        got=f"{operation.kind} {operation.name!r}",
        hint="in Keras: put it into a layer of your own, and pass its class in custom_objects; "
        "or build the model anew and load_weights() from the file",
    )
