"""Ftrl."""

from __future__ import annotations

from typing import Any

from thalweg.core import FtrlRule, UpdateRule

from ..options import Interval
from .base import Optimizer
from .schedules import LearningRateSchedule

__all__ = ["Ftrl"]

_NOT_NEGATIVE = Interval(0)


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013, algorithm 1), for sparse linear models.

    The first step nearly forgets what weights start from, so deep networks do not train with it.

        b = a + g^2
        z = z + g + 2 * shrinkage * w - (b^-p - a^-p) / learning_rate * w
        w = (clip(z, -l1, l1) - z) / ((b^-p + beta) / learning_rate + 2 * l2)
        a = b

    Args:
        learning_rate: finite number > 0, or a schedule.
        learning_rate_power: p, <= 0.
        initial_accumulator_value: what a starts from, >= 0.
        l1_regularization_strength: l1, >= 0; it makes weights zero.
        l2_regularization_strength: l2, >= 0.
        l2_shrinkage_regularization_strength: shrinkage, >= 0; it acts on the gradient alone.
        beta: the paper's, >= 0.
        common: further options; `Optimizer` lists them.

    >>> list(Ftrl(0.1).rule.slots)
    ['accumulator', 'linear']
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        if not isinstance(learning_rate, LearningRateSchedule):  # the formula divides by it
            Interval(0, open_low=True).check(self, "learning_rate", learning_rate)
        self.learning_rate_power = Interval(high=0).check(
            self, "learning_rate_power", learning_rate_power
        )
        self.initial_accumulator_value = _NOT_NEGATIVE.check(
            self, "initial_accumulator_value", initial_accumulator_value
        )
        self.l1_regularization_strength = _NOT_NEGATIVE.check(
            self, "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = _NOT_NEGATIVE.check(
            self, "l2_regularization_strength", l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = _NOT_NEGATIVE.check(
            self, "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = _NOT_NEGATIVE.check(self, "beta", beta)

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return FtrlRule(
            rate_power=self.learning_rate_power,
            l1=self.l1_regularization_strength,
            l2=self.l2_regularization_strength,
            l2_shrinkage=self.l2_shrinkage_regularization_strength,
            beta=self.beta,
            start=self.initial_accumulator_value,
        )
