"""Adamax."""

from __future__ import annotations

from thalweg.core import AdamaxRule, UpdateRule

from .moments import MomentOptimizer

__all__ = ["Adamax"]


class Adamax(MomentOptimizer):
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

    @property
    def rule(self) -> UpdateRule:
        """The formula."""
        return AdamaxRule(self.beta_1, self.beta_2, self.epsilon)
