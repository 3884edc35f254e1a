"""Convolutions that keep the channels apart."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable

from .. import activations, constraints, initializers, regularizers
from ..options import COUNT, PADDING, Sizes
from .images import ImageLayer
from .input_spec import InputSpec
from .kernel import known_size

__all__ = ["DepthwiseConv2D"]

_PAIR = Sizes(2)


class DepthwiseConv2D(ImageLayer):
    """activation(x * kernel + bias), where each channel is convolved with kernels of its own.

    F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.

    Args:
        kernel_size: (height, width) of a kernel, or one integer for both.
        strides: cells between two of its positions.
        padding: `"valid"` (none) or `"same"` (zeros around, so that the output has
            ceil(size / stride) positions).
        depth_multiplier: kernels of each channel.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: cells between two taps of a kernel.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        depthwise_initializer, bias_initializer: what the weights start from.
        depthwise_regularizer, bias_regularizer: functions whose values join the loss.
        activity_regularizer: the same, of the output.
        depthwise_constraint, bias_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, positions, positions, channels * depth_multiplier), all that a channel gives side
        by side.

    Weights:
        depthwise_kernel (kernel_height, kernel_width, channels, depth_multiplier),
        bias (channels * depth_multiplier,).

    >>> import numpy as np
    >>> DepthwiseConv2D(3, strides=2, padding="same")(np.ones((1, 7, 7, 2))).shape
    (1, 4, 4, 2)
    """

    depthwise_kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, activity_regularizer=activity_regularizer, **kwargs)
        self.kernel_size = _PAIR.check(self, "kernel_size", kernel_size)
        self.strides = _PAIR.check(self, "strides", strides)
        self.padding = PADDING.check(self, "padding", padding)
        self.depth_multiplier: int = COUNT.check(self, "depth_multiplier", depth_multiplier)
        self.dilation_rate = _PAIR.check(self, "dilation_rate", dilation_rate)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        channels = known_size(self, input_shape, self.channel_axis)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(channels * self.depth_multiplier,),
                initializer=self.bias_initializer or "zeros",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=4, axes={self.channel_axis: channels})

    @property
    def kernel(self) -> Variable:
        """`depthwise_kernel`, by Keras 3's name."""
        return self.depthwise_kernel

    def call(self, inputs: Tensor) -> Any:
        """The convolution."""
        y = core.depthwise_conv2d(
            self.channels_last(core.cast(inputs, self.dtype)),
            self.depthwise_kernel,
            self.strides,
            self.padding,
            self.dilation_rate,
        )
        y = y if self.bias is None else core.bias_add(y, self.bias)
        return self.activation(self.as_given(y))
