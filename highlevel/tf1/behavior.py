"""Switches between the behaviours of TensorFlow 1 and 2: here is TensorFlow 1's, always."""

from __future__ import annotations

from typing import Any

from thalweg.core import GraphError

__all__ = [
    "disable_control_flow_v2",
    "disable_eager_execution",
    "disable_resource_variables",
    "disable_tensor_equality",
    "disable_v2_behavior",
    "disable_v2_tensorshape",
    "enable_eager_execution",
    "enable_resource_variables",
    "enable_v2_behavior",
    "executing_eagerly",
    "resource_variables_enabled",
]


def executing_eagerly() -> bool:
    """False: operations join a graph."""
    return False


def disable_eager_execution() -> None:
    """Does nothing: operations join a graph."""


def disable_v2_behavior() -> None:
    """Does nothing: this is TensorFlow 1's behaviour."""


def disable_control_flow_v2() -> None:
    """Does nothing: loops and branches mean the same in both."""


def disable_tensor_equality() -> None:
    """Does nothing: `==` of tensors asks whether they are one."""


def disable_v2_tensorshape() -> None:
    """Does nothing: sizes have a `value`."""


def enable_resource_variables() -> None:
    """Does nothing: a read sees the value at the start of the run, unless edges order it."""


def disable_resource_variables() -> None:
    """Does nothing: as `enable_resource_variables`."""


def resource_variables_enabled() -> bool:
    """True: variables have the clear rules of TensorFlow's resource variables."""
    return True


def enable_eager_execution(
    config: Any = None, device_policy: Any = None, execution_mode: Any = None
) -> None:
    """Not supported: raises GraphError."""
    raise _only_graphs("enable_eager_execution")


def enable_v2_behavior() -> None:
    """Not supported: raises GraphError."""
    raise _only_graphs("enable_v2_behavior")


def _only_graphs(where: str) -> GraphError:
    return GraphError(
        where,
        "thalweg.tf1 builds graphs and runs them in sessions",
        expected="with tf.Session() as session: session.run(…)",
        hint="functions of thalweg.ops and layers of thalweg.layers compute at once on arrays",
    )
