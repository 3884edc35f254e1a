"""Convolutions of each channel by itself, followed by a map of the channels."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import OptionError

from ..initializer_classes import zeros_initializer
from .convolution import Convolution
from .functional import as_function
from .options import (
    initializer_of,
    regularizer_of,
)

__all__ = ["SeparableConv1D", "SeparableConv2D", "separable_conv1d", "separable_conv2d"]

_ZEROS = zeros_initializer()


class SeparableConv2D(Convolution):
    """A convolution of each channel by itself, then a linear map of the channels.

    (batch, height, width, in) -> (batch, ..., filters).

    Args as of `Conv2D`, and:
        depth_multiplier: how many channels each channel becomes in between.
        depthwise_initializer, pointwise_initializer: `glorot_uniform_initializer` if None; and so
            the regularizers and constraints of both kernels.
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
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
        if depth_multiplier < 1:
            raise OptionError(
                type(self).__name__, "depth_multiplier is not positive", expected=">= 1",
                got=repr(depth_multiplier),
            )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self._depthwise = (
            initializer_of(depthwise_initializer),
            regularizer_of(depthwise_regularizer),
            depthwise_constraint,
        )
        self._pointwise = (
            initializer_of(pointwise_initializer),
            regularizer_of(pointwise_regularizer),
            pointwise_constraint,
        )
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes both kernels and the bias."""
        channels = self._channels(input_shape)
        between = channels * self.depth_multiplier
        self.depthwise_kernel = self._kernel(
            "depthwise_kernel",
            [*self.kernel_size, channels, self.depth_multiplier],
            *self._depthwise,
        )
        self.pointwise_kernel = self._kernel(
            "pointwise_kernel", [1] * self.rank + [between, self.filters], *self._pointwise
        )
        self._make_bias()

    def call(self, inputs: Any) -> Any:
        """Both convolutions, bias, activation."""
        both = {1: thalweg.core.separable_conv1d, 2: thalweg.core.separable_conv2d}[self.rank]
        result = both(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            self.dilation_rate,
            data_format=self._format,
            name=f"separable_conv{self.rank}d",
        )
        return self._finished(result)


class SeparableConv1D(SeparableConv2D):
    """As `SeparableConv2D`, of signals: (batch, width, in) -> (batch, positions, filters)."""

    rank = 1

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier,
            activation, use_bias, depthwise_initializer, pointwise_initializer, bias_initializer,
            depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer,
            depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


separable_conv1d = as_function(SeparableConv1D, "separable_conv1d")
separable_conv2d = as_function(SeparableConv2D, "separable_conv2d")
