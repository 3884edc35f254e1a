"""RMSprop."""

from __future__ import annotations

from typing import Any

from thalweg.core import RmsPropRule, UpdateRule

from ..options import Interval
from .base import Optimizer, epsilon_option
from .schedules import LearningRateSchedule

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Divides the gradient by the size it usually has (Hinton, 2012, lecture 6e).

        v = rho * v + (1 - rho) * g^2
        d = learning_rate * g / sqrt(v + epsilon)
        w = w - d

    With momentum the steps add up: p = momentum * p + d, w = w - p. If centered, the square of
    the average gradient is subtracted from v under the root (Graves, 2013, equations 38 to 41).

    Args:
        learning_rate: finite number >= 0, or a schedule.
        rho: how long squares are remembered, 0 <= rho <= 1.
        momentum: what is left of each step in the next, 0 <= momentum <= 1.
        epsilon: >= 0; None for 1e-7.
        centered: whether to divide by the deviation instead.
        common: further options; `Optimizer` lists them.

    >>> list(RMSprop(momentum=0.9).rule.slots)
    ['velocity', 'momentum']
    """

    listed_apart = ("momentum", "average_gradient")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = Interval(0, 1).check(self, "rho", rho)
        self.momentum = Interval(0, 1).check(self, "momentum", momentum)
        self.epsilon = epsilon_option(self, epsilon)
        self.centered = centered

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return RmsPropRule(self.rho, self.momentum, self.epsilon, self.centered)
