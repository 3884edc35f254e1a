"""Normalisation by groups of channels, by mean squares, and to length 1."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable
from thalweg.core.errors import ShapeError

from ..options import Interval, option_error
from .base import Layer
from .input_spec import InputSpec
from .kernel import known_size
from .scaled import ScaledLayer, checked_axes

__all__ = ["GroupNormalization", "RMSNormalization", "UnitNormalization"]


class GroupNormalization(ScaledLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, in groups of channels of each example.

    Mean and (biased) variance are those of all that an example has in a group of neighbouring
    channels; batches and training make no difference.

    Y. Wu, K. He, "Group Normalization", 2018, equations 1 to 7.

    Args:
        groups: how many, a divisor of the number of channels; -1 for one a channel.
        axis: that of channels.
        epsilon: added to the variance, > 0.
        center: whether there is a beta; else 0.
        scale: whether there is a gamma; else 1.
        beta_initializer, gamma_initializer: what these start from.
        beta_regularizer, gamma_regularizer: functions whose values join the loss.
        beta_constraint, gamma_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...) with channels on `axis`.

    Output shape:
        the same.

    Weights:
        gamma (channels,), beta (channels,).

    >>> import numpy as np
    >>> GroupNormalization(2, epsilon=1e-9)(np.float32([[1, 3, 10, 30]])).round(4).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.groups: int = Interval(-1, integer=True).check(self, "groups", groups)
        self.axis: int = Interval(integer=True).check(self, "axis", axis)
        if not groups:
            raise option_error(self, "groups", groups, "an integer >= 1, or -1")
        if not axis:
            raise option_error(self, "axis", axis, "an axis that is not the batch's, 0")
        self.input_spec = InputSpec(min_ndim=max(2, axis + 1 if axis > 0 else 1 - axis))

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        channels = known_size(self, input_shape, self.axis)
        if self.groups > 0 and channels % self.groups:
            raise ShapeError(
                "GroupNormalization",
                "the channels do not divide into groups",
                expected=f"a multiple of {self.groups} channels",
                got=f"{channels} on axis {self.axis}",
                hint="groups=… is 32 unless it is given",
            )
        self.add_scale((channels,))

    def call(self, inputs: Tensor) -> Tensor:
        """The normalised input."""
        x = core.cast(inputs, self.dtype)
        rank = x.ndim or 0
        axis = self.axis % rank
        order = [*(i for i in range(rank) if i != axis), axis]  # the core has channels last
        moved = x if axis == rank - 1 else core.transpose(x, order)
        groups = known_size(self, x.shape, axis) if self.groups == -1 else self.groups
        y = core.group_norm(moved, groups, self.gamma, self.beta, self.epsilon)
        return y if moved is x else core.transpose(y, [order.index(i) for i in range(rank)])


class RMSNormalization(Layer):
    """scale * x / sqrt(mean(x²) + epsilon), by the numbers of each example alone.

    B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", 2019, equation 4.

    Args:
        axis: along which the mean goes: an axis, or several.
        epsilon: added to the mean, > 0.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...).

    Output shape:
        the same.

    Weights:
        scale, with the sizes of `axis`.

    >>> import numpy as np
    >>> print(RMSNormalization(epsilon=1e-9)(np.float32([[1, 7]])).round(4))
    [[0.2 1.4]]
    """

    supports_masking = True

    scale: Variable

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = checked_axes(self, axis)
        self.epsilon: float = Interval(0, open_low=True).check(self, "epsilon", epsilon)

    def build(self, input_shape: Any) -> None:
        """Makes the scale."""
        sizes = tuple(known_size(self, input_shape, axis) for axis in self.axis)
        self.scale = self.add_weight(name="scale", shape=sizes, initializer="ones")

    def call(self, inputs: Tensor) -> Tensor:
        """The normalised input."""
        x = core.cast(inputs, self.dtype)
        rank = x.ndim or 0
        axes = [axis % rank for axis in self.axis]
        scale: Any = self.scale
        if axes != list(range(rank - len(axes), rank)):  # then sizes stand where they belong
            sizes = dict(zip(axes, self.scale.type.dims(), strict=True))
            scale = core.transpose(scale.value(), [axes.index(axis) for axis in sorted(axes)])
            scale = core.reshape(scale, [sizes.get(axis, 1) for axis in range(rank)])
        return core.rms_norm(x, scale, axes, self.epsilon)


class UnitNormalization(Layer):
    """x / sqrt(sum(x²)): vectors of length 1; zeros stay zeros.

    Args:
        axis: along which the sum goes: an axis, or several.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...).

    Output shape:
        the same.

    >>> import numpy as np
    >>> print(UnitNormalization()(np.float32([[3, 4]])).round(4))
    [[0.6 0.8]]
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = checked_axes(self, axis)

    def call(self, inputs: Tensor) -> Tensor:
        """The input, divided by its length."""
        x = core.cast(inputs, self.dtype)
        squares = core.reduce_sum(core.square(x), list(self.axis), keepdims=True)
        return x * core.rsqrt(core.maximum(squares, 1e-24))
