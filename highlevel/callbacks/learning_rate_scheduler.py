"""LearningRateScheduler: sets the rate of each epoch by a function."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from thalweg.core.errors import OptionError

from .base import Callback, Logs, say

__all__ = ["LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch.

    The rate is added to the logs as `learning_rate`.

    Args:
        schedule: `schedule(epoch, rate)` or, as in Keras 2's first versions, `schedule(epoch)`;
            the epoch counts from 0, the result is the new rate, finite and >= 0.
        verbose: 1 says the rate of each epoch.

    Raises:
        OptionError: `schedule` is not such a function, or returns something else.

    Example:
        >>> halving = LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_rate(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Asks the schedule and sets the rate."""
        optimizer = self.model.optimizer
        arguments = (epoch, float(optimizer.learning_rate)) if self._takes_rate else (epoch,)
        result = self.schedule(*arguments)
        try:
            rate = float(result)
        except (TypeError, ValueError):
            rate = math.nan
        if isinstance(result, (bool, str)) or not math.isfinite(rate) or rate < 0:
            raise OptionError(
                "LearningRateScheduler",
                f"the schedule gave no learning rate for epoch {epoch}",
                expected="a finite number >= 0",
                got=repr(result),
                hint="does the function return on every path?" if result is None else None,
            )
        optimizer.learning_rate = rate
        if self.verbose:
            say(f"Epoch {epoch + 1}: learning rate set to {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Adds the rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _takes_rate(schedule: object) -> bool:
    """Whether the schedule is to be called with the current rate, too.

    Decided by its signature: trying a call would hide a TypeError of the schedule's own code.
    """
    if not callable(schedule):
        raise OptionError(
            "LearningRateScheduler",
            "the schedule cannot be called",
            expected="a function of (epoch, rate) or (epoch)",
            got=repr(schedule),
        )
    try:
        signature = inspect.signature(schedule)
    except ValueError:  # some built-in functions have none
        return True
    for arguments in ((0, 0.1), (0,)):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) == 2
    raise OptionError(
        "LearningRateScheduler",
        "the schedule takes other arguments",
        expected="a function of (epoch, rate) or (epoch)",
        got=f"{getattr(schedule, '__name__', 'schedule')}{signature}",
    )
