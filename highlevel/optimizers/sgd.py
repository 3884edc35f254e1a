"""Gradient descent, with or without momentum."""

from __future__ import annotations

from typing import Any

from thalweg.core import MomentumRule, SgdRule, UpdateRule

from ..options import Interval
from .base import Optimizer
from .schedules import LearningRateSchedule

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent (Robbins and Monro, 1951; Sutskever et al., 2013).

        w = w - learning_rate * g

    With momentum the steps gather speed:

        m = momentum * m - learning_rate * g
        w = w + m                                       or, with `nesterov`,
        w = w + momentum * m - learning_rate * g

    Args:
        learning_rate: finite number >= 0, or a schedule.
        momentum: what is left of the speed after each step, 0 <= momentum <= 1.
        nesterov: whether to look ahead along the speed.
        common: further options; `Optimizer` lists them.

    >>> SGD(0.1, momentum=0.9).get_config()["momentum"]
    0.9
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = Interval(0, 1).check(self, "momentum", momentum)
        self.nesterov = nesterov

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return MomentumRule(self.momentum, self.nesterov) if self.momentum else SgdRule()
