"""What TF1 keeps in a graph beside its operations, made where it is first asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from thalweg.core import Graph, Operation, Tensor, current_context, use_context

__all__ = ["Access", "SessionValues", "home", "home_graph", "matching", "state_of"]

_State = TypeVar("_State")


def state_of(graph: Graph, kind: type[_State]) -> _State:
    """The one object of this class that belongs to a graph.

    >>> graph = Graph()
    >>> state_of(graph, Access) is state_of(graph, Access)
    True
    """
    states: dict[type, Any] = vars(graph).setdefault("_tf1", {})
    if kind not in states:
        states[kind] = kind()
    found: _State = states[kind]
    return found


@dataclass
class Access:
    """What may not be fed, and what may not be fetched (`Graph.prevent_feeding`)."""

    unfeedable: set[Tensor] = field(default_factory=set)
    unfetchable: set[Tensor | Operation] = field(default_factory=set)


@dataclass
class SessionValues:
    """Tensors whose value is a fact about the session that runs them.

    TF1 has ops that ask whether a variable is initialised. Here a run is a function of feeds and
    variables, so such a tensor has a default, and a session of `thalweg.tf1` feeds it the fact.
    """

    values: dict[Tensor, Callable[[Any], Any]] = field(default_factory=dict)


def home() -> Any:
    """A `with` block outside of all bodies of loops and branches, where variables are made."""
    context = current_context()
    scope = context.scope
    while (outer := context.graph.outer) is not None:
        context = outer
    return use_context(replace(context, scope=scope))


def home_graph() -> Graph:
    """The default graph; inside the body of a loop or branch, the graph around it."""
    graph = current_context().graph
    while (outer := graph.outer) is not None:
        graph = outer.graph
    return graph


def matching(items: Sequence[Any], scope: str | None) -> list[Any]:
    """The items whose name begins with a match of a regular expression; all if there is none."""
    if scope is None:
        return list(items)
    pattern = re.compile(scope)
    return [item for item in items if pattern.match(getattr(item, "name", None) or "\n")]
