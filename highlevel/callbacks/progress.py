"""ProgbarLogger: shows how far the work is, on a terminal as a live bar."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

from thalweg.core.errors import OptionError

from .base import Callback, Logs, Mode, batch_hooks, overrides

if TYPE_CHECKING:
    from rich.live import Live

__all__ = ["ProgbarLogger"]

_WIDTH = 20
_INTERVAL_S = 0.1


class ProgbarLogger(Callback):
    """Shows the progress of `fit`, `evaluate` and `predict` on standard output.

    With verbose 1 on a terminal there is a live line while an epoch runs, replaced at its end by
    a line that stays; elsewhere (a file, a notebook) that last line alone, without control
    characters. With verbose 2 there is one line an epoch, with verbose 0 nothing. Validation
    inside `fit` is not shown by itself; its results are in the line of the epoch.

    It does not need every batch: it may be told the index of the last batch done at any time,
    and draws at most every 0.1 s and at most one hundredth of the time.

    Example:
        >>> bar = ProgbarLogger()
        >>> bar.set_params({"verbose": 2, "epochs": 1, "steps": 3})
        >>> bar.needs_every_batch("train")
        False
    """

    def __init__(self) -> None:
        self.seen = 0
        self.target: int | None = None
        self.epochs = 1
        self.verbose = 1
        self._in_fit = False
        self._epoch = 0
        self._line = _LiveLine()
        self._start_s = 0.0
        self._batch_end_s = 0.0
        self._next_draw_s = 0.0
        self._logs: Logs = {}

    def needs_every_batch(self, mode: Mode) -> bool:
        """Only if a subclass overrides a batch hook."""
        return overrides(self, ProgbarLogger, batch_hooks(mode))

    def set_params(self, params: dict[str, Any]) -> None:
        """Takes `verbose` (0, 1, 2 or "auto", which is 1), `epochs` and `steps`.

        Raises:
            OptionError: another `verbose`.
        """
        super().set_params(params)
        verbose = params.get("verbose", 1)
        if verbose not in ("auto", 0, 1, 2):
            raise OptionError(
                "verbose", "unknown value", expected="'auto', 0, 1 or 2", got=repr(verbose)
            )
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def _close(self) -> None:
        self._line.hide()
        self._in_fit = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From here on evaluations are validations, and silent."""
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Evaluations are shown again."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes `Epoch 1/12`, unless there is one epoch only."""
        self._epoch = epoch
        self._begin()
        if self.verbose == 1 and self.epochs > 1:
            _write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draws, if it is time to."""
        super().on_train_batch_end(batch, logs)
        self._advance(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the line of the epoch."""
        prefix = f"Epoch {epoch + 1}/{self.epochs} - " if self.epochs > 1 else ""
        self._finish(logs, prefix)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Starts the bar of an evaluation; inside `fit` shows that the batches are done."""
        if not self._in_fit:
            self._begin()
        elif self._line.shown:
            self._draw(" - validating")

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draws, if it is time to."""
        if not self._in_fit:
            self._advance(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Writes the line of the evaluation."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Starts the bar of a prediction."""
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draws, if it is time to."""
        self._advance(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Writes the line of the prediction."""
        self._finish(None)

    def _begin(self) -> None:
        self.seen = 0
        self._logs = {}
        self._start_s = self._batch_end_s = time.perf_counter()
        live = self.verbose == 1 and _is_terminal()
        self._next_draw_s = self._start_s + _INTERVAL_S if live else float("inf")

    def _advance(self, batch: int, logs: Logs | None) -> None:
        self.seen = batch + 1
        self._batch_end_s = now = time.perf_counter()
        if now >= self._next_draw_s:
            first = not self._line.shown
            self._logs = logs or {}
            self._draw()
            drawn = time.perf_counter()
            # A slow terminal is drawn less often, so that drawing costs at most a hundredth; the
            # first time imports and starts things, which says nothing of the times to come.
            self._next_draw_s = drawn + max(_INTERVAL_S, 0 if first else 100 * (drawn - now))

    def _draw(self, note: str = "") -> None:
        elapsed = time.perf_counter() - self._start_s
        if self.target and 0 < self.seen < self.target:
            left = elapsed / self.seen * (self.target - self.seen)
            clock = f"ETA {_duration(left)}"
        else:
            clock = _duration(elapsed)
        self._line.show(self._counter(), self._share(), self._rest(clock, self._logs) + note)

    def _finish(self, logs: Logs | None, prefix: str = "") -> None:
        if self.target is None:
            self.target = self.seen or None  # a generator: known from the second epoch on
        if not self.seen and self.target:
            self.seen = self.target  # nobody told of the batches
        clock = _duration(time.perf_counter() - self._start_s)
        rest = self._rest(clock, logs or {})
        self._line.hide()
        if self.verbose == 2:
            _write(f"{prefix}{self._counter()} - {rest}\n")
        elif self.verbose == 1 and _is_terminal():
            self._line.print(self._counter(), self._share(), rest)
        elif self.verbose == 1:
            _write(f"{self._counter()} - {rest}\n")

    def _counter(self) -> str:
        """`12/469`, aligned to the right, so that the line does not jump."""
        if self.target is None:
            return f"{self.seen}/?"
        return f"{self.seen:{len(str(self.target))}d}/{max(self.target, self.seen)}"

    def _share(self) -> float | None:
        """How much is done, 0..1, or None if nobody knows."""
        return None if self.target is None else self.seen / max(self.target, self.seen, 1)

    def _rest(self, clock: str, logs: Logs) -> str:
        """`5s 11ms/step - accuracy: 0.9800 - loss: 0.0512`; a step is the model's, alone."""
        step = (self._batch_end_s - self._start_s) / self.seen if self.seen else 0.0
        values = "".join(f" - {name}: {_number(value)}" for name, value in logs.items())
        return f"{clock} {_step_duration(step)}/step{values}"


def _stream() -> TextIO | None:
    """Standard output itself, also while a live line stands in for it."""
    stream: TextIO | None = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
    return stream


def _is_terminal() -> bool:
    stream = _stream()
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _number(value: float) -> str:
    """Four digits after the point, in powers of ten where that would hide them."""
    return f"{value:.4f}" if not abs(value) <= 1e-3 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest}s"


def _step_duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


class _LiveLine:
    """One line at the bottom of the terminal; what others print goes above it."""

    _at_bottom: ClassVar[_LiveLine | None] = None

    def __init__(self) -> None:
        self._live: Live | None = None

    @property
    def shown(self) -> bool:
        return self._live is not None

    def show(self, counter: str, share: float | None, rest: str) -> None:
        """Puts the line there, or replaces it."""
        from rich.console import Console
        from rich.live import Live

        if self._live is None:
            below = _LiveLine._at_bottom
            if below is not None:
                below.hide()  # an evaluation inside a callback: the outer bar comes back later
            _LiveLine._at_bottom = self
            self._live = Live(console=Console(), auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(_styled(counter, share, rest), refresh=True)

    def hide(self) -> None:
        """Takes the line away and gives standard output back."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            _LiveLine._at_bottom = None

    def print(self, counter: str, share: float | None, rest: str) -> None:
        """Writes the line so that it stays."""
        from rich.console import Console

        Console().print(_styled(counter, share, rest), soft_wrap=True)


def _styled(counter: str, share: float | None, rest: str) -> Any:
    from rich.text import Text

    encoding = getattr(_stream(), "encoding", None) or "ascii"
    try:
        "━".encode(encoding)
        done, left = "━", "─"
    except UnicodeEncodeError:
        done, left = "=", "."
    text = Text(counter + " ", style="bold", no_wrap=True, overflow="ellipsis")
    if share is not None:
        width = round(_WIDTH * share)
        text.append(done * width, style="not bold green")
        text.append(left * (_WIDTH - width) + " ", style="not bold bright_black")
    text.append(rest, style="not bold")
    return text
