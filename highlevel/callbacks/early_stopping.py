"""EarlyStopping: ends a training that no longer gets better."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .base import Logs, say
from .checks import require_count, require_real
from .monitor import MonitorCallback

__all__ = ["EarlyStopping"]


class EarlyStopping(MonitorCallback):
    """Stops when the monitored quantity has not improved for `patience` epochs.

    Args:
        monitor: name of the quantity in the logs.
        min_delta: an improvement is a change of more than this, absolute.
        patience: epochs without improvement after which training stops, >= 0.
        verbose: 1 says when it stops and what it restores.
        mode: `"min"`, `"max"`, or `"auto"` to tell by the name.
        baseline: a value that must be beaten, too, for the count of epochs to start anew.
        restore_best_weights: put back the weights of the best epoch at the end of training,
            also if it ran through and also if nothing beat the baseline.
        start_from_epoch: epochs at the beginning that do not count.

    Raises:
        OptionError: an option outside its values; at the start of training, if nothing tells
            in which direction the quantity gets better.

    Example:
        >>> callback = EarlyStopping("loss", patience=2)
        >>> callback.patience, callback.mode
        (2, 'auto')
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = require_count(self._where, "patience", patience)
        self.verbose = verbose
        self.baseline = (
            None if baseline is None else require_real(self._where, "baseline", baseline)
        )
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = require_count(self._where, "start_from_epoch", start_from_epoch)
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: list[NDArray[Any]] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets what an earlier training left."""
        super().on_train_begin(logs)
        self.best = None
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compares, and asks the model to stop when patience is at its end."""
        current = self._current(logs or {})
        if current is None or epoch < self.start_from_epoch:
            return
        improved = self._is_improvement(current, self.best)
        if self.restore_best_weights and (improved or self.best_weights is None):
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if improved:
            self.best = current
            self.best_epoch = epoch
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Puts the best weights back if that was asked for."""
        if self.stopped_epoch > 0 and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                say(f"Best weights restored, from the end of epoch {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)
