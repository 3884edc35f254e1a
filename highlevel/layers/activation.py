"""Activation functions with options or weights, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable, types_text
from thalweg.core.errors import ShapeError

from .. import activations, constraints, initializers, regularizers
from ..options import Interval, OrNone, option_error
from .base import Layer
from .input_spec import InputSpec
from .kernel import known_size

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"]

_SLOPE = Interval(0)


class ReLU(Layer):
    """max(x, 0); with other options see `activations.relu`.

    Args:
        max_value: the largest output, >= 0; None for no bound.
        negative_slope: slope below the threshold, >= 0.
        threshold: below it lies the damped part, >= 0.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> ReLU(max_value=6.0)(np.float32([-1, 3, 8])).tolist()
    [0.0, 3.0, 6.0]
    """

    supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = OrNone(_SLOPE).check(self, "max_value", max_value)
        self.negative_slope = _SLOPE.check(self, "negative_slope", negative_slope)
        self.threshold = _SLOPE.check(self, "threshold", threshold)

    def call(self, inputs: Tensor) -> Any:
        """The function's value."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x where it is positive, else negative_slope * x.

    Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.

    Args:
        negative_slope: slope below 0, >= 0; Keras 2's spelling `alpha` is understood too.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> LeakyReLU(0.5)(np.float32([1, -2])).tolist()
    [1.0, -1.0]
    """

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _SLOPE.check(self, "negative_slope", negative_slope)

    def call(self, inputs: Tensor) -> Any:
        """The function's value."""
        return activations.leaky_relu(inputs, self.negative_slope)


class ELU(Layer):
    """x where it is positive, else alpha * (exp(x) - 1).

    Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential
    Linear Units", 2016, equation 15.

    Args:
        alpha: the limit far below 0 is -alpha.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> ELU()(np.float32([2, -1000])).tolist()
    [2.0, -1.0]
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = Interval().check(self, "alpha", alpha)

    def call(self, inputs: Tensor) -> Any:
        """The function's value."""
        return activations.elu(inputs, self.alpha)


class PReLU(Layer):
    """x where it is positive, else alpha * x, with a weight alpha.

    He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015, equation 1.

    Args:
        alpha_initializer: what alpha starts from.
        alpha_regularizer: a function of alpha whose value joins the loss.
        alpha_constraint: a function applied to alpha after each update.
        shared_axes: axes along which there is one alpha, counted with the batch: [1, 2] leaves
            one a channel.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...).

    Output shape:
        the same.

    Weights:
        alpha (...), with size 1 on shared axes.

    >>> import numpy as np
    >>> PReLU("ones")(np.float32([[1, -2]])).tolist()
    [[1.0, -2.0]]
    """

    supports_masking = True

    alpha: Variable

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        given = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes or ())
        if not all(isinstance(axis, int) and axis >= 1 for axis in given):
            raise option_error(self, "shared_axes", shared_axes, "integers >= 1; or None")
        self.shared_axes = given
        self.input_spec = InputSpec(min_ndim=max([2, *(axis + 1 for axis in given)]))

    def build(self, input_shape: Any) -> None:
        """Makes alpha."""
        sizes = {
            axis: 1 if axis in self.shared_axes else known_size(self, input_shape, axis)
            for axis in range(1, len(input_shape or ()))
        }
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(sizes.values()),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        fixed = {axis: size for axis, size in sizes.items() if axis not in self.shared_axes}
        self.input_spec = InputSpec(ndim=len(sizes) + 1, axes=fixed)

    def call(self, inputs: Tensor) -> Tensor:
        """max(x, 0) - alpha * max(-x, 0)."""
        x = core.cast(inputs, self.dtype)
        return core.relu(x) - self.alpha * core.relu(-x)


class Softmax(Layer):
    """exp(x) / sum(exp(x)) over an axis.

    What a mask leaves out has no share: it becomes 0, and does not join the sum.

    Args:
        axis: over which the sum goes; several in a tuple.
        kwargs: `Layer`'s arguments.

    Input shape:
        any with that axis.

    Output shape:
        the same.

    >>> import numpy as np
    >>> Softmax()(np.float32([[0, 0]])).tolist()
    [[0.5, 0.5]]
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
        checked = tuple(Interval(integer=True).check(self, "axis", i) for i in given)
        self.axis: int | tuple[int, ...] = checked if len(checked) > 1 else checked[0]

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Any:
        """The function's value.

        Args:
            inputs: any with the axis.
            mask: broadcasts to inputs; true, or above 0.5, where they count.

        Raises:
            ShapeError: if the mask does not broadcast to the inputs.
        """
        if mask is None:
            return activations.softmax(inputs, self.axis)
        kept = mask if mask.dtype == "bool" else core.greater(mask, 0.5)
        if not _stretches(kept.shape, inputs.shape):
            raise ShapeError(
                "Softmax",
                "the mask does not say which values have a share",
                expected="a mask that broadcasts to the inputs, with equal sizes or 1 on each "
                "axis counted from the last",
                got=types_text(inputs=inputs.type, mask=mask.type),
                hint='Activation("softmax") takes no notice of the mask of time steps, and hands '
                "it on",
            )
        lowest = core.cast(-3e4 if inputs.dtype == "float16" else -1e9, inputs.dtype)
        shares = activations.softmax(core.where(kept, inputs, lowest), self.axis)
        return core.where(kept, shares, core.zeros_like(shares))


def _stretches(shape: Any, to: Any) -> bool:
    """Whether a shape may broadcast to another without changing it."""
    if shape is None or to is None:
        return True
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(
        size in (None, 1, wanted) or wanted is None for size, wanted in pairs
    )
