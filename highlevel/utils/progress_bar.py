"""Progbar: the progress of a loop of one's own, shown as `fit` shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..callbacks.progress import ProgbarLogger

__all__ = ["Progbar"]


class Progbar:
    """Shows how far a loop is, with the means of what it measures.

    Args:
        target: how many steps there are; None if nobody knows.
        width: ignored: the bar has that of `fit`.
        verbose: 0 shows nothing, 1 a bar, 2 one line at the end.
        interval: ignored: it is drawn ten times a second at most.
        stateful_metrics: names whose last value is shown, not the mean.
        unit_name: ignored.

    >>> bar = Progbar(2, verbose=0)
    >>> bar.update(1, [("loss", 1.0)])
    >>> bar.add(1, [("loss", 0.5)])
    >>> bar.logs
    {'loss': 0.75}
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self._stateful = frozenset(stateful_metrics or ())
        self._sums: dict[str, tuple[float, int]] = {}  # of values times steps, and of steps
        self._seen = 0
        self._line = ProgbarLogger()
        self._line.set_params({"verbose": verbose, "epochs": 1, "steps": target})
        self._line.on_test_begin()

    @property
    def logs(self) -> dict[str, float]:
        """What is shown: means over the steps, or last values."""
        return {name: total / max(steps, 1) for name, (total, steps) in self._sums.items()}

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Shows that so many steps are done.

        Args:
            current: steps.
            values: pairs of a name and what was measured since the last update.
            finalize: whether this is the last update; by default if the target is reached.
        """
        steps = current - self._seen
        for name, value in values or ():
            if name in self._stateful:
                self._sums[name] = (float(value), 1)
            else:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + float(value) * max(steps, 1), count + max(steps, 1))
        self._seen = current
        self._line.on_test_batch_end(current - 1, self.logs)
        is_last = self.target is not None and current >= self.target
        if is_last if finalize is None else finalize:
            self._line.on_test_end(self.logs)

    def add(self, n: int, values: Any = None) -> None:
        """Shows that `n` more steps are done; `values` as of `update`."""
        self.update(self._seen + n, values)
