"""A functional network: the piece of graph between some inputs and some outputs, and its layers.

The tensors already exist when a `Network` is made: it only finds out which layer calls lie
between them, in Keras's order, so that weights files agree. `apply` builds the same network on
other tensors, by calling the same layers again; plain ops between layers are copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from thalweg.core import Operation, Tensor, apply_many, flatten, rebuild, user_site
from thalweg.core.errors import GraphError

from ..layers.base import Layer
from ..layers.calls import LayerCall
from ..training.inputs import arranged

__all__ = ["Network"]


class Network:
    """Layers between inputs and outputs.

    Args:
        inputs: tensors of `Input`, nested as the model takes them.
        outputs: tensors, nested as the model returns them.

    Attributes:
        calls: the layer calls, each after those it needs.
        layers: each layer once, in Keras's order: by distance from the outputs, farthest first.

    Raises:
        GraphError: if an input does not come from `Input`, an output needs another one, or two
            layers have one name.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.flat_inputs: list[Tensor] = [_checked(t, "input") for t in flatten(inputs)]
        self.flat_outputs: list[Tensor] = [_checked(t, "output") for t in flatten(outputs)]
        self._check_inputs()
        self.calls = self._find_calls()
        self.layers = self._order_layers()
        self._check_names()

    def _check_inputs(self) -> None:
        if len(set(self.flat_inputs)) != len(self.flat_inputs):
            raise GraphError("Model", "an input is given twice")
        for tensor in self.flat_inputs:
            if tensor.history is None or not tensor.history.is_input:
                raise GraphError(
                    "Model",
                    "an input must come from Input()",
                    got=repr(tensor),
                    site=tensor.op.site,
                    hint="a model that starts inside another one needs an Input of its own",
                )

    def _check_names(self) -> None:
        layers: dict[str, Layer] = {}
        for layer in self.layers:
            if layers.setdefault(layer.name, layer) is not layer:
                raise GraphError(
                    "Model",
                    f"two layers are called {layer.name!r}",
                    got=f"{layers[layer.name]} and {layer}",
                    site=user_site(),
                    hint="give one of them another name=; files and get_layer go by names",
                )

    def _find_calls(self) -> list[LayerCall]:
        """All calls that the outputs need, in the order of their creation."""
        found: dict[LayerCall, int] = {}
        allowed = set(self.flat_inputs)
        seen: set[Any] = set()
        stack: list[Tensor] = list(self.flat_outputs)
        while stack:
            tensor = stack.pop()
            call: LayerCall | None = tensor.history
            step: Any = tensor.op if call is None else call
            if step in seen:
                continue
            seen.add(step)
            if call is None:
                stack.extend(tensor.op.inputs)
                continue
            if call.is_input and tensor not in allowed:
                raise GraphError(
                    "Model",
                    "the outputs need an input that the model does not have",
                    expected="one of " + ", ".join(t.name for t in self.flat_inputs),
                    got=repr(tensor),
                    site=tensor.op.site,
                    hint=self._absent_hint(tensor),
                )
            found[call] = min(t.op.index for t in flatten(call.outputs))
            stack.extend(call.sources())
        for tensor in self.flat_inputs:  # an input nobody needs still belongs to the model
            found.setdefault(tensor.history, tensor.op.index)
        return sorted(found, key=lambda call: found[call])

    def _absent_hint(self, tensor: Tensor) -> str:
        if tensor.graph is not self.flat_inputs[0].graph:
            return (
                "it is of another graph: was a graph entered, or clear_session() called, between?"
            )
        return "add it to inputs=[…]"

    def producers(self, tensors: Iterable[Tensor]) -> list[LayerCall]:
        """The calls that tensors come from directly, through plain ops."""
        result: list[LayerCall] = []
        stack = list(tensors)[::-1]
        seen: set[Operation] = set()
        while stack:
            tensor = stack.pop()
            if tensor.history is not None:
                result.append(tensor.history)
            elif tensor.op not in seen:
                seen.add(tensor.op)
                stack.extend(reversed(tensor.op.inputs))
        return result

    def _order_layers(self) -> list[Layer]:
        """Keras's order: farthest from the outputs first, equals as a walk from them meets them."""
        met: dict[Layer, int] = {}
        finished = self._walk(met)
        depth: dict[LayerCall, int] = {}
        farthest: dict[Layer, int] = {}
        for call in reversed(finished):
            depth[call] = max(depth.get(call, 0), farthest.get(call.layer, 0))
            farthest[call.layer] = depth[call]
            for producer in self.producers(call.sources()):
                depth[producer] = max(depth.get(producer, 0), depth[call] + 1)
        for tensor in self.flat_inputs:  # those that no output needs
            if tensor.history.layer not in farthest:
                farthest[tensor.history.layer], met[tensor.history.layer] = 0, -1
        return sorted(farthest, key=lambda layer: (-farthest[layer], met[layer]))

    def _walk(self, met: dict[Layer, int]) -> list[LayerCall]:
        """The calls in the order in which a depth-first walk from the outputs leaves them.

        Numbers the layers in `met` as the walk meets them.
        """
        finished: dict[LayerCall, None] = {}
        entered: set[LayerCall] = set()
        stack = self.producers(self.flat_outputs)[::-1]
        while stack:
            call = stack[-1]
            if call in entered:
                finished.setdefault(stack.pop())
                continue
            entered.add(call)
            met.setdefault(call.layer, len(met))
            producers = self.producers(call.sources())
            stack.extend(p for p in reversed(producers) if p not in entered)
        return list(finished)

    def apply(self, inputs: Any) -> Any:
        """The network's outputs for other input tensors, nested like `inputs`.

        Raises:
            ShapeError: if number or shapes differ.
        """
        known: dict[Tensor, Tensor] = dict(
            zip(self.flat_inputs, arranged(self.inputs, inputs), strict=True)
        )
        for call in self.calls:
            if call.is_input:
                continue
            whole = (call.inputs, call.positional, call.named)
            copies = [self._copy(leaf, known) for leaf in flatten(whole)]
            given, positional, named = rebuild(whole, iter(copies))
            outputs = call.layer(given, *positional, **named)
            known.update(zip(flatten(call.outputs), flatten(outputs), strict=True))
        return rebuild(self.outputs, iter([self._copy(t, known) for t in self.flat_outputs]))

    def _copy(self, tensor: Any, known: dict[Tensor, Tensor]) -> Any:
        """The tensor's counterpart; plain ops on the way are made again."""
        if not isinstance(tensor, Tensor):
            return tensor
        stack = [tensor]
        while stack:
            top = stack[-1]
            if top in known:
                stack.pop()
                continue
            missing = [t for t in top.op.inputs if t not in known]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            copied = apply_many(top.op.opdef, *[known[t] for t in top.op.inputs])
            known.update(zip(top.op.outputs, copied.outputs, strict=True))
        return known[tensor]


def _checked(tensor: Any, what: str) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise GraphError(
            "Model",
            f"an {what} is not a symbolic tensor",
            expected="tensors made by Input() and layers",
            got=repr(tensor),
        )
    return tensor
