"""Separable convolutions: of each channel by itself, then across the channels of each place."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable

from .. import constraints, initializers, regularizers
from ..options import COUNT
from .convolution import CAUSAL_PADDING
from .depthwise import ChannelwiseConvolution

__all__ = [
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
]


class _SeparableConvolution(ChannelwiseConvolution):
    """What both share."""

    pointwise_kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            depth_multiplier,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            bias_regularizer,
            depthwise_constraint,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters: int = COUNT.check(self, "filters", filters)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        """Makes both kernels and the bias."""
        between = self.add_depthwise_kernel(input_shape)
        self.pointwise_kernel = self.add_weight(
            name="pointwise_kernel",
            shape=(*(1,) * self.rank, between, self.filters),
            initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self.add_bias_weight(self.filters)

    def _convolved(self, x: Tensor) -> Tensor:
        convolve = core.separable_conv1d if self.rank == 1 else core.separable_conv2d
        return convolve(
            x,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            self.dilation_rate,
        )


class SeparableConv1D(_SeparableConvolution):
    """activation(y + bias), where y are sums of channels of a depthwise convolution.

    L. Kaiser, A. N. Gomez, F. Chollet, "Depthwise Separable Convolutions for Neural Machine
    Translation", 2018.

    Args:
        filters: number of output channels.
        kernel_size: steps that a kernel covers.
        strides: steps between two of its positions.
        padding: `"valid"` (none), `"same"` (zeros around, so that the output has
            ceil(time / stride) steps), or `"causal"` (zeros before, so that no step sees a later
            one).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: steps between two taps of a kernel.
        depth_multiplier: kernels of each channel.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: what the weights start
            from.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: functions whose values
            join the loss.
        activity_regularizer: the same, of the output.
        depthwise_constraint, pointwise_constraint, bias_constraint: functions applied after each
            update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, positions, filters).

    Weights:
        depthwise_kernel (kernel_size, channels, depth_multiplier),
        pointwise_kernel (1, channels * depth_multiplier, filters), bias (filters,).

    >>> import numpy as np
    >>> SeparableConv1D(4, 3, padding="causal")(np.ones((1, 7, 2))).shape
    (1, 7, 4)
    """

    rank = 1
    paddings = CAUSAL_PADDING


class SeparableConv2D(_SeparableConvolution):
    """activation(y + bias), where y are sums of channels of a depthwise convolution.

    F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.

    Args:
        filters: number of output channels.
        kernel_size: (height, width) of a kernel, or one integer for both.
        strides: cells between two of its positions.
        padding: `"valid"` (none) or `"same"` (zeros around, so that the output has
            ceil(size / stride) positions).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: cells between two taps of a kernel.
        depth_multiplier: kernels of each channel.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: what the weights start
            from.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: functions whose values
            join the loss.
        activity_regularizer: the same, of the output.
        depthwise_constraint, pointwise_constraint, bias_constraint: functions applied after each
            update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, positions, positions, filters).

    Weights:
        depthwise_kernel (kernel_height, kernel_width, channels, depth_multiplier),
        pointwise_kernel (1, 1, channels * depth_multiplier, filters), bias (filters,).

    >>> import numpy as np
    >>> SeparableConv2D(4, 3, strides=2, padding="same")(np.ones((1, 7, 7, 2))).shape
    (1, 4, 4, 4)
    """


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
