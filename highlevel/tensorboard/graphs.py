"""Graphs for TensorBoard to draw: names, kinds, edges and shapes.

They are pictures of graphs; nothing can be computed from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.core import Graph, Tensor, flatten

from .messages import protocol

__all__ = ["graph_of_layers", "graph_of_operations"]


def graph_of_operations(graph: Graph) -> Any:
    """All operations of a graph, as a `GraphDef`.

    >>> from thalweg.core import placeholder
    >>> graph = Graph()
    >>> with graph.as_default():
    ...     _ = placeholder("float32", [None, 2], name="x") * 2.0
    >>> [(node.name, node.op) for node in graph_of_operations(graph).node][0]
    ('x', 'Placeholder')
    """
    drawn = protocol("graph").GraphDef()
    for operation in graph.get_operations():
        edges = [_edge(tensor) for tensor in operation.inputs]
        edges += [f"^{before.name}" for before in operation.control_inputs]
        device = f"/device:{operation.device.upper()}" if operation.device else ""
        node = drawn.node.add(name=operation.name, op=operation.type, input=edges, device=device)
        _add_shapes(node, operation.outputs)
    return drawn


def graph_of_layers(network: Any) -> Any:
    """The layers of a functional network, as a `GraphDef`: one node for every call of a layer.

    Args:
        network: a model's `network`.

    >>> import thalweg as keras
    >>> x = keras.Input((4,), name="x")
    >>> model = keras.Model(x, keras.layers.Dense(2, name="scores")(x))
    >>> [(node.name, node.op, list(node.input)) for node in graph_of_layers(model.network).node]
    [('x', 'InputLayer', []), ('scores', 'Dense', ['x'])]
    """
    drawn = protocol("graph").GraphDef()
    names: dict[Any, str] = {}
    for call in network.calls:
        name = call.layer.name
        again = sum(1 for other in names if other.layer is call.layer)
        names[call] = f"{name}_{again}" if again else name
        edges = [names[source] for source in network.producers(call.sources())]
        node = drawn.node.add(name=names[call], op=type(call.layer).__name__, input=edges)
        _add_shapes(node, [leaf for leaf in flatten(call.outputs) if isinstance(leaf, Tensor)])
    return drawn


def _edge(tensor: Tensor) -> str:
    """`"node"` for a node's first output, `"node:1"` for its second."""
    return tensor.name.removesuffix(":0")


def _add_shapes(node: Any, tensors: Sequence[Tensor]) -> None:
    """The sizes that TensorBoard writes on a node's edges; -1 where they are unknown."""
    shapes = node.attr["_output_shapes"].list.shape
    for tensor in tensors:
        if tensor.shape is None:
            shapes.add(unknown_rank=True)
            continue
        added = shapes.add()
        for size in tensor.shape:
            added.dim.add(size=-1 if size is None else size)
