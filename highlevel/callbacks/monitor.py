"""MonitorCallback: what callbacks share that follow one number of the logs."""

from __future__ import annotations

import math
import re
import warnings

from thalweg.core.errors import OptionError, nearest

from .base import Callback, Logs
from .checks import require_choice, require_real

__all__ = ["MonitorCallback", "logged_name"]

_RISING = frozenset(
    "acc accuracy auc correlation f1 fbeta fmeasure fscore iou precision r2 recall "
    "sensitivity similarity specificity".split()
)
_FALLING = frozenset(
    "cosh crossentropy divergence entropy error hinge kld logcosh loss mae mape mse msle "
    "perplexity poisson rmse".split()
)


def logged_name(name: str, logs: Logs) -> str:
    """The key of `logs` that `name` means: itself, or `accuracy` where Keras 2 said `acc`.

    >>> logged_name("val_acc", {"val_accuracy": 0.9})
    'val_accuracy'
    """
    if name not in logs and re.search(r"(^|_)acc$", name):
        full_name = name.removesuffix("acc") + "accuracy"
        return full_name if full_name in logs else name
    return name


class MonitorCallback(Callback):
    """Base of callbacks that compare one quantity of the logs with its best value so far.

    Args:
        monitor: the name in the logs; `"acc"` also finds `"accuracy"`.
        mode: `"min"` if lower is better, `"max"` if higher is, `"auto"` to tell by the metric's
            own `direction` ("up" or "down") or by the words in the name.
        min_delta: a change must be larger than this to count, absolute.

    Raises:
        OptionError: `monitor` is not a name, the mode is unknown, `min_delta` is no number.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        self._where = type(self).__name__
        if not isinstance(monitor, str) or not monitor:
            raise OptionError(
                self._where,
                "bad monitor",
                expected="the name of a loss or metric, such as 'val_loss'",
                got=repr(monitor),
            )
        self.monitor = monitor
        # differs from Keras, which warns of an unknown mode and guesses
        self.mode = require_choice(self._where, "mode", mode, ["auto", "min", "max"])
        self.min_delta = abs(require_real(self._where, "min_delta", min_delta))
        self.best: float | None = None
        self._rising: bool | None = None
        self._warned = self._seen = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Settles the direction as early as can be; what is missing is told once a training."""
        self._warned = self._seen = False
        self._rising = self._find_direction()
        # Without a model that lists its metrics the name may still turn out to be one of them.
        if self._rising is None and getattr(self.model, "metrics", None):
            raise self._no_direction([])

    def _find_direction(self) -> bool | None:
        """Whether higher is better, or None if nothing tells."""
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in getattr(self.model, "metrics", None) or ():
            direction = getattr(metric, "direction", None) or getattr(metric, "_direction", None)
            if getattr(metric, "name", None) == name and direction in ("up", "down"):
                return bool(direction == "up")
        for word in reversed(re.split(r"[\W_]+", name.lower())):
            if word in _RISING or word in _FALLING:
                return word in _RISING
        return None

    def _no_direction(self, known: list[str]) -> OptionError:
        for metric in getattr(self.model, "metrics", None) or ():
            name = getattr(metric, "name", None)
            known = [*known, f"{name}", f"val_{name}"] if name else known
        hint = None if self.monitor in known else nearest(self.monitor, known)
        return OptionError(
            self._where,
            f"nothing tells whether {self.monitor!r} should rise or fall",
            expected="mode='min' or mode='max'",
            got="mode='auto'",
            hint=hint or "pass mode= with the direction that is better",
        )

    def _current(self, logs: Logs) -> float | None:
        """The monitored value, or None where it is missing.

        One warning a training says so, unless the value has been there before: validation may
        run every other epoch.
        """
        value = logs.get(logged_name(self.monitor, logs))
        if value is None:
            if not self._warned and not self._seen:
                self._warned = True
                warnings.warn(self._missing(logs), stacklevel=2)
            return None
        self._seen = True
        if self._rising is None:
            self._rising = self._find_direction()
            if self._rising is None:
                raise self._no_direction(list(logs))
        return float(value)

    def _missing(self, logs: Logs) -> str:
        available = ", ".join(map(repr, logs)) or "nothing"
        hint = nearest(self.monitor, logs)
        if self.monitor.startswith("val_") and not any(name.startswith("val_") for name in logs):
            hint = "this epoch had no validation"
        return (
            f"{self._where} monitors {self.monitor!r}, which is not in the logs; "
            f"available: {available}" + (f"; {hint}" if hint else "")
        )

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether `value` beats `reference` by more than `min_delta`; NaN never does."""
        if reference is None:
            return not math.isnan(value)
        if self._rising:
            return value - self.min_delta > reference
        return value + self.min_delta < reference
