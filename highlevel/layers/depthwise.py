"""Convolutions of each channel by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from thalweg import core
from thalweg.core import Tensor, Variable

from .. import activations, constraints, initializers, regularizers
from ..options import COUNT, PADDING, OneOf
from .grids import GridLayer
from .input_spec import InputSpec
from .kernel import known_size

__all__ = ["ChannelwiseConvolution", "DepthwiseConv1D", "DepthwiseConv2D"]


class ChannelwiseConvolution(GridLayer):
    """A layer with a kernel for each channel, and a bias: depthwise and separable convolutions.

    Args:
        kernel_size: cells of a kernel along each size.
        strides: cells between two of its positions.
        padding: one of the layer's paddings.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
        dilation_rate: cells between two taps of a kernel.
        depth_multiplier: kernels of each channel.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        depthwise_initializer, bias_initializer: what the weights start from.
        depthwise_regularizer, bias_regularizer: functions whose values join the loss.
        depthwise_constraint, bias_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.
    """

    paddings: ClassVar[OneOf] = PADDING
    depthwise_kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        depth_multiplier: int,
        activation: Any,
        use_bias: bool,
        depthwise_initializer: Any,
        bias_initializer: Any,
        depthwise_regularizer: Any,
        bias_regularizer: Any,
        depthwise_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.kernel_size = self.checked_sizes("kernel_size", kernel_size)
        self.strides = self.checked_sizes("strides", strides)
        self.padding = self.paddings.check(self, "padding", padding)
        self.depth_multiplier: int = COUNT.check(self, "depth_multiplier", depth_multiplier)
        self.dilation_rate = self.checked_sizes("dilation_rate", dilation_rate)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def add_depthwise_kernel(self, input_shape: Any) -> int:
        """Makes the kernels; says how many channels they give."""
        axis = self.channel_axis
        channels = known_size(self, input_shape, axis)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels * self.depth_multiplier

    def add_bias_weight(self, units: int) -> None:
        """Makes the bias, if there is to be one."""
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(units,),
                initializer=self.bias_initializer or "zeros",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Tensor) -> Any:
        """The convolution."""
        y = self._convolved(self.channels_last(core.cast(inputs, self.dtype)))
        y = y if self.bias is None else core.bias_add(y, self.bias)
        return self.activation(self.as_given(y))

    def _convolved(self, x: Tensor) -> Tensor:
        raise NotImplementedError(type(self).__name__)


class _DepthwiseConvolution(ChannelwiseConvolution):
    """What both share: Keras's order of arguments."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        self.add_bias_weight(self.add_depthwise_kernel(input_shape))

    @property
    def kernel(self) -> Variable:
        """`depthwise_kernel`, by Keras 3's name."""
        return self.depthwise_kernel

    def _convolved(self, x: Tensor) -> Tensor:
        convolve = core.depthwise_conv1d if self.rank == 1 else core.depthwise_conv2d
        return convolve(x, self.depthwise_kernel, self.strides, self.padding, self.dilation_rate)


class DepthwiseConv1D(_DepthwiseConvolution):
    """activation(x * kernel + bias), where each channel of a sequence has kernels of its own.

    Args:
        kernel_size: steps that a kernel covers.
        strides: steps between two of its positions.
        padding: `"valid"` (none) or `"same"` (zeros around, so that the output has
            ceil(time / stride) steps).
        depth_multiplier: kernels of each channel.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: steps between two taps of a kernel.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        depthwise_initializer, bias_initializer: what the weights start from.
        depthwise_regularizer, bias_regularizer: functions whose values join the loss.
        activity_regularizer: the same, of the output.
        depthwise_constraint, bias_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, positions, channels * depth_multiplier), all that a channel gives side by side.

    Weights:
        depthwise_kernel (kernel_size, channels, depth_multiplier),
        bias (channels * depth_multiplier,).

    >>> import numpy as np
    >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((1, 7, 2))).shape
    (1, 5, 4)
    """

    rank = 1


class DepthwiseConv2D(_DepthwiseConvolution):
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
