"""The variable that counts a program's steps."""

from __future__ import annotations

from typing import Any

from thalweg.core import Graph, GraphError, Tensor, UnknownNameError, int64

from ..collections import GraphKeys
from ..graph import name_scope
from ..graph_state import home_graph
from ..initializer_classes import zeros_initializer
from ..named_variables import get_variable
from ..variables import Variable

__all__ = [
    "assert_global_step",
    "create_global_step",
    "get_global_step",
    "get_or_create_global_step",
    "global_step",
]


def create_global_step(graph: Graph | None = None) -> Variable:
    """Makes the variable `global_step`, () int64, which starts from 0.

    Args:
        graph: the graph it counts for; the default one if None.

    Raises:
        GraphError: if the graph has one.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.train.create_global_step())
    <tf.Variable 'global_step:0' int64 ()>
    """
    owner = home_graph() if graph is None else graph
    found = get_global_step(owner)
    if found is not None:
        raise GraphError(
            "create_global_step", "the graph has a global step", got=repr(found),
            hint="tf.train.get_or_create_global_step() finds it",
        )  # fmt: skip
    with owner.as_default(), name_scope(None):
        variable: Variable = get_variable(
            GraphKeys.GLOBAL_STEP,
            [],
            int64,
            zeros_initializer(),
            trainable=False,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )
    return variable


def get_global_step(graph: Graph | None = None) -> Any:
    """The variable that counts steps: of the collection GLOBAL_STEP, or of that name; or None.

    Raises:
        GraphError: if the collection has several, or it is no integer scalar.
    """
    owner = home_graph() if graph is None else graph
    found = owner.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        raise GraphError(
            "get_global_step", "there are several", expected="one item in GLOBAL_STEP",
            got=", ".join(map(repr, found)),
        )  # fmt: skip
    step = found[0] if found else _by_name(owner)
    if step is not None:
        assert_global_step(step)
    return step


def _by_name(graph: Graph) -> Any:
    """What is called `global_step:0`: the variable rather than the tensor that reads it."""
    name = f"{GraphKeys.GLOBAL_STEP}:0"
    for variable in graph.get_collection(GraphKeys.GLOBAL_VARIABLES):
        if variable.name == name:
            return variable
    try:
        return graph.get_tensor_by_name(name)
    except UnknownNameError:
        return None


def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """The variable that counts steps, made if there is none."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """Checks that something can count steps.

    Raises:
        GraphError: if it is no tensor or variable, or no integer scalar.
    """
    is_fit = isinstance(global_step_tensor, Tensor | Variable) and (
        global_step_tensor.dtype.is_integer and global_step_tensor.shape in (None, ())
    )
    if not is_fit:
        raise GraphError(
            "global_step",
            "cannot count steps",
            expected="a variable or tensor, () integer",
            got=repr(global_step_tensor),
        )


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The number of steps made in a session.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     print(tf.train.global_step(session, tf.train.create_global_step()))
    0
    """
    return int(sess.run(global_step_tensor))


def needed_step(where: str) -> Any:
    """The variable that counts steps, for a hook that cannot do without.

    Raises:
        GraphError: if there is none.
    """
    step = get_global_step()
    if step is None:
        raise GraphError(
            where,
            "there is no global step",
            hint="tf.train.get_or_create_global_step() makes it; pass it to minimize()",
        )
    return step
