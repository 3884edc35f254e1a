"""Convolutions of sequences, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from thalweg import core
from thalweg.core import Tensor

from ..options import COUNT, PADDING, OneOf, option_error
from .grids import GridLayer
from .input_spec import InputSpec
from .kernel import KernelLayer, known_size

__all__ = [
    "CAUSAL_PADDING",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
]

CAUSAL_PADDING = OneOf(*PADDING.choices, "causal")


class _Convolution(KernelLayer, GridLayer):
    """What they share, for any number of sizes."""

    paddings: ClassVar[OneOf] = PADDING

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.kernel_size = self.checked_sizes("kernel_size", kernel_size)
        self.strides = self.checked_sizes("strides", strides)
        self.padding = self.paddings.check(self, "padding", padding)
        self.dilation_rate = self.checked_sizes("dilation_rate", dilation_rate)
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
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})

    def call(self, inputs: Tensor) -> Any:
        """The convolution."""
        convolve = {1: core.conv1d, 2: core.conv2d, 3: core.conv3d}[self.rank]
        y = convolve(
            self.channels_last(core.cast(inputs, self.dtype)),
            self.kernel,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
        )
        return self.activation(self.as_given(self.add_bias(y)))


class Conv1D(_Convolution):
    """activation(x * kernel + bias), where * slides the kernel along a sequence.

    A. Waibel et al., "Phoneme Recognition Using Time-Delay Neural Networks", 1989; causal padding:
    A. van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016, section 2.1.

    Args:
        filters: number of output channels.
        kernel_size: steps that the kernel covers.
        strides: steps between two of its positions.
        padding: `"valid"` (none), `"same"` (zeros around, so that the output has
            ceil(time / stride) steps), or `"causal"` (zeros before, so that no step sees a later
            one).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: steps between two taps of the kernel.
        groups: parts into which the channels fall; each is convolved by itself.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: what the weights start from.
        kernel_regularizer, bias_regularizer: functions whose values join the loss.
        activity_regularizer: the same, of the output.
        kernel_constraint, bias_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, positions, filters).

    Weights:
        kernel (kernel_size, channels // groups, filters), bias (filters,).

    >>> import numpy as np
    >>> Conv1D(4, 3, padding="causal")(np.ones((1, 7, 2))).shape
    (1, 7, 4)
    """

    rank = 1
    paddings = CAUSAL_PADDING


class Conv2D(_Convolution):
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


class Conv3D(_Convolution):
    """activation(x * kernel + bias), where * moves the kernel through volumes, or along a film.

    S. Ji et al., "3D Convolutional Neural Networks for Human Action Recognition", 2013, section 2.

    Args:
        filters: number of output channels.
        kernel_size: (depth, height, width) of the kernel, or one integer for all.
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
        (batch, depth, height, width, channels).

    Output shape:
        (batch, positions, positions, positions, filters).

    Weights:
        kernel (kernel_depth, kernel_height, kernel_width, channels // groups, filters),
        bias (filters,).

    >>> import numpy as np
    >>> Conv3D(4, (1, 3, 3), padding="same")(np.ones((1, 2, 7, 7, 2))).shape
    (1, 2, 7, 7, 4)
    """

    rank = 3


class Convolution2D(Conv2D):
    """`Conv2D` by its first name, whose rows and columns may be two arguments, as in Keras 1.

    What it makes is a `Conv2D`.

    Args:
        args: `Conv2D`'s, or filters, rows and columns of the kernel.
        kwargs: `Conv2D`'s.

    >>> layer = Convolution2D(4, 3, 5)
    >>> type(layer).__name__, layer.kernel_size, layer.strides
    ('Conv2D', (3, 5), (1, 1))
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """The layer."""
        if len(args) == 3 and all(isinstance(size, int) for size in args):
            args = (args[0], tuple(args[1:]))
        return Conv2D(*args, **kwargs)


Convolution1D = Conv1D
Convolution3D = Conv3D
