"""ModelCheckpoint: writes the model to disk while it trains."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping

from thalweg.core.errors import OptionError, nearest

from .base import Logs, Mode, batch_hooks, overrides, say
from .checks import require_count, require_real
from .monitor import MonitorCallback, logged_name

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, every epoch or every so many batches.

    Folders of the path are made when they are missing. The model writes each file atomically:
    whatever happens, a file of that name is whole.

    Args:
        filepath: where to save; `{epoch}`, counted from 1, `{batch}` and the names of the logs
            are filled in as `str.format` does: `"weights.{epoch:02d}-{val_loss:.2f}.h5"`.
            Without them each save replaces the last one.
        monitor: name of the quantity that decides which model is best.
        verbose: 1 says what is saved, and why not.
        save_best_only: save only when the quantity improved. An epoch without the quantity
            saves nothing, unless there has been none with it so far (and the file name does not
            need it): then it saves, and warns.
        save_weights_only: call `model.save_weights(path)` in place of `model.save(path)`.
        mode: `"min"`, `"max"`, or `"auto"` to tell by the name.
        save_freq: `"epoch"`, or a number of batches; then training runs batch by batch.
        initial_value_threshold: the value to beat before anything is saved as best.
        period: Keras 2's option: save every so many epochs.

    Raises:
        OptionError: an option outside its values; while training, a file name that asks for
            what is not in the logs, or the path of a folder. Nothing is written then.

    Example:
        >>> checkpoint = ModelCheckpoint("{epoch:02d}-{val_acc:.3f}.h5", save_weights_only=True)
        >>> checkpoint.path_for(0, {"val_accuracy": 0.98765})
        '01-0.988.h5'
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        *,
        period: int = 1,
    ) -> None:
        super().__init__(monitor, mode, min_delta=0)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = self._checked_frequency(save_freq)
        self.period = require_count(self._where, "period", period, minimum=1)
        if initial_value_threshold is not None:
            self.best = require_real(
                self._where, "initial_value_threshold", initial_value_threshold
            )
        self._fields = self._template_fields()
        self._epoch = 0
        self._last_batch = -1
        self._batches_since_save = 0
        self._epochs_since_save = 0

    def _checked_frequency(self, save_freq: str | int) -> str | int:
        if save_freq == "epoch":
            return "epoch"
        if isinstance(save_freq, str):
            raise OptionError(
                self._where,
                "unknown save_freq",
                expected="'epoch' or a number of batches",
                got=repr(save_freq),
                hint=nearest(save_freq, ["epoch"]),
            )
        return require_count(self._where, "save_freq", save_freq, minimum=1)

    def _template_fields(self) -> set[str]:
        """The names in braces, after a check that they can be filled in at all."""
        try:
            parts = list(string.Formatter().parse(self.filepath))
        except ValueError as error:
            raise self._bad_template(str(error)) from error
        names = {name for _, name, _, _ in parts if name is not None}
        if any(name == "" or name.isdigit() for name in names):
            raise self._bad_template("a field without a name")
        return names

    def _bad_template(
        self, problem: str, available: Mapping[str, object] | None = None
    ) -> OptionError:
        hint = "a brace that belongs to the name is written twice: '{{'"
        if available is not None:
            hint = f"available: {', '.join(map(repr, available))}"
        return OptionError(
            self._where,
            f"the file name cannot be made: {problem}",
            expected="fields such as {epoch:02d} or {val_loss:.2f}",
            got=repr(self.filepath),
            hint=hint,
        )

    def needs_every_batch(self, mode: Mode) -> bool:
        """Only when it counts batches."""
        if mode == "train" and self.save_freq != "epoch":
            return True
        return overrides(self, ModelCheckpoint, batch_hooks(mode))

    def path_for(self, epoch: int, logs: Logs, batch: int | None = None) -> str:
        """The file name of a save after `epoch` (and `batch`), both counted from 0.

        Raises:
            OptionError: the name asks for something that is not in the logs.
        """
        fields: dict[str, float] = {**logs, "epoch": epoch + 1}
        if batch is not None:
            fields.setdefault("batch", batch + 1)
        try:
            return self.filepath.format_map(_Fields(fields))
        except KeyError as error:
            raise self._bad_template(f"{error} is not known", fields) from error
        except (ValueError, AttributeError, TypeError, IndexError) as error:
            raise self._bad_template(str(error)) from error

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts counting; the best value of an earlier training stays, as its file does."""
        if self.save_best_only:
            super().on_train_begin(logs)
        self._batches_since_save = 0
        self._epochs_since_save = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remembers the epoch for saves inside it."""
        self._epoch = epoch
        self._last_batch = -1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves when enough batches have passed; several may pass in one call."""
        super().on_train_batch_end(batch, logs)
        if isinstance(self.save_freq, str):
            return
        self._batches_since_save += batch - self._last_batch
        self._last_batch = batch
        if self._batches_since_save >= self.save_freq:
            self._batches_since_save = 0
            self._save(self._epoch, logs or {}, batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves when enough epochs have passed."""
        if self.save_freq != "epoch":
            return
        self._epochs_since_save += 1
        if self._epochs_since_save >= self.period:
            self._epochs_since_save = 0
            self._save(epoch, logs or {}, None)

    def _save(self, epoch: int, logs: Logs, batch: int | None) -> None:
        current = self._current(logs) if self.save_best_only else None
        reason = ""
        if current is not None:
            best = "" if self.best is None else f" from {self.best:.5f}"
            if not self._is_improvement(current, self.best):
                if self.verbose:
                    say(f"Epoch {epoch + 1}: {self.monitor} did not improve{best}")
                return
            reason = f"{self.monitor} improved{best} to {current:.5f}, "
        elif self.save_best_only and (self._seen or self.monitor in self._fields):
            # differs from Keras, which here replaces the best model by one it knows nothing of
            return
        path = self.path_for(epoch, logs, batch)
        if os.path.isdir(path):
            raise OptionError(
                self._where,
                "the path is a folder",
                expected="the name of a file",
                got=repr(path),
                hint=f"for example {os.path.join(path, 'weights.{epoch:02d}.h5')!r}",
            )
        if self.verbose:
            say(f"Epoch {epoch + 1}: {reason}saving to {path}")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if current is not None:
            self.best = current  # only now: a save that failed is tried again


class _Fields(dict[str, float]):
    """The values of a file name, where `val_acc` also finds `val_accuracy`."""

    def __missing__(self, name: str) -> float:
        full_name = logged_name(name, self)
        if full_name == name:
            raise KeyError(name)
        return self[full_name]
