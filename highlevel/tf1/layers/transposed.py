"""Transposed convolutions, which make images and volumes larger."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import convert, shape_of, stack

from ..initializer_classes import zeros_initializer
from .convolution import DenseConvolution
from .functional import as_function

__all__ = ["Conv2DTranspose", "Conv3DTranspose", "conv2d_transpose", "conv3d_transpose"]

_ZEROS = zeros_initializer()


class _Transposed(DenseConvolution):
    """The way back of a convolution, from its output's size to its input's."""

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, self.filters, channels]

    def call(self, inputs: Any) -> Any:
        """Transposed convolution, bias, activation."""
        x = convert(inputs)
        found = shape_of(x)
        first = 2 if self._is_first else 1
        sizes = [
            found[first + i] * stride + (max(kernel - stride, 0) if self.padding == "VALID" else 0)
            for i, (kernel, stride) in enumerate(zip(self.kernel_size, self.strides, strict=True))
        ]
        channels = [convert(self.filters)]
        shape = [found[0], *(channels + sizes if self._is_first else sizes + channels)]
        back = {2: thalweg.core.conv2d_transpose, 3: thalweg.core.conv3d_transpose}[self.rank]
        result = back(
            x,
            self.kernel,
            stack(shape),
            self.strides,
            self.padding,
            data_format=self._format,
            name=f"conv{self.rank}d_transpose",
        )
        return self._finished(result)


class Conv2DTranspose(_Transposed):
    """The transpose of a convolution of images, which makes them larger by its strides.

    (batch, height, width, in) -> (batch, height * stride, width * stride, filters) for `"same"`,
    and larger by kernel_size - stride, if that is positive, for `"valid"`.

    Args as of `Conv2D`, without `dilation_rate`.
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str = "channels_last",
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
            filters, kernel_size, strides, padding, data_format, 1, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


class Conv3DTranspose(_Transposed):
    """The transpose of a convolution of volumes; as `Conv2DTranspose`, with one axis more."""

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str = "channels_last",
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
            filters, kernel_size, strides, padding, data_format, 1, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


conv2d_transpose = as_function(Conv2DTranspose, "conv2d_transpose")
conv3d_transpose = as_function(Conv3DTranspose, "conv3d_transpose")
