"""Graphs, scopes, collections and gradients in TF1's spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

import thalweg.core
from thalweg.core import (
    Graph,
    Operation,
    OptionError,
    Tensor,
    current_context,
    get_default_graph,
    no_op,
    reset_default_graph,
)

__all__ = [
    "AggregationMethod",
    "Graph",
    "GraphKeys",
    "Operation",
    "Tensor",
    "UnconnectedGradients",
    "add_to_collection",
    "control_dependencies",
    "get_collection",
    "get_collection_ref",
    "get_default_graph",
    "gradients",
    "group",
    "name_scope",
    "no_op",
    "reset_default_graph",
    "set_random_seed",
]


class GraphKeys:
    """Names of the collections that programs share with the library."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    LOSSES = "losses"
    REGULARIZATION_LOSSES = "regularization_losses"
    UPDATE_OPS = "update_ops"
    GLOBAL_STEP = "global_step"


class UnconnectedGradients(Enum):
    """What `gradients` gives where `ys` do not depend on an x."""

    NONE = "none"
    ZERO = "zero"


class AggregationMethod:
    """How TF1 adds up gradients: accepted and ignored, the sum is the same."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def add_to_collection(name: str, value: Any) -> None:
    """Appends to a named list of the default graph.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     tf.add_to_collection("sizes", 784)
    ...     tf.get_collection("sizes")
    [784]
    """
    get_default_graph().add_to_collection(name, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """A copy of a named list of the default graph.

    Args:
        key: its name.
        scope: a regular expression that the start of an item's name must match, if given; items
            without a name are then left out.
    """
    items = get_default_graph().get_collection(key)
    if scope is None:
        return items
    return [item for item in items if re.match(scope, getattr(item, "name", "") or "\n")]


def get_collection_ref(key: str) -> list[Any]:
    """A named list of the default graph itself, so that it can be changed."""
    items: list[Any] = get_default_graph().collections.setdefault(key, [])
    return items


_scopes: WeakKeyDictionary[Graph, set[str]] = WeakKeyDictionary()  # names taken by scopes


@contextmanager
def name_scope(
    name: str | None, default_name: str | None = None, values: Any = None
) -> Iterator[str]:
    """A `with` block that puts `name/` before the names of new operations.

    A scope entered a second time becomes `name_1/`; a name that ends in a slash re-enters it.

    Args:
        name: the scope; None takes `default_name`, and "" (or None for both) is the root.
        default_name: used if `name` is None.
        values: ignored: tensors know their graph.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     for _ in range(2):
    ...         with tf.name_scope("tower"):
    ...             print(tf.constant(1).name)
    tower/Const:0
    tower_1/Const:0
    """
    chosen = default_name if name is None else name
    if chosen and not chosen.endswith("/"):
        graph = get_default_graph()
        taken = _scopes.setdefault(graph, set())
        full = unique = graph.unique_name(current_context().scope + chosen)
        number = 0
        while unique in taken:
            number += 1
            unique = f"{full}_{number}"
        taken.add(unique)
        chosen = f"{unique}/"
    with thalweg.core.name_scope(chosen) as scope:
        yield scope


def control_dependencies(
    control_inputs: Sequence[Any] | None,
) -> AbstractContextManager[Any]:
    """A `with` block whose operations run after the given ones; None clears what is in force.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     v = tf.Variable(1)
    ...     with tf.control_dependencies([v.assign_add(1)]):
    ...         doubled = v * 2
    ...     print(session.run(doubled))
    4
    """
    block: AbstractContextManager[Any] = thalweg.core.control_dependencies(control_inputs)
    return block


def group(*inputs: Any, **kwargs: Any) -> Operation:
    """One operation that runs all the given operations and tensors.

    Args:
        inputs: operations, tensors and variables, or lists of them.
        kwargs: `name` of the node.

    Raises:
        OptionError: for any other keyword.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     a, b = tf.Variable(0), tf.Variable(0)
    ...     session.run(tf.group(a.assign(1), b.assign(2)))
    ...     print(session.run(a), session.run(b))
    1 2
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise OptionError("group", "unknown keyword", expected="name", got=", ".join(kwargs))
    return thalweg.core.group(*_flat(inputs), name=name or "group_deps")


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list | tuple):
            yield from _flat(item)
        else:
            yield item


def set_random_seed(seed: int) -> None:
    """Fixes the numbers that random operations of the default graph draw, from the next one on.

    >>> import thalweg.tf1 as tf
    >>> def draw():
    ...     with tf.Graph().as_default(), tf.Session() as session:
    ...         tf.set_random_seed(1)
    ...         return float(session.run(tf.random_uniform([])))
    >>> draw() == draw()
    True
    """
    get_default_graph().seed = seed


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: UnconnectedGradients = UnconnectedGradients.NONE,
) -> list[Tensor | None]:
    """The derivatives of the sum of `ys` with respect to each of `xs`.

    Args:
        ys: a tensor or a list of tensors, float.
        xs: a tensor or variable, or a list of them.
        grad_ys: what flows into `ys`; ones if None.
        name: name scope of the new nodes.
        colocate_gradients_with_ops: ignored.
        gate_gradients: ignored: a run is a function, so gradients are always consistent.
        aggregation_method: ignored.
        stop_gradients: a tensor or a list of tensors treated as constants.
        unconnected_gradients: what stands where `ys` do not depend on an x.

    Returns:
        One tensor of x's shape for each of `xs`, or None.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.constant(3.0)
    ...     [dx] = tf.gradients(x * x, x)
    ...     print(session.run(dx))
    6.0
    """
    del colocate_gradients_with_ops, gate_gradients, aggregation_method
    stopped = stop_gradients if isinstance(stop_gradients, list | tuple) else [stop_gradients]
    return thalweg.core.gradients(
        ys,
        xs,
        grad_ys,
        name,
        [tensor for tensor in stopped if tensor is not None],
        UnconnectedGradients(unconnected_gradients).value,
    )
