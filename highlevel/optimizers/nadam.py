"""Nadam."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.core import NadamRule, UpdateRule

from ..options import Interval
from .moments import MomentOptimizer
from .schedules import LearningRateSchedule

__all__ = ["Nadam"]

_LONG = 1 << 16  # steps after which the product is zero, unless beta_1 is nearly 1
_KERAS_3 = 1.0  # its files have no `schedule_decay`


class Nadam(MomentOptimizer):
    """Adam that looks ahead along its first moment (Dozat, 2016, algorithm 8).

        mu_t = beta_1 * (1 - 0.96^(schedule_decay * t) / 2)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g^2
        n = mu_(t+1) / (1 - mu_1 ... mu_(t+1)) * m + (1 - mu_t) / (1 - mu_1 ... mu_t) * g
        w = w - learning_rate * n / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Args:
        learning_rate: finite number >= 0, or a schedule. It is 0.002 in Keras 2.
        beta_1: how long the gradient is remembered, 0 <= beta_1 < 1, once mu has grown to it.
        beta_2: how long its square is remembered, 0 <= beta_2 < 1.
        epsilon: >= 0; None for 1e-7.
        schedule_decay: how fast mu grows, > 0: 1 in Keras 3, and 0.004 in Keras 1 and 2, where
            mu takes some ten thousand steps from half of beta_1 to all of it.
        common: further options; `Optimizer` lists them.

    >>> Nadam(0.002, schedule_decay=0.004).get_config()["schedule_decay"]
    0.004
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        schedule_decay: float = _KERAS_3,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)
        self.schedule_decay = Interval(0, open_low=True).check(
            self, "schedule_decay", schedule_decay
        )

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return NadamRule(self.beta_1, self.beta_2, self.epsilon, self.schedule_decay)

    def derived_state(self, steps: int) -> list[Any]:
        """The product of mu_1 to mu_steps."""
        fades = 0.96 ** (self.schedule_decay * np.arange(1, min(steps, _LONG) + 1))
        return [np.asarray(np.prod(self.beta_1 * (1 - 0.5 * fades)), np.float32)]

    def get_config(self) -> dict[str, Any]:
        """As Keras 3's, which knows no `schedule_decay`; with it where it is another."""
        config = super().get_config()
        if self.schedule_decay == _KERAS_3:
            del config["schedule_decay"]
        return config
