"""Layers that only disturb training: dropout and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ..options import Interval, OrNone, option_error
from ..regularizers import L1L2
from .base import Layer
from .grids import GridLayer

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]

_SEED = OrNone(Interval(0, integer=True))


class _Noise(Layer):
    """Base of layers that disturb their input while training, and pass it on otherwise."""

    supports_masking = True

    def call(self, inputs: Tensor, training: Any = None) -> Any:
        """The disturbed input if `training`, else the input."""
        if training is None or training is False:
            return inputs
        x = core.cast(inputs, self.dtype)
        return core.choose(training, self._disturbed(x), x)

    def _disturbed(self, x: Tensor) -> Tensor:
        raise NotImplementedError(type(self).__name__)


class Dropout(_Noise):
    """In training, elements become 0 with a probability, and the others grow by 1 / (1 - rate).

    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
    Neural Networks from Overfitting", 2014.

    Args:
        rate: the probability, 0 <= rate <= 1.
        noise_shape: the shape of what is drawn, which is broadcast to the input's: (None, 1, 1, 64)
            drops whole channels. None stands for the input's own size.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> sorted(set(Dropout(0.5)(np.ones((9, 9)), training=True).ravel().tolist()))
    [0.0, 2.0]
    """

    _rates = Interval(0, 1)

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate: float = self._rates.check(self, "rate", rate)
        if noise_shape is not None and not isinstance(noise_shape, list | tuple):
            raise option_error(
                self, "noise_shape", noise_shape, "sizes, None where they are the input's; or None"
            )
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = _SEED.check(self, "seed", seed)

    def _disturbed(self, x: Tensor) -> Tensor:
        if self.rate == 0:
            return x
        if self.rate == 1:
            return core.zeros_like(x)
        kept = core.cast(self._kept(x), x.dtype)
        return x * (kept * (1.0 / (1.0 - self.rate)))

    def _kept(self, x: Tensor) -> Tensor:
        """Which elements stay, in the shape of the noise."""
        sizes: Any = core.shape_of(x)
        if self.noise_shape is not None:
            sizes = [sizes[i] if n is None else n for i, n in enumerate(self.noise_shape)]
            sizes = core.stack(sizes) if None in self.noise_shape else sizes
        u = core.random_uniform(sizes, dtype=x.dtype, seed=self.seed)
        return core.greater_equal(u, self.rate)


class AlphaDropout(Dropout):
    """In training, elements take SELU's lowest value with a probability; mean and variance stay.

    a * x' + b, where x' is x or that value, and a and b undo what this does to a mean of 0 and a
    variance of 1. G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-Normalizing Neural
    Networks", 2017, section "New dropout technique".

    Args:
        rate: the probability, 0 <= rate < 1.
        noise_shape: the shape of what is drawn, as of `Dropout`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> len(np.unique(AlphaDropout(0.5)(np.ones((9, 9)), training=True)))
    2
    """

    _LOWEST = -1.6732632423543772 * 1.0507009873554805
    _rates = Interval(0, 1, open_high=True)

    def _disturbed(self, x: Tensor) -> Tensor:
        if self.rate == 0:
            return x
        a = ((1 - self.rate) * (1 + self.rate * self._LOWEST**2)) ** -0.5
        b = -a * self._LOWEST * self.rate
        kept = core.broadcast_to(self._kept(x), core.shape_of(x))
        y: Tensor = core.where(kept, x, core.zeros_like(x) + self._LOWEST) * a + b
        return y


class _SpatialDropout(Dropout, GridLayer):
    """What they share, for any number of sizes."""

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, None, seed, data_format=data_format, **kwargs)
        self.noise_shape = tuple(
            1 if axis in self.size_axes else None for axis in range(self.rank + 2)
        )


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of sequences: what lies close together says nearly the same.

    J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, "Efficient Object Localization Using
    Convolutional Networks", 2015, section 3.2.

    Args:
        rate: the probability of a channel to become 0, 0 <= rate <= 1; the others grow by
            1 / (1 - rate).
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        the same.

    >>> import numpy as np
    >>> y = SpatialDropout1D(0.5)(np.ones((4, 5, 2)), training=True)
    >>> bool((y.min(1) == y.max(1)).all())
    True
    """

    rank = 1

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images: what lies close together says nearly the same.

    J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, "Efficient Object Localization Using
    Convolutional Networks", 2015, section 3.2.

    Args:
        rate: the probability of a channel to become 0, 0 <= rate <= 1; the others grow by
            1 / (1 - rate).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        the same.

    >>> import numpy as np
    >>> y = SpatialDropout2D(0.5)(np.ones((4, 5, 3, 2)), training=True)
    >>> bool((y.min((1, 2)) == y.max((1, 2))).all())
    True
    """


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of volumes: what lies close together says nearly the same.

    J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, "Efficient Object Localization Using
    Convolutional Networks", 2015, section 3.2.

    Args:
        rate: the probability of a channel to become 0, 0 <= rate <= 1; the others grow by
            1 / (1 - rate).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        the same.

    >>> import numpy as np
    >>> y = SpatialDropout3D(0.5)(np.ones((4, 5, 3, 2, 2)), training=True)
    >>> bool((y.min((1, 2, 3)) == y.max((1, 2, 3))).all())
    True
    """

    rank = 3


class GaussianDropout(_Noise):
    """In training, elements are multiplied by normal numbers of mean 1 and variance
    rate / (1 - rate), as Dropout's factors have.

    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014,
    section 10.

    Args:
        rate: 0 <= rate < 1.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> GaussianDropout(0.5)(np.ones((2, 3))).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate: float = Interval(0, 1, open_high=True).check(self, "rate", rate)
        self.seed = _SEED.check(self, "seed", seed)

    def _disturbed(self, x: Tensor) -> Tensor:
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return x * core.random_normal(core.shape_of(x), 1.0, stddev, x.dtype, seed=self.seed)


class GaussianNoise(_Noise):
    """In training, normal numbers of mean 0 are added.

    Args:
        stddev: their standard deviation, >= 0.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> GaussianNoise(0.1)(np.ones((2, 2))).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev: float = Interval(0).check(self, "stddev", stddev)
        self.seed = _SEED.check(self, "seed", seed)

    def _disturbed(self, x: Tensor) -> Tensor:
        return x + core.random_normal(core.shape_of(x), 0.0, self.stddev, x.dtype, seed=self.seed)


class ActivityRegularization(Layer):
    """The input itself, of which l1 * sum(|x|) + l2 * sum(x²) joins the loss.

    Args:
        l1: factor of the first sum, >= 0.
        l2: factor of the second sum, >= 0.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> ActivityRegularization(l2=0.1)(np.float32([[1, 2]])).tolist()
    [[1.0, 2.0]]
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **kwargs)
        self.l1 = l1
        self.l2 = l2

    def call(self, inputs: Tensor) -> Tensor:
        """The input."""
        return inputs
