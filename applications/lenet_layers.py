"""The layers that only LeNet-5 has.

Numbers of sections are those of "Gradient-Based Learning Applied to Document Recognition", 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import activations, initializers
from thalweg.core import (
    Tensor,
    Variable,
    avg_pool2d,
    bias_add,
    cast,
    conv2d,
    convert,
    matmul,
    reshape,
    tanh,
)
from thalweg.eager import array_or_tensor
from thalweg.layers import InputSpec, Layer
from thalweg.layers.kernel import known_size
from thalweg.options import Interval, Sizes, option_error
from thalweg.utils import register_keras_serializable

__all__ = ["SparseConv2D", "Subsampling", "scaled_tanh"]

_PAIR = Sizes(2)
_PLACE = Interval(0, integer=True)


@register_keras_serializable("thalweg")
@array_or_tensor
def scaled_tanh(x: Any) -> Tensor:
    """1.7159 tanh(2/3 x): at 1 and -1 it is 1 and -1, and there it is curved most (appendix A).

    Args:
        x: (...) float.

    >>> print(scaled_tanh(np.float32([-1, 0, 1])).round(4))
    [-1.  0.  1.]
    """
    return 1.7159 * tanh(convert(x) * (2 / 3))


@register_keras_serializable("thalweg")
class Subsampling(Layer):
    """activation(coefficient * sum + bias), the sums over windows of 2 x 2 (section II.B, S2).

    Each map has one coefficient and one bias.

    Args:
        activation: a name or a function; None for none.
        coefficient_initializer: what the coefficients start from; None for 1/4, which makes
            means of the sums.
        bias_initializer: what the biases start from.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height // 2, width // 2, channels).

    Weights:
        coefficient (channels,), bias (channels,).

    >>> Subsampling()(np.float32([[[[1], [2]], [[3], [4]]]])).tolist()
    [[[[2.5]]]]
    """

    coefficient: Variable
    bias: Variable

    def __init__(
        self,
        activation: Any = None,
        coefficient_initializer: Any = None,
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.coefficient_initializer = initializers.get(
            coefficient_initializer or initializers.Constant(0.25)
        )
        self.bias_initializer = initializers.get(bias_initializer)
        self.input_spec = InputSpec(ndim=4)

    def build(self, input_shape: Any) -> None:
        """Makes coefficients and biases."""
        channels = known_size(self, input_shape, 3)
        self.coefficient = self.add_weight(
            name="coefficient", shape=(channels,), initializer=self.coefficient_initializer
        )
        self.bias = self.add_weight(
            name="bias", shape=(channels,), initializer=self.bias_initializer
        )
        self.input_spec = InputSpec(ndim=4, axes={3: channels})

    def call(self, inputs: Tensor) -> Any:
        """The scaled sums."""
        sums = 4.0 * avg_pool2d(cast(inputs, self.dtype), (2, 2), (2, 2), "valid")
        return self.activation(bias_add(sums * self.coefficient, self.bias))


@register_keras_serializable("thalweg")
class SparseConv2D(Layer):
    """activation(x * kernel + bias), where each output channel sees some input channels only.

    So C3 is connected, in section II.B: fewer weights, and maps that see different things must
    find different things.

    Args:
        connections: for each output channel the input channels that it sees.
        kernel_size: (height, width) of a kernel, or one integer for both.
        activation: a name or a function; None for none.
        kernel_initializer, bias_initializer: what the weights start from.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height - kernel_height + 1, width - kernel_width + 1, len(connections)).

    Weights:
        kernel (kernel_height, kernel_width, number of connections), in the order of
        `connections`; bias (len(connections),).

    >>> layer = SparseConv2D([[0], [0, 1]], 1)
    >>> layer(np.ones((1, 3, 3, 2))).shape, layer.count_params()
    ((1, 3, 3, 2), 5)
    """

    kernel: Variable
    bias: Variable

    def __init__(
        self,
        connections: Sequence[Sequence[int]],
        kernel_size: Any,
        activation: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.connections = [
            [_PLACE.check(self, "connections", channel) for channel in seen] for seen in connections
        ]
        if not self.connections or not all(
            seen and len(set(seen)) == len(seen) for seen in self.connections
        ):
            raise option_error(
                self,
                "connections",
                connections,
                "for each output channel some input channels, each once",
            )
        self.kernel_size = _PAIR.check(self, "kernel_size", kernel_size)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.input_spec = InputSpec(ndim=4)

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        channels = known_size(self, input_shape, 3)
        last = max(map(max, self.connections))
        if last >= channels:
            raise option_error(
                self, "connections", last, f"numbers below {channels}, the input's channels"
            )
        count = sum(map(len, self.connections))
        self.kernel = self.add_weight(
            name="kernel", shape=(*self.kernel_size, count), initializer=self.kernel_initializer
        )
        self.bias = self.add_weight(
            name="bias", shape=(len(self.connections),), initializer=self.bias_initializer
        )
        self.input_spec = InputSpec(ndim=4, axes={3: channels})

    def call(self, inputs: Tensor) -> Any:
        """The convolution, with zeros in the kernel where nothing is connected."""
        x = cast(inputs, self.dtype)
        channels, filters = known_size(self, x.shape, 3), len(self.connections)
        places = [c * filters + f for f, seen in enumerate(self.connections) for c in seen]
        spread = np.zeros((len(places), channels * filters), self.dtype)
        spread[np.arange(len(places)), places] = 1
        rows = reshape(self.kernel, (-1, len(places)))
        kernel = reshape(matmul(rows, spread), (*self.kernel_size, channels, filters))
        y = bias_add(conv2d(x, kernel, (1, 1), "valid"), self.bias)
        return self.activation(y)
