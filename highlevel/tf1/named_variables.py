"""`get_variable`: variables made or found by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.core import Tensor

from .collections import GraphKeys
from .graph_state import home_graph, state_of
from .variable_scopes import get_variable_scope
from .variable_store import VariableStore
from .variables import VariableAggregation, VariableSynchronization

__all__ = ["get_local_variable", "get_variable", "no_regularizer"]


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Sequence[str] | None = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Callable[..., Any] | None = None,
    constraint: Callable[[Tensor], Tensor] | None = None,
    synchronization: VariableSynchronization = VariableSynchronization.AUTO,
    aggregation: VariableAggregation = VariableAggregation.NONE,
) -> Any:
    """The variable of this name in the scope in force: made, or found, as the scope says.

    Args:
        name: inside the scope.
        shape: sizes, all known; None if the initializer is a value or takes no arguments.
        dtype: the scope's if None, which is float32.
        initializer: a function `f(shape, dtype)`, or a value; the scope's if None, and if that
            has none, `glorot_uniform_initializer` for floats and zeros for others.
        regularizer: a function of the variable whose value joins REGULARIZATION_LOSSES when the
            variable is made; the scope's if None.
        trainable: whether optimizers change it by default; None means True.
        collections: names of the graph's lists it joins; by default GLOBAL_VARIABLES.
        caching_device: ignored.
        partitioner: not supported.
        validate_shape: False allows an initial value of unknown shape.
        use_resource: ignored.
        custom_getter: called in the place of what is described here; the scope's if None.
        constraint: a function of the new value that optimizers apply after each step.
        synchronization: of copies; there are none.
        aggregation: of copies; there are none.

    Raises:
        GraphError: if it exists and must not, or must and does not.
        ShapeError, DtypeError: if it exists with another type, or its shape is not known.

    >>> import thalweg.tf1 as tf
    >>> with tf.variable_scope("layer"):
    ...     w = tf.get_variable("w", [3, 2], initializer=tf.zeros_initializer())
    >>> print(w)
    <tf.Variable 'layer/w:0' float32 (3, 2)>
    """
    return get_variable_scope().get_variable(
        state_of(home_graph(), VariableStore),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def get_local_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = False,
    collections: Sequence[str] | None = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Callable[..., Any] | None = None,
    constraint: Callable[[Tensor], Tensor] | None = None,
    synchronization: VariableSynchronization = VariableSynchronization.AUTO,
    aggregation: VariableAggregation = VariableAggregation.NONE,
) -> Any:
    """`get_variable` for a variable that is not trained and not saved: in LOCAL_VARIABLES."""
    del trainable
    return get_variable(
        name,
        shape,
        dtype,
        initializer,
        regularizer,
        False,
        [*(collections or ()), GraphKeys.LOCAL_VARIABLES],
        caching_device,
        partitioner,
        validate_shape,
        use_resource,
        custom_getter,
        constraint,
        synchronization,
        aggregation,
    )


def no_regularizer(_: Any) -> None:
    """The regularizer that ends what is inherited."""
