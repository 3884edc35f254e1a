"""Convolutions."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import COUNT, PADDING, Sizes, option_error
from .images import ImageLayer
from .input_spec import InputSpec
from .kernel import KernelLayer, known_size

__all__ = ["Conv2D", "Convolution2D"]

_PAIR = Sizes(2)


class Conv2D(KernelLayer, ImageLayer):
    """activation(x * kernel + bias), where * slides the kernel over images (nothing is flipped).

    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
    1998, section II.

    Args:
        filters: number of output channels.
        kernel_size: (height, width) of the kernel, or one integer for both.
        strides: cells between two of its positions.
        padding: `"valid"` (none) or `"same"` (zeros around, so that the output has
            ceil(size / stride) positions).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: cells between two taps of the kernel.
        groups: parts into which the channels fall; each is convolved by itself.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: what the weights start from.
        kernel_regularizer, bias_regularizer: functions whose values join the loss.
        activity_regularizer: the same, of the output.
        kernel_constraint, bias_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, positions, positions, filters).

    Weights:
        kernel (kernel_height, kernel_width, channels // groups, filters), bias (filters,).

    >>> import numpy as np
    >>> Conv2D(4, 3, strides=2, padding="same")(np.ones((1, 7, 7, 2))).shape
    (1, 4, 4, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            kernel_constraint,
            bias_constraint,
            data_format=data_format,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters: int = COUNT.check(self, "filters", filters)
        self.kernel_size = _PAIR.check(self, "kernel_size", kernel_size)
        self.strides = _PAIR.check(self, "strides", strides)
        self.padding = PADDING.check(self, "padding", padding)
        self.dilation_rate = _PAIR.check(self, "dilation_rate", dilation_rate)
        self.groups: int = COUNT.check(self, "groups", groups)
        if self.filters % self.groups:
            raise option_error(self, "groups", groups, f"a divisor of filters={filters}")

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        axis = self.channel_axis
        channels = known_size(self, input_shape, axis)
        if channels % self.groups:
            raise option_error(
                self, "groups", self.groups, f"a divisor of the {channels} input channels"
            )
        self.add_kernel((*self.kernel_size, channels // self.groups, self.filters))
        self.input_spec = InputSpec(ndim=4, axes={axis: channels})

    def call(self, inputs: Tensor) -> Any:
        """The convolution."""
        y = core.conv2d(
            self.channels_last(core.cast(inputs, self.dtype)),
            self.kernel,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
        )
        return self.activation(self.as_given(self.add_bias(y)))


Convolution2D = Conv2D
