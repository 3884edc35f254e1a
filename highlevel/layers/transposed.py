"""Transposed convolutions: from small grids to larger ones, as in decoders and generators."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import COUNT, PADDING, OrNone, Sizes, option_error
from .grids import GridLayer
from .input_spec import InputSpec
from .kernel import KernelLayer, known_size

__all__ = [
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "Convolution1DTranspose",
    "Convolution2DTranspose",
    "Convolution3DTranspose",
]


class _TransposedConvolution(KernelLayer, GridLayer):
    """What they share, for any number of sizes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.padding = PADDING.check(self, "padding", padding)
        self.dilation_rate = self.checked_sizes("dilation_rate", dilation_rate)
        option = OrNone(Sizes(self.rank, low=0))
        self.output_padding = option.check(self, "output_padding", output_padding)
        added = self.output_padding or (0,) * self.rank
        if any(cells >= stride for cells, stride in zip(added, self.strides, strict=True)):
            raise option_error(
                self, "output_padding", output_padding, f"less than strides={self.strides}"
            )

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        axis = self.channel_axis
        channels = known_size(self, input_shape, axis)
        self.add_kernel((*self.kernel_size, self.filters, channels), units=self.filters)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})

    def call(self, inputs: Tensor) -> Any:
        """The transposed convolution."""
        transpose = {
            1: core.conv1d_transpose,
            2: core.conv2d_transpose,
            3: core.conv3d_transpose,
        }[self.rank]
        x = self.channels_last(core.cast(inputs, self.dtype))
        borders = [self._border(axis) for axis in range(self.rank)]
        known, given = x.shape or (None,) * (self.rank + 2), core.shape_of(x)
        places = [given[axis] if size is None else size for axis, size in enumerate(known)]
        sizes = [
            (count - 1) * stride + last
            for count, stride, (last, _) in zip(places[1:-1], self.strides, borders, strict=True)
        ]
        y = transpose(
            x,
            self.kernel,
            [places[0], *sizes, self.filters],
            self.strides,
            [sides for _, sides in borders],
            self.dilation_rate,
        )
        return self.activation(self.as_given(self.add_bias(y)))

    def _border(self, axis: int) -> tuple[int, tuple[int, int]]:
        """Cells of the output from the last place of the kernel on, and what is cut off its ends.

        Cut off is what the convolution that leads the other way would have padded. With padding
        "same", the output has stride times the cells of the input, unless `output_padding` says
        how many there are beyond those that a kernel of odd size reaches with its middle.
        """
        stride = self.strides[axis]
        reach = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        added = None if self.output_padding is None else self.output_padding[axis]
        if self.padding == "valid":
            last = max(reach, stride) if added is None else reach + added
            before = 0
        else:
            last = stride if added is None else reach % 2 + added
            before = max(reach - last, 0) // 2
        return last, (before, max(reach - last - before, 0))


class Conv1DTranspose(_TransposedConvolution):
    """activation(y + bias), where convolving y with the kernel leads back to the input's size.

    Args:
        filters: number of output channels.
        kernel_size: steps that the kernel covers.
        strides: steps between two of its positions in the output.
        padding: `"valid"` (the output is all that the kernel reaches) or `"same"` (it has
            time * stride steps).
        output_padding: steps at the end beyond the middle of the last kernel (beyond its end, with
            padding `"valid"`), 0 <= output_padding < strides; None for what `padding` says.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: steps between two taps of the kernel.
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
        (batch, new time, filters).

    Weights:
        kernel (kernel_size, filters, channels), bias (filters,).

    >>> import numpy as np
    >>> Conv1DTranspose(4, 3, strides=2, padding="same")(np.ones((1, 7, 2))).shape
    (1, 14, 4)
    """

    rank = 1


class Conv2DTranspose(_TransposedConvolution):
    """activation(y + bias), where convolving y with the kernel leads back to the input's size.

    M. D. Zeiler, D. Krishnan, G. W. Taylor, R. Fergus, "Deconvolutional Networks", 2010;
    V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016, section 4.

    Args:
        filters: number of output channels.
        kernel_size: (height, width) of the kernel, or one integer for both.
        strides: cells between two of its positions in the output.
        padding: `"valid"` (the output is all that the kernel reaches) or `"same"` (it has
            size * stride cells).
        output_padding: cells at the end beyond the middle of the last kernel (beyond its end, with
            padding `"valid"`), 0 <= output_padding < strides; None for what `padding` says.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: cells between two taps of the kernel.
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
        (batch, new height, new width, filters).

    Weights:
        kernel (kernel_height, kernel_width, filters, channels), bias (filters,).

    >>> import numpy as np
    >>> Conv2DTranspose(4, 3, strides=2)(np.ones((1, 7, 7, 2))).shape
    (1, 15, 15, 4)
    """


class Conv3DTranspose(_TransposedConvolution):
    """activation(y + bias), where convolving y with the kernel leads back to the input's size.

    Args:
        filters: number of output channels.
        kernel_size: (depth, height, width) of the kernel, or one integer for all.
        strides: cells between two of its positions in the output.
        padding: `"valid"` (the output is all that the kernel reaches) or `"same"` (it has
            size * stride cells).
        output_padding: cells at the end beyond the middle of the last kernel (beyond its end, with
            padding `"valid"`), 0 <= output_padding < strides; None for what `padding` says.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        dilation_rate: cells between two taps of the kernel.
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
        (batch, new depth, new height, new width, filters).

    Weights:
        kernel (kernel_depth, kernel_height, kernel_width, filters, channels), bias (filters,).

    >>> import numpy as np
    >>> Conv3DTranspose(4, 2, strides=2)(np.ones((1, 2, 3, 4, 2))).shape
    (1, 4, 6, 8, 4)
    """

    rank = 3


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
