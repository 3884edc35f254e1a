"""What layers with a kernel share: `Dense` and the convolutions."""

from __future__ import annotations

from typing import Any

from thalweg.core import Tensor, Variable, bias_add, shape_text
from thalweg.core.errors import ShapeError

from .. import activations, constraints, initializers, regularizers
from .base import Layer

__all__ = ["KernelLayer", "known_size"]


def known_size(layer: Layer, shape: Any, axis: int) -> int:
    """The size of one axis of the input, which a weight needs.

    Args:
        layer: who needs it.
        shape: of the input, with the batch; None if its rank is unknown.
        axis: an axis that the input has.

    Raises:
        ShapeError: if the size is unknown.
    """
    size = None if shape is None else shape[axis]
    if size is None:
        raise ShapeError(
            type(layer).__name__,
            "a weight needs a size that is unknown",
            expected=f"a known size on axis {axis}",
            got=shape_text(shape),
            hint="give the sizes of all axes but the batch: Input((28, 28, 1))",
        )
    return int(size)


class KernelLayer(Layer):
    """A layer that multiplies by a kernel, adds a bias, and applies an activation.

    Args:
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer: what the kernel starts from.
        bias_initializer: what the bias starts from.
        kernel_regularizer: a function of the kernel whose value joins the loss.
        bias_regularizer: the same for the bias.
        kernel_constraint: a function applied to the kernel after each update.
        bias_constraint: the same for the bias.
        kwargs: `Layer`'s arguments.
    """

    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def add_kernel(self, shape: tuple[int, ...], units: int | None = None) -> None:
        """Makes the kernel, and the bias: for so many units, or for the kernel's last axis."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(shape[-1] if units is None else units,),
                initializer=self.bias_initializer or "zeros",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def add_bias(self, y: Tensor) -> Tensor:
        """`y` plus the bias, if there is one.  y: (..., units)."""
        return y if self.bias is None else bias_add(y, self.bias)
