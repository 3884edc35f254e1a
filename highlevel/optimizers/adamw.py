"""Adam with weight decay."""

from __future__ import annotations

from typing import Any

from ..options import Interval
from .adam import Adam
from .schedules import LearningRateSchedule

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam whose steps first shrink the variables (Loshchilov and Hutter, 2019, algorithm 2).

        w = w - learning_rate * weight_decay * w,  then as Adam

    The decay does not pass through Adam's averages, as that of an L2 penalty would.
    `exclude_from_weight_decay` exempts variables.

    Args:
        learning_rate: finite number >= 0, or a schedule.
        weight_decay: >= 0.
        beta_1, beta_2, epsilon, amsgrad: as in Adam.
        common: further options; `Optimizer` lists them.

    >>> AdamW().weight_decay
    0.004
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **common: Any,
    ) -> None:
        common["weight_decay"] = weight_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, **common)
        Interval(0).check(self, "weight_decay", weight_decay)  # None is a mistake here
