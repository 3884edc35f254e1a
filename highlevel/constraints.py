"""Constraints: functions applied to a weight after each update of an optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .eager import array_or_tensor
from .options import Interval
from .registry import Registry
from .saving.config import Configurable

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "serialize",
    "unit_norm",
    "unitnorm",
]

_EPSILON = 1e-7  # keeps a norm of 0 from dividing
_NORM = Interval(0)
Axis = int | Sequence[int]


class Constraint(Configurable):
    """Base of all constraints; a subclass writes `__call__`.

    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w):
    ...         return core.minimum(w, 1.0)
    """

    def __call__(self, w: Any) -> Any:
        """The constrained weight.  w: (...) float -> the same shape and dtype."""
        raise NotImplementedError(type(self).__name__)


def _axes(axis: Axis) -> int | list[int]:
    return axis if isinstance(axis, int) else [int(i) for i in axis]


def _norm(w: Tensor, axis: Axis) -> Tensor:
    return core.sqrt(core.reduce_sum(core.square(w), axis=_axes(axis), keepdims=True))


class NonNeg(Constraint):
    """max(w, 0).

    >>> import numpy as np
    >>> NonNeg()(np.float32([1, -2])).tolist()
    [1.0, 0.0]
    """

    @array_or_tensor
    def __call__(self, w: Any) -> Any:
        """The constrained weight.  w: (...) float -> the same shape and dtype."""
        return core.relu(w)


class MinMaxNorm(Constraint):
    """Scales w so that its norms along an axis lie between two bounds.

    Args:
        min_value, max_value: the bounds, >= 0.
        rate: 0 <= rate <= 1; below 1 the norms only come closer: they become
            rate * bounded + (1 - rate) * norm.
        axis: along which the squares are summed: 0 for the columns of a dense kernel,
            [0, 1, 2] for the filters of a convolution.

    >>> import numpy as np
    >>> MinMaxNorm(0.0, 1.0)(np.float32([[3], [4]])).round(4).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value = _NORM.check(self, "min_value", min_value)
        self.max_value = _NORM.check(self, "max_value", max_value)
        self.rate = Interval(0, 1).check(self, "rate", rate)
        self.axis = axis

    @array_or_tensor
    def __call__(self, w: Any) -> Any:
        """The constrained weight.  w: (...) float -> the same shape and dtype."""
        w = core.convert(w)
        norm = _norm(w, self.axis)
        bounded = core.clip_by_value(norm, self.min_value, self.max_value)
        if self.rate != 1:
            bounded = bounded * self.rate + norm * (1.0 - self.rate)
        return w * (bounded / (norm + _EPSILON))


class MaxNorm(MinMaxNorm):
    """Scales w so that its norms along an axis are at most a bound.

    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014,
    section 5.1.

    Args:
        max_value: the bound, >= 0.
        axis: along which the squares are summed.

    >>> import numpy as np
    >>> MaxNorm(5.0)(np.float32([[3], [4]])).round(4).tolist()
    [[3.0], [4.0]]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        super().__init__(0.0, max_value, 1.0, axis)


class UnitNorm(Constraint):
    """Scales w so that its norms along an axis are 1.

    Args:
        axis: along which the squares are summed.

    >>> import numpy as np
    >>> UnitNorm()(np.float32([[3], [4]])).round(4).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    @array_or_tensor
    def __call__(self, w: Any) -> Any:
        """The constrained weight.  w: (...) float -> the same shape and dtype."""
        w = core.convert(w)
        return w / (_norm(w, self.axis) + _EPSILON)


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm
maxnorm, nonneg, unitnorm = MaxNorm, NonNeg, UnitNorm  # Keras 1's names

_registry = Registry(
    "constraint",
    {
        name: item
        for name, item in list(globals().items())
        if name in __all__ and isinstance(item, type) and item is not Constraint
    },
)
get = _registry.get
serialize = _registry.serialize
deserialize = _registry.deserialize
