"""Batch normalisation: Ioffe and Szegedy, 2015."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import (
    OptionError,
    ShapeError,
    Tensor,
    batch_norm_inference,
    batch_norm_train,
    cast,
    choose,
    convert,
    ones,
    size_of,
    transpose,
    zeros,
)

from ..arguments import refuse
from ..initializer_classes import ones_initializer, zeros_initializer
from .base import InputSpec, Layer, known_size
from .options import flag_of, initializer_of, regularizer_of

__all__ = ["BatchNormalization", "batch_normalization"]

_ZEROS = zeros_initializer()
_ONES = ones_initializer()


class BatchNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, for each channel.

    While training, mean and variance are those of the batch, and the moving ones follow them:
    `moving = momentum * moving + (1 - momentum) * batch`. These updates join UPDATE_OPS, and must
    be run with the training step:

        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = optimizer.minimize(loss)

    Otherwise the moving ones are used.

    Args:
        axis: of the channels.
        momentum: the nearer to 1, the slower.
        epsilon: added to the variance, > 0.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer, gamma_initializer: of beta, zeros, and of gamma, ones.
        moving_mean_initializer, moving_variance_initializer: zeros and ones.
        beta_regularizer, gamma_regularizer: of beta and gamma.
        beta_constraint, gamma_constraint: functions that optimizers apply after each step.
        renorm: not supported, nor are `renorm_clipping`, `virtual_batch_size`, `adjustment`.
        renorm_clipping: not supported.
        renorm_momentum: ignored.
        fused: as TF1's fast kernel, the moving variance follows the unbiased one, divided by
            n - 1; None means so for four axes.
        trainable: whether optimizers change beta and gamma.
        virtual_batch_size: not supported.
        adjustment: not supported.
        name: of the layer.
        kwargs: `dtype`.
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = _ZEROS,
        gamma_initializer: Any = _ONES,
        moving_mean_initializer: Any = _ZEROS,
        moving_variance_initializer: Any = _ONES,
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable, name, **kwargs)
        refuse(
            "batch_normalization",
            "plain batch normalisation",
            renorm=renorm,
            renorm_clipping=renorm_clipping,
            virtual_batch_size=virtual_batch_size,
            adjustment=adjustment,
        )
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.fused = fused
        self._initializers = {
            "gamma": initializer_of(gamma_initializer),
            "beta": initializer_of(beta_initializer),
            "moving_mean": initializer_of(moving_mean_initializer),
            "moving_variance": initializer_of(moving_variance_initializer),
        }
        self._regularizers = {
            "gamma": regularizer_of(gamma_regularizer),
            "beta": regularizer_of(beta_regularizer),
        }
        self._constraints = {"gamma": gamma_constraint, "beta": beta_constraint}
        self.gamma: Any = None
        self.beta: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the four variables."""
        if input_shape is None:
            raise ShapeError("BatchNormalization", "the rank of the input is not known")
        rank = len(input_shape)
        axis = self._one_axis(rank)
        size = known_size(self, input_shape, axis)
        self.input_spec = InputSpec(ndim=rank, axes={axis: size})
        self._axis = axis
        self._unbiased = self.fused if self.fused is not None else rank == 4
        if self.scale:
            self.gamma = self._vector("gamma", size, True)
        if self.center:
            self.beta = self._vector("beta", size, True)
        self.moving_mean = self._vector("moving_mean", size, False)
        self.moving_variance = self._vector("moving_variance", size, False)

    def _vector(self, name: str, size: int, trains: bool) -> Any:
        return self.add_weight(
            name,
            [size],
            initializer=self._initializers[name],
            regularizer=self._regularizers.get(name),
            constraint=self._constraints.get(name),
            trainable=trains,
        )

    def _one_axis(self, rank: int) -> int:
        axes = list(self.axis) if isinstance(self.axis, list | tuple) else [self.axis]
        if len(axes) != 1 or not -rank <= axes[0] < rank:
            raise OptionError(
                "BatchNormalization",
                "axis does not fit the input",
                expected=f"one axis in {-rank} <= axis < {rank}",
                got=repr(self.axis),
            )
        return int(axes[0]) % rank

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The formula; `training` is a bool, or a () bool tensor that is fed."""
        x = convert(inputs)
        rank = x.ndim or 0
        order = [axis for axis in range(rank) if axis != self._axis] + [self._axis]
        is_last = self._axis == rank - 1
        moved = x if is_last else transpose(x, order)
        result = self._normalized(moved, flag_of(training))
        if is_last:
            return result
        return transpose(result, [order.index(axis) for axis in range(rank)])

    def _normalized(self, x: Tensor, training: Any) -> Tensor:
        """With channels last."""
        size = self.moving_mean.shape
        gamma = ones(size, x.dtype) if self.gamma is None else self.gamma.value()
        beta = zeros(size, x.dtype) if self.beta is None else self.beta.value()
        mean, variance = self.moving_mean.value(), self.moving_variance.value()
        if training is False:
            return batch_norm_inference(x, gamma, beta, mean, variance, self.epsilon)
        batch = batch_norm_train(x, gamma, beta, self.epsilon)
        found = batch.variance * self._correction(x) if self._unbiased else batch.variance
        self.add_update(
            [
                self._follow(self.moving_mean, mean, batch.mean, training),
                self._follow(self.moving_variance, variance, found, training),
            ]
        )
        if training is True:
            return batch.y
        fixed = batch_norm_inference(x, gamma, beta, mean, variance, self.epsilon)
        return choose(training, batch.y, fixed)  # type: ignore[no-any-return]

    def _correction(self, x: Tensor) -> Tensor:
        """n / (n - 1), n the number of values of a channel."""
        rows = cast(size_of(x), x.dtype) / float(self.moving_mean.shape[0])
        return rows / thalweg.core.maximum(rows - 1.0, 1.0)

    def _follow(self, moving: Any, old: Tensor, new: Tensor, training: Any) -> Any:
        moved = old - (old - new) * (1.0 - self.momentum)
        return moving.assign(choose(training, moved, old))


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = _ZEROS,
    gamma_initializer: Any = _ONES,
    moving_mean_initializer: Any = _ZEROS,
    moving_variance_initializer: Any = _ONES,
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: str | None = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Any = None,
) -> Any:
    """`inputs` with each channel normalised, by a `BatchNormalization` layer of its own.

    Args as of `BatchNormalization`, and:
        inputs: (batch, ..., channels) float.
        training: a bool, or a () bool tensor that is fed.
        name: of the layer; with `reuse`, its variables are those of the first layer so called.
        reuse: True, or AUTO_REUSE.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     training = tf.placeholder(tf.bool, [])
    ...     y = tf.layers.batch_normalization([[1.0], [3.0]], epsilon=1e-9, training=training)
    ...     print(session.run(y, {training: True}).tolist())
    ...     print(len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)))
    [[-1.0], [1.0]]
    2
    """
    layer = BatchNormalization(
        axis,
        momentum,
        epsilon,
        center,
        scale,
        beta_initializer,
        gamma_initializer,
        moving_mean_initializer,
        moving_variance_initializer,
        beta_regularizer,
        gamma_regularizer,
        beta_constraint,
        gamma_constraint,
        renorm,
        renorm_clipping,
        renorm_momentum,
        fused,
        trainable,
        virtual_batch_size,
        adjustment,
        name,
        _scope=name,
        _reuse=reuse,
    )
    return layer(inputs, training=training)
