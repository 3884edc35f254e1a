"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable, types_text
from thalweg.core.errors import ShapeError

from .. import initializers
from ..options import Interval
from .input_spec import InputSpec
from .kernel import known_size
from .scaled import ScaledLayer

__all__ = ["BatchNormalization"]


class BatchNormalization(ScaledLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, for each channel.

    In training, mean and (biased) variance are those of the batch, and the moving ones come closer
    to them: moving = momentum * moving + (1 - momentum) * batch. Otherwise the moving ones are
    used; so they are by a frozen layer (`trainable = False`), which changes nothing.

    Under a mask the batch's mean and variance are those of the positions where it is true; all
    positions are normalised by them.

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
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        # Keras 2 wrote [axis] into files.
        single = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
        self.axis: int = Interval(integer=True).check(self, "axis", single)
        self.momentum: float = Interval(0, 1).check(self, "momentum", momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized = bool(synchronized)
        least = self.axis + 1 if self.axis >= 0 else -self.axis
        self.input_spec = InputSpec(min_ndim=max(2, least))

    def build(self, input_shape: Any) -> None:
        """Makes the weights, in Keras's order."""
        channels = known_size(self, input_shape, self.axis)
        self.add_scale((channels,))
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

    def call(self, inputs: Tensor, training: Any = None, mask: Tensor | None = None) -> Tensor:
        """The normalised input; in training the moving statistics change.

        Args:
            inputs: (batch, ..., channels), or with the channels on another axis.
            training: a bool, or a boolean scalar.
            mask: the sizes of all axes of inputs but the last; positions that count are true.

        Raises:
            ShapeError: if the mask does not have one axis less than the inputs.
        """
        x = core.cast(inputs, self.dtype)
        kept = None if mask is None else _spread(mask, x)
        order = self._order(x)
        if order is not None:
            x = core.transpose(x, order)
            kept = None if kept is None else core.transpose(kept, order)
        y = self._normalized(x, kept, self._uses_batch(training))
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

    def _normalized(self, x: Tensor, kept: Tensor | None, uses_batch: Any) -> Tensor:
        scale = core.ones_like(self.moving_mean) if self.gamma is None else self.gamma
        offset = core.zeros_like(self.moving_mean) if self.beta is None else self.beta
        if uses_batch is False:
            return self._inference(x, scale, offset)
        if kept is None:
            z, mean, variance = core.batch_norm_train(x, scale, offset, self.epsilon)
        else:
            mean, variance = _masked_moments(x, kept)
            z = core.batch_norm_inference(x, scale, offset, mean, variance, self.epsilon)
        y = core.choose(uses_batch, z, self._inference(x, scale, offset))
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            old = moving.value()
            step = (old - now) * (1.0 - self.momentum)
            moving.assign_sub(core.choose(uses_batch, step, core.zeros_like(old)))
        return y  # type: ignore[no-any-return]

    def _inference(self, x: Tensor, scale: Any, offset: Any) -> Tensor:
        return core.batch_norm_inference(
            x, scale, offset, self.moving_mean, self.moving_variance, self.epsilon
        )


def _spread(mask: Tensor, x: Tensor) -> Tensor:
    """The mask as booleans of x's shape."""
    if mask.ndim is not None and x.ndim is not None and mask.ndim != x.ndim - 1:
        raise ShapeError(
            "BatchNormalization",
            "the mask does not say which positions count",
            expected="a mask with one axis less than the inputs",
            got=types_text(inputs=x.type, mask=mask.type),
            hint="normalise each step by itself, TimeDistributed(BatchNormalization()), or give "
            "a mask that fits as mask=",
        )
    return core.broadcast_to(core.expand_dims(core.cast(mask, "bool"), -1), core.shape_of(x))


def _masked_moments(x: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel where `kept` is true; 0 where it never is.

    What is masked may be anything, NaN too. The term 1e-7 is Keras's.
    """
    rows = core.reshape(x, [-1, core.shape_of(x)[-1]])
    if rows.dtype == "float16":  # sums would end at 65504
        rows = core.cast(rows, "float32")
    counts = core.reshape(kept, core.shape_of(rows))
    zeros = core.zeros_like(rows)
    number = core.reduce_sum(core.cast(counts, rows.dtype), 0) + 1e-7
    mean = core.reduce_sum(core.where(counts, rows, zeros), 0) / number
    distance = core.where(counts, rows - mean, zeros)
    variance = core.reduce_sum(distance * distance, 0) / number
    return core.cast(mean, x.dtype), core.cast(variance, x.dtype)
