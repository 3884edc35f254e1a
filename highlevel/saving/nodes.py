"""The calls of a functional model as files spell them, and the order in which to make them.

Keras 2 writes a call as nested lists whose innermost ones are `[layer, call, output, arguments]`;
Keras 3 as `{"args": […], "kwargs": {…}}` with an object for each tensor. Both become a `Node`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from thalweg.core import flatten
from thalweg.core.errors import FileFormatError

__all__ = ["Node", "Reference", "in_order", "read_coordinates", "read_nodes"]


class Reference:
    """An output of a call of a layer: one leaf of a nest.

    Attributes:
        layer: the layer's name.
        call: which of its calls, as the file counts.
        output: which of the call's outputs.
    """

    def __init__(self, layer: str, call: int, output: int) -> None:
        self.layer = layer
        self.call = call
        self.output = output

    def __repr__(self) -> str:
        return f"output {self.output} of call {self.call} of layer {self.layer!r}"


class Node(NamedTuple):
    """A call of a layer.

    Attributes:
        inputs: references, nested as the layer takes its inputs.
        positional, named: its further arguments, references among them.
    """

    inputs: Any
    positional: tuple[Any, ...]
    named: dict[str, Any]

    def sources(self) -> Iterator[Reference]:
        """All references."""
        for leaf in flatten((self.inputs, self.positional, self.named)):
            if isinstance(leaf, Reference):
                yield leaf


def read_nodes(data: Any, layer: str, where: str, *, is_own: bool = False) -> list[Node]:
    """The calls of a layer.

    Args:
        data: its `inbound_nodes`.
        layer: the layer's name, for messages.
        where: the file.
        is_own: whether this library wrote it. In Keras 3 a call's `training` means nothing: the
            mode of the whole model takes its place, and some layers write False always.

    Raises:
        FileFormatError: if they are spelt in another way.
    """
    if not isinstance(data, list):
        raise _malformed(data, layer, where)
    return [_node(item, layer, where, is_own) for item in data]


def _node(data: Any, layer: str, where: str, is_own: bool) -> Node:
    if isinstance(data, Mapping) and {"args", "kwargs"} <= set(data):
        positional, named = data["args"], data["kwargs"]
        if not (isinstance(positional, list) and positional and isinstance(named, Mapping)):
            raise _malformed(data, layer, where)
        inputs, *others = (_keras_3(item) for item in positional)
        arguments = {str(name): _keras_3(value) for name, value in named.items()}
        if not is_own:
            arguments.pop("training", None)
        node = Node(inputs, tuple(others), _meaningful(arguments))
    else:
        arguments = {}
        inputs = _alone(_keras_2(data, arguments, layer, where))
        node = Node(inputs, (), _meaningful(arguments))
    leaves = list(flatten(node.inputs))
    if not leaves or not all(isinstance(leaf, Reference) for leaf in leaves):
        raise _malformed(data, layer, where)
    return node


def _meaningful(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that say something: Keras 3 writes `mask=None` with every call."""
    return {name: value for name, value in arguments.items() if value is not None}


def _alone(nest: Any) -> Any:
    """Keras 2 writes a single tensor as a list of one."""
    return nest[0] if isinstance(nest, list) and len(nest) == 1 else nest


def _is_reference(data: Any) -> bool:
    return (
        isinstance(data, list)
        and len(data) in (3, 4)
        and isinstance(data[0], str)
        and all(isinstance(number, int) and not isinstance(number, bool) for number in data[1:3])
        and isinstance(data[3:], list)
        and all(isinstance(arguments, dict) for arguments in data[3:])
    )


def _keras_2(data: Any, arguments: dict[str, Any], layer: str, where: str) -> Any:
    """The nest of inputs; what their arguments say goes into `arguments`."""
    if _is_reference(data):
        if data[0] == "_CONSTANT_VALUE":
            raise _malformed(data, layer, where)
        for given in data[3:]:
            arguments.update({name: _argument(value) for name, value in given.items()})
        return Reference(*data[:3])
    if isinstance(data, list):
        return [_keras_2(item, arguments, layer, where) for item in data]
    if isinstance(data, dict):
        return {name: _keras_2(item, arguments, layer, where) for name, item in data.items()}
    raise _malformed(data, layer, where)


def _argument(value: Any) -> Any:
    """An argument of a call; what looks like a reference is one, as in Keras."""
    if _is_reference(value) and len(value) == 3:
        return Reference(*value)
    if isinstance(value, list):
        return [_argument(item) for item in value]
    if isinstance(value, dict):
        return {name: _argument(item) for name, item in value.items()}
    return value


def _keras_3(data: Any) -> Any:
    if isinstance(data, Mapping):
        if data.get("class_name") == "__keras_tensor__" and isinstance(data.get("config"), dict):
            history = data["config"].get("keras_history")
            return Reference(*history) if _is_reference(history) else data
        return {name: _keras_3(item) for name, item in data.items()}
    if isinstance(data, list):
        return [_keras_3(item) for item in data]
    return data


def read_coordinates(data: Any, what: str, where: str) -> Any:
    """References nested as a model takes its inputs or returns its outputs.

    Args:
        data: its `input_layers` or `output_layers`.
        what: which of the two.
        where: the file.
    """
    nest = _alone(_keras_2(data, {}, what, where))
    if not list(flatten(nest)):
        raise _malformed(data, what, where)
    return nest


def _malformed(data: Any, layer: str, where: str) -> FileFormatError:
    text = repr(data)
    return FileFormatError(
        where,
        "the connections of the layers make no sense",
        expected="[[layer, call, output, arguments], …]",
        got=text if len(text) <= 80 else text[:80] + "…",
        layer=repr(layer),
    )


def in_order(needs: Sequence[Sequence[int]]) -> list[int]:
    """An order in which everything comes after what it needs; of several ready, the first given.

    Args:
        needs: for each item the numbers of those it needs.

    Returns:
        The numbers of the items; those in or behind a circle are left out.

    >>> in_order([[2], [], [1]]), in_order([[1], [0], []])
    ([1, 2, 0], [2])
    """
    users: list[list[int]] = [[] for _ in needs]
    missing = [len(needed) for needed in needs]
    for item, needed in enumerate(needs):
        for other in needed:
            users[other].append(item)
    ready = [item for item, count in enumerate(missing) if not count]
    order = []
    while ready:
        item = heapq.heappop(ready)
        order.append(item)
        for user in users[item]:
            missing[user] -= 1
            if not missing[user]:
                heapq.heappush(ready, user)
    return order
