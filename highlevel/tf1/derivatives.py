"""Gradients in TF1's spelling."""

from __future__ import annotations

from enum import Enum
from typing import Any

import thalweg.core
from thalweg.core import Tensor

__all__ = ["AggregationMethod", "UnconnectedGradients", "gradients"]


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
