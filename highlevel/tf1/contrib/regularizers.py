"""Regularizers and initializers of `tf.contrib.layers`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from thalweg.core import (
    OptionError,
    Tensor,
    abs,
    add_n,
    as_shape,
    constant,
    convert,
    float32,
    multiply,
    reduce_sum,
)

from ..collections import GraphKeys, get_collection
from ..draws import random_uniform, truncated_normal
from ..graph import name_scope
from ..initializer_classes import Initializer
from ..initializer_classes import variance_scaling_initializer as _scaling
from ..nn import l2_loss

__all__ = [
    "apply_regularization",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "sum_regularizer",
    "variance_scaling_initializer",
    "xavier_initializer",
    "xavier_initializer_conv2d",
]

_Regularizer = Callable[[Any], "Tensor | None"]


def l1_regularizer(scale: float, scope: str | None = None) -> _Regularizer:
    """scale * sum(|w|), as a function of w.

    Args:
        scale: a float >= 0; with 0 there is no loss.
        scope: of the name scope.

    Raises:
        OptionError: for another scale.
    """
    if _checked("l1_regularizer", scale) == 0:
        return lambda _: None

    def l1(weights: Any, name: str | None = None) -> Tensor:
        with name_scope(scope, "l1_regularizer"):
            return multiply(reduce_sum(abs(convert(weights))), scale, name=name)

    return l1


def l2_regularizer(scale: float, scope: str | None = None) -> _Regularizer:
    """scale * sum(w²) / 2, as a function of w; arguments as in `l1_regularizer`.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     print(session.run(tf.contrib.layers.l2_regularizer(0.5)([2.0, 4.0])))
    5.0
    """
    if _checked("l2_regularizer", scale) == 0:
        return lambda _: None

    def l2(weights: Any) -> Tensor:
        with name_scope(scope, "l2_regularizer"):
            return multiply(l2_loss(weights), scale)

    return l2


def l1_l2_regularizer(
    scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None
) -> _Regularizer:
    """The sum of both regularizers."""
    return sum_regularizer(
        [l1_regularizer(scale_l1, scope), l2_regularizer(scale_l2, scope)], scope
    )


def sum_regularizer(
    regularizer_list: Sequence[_Regularizer | None], scope: str | None = None
) -> _Regularizer:
    """The sum of several regularizers."""
    chosen = [regularizer for regularizer in regularizer_list if regularizer is not None]

    def total(weights: Any) -> Tensor | None:
        losses = [loss for regularizer in chosen if (loss := regularizer(weights)) is not None]
        with name_scope(scope, "sum_regularizer"):
            return add_n(losses) if losses else None

    return total


def apply_regularization(
    regularizer: _Regularizer, weights_list: Sequence[Any] | None = None
) -> Tensor:
    """The sum of a regularizer over weights, which joins REGULARIZATION_LOSSES.

    Args:
        regularizer: a function of one of them.
        weights_list: the weights; those of the collection WEIGHTS if None.
    """
    if weights_list is None:
        weights_list = get_collection(GraphKeys.WEIGHTS)
    losses = [loss for w in weights_list if (loss := regularizer(w)) is not None]
    total = add_n(losses) if losses else constant(0.0)
    total.graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total


def _checked(where: str, scale: Any) -> float:
    if isinstance(scale, int) or not scale >= 0:
        raise OptionError(where, "not a scale", expected="a float >= 0", got=repr(scale))
    return float(scale)


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = float32
) -> Initializer:
    """Numbers of variance 2 / (fan_in + fan_out): Glorot and Bengio, 2010.

    Args:
        uniform: uniform numbers rather than normal ones.
        seed: equal seeds give equal numbers.
        dtype: float.
    """
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


class variance_scaling_initializer(Initializer):
    """Numbers of mean 0 and variance factor / n, n the inputs or outputs of a kernel.

    Args:
        factor: 2 for layers before a ReLU (He et al., 2015).
        mode: n is `"FAN_IN"`, `"FAN_OUT"` or `"FAN_AVG"`, the mean of both.
        uniform: uniform numbers rather than truncated normal ones, whose variance is then 1.3
            times that before truncation.
        seed: equal seeds give equal numbers.
        dtype: float.

    Raises:
        OptionError: for another mode, or a dtype that is no float.
    """

    def __init__(
        self,
        factor: float = 2.0,
        mode: str = "FAN_IN",
        uniform: bool = False,
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        # differs from TensorFlow's class of this name outside contrib in the factor of 1.3
        checked = _scaling(1.0, mode.lower(), dtype=dtype)
        super().__init__(checked.dtype)
        self.factor = factor
        self.mode = mode
        self.uniform = uniform
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Independent draws."""
        sizes = [size for size in as_shape(shape) or () if size is not None]
        field = math.prod(sizes[:-2])
        fan_in = float(sizes[-2] if len(sizes) > 1 else sizes[-1] if sizes else 1) * field
        fan_out = float(sizes[-1] if sizes else 1) * field
        means = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}
        variance = self.factor / means[self.mode.upper()]
        wanted = dtype or self.dtype
        if self.uniform:
            limit = math.sqrt(3.0 * variance)
            return random_uniform(shape, -limit, limit, wanted, self.seed)
        return truncated_normal(shape, 0.0, math.sqrt(1.3 * variance), wanted, self.seed)
