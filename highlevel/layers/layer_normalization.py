"""Normalisation of each example by itself."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import option_error
from .input_spec import InputSpec
from .kernel import known_size
from .scaled import ScaledLayer, checked_axes

__all__ = ["LayerNormalization"]


class LayerNormalization(ScaledLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, by the numbers of each example alone.

    Mean and (biased) variance are taken over `axis`, at every other place by itself; so batches
    and training make no difference.

    J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016, equation 4.

    Args:
        axis: an axis or several, not the batch's, that are normalised together.
        epsilon: added to the variance, > 0.
        center: whether there is a beta; else 0.
        scale: whether there is a gamma; else 1.
        beta_initializer, gamma_initializer: what these start from.
        beta_regularizer, gamma_regularizer: functions whose values join the loss.
        beta_constraint, gamma_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...).

    Output shape:
        the same.

    Weights:
        gamma, beta, with the sizes of `axis` in the input's order.

    >>> import numpy as np
    >>> LayerNormalization(epsilon=1e-9)(np.float32([[1, 3], [10, 30]])).round(4).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: Any = -1,
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
        self.axis = checked_axes(self, axis)
        if not self.axis or 0 in self.axis:
            raise option_error(self, "axis", axis, "one or several axes, without the batch's, 0")
        self.input_spec = InputSpec(min_ndim=max(a + 1 if a > 0 else 1 - a for a in self.axis))

    def build(self, input_shape: Any) -> None:
        """Makes the weights, in Keras's order."""
        axes = self._axes(len(input_shape))
        sizes = tuple(known_size(self, input_shape, axis) for axis in axes)
        self.add_scale(sizes)

    def call(self, inputs: Tensor) -> Tensor:
        """The normalised input."""
        x = core.cast(inputs, self.dtype)
        rank = len(x.shape or ())
        axes = self._axes(rank)
        others = [axis for axis in range(rank) if axis not in axes]
        order = [*others, *axes]  # the core normalises the last axes
        moved = x if order == list(range(rank)) else core.transpose(x, order)
        y = core.layer_norm(moved, self.gamma, self.beta, self.epsilon, len(axes))
        return y if moved is x else core.transpose(y, [order.index(axis) for axis in range(rank)])

    def _axes(self, rank: int) -> list[int]:
        """Counted from the first, in order."""
        axes = sorted({axis % rank for axis in self.axis})
        if len(axes) < len(self.axis) or 0 in axes:
            raise option_error(self, "axis", self.axis, "different axes, without the batch's, 0")
        return axes
