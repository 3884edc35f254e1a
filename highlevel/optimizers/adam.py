"""Adam."""

from __future__ import annotations

from typing import Any

from thalweg.core import AdamRule, UpdateRule

from .moments import MomentOptimizer
from .schedules import LearningRateSchedule

__all__ = ["Adam"]


class Adam(MomentOptimizer):
    """Adaptive moments (Kingma and Ba, 2015, the form just before section 2.1).

        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g^2
        w = w - learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    Args:
        learning_rate: finite number >= 0, or a schedule.
        beta_1: how long the gradient is remembered, 0 <= beta_1 < 1.
        beta_2: how long its square is remembered, 0 <= beta_2 < 1.
        epsilon: >= 0, the paper's "epsilon hat"; None for 1e-7.
        amsgrad: divide by the largest v so far (Reddi, Kale and Kumar, 2018, algorithm 2).
        common: further options; `Optimizer` lists them.

    >>> float(Adam(0.002).learning_rate) == 0.002  # it is float32
    False
    >>> Adam(0.002).get_config()["learning_rate"]
    0.002
    """

    listed_apart = ("velocity_hat",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)
        self.amsgrad = amsgrad

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return AdamRule(self.beta_1, self.beta_2, self.epsilon, self.amsgrad)
