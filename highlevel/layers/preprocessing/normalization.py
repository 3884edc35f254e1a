"""The layer that shifts and scales data to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, Variable, current_session, user_site
from thalweg.core.errors import OptionError, ShapeError

from .base import DataLayer, batches_of

__all__ = ["Normalization"]

_EPSILON = 1e-7  # the least deviation, as Keras has it


class Normalization(DataLayer):
    """(x - mean) / max(sqrt(variance), 1e-7), with mean and variance known or learnt from data.

    Unlike `BatchNormalization` it does not change while a model trains.

    Args:
        axis: the axes with a mean of their own each, counted with the batch: an integer, several,
            or None for one mean of everything.
        mean, variance: numbers or arrays; then there is nothing to learn. They are spread over
            the axes from the last on.
        invert: do the opposite: x * max(sqrt(variance), 1e-7) + mean.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...) of numbers.

    Output shape:
        the same.

    Weights:
        mean, variance (sizes of `axis`), count (), unless mean and variance are given.

    >>> layer = Normalization()
    >>> layer.adapt(np.float32([[0, 5], [2, 7]]))
    >>> layer(np.float32([[4, 6]])).tolist()
    [[3.0, 0.0]]
    """

    supports_masking = True
    mean: Variable
    variance: Variable

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        axes = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.axis: tuple[int, ...] = axes
        self.input_mean = mean
        self.input_variance = variance
        self.invert = bool(invert)
        if mean is not None or variance is not None:
            self._check_given()

    def _check_given(self) -> None:
        mean, variance = self.input_mean, self.input_variance
        problem = None
        if mean is None or variance is None:
            problem = "mean and variance belong together", "both, or neither"
        elif np.shape(mean) != np.shape(variance):
            problem = "mean and variance differ in shape", f"{np.shape(mean)} for both"
        elif np.ndim(mean) > len(self.axis):
            problem = "mean has too many axes", f"at most {len(self.axis)}, those of axis"
        if problem:
            raise OptionError(
                "Normalization", problem[0], expected=problem[1],
                got=f"mean {np.shape(mean)}, variance {np.shape(variance)}", site=user_site(),
            )  # fmt: skip

    def build(self, input_shape: Any) -> None:
        """Makes the weights, unless mean and variance are given."""
        self._kept = self._kept_axes(tuple(input_shape))
        self._kept_sizes = tuple(input_shape[axis] for axis in self._kept)
        if self.input_mean is None:
            for name, initializer in (("mean", "zeros"), ("variance", "ones")):
                weight = self.add_weight(
                    name=name, shape=self._kept_sizes, initializer=initializer, trainable=False
                )
                setattr(self, name, weight)
            # Keras's files have it, though it stays 0.
            self.count = self.add_weight(
                name="count", shape=(), dtype="int32", initializer="zeros", trainable=False
            )

    def _kept_axes(self, shape: tuple[int | None, ...]) -> list[int]:
        rank = len(shape)
        if not all(-rank <= axis < rank for axis in self.axis):
            raise OptionError(
                "Normalization", "no such axis", expected=f"-{rank} <= axis < {rank}",
                got=repr(self.axis), site=user_site(),
            )  # fmt: skip
        kept = sorted(axis % rank for axis in self.axis)
        for axis in kept:
            if shape[axis] is None:
                raise ShapeError(
                    "Normalization", "the size of an axis is not known",
                    expected=f"a known size of axis {axis}", got=str(shape), layer=self._label,
                )  # fmt: skip
        return kept

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learns mean and variance.

        Args:
            data: numbers; an array `(batch, ...)`, or batches one after another.
            steps: how many batches to take; None for all.

        Raises:
            OptionError: they were given.
            ShapeError: batches differ in the sizes of `axis`.
            DataError: there are no data.
        """
        if self.input_mean is not None:
            raise OptionError(
                "Normalization.adapt", "mean and variance were given", layer=self._label,
                site=user_site(),
            )  # fmt: skip
        mean: Any = 0.0
        variance: Any = 0.0
        seen = 0
        for batch in batches_of(self, data, steps):
            if not self.built:
                self(batch.astype(self.dtype))
            self._check_batch(batch.shape)
            reduced = tuple(axis for axis in range(batch.ndim) if axis not in self._kept)
            values = batch.astype(np.float64)
            count = math.prod(batch.shape[axis] for axis in reduced)
            own_mean, own_variance = values.mean(reduced), values.var(reduced)
            # Two groups together: Chan, Golub, LeVeque 1979, equation 2.1.
            seen += count
            share = count / seen
            moved = mean + (own_mean - mean) * share
            variance = (variance + (mean - moved) ** 2) * (1 - share)
            variance = variance + (own_variance + (own_mean - moved) ** 2) * share
            mean = moved
        session = current_session()
        for weight, value in ((self.mean, mean), (self.variance, variance)):
            array = np.broadcast_to(np.asarray(value), self._kept_sizes)
            session.load(weight, array.astype(weight.dtype.numpy))

    def _check_batch(self, shape: tuple[int, ...]) -> None:
        sizes = tuple(shape[axis] for axis in self._kept if axis < len(shape))
        if sizes != self._kept_sizes:
            raise ShapeError(
                "Normalization.adapt",
                "data of another shape",
                expected=f"sizes {self._kept_sizes} on the axes {tuple(self._kept)}",
                got=str(shape),
                layer=self._label,
                site=user_site(),
            )

    def call(self, inputs: Tensor) -> Tensor:
        """The scaled data."""
        x = core.cast(inputs, self.dtype)
        mean, variance = (self._spread(name, len(x.type.dims())) for name in ("mean", "variance"))
        deviation = core.maximum(core.sqrt(variance), _EPSILON)
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def _spread(self, name: str, rank: int) -> Tensor:
        """Mean or variance with an axis of size 1 for every other axis."""
        given = getattr(self, f"input_{name}")
        sizes = [1] * rank
        if given is None:
            for axis, size in zip(self._kept, self._kept_sizes, strict=True):
                sizes[axis] = size
            return core.reshape(getattr(self, name).value(), sizes)
        array = np.asarray(given, self.dtype)
        for place in range(1, array.ndim + 1):
            sizes[self._kept[-place]] = array.shape[-place]
        return core.constant(array.reshape(sizes))
