"""History: the record of a training that `fit` returns."""

from __future__ import annotations

from .base import Callback, Logs

__all__ = ["History"]


class History(Callback):
    """Collects the logs of every epoch.

    Attributes:
        history: a list of numbers for every name of the logs, one an epoch that logged it.
        epoch: the epochs seen by the last training, counted from 0.

    Example:
        >>> history = History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.9})
        >>> history.history, history.epoch
        ({'loss': [0.5], 'accuracy': [0.9]}, [0])
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts a new list of epochs; the numbers go on, as in Keras."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Appends the logs of the epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
