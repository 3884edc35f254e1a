"""Adamax."""

from __future__ import annotations

from typing import Any

from thalweg.core import AdamaxRule, UpdateRule

from ..options import Interval
from .base import Optimizer, epsilon_option
from .schedules import LearningRateSchedule

__all__ = ["Adamax"]

_BETA = Interval(0, 1, open_high=True)


class Adamax(Optimizer):
    """Adam with the largest gradient for the second moment (Kingma and Ba, 2015, algorithm 2).

        m = beta_1 * m + (1 - beta_1) * g
        u = max(beta_2 * u, |g|)
        w = w - learning_rate / (1 - beta_1^t) * m / (u + epsilon)

    Args:
        learning_rate: finite number >= 0, or a schedule. It is 0.002 in the paper and in Keras 2.
        beta_1: how long the gradient is remembered, 0 <= beta_1 < 1.
        beta_2: how long its largest size is remembered, 0 <= beta_2 < 1.
        epsilon: >= 0; None for 1e-7.
        common: further options; `Optimizer` lists them.

    >>> list(Adamax().rule.slots)
    ['momentum', 'norm']
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

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return AdamaxRule(self.beta_1, self.beta_2, self.epsilon)
