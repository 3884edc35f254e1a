"""ReduceLROnPlateau: smaller steps when the training no longer gets better."""

from __future__ import annotations

import numpy as np

from .base import Logs, say
from .checks import require_count, require_real
from .monitor import MonitorCallback

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement.

    The rate is added to the logs as `learning_rate`.

    Args:
        monitor: name of the quantity in the logs.
        factor: what the rate is multiplied by, 0 < factor < 1.
        patience: epochs without improvement before the rate falls, >= 0.
        verbose: 1 says when the rate changes.
        mode: `"min"`, `"max"`, or `"auto"` to tell by the name.
        min_delta: an improvement is a change of more than this, absolute.
        cooldown: epochs after a reduction in which nothing is counted, >= 0.
        min_lr: the rate never falls below this, >= 0.
        epsilon: Keras 2's name of `min_delta`.

    Raises:
        OptionError: an option outside its values; at the start of training, if nothing tells
            in which direction the quantity gets better.

    Example:
        >>> callback = ReduceLROnPlateau("val_acc", factor=0.5, epsilon=0.01)
        >>> callback.min_delta
        0.01
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        *,
        epsilon: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, min_delta if epsilon is None else epsilon)
        self.factor = require_real(self._where, "factor", factor, above=0.0, below=1.0)
        self.patience = require_count(self._where, "patience", patience)
        self.verbose = verbose
        self.cooldown = require_count(self._where, "cooldown", cooldown)
        self.min_lr = require_real(self._where, "min_lr", min_lr, minimum=0.0)
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether a recent reduction is still given time to show."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets what an earlier training left."""
        super().on_train_begin(logs)
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compares, and lowers the rate when patience is at its end."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self._current(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        rate = float(self.model.optimizer.learning_rate)
        # The optimizer keeps its rate in float32, so the bound is compared in float32, too.
        if rate <= float(np.float32(self.min_lr)):
            return
        reduced = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = reduced
        if self.verbose:
            say(f"Epoch {epoch + 1}: learning rate reduced from {rate:g} to {reduced:g}")
        self.cooldown_counter = self.cooldown
        self.wait = 0
