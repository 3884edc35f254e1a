"""Limits on values and on the norms of gradients, in TF1's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import thalweg.core
from thalweg.core import Tensor, add_n, divide, maximum, multiply, reduce_sum, sqrt, square

__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value", "global_norm"]


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None
) -> Tensor:
    """`t` limited to clip_value_min <= t <= clip_value_max, elementwise."""
    return thalweg.core.clip_by_value(t, clip_value_min, clip_value_max, name=name)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """`t`, scaled down to the Euclidean norm `clip_norm` where its own is larger.

    Args:
        t: (...) float.
        clip_norm: > 0.
        axes: the norm is taken over these axes; over all if None.
        name: of the node.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.clip_by_norm([3.0, 4.0], 1.0)).round(3))
    [0.6 0.8]
    """
    tensor = thalweg.core.convert(t)
    limit = thalweg.core.convert(clip_norm, tensor.dtype)
    squares = reduce_sum(square(tensor), axes, keepdims=True)
    # max(norm, limit) as the root of a maximum: the root of 0 has no gradient.
    return divide(tensor * limit, sqrt(maximum(squares, square(limit))), name=name)


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The Euclidean norm of all elements of all tensors together; None entries do not count.

    Raises:
        OptionError: if there is no tensor.
    """
    squares = [reduce_sum(square(t)) for t in t_list if t is not None]
    return sqrt(add_n(squares), name=name or "global_norm")


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Tensor | None], Tensor]:
    """Tensors scaled down together, to the global norm `clip_norm` where theirs is larger.

    Args:
        t_list: tensors of one float dtype; None entries stay None.
        clip_norm: > 0.
        use_norm: the global norm, where it is already known.
        name: of the scaled tensors, numbered.

    Returns:
        The scaled tensors, and the norm before.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     clipped, norm = tf.clip_by_global_norm([[3.0], [4.0]], 1.0)
    ...     print(session.run(norm), session.run(tf.concat(clipped, 0)))
    5.0 [0.6 0.8]
    """
    norm = global_norm(t_list) if use_norm is None else thalweg.core.convert(use_norm)
    scale = divide(clip_norm, maximum(norm, clip_norm))
    clipped = [
        None if t is None else multiply(t, scale, name=f"{name or 'clip_by_global_norm'}/{i}")
        for i, t in enumerate(t_list)
    ]
    return clipped, norm
