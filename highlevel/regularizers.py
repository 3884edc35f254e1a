"""Regularizers: functions of a weight (or an output) whose value joins the loss."""

from __future__ import annotations

from typing import Any

from thalweg import core

from .eager import array_or_tensor
from .options import Interval
from .registry import Registry
from .saving.config import Configurable

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "Regularizer",
    "activity_l1",
    "activity_l1l2",
    "activity_l2",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l1l2",
    "l2",
    "serialize",
]

_FACTOR = Interval(0)


class Regularizer(Configurable):
    """Base of all regularizers; a subclass writes `__call__`.

    >>> class Mean(Regularizer):
    ...     def __call__(self, x):
    ...         return core.reduce_mean(x)
    """

    def __call__(self, x: Any) -> Any:
        """The penalty.  x: (...) float -> () of the same dtype."""
        raise NotImplementedError(type(self).__name__)


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x²).

    Args:
        l1: factor of the first sum, >= 0.
        l2: factor of the second sum, >= 0.

    >>> import numpy as np
    >>> float(L1L2(l1=1.0, l2=0.5)(np.float32([1, -2])))
    5.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = 0.0 if l1 is None else _FACTOR.check(self, "l1", l1)
        self.l2 = 0.0 if l2 is None else _FACTOR.check(self, "l2", l2)

    @array_or_tensor
    def __call__(self, x: Any) -> Any:
        """The penalty.  x: (...) float -> () of the same dtype."""
        x = core.convert(x)
        first = core.reduce_sum(core.abs(x)) * self.l1 if self.l1 else None
        second = core.reduce_sum(core.square(x)) * self.l2 if self.l2 else None
        if first is not None and second is not None:
            return first + second
        found = first if second is None else second
        return core.zeros([], x.dtype) if found is None else found


class L1(L1L2):
    """l1 * sum(|x|).

    Args:
        l1: the factor, >= 0.

    >>> import numpy as np
    >>> float(L1(0.5)(np.float32([1, -2])))
    1.5
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=_FACTOR.check(self, "l1", l1))


class L2(L1L2):
    """l2 * sum(x²).

    Args:
        l2: the factor, >= 0.

    >>> import numpy as np
    >>> float(L2(0.5)(np.float32([1, -2])))
    2.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=_FACTOR.check(self, "l2", l2))


l1 = L1
l2 = L2
l1_l2 = L1L2


def l1l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """`L1L2` with Keras 1's defaults.

    >>> l1l2().get_config()
    {'l1': 0.01, 'l2': 0.01}
    """
    return L1L2(l1, l2)


activity_l1, activity_l2, activity_l1l2 = L1, L2, l1l2  # Keras 1's names

_registry = Registry(
    "regularizer",
    {
        "L1": L1,
        "L2": L2,
        "L1L2": L1L2,
        "l1": L1,
        "l2": L2,
        "l1_l2": L1L2,
        "l1l2": l1l2,
        "activity_l1": activity_l1,
        "activity_l2": activity_l2,
        "activity_l1l2": activity_l1l2,
    },
)
get = _registry.get
serialize = _registry.serialize
deserialize = _registry.deserialize
