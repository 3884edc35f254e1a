"""Pictures brought to a common scale, and what has to be known about all of them for that."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.core import Tensor, matmul, reduce_mean, reduce_std, reshape, shape_of

__all__ = ["Standard", "Statistics", "warn_unfitted"]

Array = np.ndarray[Any, Any]

EPSILON = 1e-6  # Keras's, added to every standard deviation


@dataclass(frozen=True, eq=False)
class Standard:
    """How pictures are brought to a common scale, in the order of Keras.

    Attributes:
        rescale: a factor, or None.
        samplewise_center, samplewise_std: whether each picture's own mean is subtracted, and
            whether it is divided by its own standard deviation.
        mean, std: subtracted from, and divided by, pixel by pixel; they broadcast to a picture.
        whitening: (values, values), by which each picture is multiplied as a row of its values.
    """

    rescale: float | None = None
    samplewise_center: bool = False
    samplewise_std: bool = False
    mean: Any = None
    std: Any = None
    whitening: Any = None

    @property
    def key(self) -> tuple[bool, ...]:
        """What is done, whatever the numbers are."""
        given = (x is not None for x in (self.rescale, self.mean, self.std, self.whitening))
        return (self.samplewise_center, self.samplewise_std, *given)

    def arrays(self, dtype: Any) -> list[Array]:
        """The numbers, for `applied`."""
        given = (self.rescale, self.mean, self.std, self.whitening)
        return [np.asarray(x, dtype) for x in given if x is not None]

    def applied(self, x: Tensor, numbers: Sequence[Tensor]) -> Tensor:
        """Graph code: pictures (batch, …) of floats, with `arrays` as tensors."""
        picture = tuple(range(1, len(x.shape or ())))
        rest = iter(numbers)
        if self.rescale is not None:
            x = x * next(rest)
        if self.samplewise_center:
            x = x - reduce_mean(x, picture, keepdims=True)
        if self.samplewise_std:
            x = x / (reduce_std(x, picture, keepdims=True) + EPSILON)
        if self.mean is not None:
            x = x - next(rest)
        if self.std is not None:
            x = x / (next(rest) + EPSILON)
        if self.whitening is not None:
            rows = reshape(x, [shape_of(x)[0], -1])
            x = reshape(matmul(rows, next(rest)), shape_of(x))
        return x


def warn_unfitted(what: str) -> None:
    """Says that a statistic is missing."""
    warnings.warn(
        f"thalweg: ImageDataGenerator({what}=True) has no statistics yet: call its fit(x) first. "
        "Pictures are not changed by it.",
        UserWarning,
        stacklevel=3,
    )


class Statistics:
    """Mean, standard deviation and whitening matrix of many pictures, a piece at a time.

    Sums are in float64, by the rule of Chan, Golub and LeVeque (1979) for two parts.

    Args:
        channel_axis: of the pictures in a batch.
        has_products: whether the whitening matrix is wanted as well.
    """

    def __init__(self, channel_axis: int, has_products: bool = False) -> None:
        self._axis = channel_axis
        self._has_products = has_products
        self._count = 0
        self._pictures = 0
        self._shape: tuple[int, ...] = ()
        self._mean: Array = np.zeros(())
        self._squares: Array = np.zeros(())  # of distances from the mean
        self._products: Array = np.zeros(())  # of all pairs of values of a picture
        self._sums: Array = np.zeros(())

    def add(self, pieces: Iterable[Array]) -> Statistics:
        """Counts batches of pictures in; returns itself."""
        for piece in pieces:
            x = np.asarray(piece, np.float64)
            self._shape = x.shape[1:]
            self._pictures += len(x)
            self._add_moments(np.moveaxis(x, self._axis, -1).reshape(-1, x.shape[self._axis]))
            if self._has_products:
                rows = x.reshape(len(x), -1)
                self._products = self._products + rows.T @ rows
                self._sums = self._sums + rows.sum(axis=0)
        return self

    def _add_moments(self, values: Array) -> None:
        count, mean = len(values), values.mean(axis=0)
        squares = ((values - mean) ** 2).sum(axis=0)
        total = self._count + count
        apart = mean - self._mean
        self._squares = self._squares + squares + apart**2 * (self._count * count / total)
        self._mean = self._mean + apart * (count / total)
        self._count = total

    @property
    def mean(self) -> Array:
        """Of each channel, float32; it broadcasts to a picture."""
        return self._by_channel(self._mean).astype(np.float32)

    @property
    def std(self) -> Array:
        """Of each channel, float32; it broadcasts to a picture."""
        return self._by_channel(np.sqrt(self._squares / self._count)).astype(np.float32)

    def _by_channel(self, values: Array) -> Array:
        shape = [1] * len(self._shape)
        shape[self._axis - 1] = -1
        return values.reshape(shape)

    def whitening(self, epsilon: float) -> Array:
        """The matrix of ZCA whitening of pictures from which the mean was subtracted.

        U diag(1 / sqrt(s + epsilon)) U^T, where U diag(s) U^T is the mean of the products of all
        pairs of values (A. Krizhevsky, 2009, appendix A).

        Args:
            epsilon: what keeps directions without variance from being blown up.

        Returns:
            (values, values) float32, for a picture as a row of its values.
        """
        mean = np.broadcast_to(self._by_channel(self._mean), self._shape).reshape(-1)
        crossed = np.outer(mean, self._sums)
        count = self._pictures
        products = (self._products - crossed - crossed.T) / count + np.outer(mean, mean)
        variances, directions = np.linalg.eigh(products)
        strengths = 1.0 / np.sqrt(np.maximum(variances, 0.0) + epsilon)
        matrix: Array = ((directions * strengths) @ directions.T).astype(np.float32)
        return matrix
