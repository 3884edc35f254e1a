"""Adagrad."""

from __future__ import annotations

from typing import Any

from thalweg.core import AdagradRule, UpdateRule

from ..options import Interval
from .base import Optimizer, epsilon_option
from .schedules import LearningRateSchedule

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """A rate for each element that falls with what it has seen (Duchi, Hazan and Singer, 2011).

        a = a + g^2
        w = w - learning_rate * g / sqrt(a + epsilon)

    Args:
        learning_rate: finite number >= 0, or a schedule.
        initial_accumulator_value: what a starts from, >= 0.
        epsilon: >= 0; None for 1e-7.
        common: further options; `Optimizer` lists them.

    >>> Adagrad(initial_accumulator_value=0.0).rule.slots
    {'accumulator': 0.0}
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value = Interval(0).check(
            self, "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = epsilon_option(self, epsilon)

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return AdagradRule(self.epsilon, start=self.initial_accumulator_value)
