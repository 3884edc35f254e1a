"""Dense, Dropout and Flatten."""

from __future__ import annotations

import math
from typing import Any

import thalweg.core
from thalweg.core import Tensor, convert, identity, reshape, shape_of, transpose

from ..elementwise import matmul
from ..initializer_classes import zeros_initializer
from ..nn import bias_add
from ..nn import dropout as _dropout
from .base import InputSpec, Layer, known_size
from .functional import as_function
from .options import activation_of, flag_of, format_of, initializer_of, regularizer_of

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]

_ZEROS = zeros_initializer()


class Dense(Layer):
    """activation(inputs kernel + bias), along the last axis.

    Args:
        units: size of the last axis of the output.
        activation: a function, or None.
        use_bias: whether there is a bias.
        kernel_initializer: `glorot_uniform_initializer` if None.
        bias_initializer: zeros.
        kernel_regularizer: a function of the kernel, whose loss joins REGULARIZATION_LOSSES.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        kernel_constraint: a function that optimizers apply to the kernel after each step.
        bias_constraint: to the bias.
        trainable: whether optimizers change the variables.
        name: of the layer.
        kwargs: `dtype`.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     layer = tf.layers.Dense(10, tf.nn.relu)
    ...     y = layer(tf.zeros([2, 784]))
    ...     print(y.name, [variable.name for variable in layer.variables])
    dense/Relu:0 ['dense/kernel:0', 'dense/bias:0']
    """

    def __init__(
        self,
        units: int,
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
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        self.units = int(units)
        self.activation = activation_of(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializer_of(kernel_initializer)
        self.bias_initializer = initializer_of(bias_initializer)
        self.kernel_regularizer = regularizer_of(kernel_regularizer)
        self.bias_regularizer = regularizer_of(bias_regularizer)
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.input_spec = InputSpec(min_ndim=2)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        size = known_size(self, input_shape, -1)
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})
        self.kernel = self.add_weight(
            "kernel",
            [size, self.units],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                [self.units],
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Any) -> Any:
        """The formula."""
        result = matmul(inputs, self.kernel)
        if self.use_bias:
            result = bias_add(result, self.bias)
        return result if self.activation is None else self.activation(result)


dense = as_function(Dense, "dense")


class Dropout(Layer):
    """Zeros a random part of the inputs while training, and scales up the rest.

    Args:
        rate: the part, 0 <= rate < 1; a number or a tensor.
        noise_shape: where it has size 1, elements are kept or dropped together.
        seed: two layers of equal seed and shape drop the same elements.
        name: of the layer.
        kwargs: ignored: `dtype`.
    """

    def __init__(
        self,
        rate: Any = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Drops if `training`, a bool or a () bool tensor that is fed."""
        x = convert(inputs)
        if isinstance(training, bool | int) and not training:
            return identity(x)
        dropped = _dropout(x, noise_shape=self._noise_shape(x), seed=self.seed, rate=self.rate)
        return thalweg.core.choose(flag_of(training), dropped, identity(x))

    def _noise_shape(self, x: Tensor) -> Any:
        """The noise's shape, in which None stands for the input's size."""
        if not isinstance(self.noise_shape, list | tuple):
            return self.noise_shape
        if None not in self.noise_shape:
            return self.noise_shape
        sizes = shape_of(x)
        return thalweg.core.stack(
            [sizes[i] if n is None else convert(n) for i, n in enumerate(self.noise_shape)]
        )


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: str | None = None,
) -> Any:
    """Zeros a random part of the inputs while training, and scales up the rest.

    Args as of `Dropout`, and:
        inputs: (...) float.
        training: a bool, or a () bool tensor that is fed; nothing is dropped if False.
    """
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


class Flatten(Layer):
    """(batch, ...) -> (batch, product of the others).

    Args:
        data_format: `"channels_last"`, or `"channels_first"`, whose channels are moved last.
        kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = format_of("Flatten", data_format or "channels_last")
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """One row a sample."""
        x = convert(inputs)
        rank = x.ndim
        if self.data_format == "channels_first" and rank is not None and rank > 2:
            x = transpose(x, [0, *range(2, rank), 1])
        sizes = x.type.shape[1:] if x.type.shape else (None,)
        if None in sizes:
            return reshape(x, thalweg.core.stack([shape_of(x)[0], convert(-1)]))
        return reshape(x, [-1, math.prod(size or 0 for size in sizes)])


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Any:
    """(batch, ...) -> (batch, product of the others); `data_format` as of `Flatten`."""
    return Flatten(data_format, name=name)(inputs)
