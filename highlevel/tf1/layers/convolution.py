"""Convolutions of signals, images and volumes, each with a bias and an activation."""

from __future__ import annotations

from typing import Any, ClassVar

import thalweg.core
from thalweg.core import Tensor

from ..initializer_classes import zeros_initializer
from ..nn import bias_add
from .base import InputSpec, Layer, known_size
from .functional import as_function
from .options import (
    activation_of,
    format_of,
    initializer_of,
    padding_of,
    regularizer_of,
    sizes_of,
)

__all__ = ["Conv1D", "Conv2D", "Conv3D", "conv1d", "conv2d", "conv3d"]

_ZEROS = zeros_initializer()


class Convolution(Layer):
    """What all convolutions share: sizes, formats, the bias and the activation."""

    rank: ClassVar[int]

    def __init__(self, *, filters: Any, kernel_size: Any, strides: Any, padding: Any,
                 data_format: Any, dilation_rate: Any, activation: Any, use_bias: bool,
                 bias_initializer: Any, bias_regularizer: Any, bias_constraint: Any,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        where = type(self).__name__
        self.filters = int(filters)
        self.kernel_size = sizes_of(where, "kernel_size", kernel_size, self.rank)
        self.strides = sizes_of(where, "strides", strides, self.rank)
        self.dilation_rate = sizes_of(where, "dilation_rate", dilation_rate, self.rank)
        self.padding = padding_of(where, padding)
        self.data_format = format_of(where, data_format)
        self.activation = activation_of(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializer_of(bias_initializer)
        self.bias_regularizer = regularizer_of(bias_regularizer)
        self.bias_constraint = bias_constraint
        self.bias: Any = None
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _is_first(self) -> bool:
        return self.data_format == "channels_first"

    @property
    def _format(self) -> str:
        """The core's name of the format, `"NHWC"`."""
        axes = "DHW"[-self.rank :]
        return f"NC{axes}" if self._is_first else f"N{axes}C"

    def _channels(self, input_shape: Any) -> int:
        """The input's channels, which are checked from now on."""
        axis = 1 if self._is_first else self.rank + 1
        channels = known_size(self, input_shape, axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def _kernel(
        self, name: str, shape: list[int], initializer: Any, regularizer: Any, constraint: Any
    ) -> Any:
        return self.add_weight(
            name, shape, initializer=initializer, regularizer=regularizer, constraint=constraint
        )

    def _make_bias(self) -> None:
        if self.use_bias:
            self.bias = self._kernel(
                "bias",
                [self.filters],
                self.bias_initializer,
                self.bias_regularizer,
                self.bias_constraint,
            )

    def _finished(self, result: Tensor) -> Any:
        if self.use_bias:
            result = bias_add(result, self.bias, "NC..." if self._is_first else "N...C")
        return result if self.activation is None else self.activation(result)


class DenseConvolution(Convolution):
    """One kernel over all channels."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            bias_constraint=bias_constraint,
            activity_regularizer=activity_regularizer,
            trainable=trainable,
            name=name,
            **kwargs,
        )
        self.kernel_initializer = initializer_of(kernel_initializer)
        self.kernel_regularizer = regularizer_of(kernel_regularizer)
        self.kernel_constraint = kernel_constraint
        self.kernel: Any = None

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, channels, self.filters]

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        self.kernel = self._kernel(
            "kernel",
            self._kernel_shape(self._channels(input_shape)),
            self.kernel_initializer,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        self._make_bias()

    def call(self, inputs: Any) -> Any:
        """Convolution, bias, activation."""
        result = thalweg.core.convolution(
            inputs,
            self.kernel,
            self.strides,
            self.padding,
            self.dilation_rate,
            data_format=self._format,
            name=f"Conv{self.rank}D",
        )
        return self._finished(result)


class Conv1D(DenseConvolution):
    """A convolution of signals.  (batch, width, in) -> (batch, positions, filters).

    Args:
        filters: channels of the output.
        kernel_size: one integer, or a list of one; likewise the other sizes.
        strides: cells between two positions.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, or `"channels_first"`: (batch, in, width).
        dilation_rate: cells between two cells of the kernel.
        activation: a function, or None.
        use_bias: whether there is a bias.
        kernel_initializer: `glorot_uniform_initializer` if None.
        bias_initializer: zeros.
        kernel_regularizer, bias_regularizer: functions whose loss joins REGULARIZATION_LOSSES.
        activity_regularizer: of the output.
        kernel_constraint, bias_constraint: functions that optimizers apply after each step.
        trainable: whether optimizers change the variables.
        name: of the layer.
        kwargs: `dtype`.
    """

    rank = 1


class Conv2D(DenseConvolution):
    """A convolution of images.  (batch, height, width, in) -> (batch, ..., filters).

    Args as of `Conv1D`, with one or two integers for sizes, and `(batch, in, height, width)` for
    `"channels_first"`.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     y = tf.layers.conv2d(tf.zeros([1, 28, 28, 1]), 32, 5, activation=tf.nn.relu)
    ...     print(y.shape, [variable.name for variable in tf.trainable_variables()])
    (1, 24, 24, 32) ['conv2d/kernel:0', 'conv2d/bias:0']
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


class Conv3D(DenseConvolution):
    """A convolution of volumes.  (batch, depth, height, width, in) -> (batch, ..., filters).

    Args as of `Conv1D`, with one or three integers for sizes.
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


conv1d = as_function(Conv1D, "conv1d")
conv2d = as_function(Conv2D, "conv2d")
conv3d = as_function(Conv3D, "conv3d")
