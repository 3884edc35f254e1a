"""Adadelta."""

from __future__ import annotations

from typing import Any

from thalweg.core import AdadeltaRule, UpdateRule

from ..options import Interval
from .base import Optimizer, epsilon_option
from .schedules import LearningRateSchedule

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Steps measured by earlier steps (Zeiler, 2012, algorithm 1).

        a = rho * a + (1 - rho) * g^2
        d = -sqrt(b + epsilon) / sqrt(a + epsilon) * g
        b = rho * b + (1 - rho) * d^2
        w = w + learning_rate * d

    Args:
        learning_rate: finite number >= 0, or a schedule. The paper has none: it is 1 there, and
            in Keras 2, while Keras 3 starts from 0.001.
        rho: how long squares are remembered, 0 <= rho <= 1.
        epsilon: >= 0; None for 1e-7. It also sets the size of the first steps.
        common: further options; `Optimizer` lists them.

    >>> Adadelta(1.0).rho
    0.95
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float | None = 1e-7,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = Interval(0, 1).check(self, "rho", rho)
        self.epsilon = epsilon_option(self, epsilon)

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return AdadeltaRule(self.rho, self.epsilon)
