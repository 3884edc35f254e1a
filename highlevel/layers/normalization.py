"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable

from .. import constraints, initializers, regularizers
from ..options import Interval
from .base import Layer
from .input_spec import InputSpec
from .kernel import known_size

__all__ = ["BatchNormalization"]


class BatchNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, for each channel.

    In training, mean and (biased) variance are those of the batch, and the moving ones come closer
    to them: moving = momentum * moving + (1 - momentum) * batch. Otherwise the moving ones are
    used; so they are by a frozen layer (`trainable = False`), which changes nothing.

    Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
    Covariate Shift", 2015, algorithms 1 and 2.

    Args:
        axis: where the channels are; counted with the batch.
        momentum: of the moving statistics, 0 <= momentum <= 1.
        epsilon: added to the variance, > 0.
        center: whether there is a beta; else 0.
        scale: whether there is a gamma; else 1.
        beta_initializer, gamma_initializer: what these start from.
        moving_mean_initializer, moving_variance_initializer: what the moving statistics start
            from.
        beta_regularizer, gamma_regularizer: functions whose values join the loss.
        beta_constraint, gamma_constraint: functions applied after each update.
        synchronized: accepted as in Keras; there is one device.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ..., channels), or with the channels on another axis.

    Output shape:
        the same.

    Weights:
        gamma, beta, moving_mean, moving_variance, (channels,) each.

    >>> import numpy as np
    >>> BatchNormalization(epsilon=1e-9)(np.float32([[1], [3]]), training=True).round(4).tolist()
    [[-1.0], [1.0]]
    """

    supports_masking = True

    gamma: Variable | None = None
    beta: Variable | None = None
    moving_mean: Variable
    moving_variance: Variable

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        # Keras 2 wrote [axis] into files.
        single = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
        self.axis: int = Interval(integer=True).check(self, "axis", single)
        self.momentum: float = Interval(0, 1).check(self, "momentum", momentum)
        self.epsilon: float = Interval(0, open_low=True).check(self, "epsilon", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.synchronized = bool(synchronized)
        least = self.axis + 1 if self.axis >= 0 else -self.axis
        self.input_spec = InputSpec(min_ndim=max(2, least))

    def build(self, input_shape: Any) -> None:
        """Makes the weights, in Keras's order."""
        channels = known_size(self, input_shape, self.axis)
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=(channels,),
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=(channels,),
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=(channels,),
            initializer=self.moving_mean_initializer,
            trainable=False,
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            shape=(channels,),
            initializer=self.moving_variance_initializer,
            trainable=False,
        )
        least = self.axis + 1 if self.axis >= 0 else -self.axis
        self.input_spec = InputSpec(min_ndim=max(2, least), axes={self.axis: channels})

    def call(self, inputs: Tensor, training: Any = None) -> Tensor:
        """The normalised input; in training the moving statistics change."""
        x = core.cast(inputs, self.dtype)
        order = self._order(x)
        x = x if order is None else core.transpose(x, order)
        y = self._normalized(x, self._uses_batch(training))
        return (
            y if order is None else core.transpose(y, [order.index(i) for i in range(len(order))])
        )

    def _order(self, x: Tensor) -> list[int] | None:
        """The permutation that brings the channels to the end; None if they are there."""
        if self.axis == -1 or x.ndim is None or self.axis % x.ndim == x.ndim - 1:
            return None
        axis = self.axis % x.ndim
        return [*(i for i in range(x.ndim) if i != axis), axis]

    def _uses_batch(self, training: Any) -> Any:
        """Whether the batch's statistics are used: a bool, or a boolean scalar."""
        flag = self.trainable_flag()
        if isinstance(training, Tensor) and isinstance(flag, Tensor):
            return core.logical_and(training, flag)
        if isinstance(training, Tensor):
            return training if flag else False
        return flag if training else False

    def _normalized(self, x: Tensor, uses_batch: Any) -> Tensor:
        scale = core.ones_like(self.moving_mean) if self.gamma is None else self.gamma
        offset = core.zeros_like(self.moving_mean) if self.beta is None else self.beta
        if uses_batch is False:
            return self._inference(x, scale, offset)
        batch = core.batch_norm_train(x, scale, offset, self.epsilon)
        y = core.choose(uses_batch, batch.y, self._inference(x, scale, offset))
        for moving, now in (
            (self.moving_mean, batch.mean),
            (self.moving_variance, batch.variance),
        ):
            old = moving.value()
            step = (old - now) * (1.0 - self.momentum)
            moving.assign_sub(core.choose(uses_batch, step, core.zeros_like(old)))
        return y  # type: ignore[no-any-return]

    def _inference(self, x: Tensor, scale: Any, offset: Any) -> Tensor:
        return core.batch_norm_inference(
            x, scale, offset, self.moving_mean, self.moving_variance, self.epsilon
        )
