"""Calls of layers: what one records in a functional model, and what nested ones share."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from thalweg.core import (
    Graph,
    Operation,
    Tensor,
    current_context,
    flatten,
    placeholder_with_default,
)

if TYPE_CHECKING:
    from .base import Layer

__all__ = [
    "CallState",
    "Calls",
    "LayerCall",
    "collect_calls",
    "current_call",
    "learning_phase",
    "within",
]


def learning_phase(graph: Graph | None = None) -> Tensor:
    """The boolean scalar that says whether a graph's models train; False unless fed.

    Its value joins the plan's key and is folded away, so it costs a run nothing.
    """
    graph = graph or current_context().graph
    known = graph.get_collection("learning_phase")
    if not known:
        with graph.as_default():
            known = [placeholder_with_default(False, [], name="learning_phase")]
        graph.add_to_collection("learning_phase", known[0])
    return known[0]  # type: ignore[no-any-return]


@dataclass
class CallState:
    """What the calls inside one outermost call share.

    Attributes:
        training: a bool, or a boolean scalar.
        frozen: layers that do not train, as `compile` found them; None asks each layer.
        losses: scalars that the calls add to the model's loss.
        flags: booleans to feed with `layer.trainable`.
    """

    training: Any
    frozen: frozenset[Layer] | None = None
    losses: list[Tensor] = field(default_factory=list)
    flags: list[tuple[Layer, Tensor]] = field(default_factory=list)


_state: ContextVar[CallState | None] = ContextVar("thalweg_layer_call", default=None)


def current_call() -> CallState | None:
    """The state of the call in progress on this thread, or None."""
    return _state.get()


@contextmanager
def within(state: CallState) -> Iterator[CallState]:
    """A `with` block in which layer calls share `state`."""
    token = _state.set(state)
    try:
        yield state
    finally:
        _state.reset(token)


def collect_calls(training: Any, frozen: frozenset[Layer] | None = None) -> Any:
    """A `with` block in which traced layer calls share one new state, which it yields."""
    return within(CallState(training, frozen))


@dataclass(eq=False)
class LayerCall:
    """One call of a layer on symbolic tensors: an edge of a functional model.

    Attributes:
        layer: who was called.
        inputs, outputs: tensors, nested as the layer takes and returns them.
        positional, named: further arguments of the call; tensors among them are inputs too.
        writes: operations that update the layer's state.
        losses: scalars the call adds to the model's loss.
        flags: booleans to feed with `layer.trainable`, which `call` asked for.
    """

    layer: Layer
    inputs: Any
    outputs: Any
    positional: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)
    writes: list[Operation] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)
    flags: list[tuple[Layer, Tensor]] = field(default_factory=list)

    @property
    def is_input(self) -> bool:
        """True for the call that stands for an `Input`."""
        return isinstance(self.inputs, list) and not self.inputs

    def sources(self) -> list[Tensor]:
        """All tensors the call reads, in the order of its arguments."""
        leaves = flatten((self.inputs, self.positional, self.named))
        return [leaf for leaf in leaves if isinstance(leaf, Tensor)]


class Calls:
    """The calls of one layer, in order.

    The first is kept for good, since `layer.output` is its output. Later ones live as long as
    their tensors: a base that hundreds of models in turn are built on does not keep them all.
    """

    def __init__(self) -> None:
        self._first: list[LayerCall] = []
        self._later: list[weakref.ref[LayerCall]] = []

    def append(self, call: LayerCall) -> None:
        """Adds the newest."""
        if self._first:
            self._later = [ref for ref in self._later if ref() is not None]
            self._later.append(weakref.ref(call))
        else:
            self._first.append(call)

    def __iter__(self) -> Iterator[LayerCall]:
        yield from self._first
        yield from (call for ref in self._later if (call := ref()) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
