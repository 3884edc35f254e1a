"""What Adam and its kin have in common."""

from __future__ import annotations

from typing import Any

from ..options import Interval
from .base import Optimizer, epsilon_option
from .schedules import LearningRateSchedule

__all__ = ["MomentOptimizer"]

_BETA = Interval(0, 1, open_high=True)


class MomentOptimizer(Optimizer):
    """Base of the optimizers that keep a first and a second moment of the gradient.

    Args:
        learning_rate: finite number >= 0, or a schedule.
        beta_1: how long the gradient is remembered, 0 <= beta_1 < 1.
        beta_2: how long its size is remembered, 0 <= beta_2 < 1.
        epsilon: >= 0; None for 1e-7.
        common: further options; `Optimizer` lists them.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = _BETA.check(self, "beta_1", beta_1)
        self.beta_2 = _BETA.check(self, "beta_2", beta_2)
        self.epsilon = epsilon_option(self, epsilon)
