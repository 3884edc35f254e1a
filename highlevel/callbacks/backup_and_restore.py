"""BackupAndRestore: a training that was cut off goes on when the program runs again."""

from __future__ import annotations

import os
from contextlib import suppress

from thalweg.core.errors import OptionError

from .base import Callback, Logs, say

__all__ = ["BackupAndRestore"]


class BackupAndRestore(Callback):
    """Saves weights, optimizer and random numbers after each epoch; `fit` begins after the last.

    The program is run again as it was: it builds and compiles the same model, and `fit` finds the
    backup, skips the epochs that are done, and gives the bits of a training that was not cut off:
    from arrays, and from data whose batches follow from their numbers. An iterator is not skipped.
    What other callbacks remember is not kept.

    Args:
        backup_dir: the folder, for one training alone; it is made if it is missing.
        save_freq: `"epoch"`; inside of an epoch nothing is saved.
        double_checkpoint: ignored: a backup appears whole or not at all.
        delete_checkpoint: whether the backup is removed when training has ended well.

    Raises:
        OptionError: for another `save_freq`; in `fit`, if there is a backup and the model does not
            know its input shape yet.
        FileFormatError: in `fit`, if the backup is of another model.

    Example:
        >>> BackupAndRestore("backup").path
        'backup/backup.h5'
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        if save_freq != "epoch":
            raise OptionError(
                "BackupAndRestore",
                "backups are made between epochs",
                expected="save_freq='epoch'",
                got=repr(save_freq),
                hint="an epoch is steps_per_epoch batches, if that is given",
            )
        self.backup_dir = os.fspath(backup_dir)
        self.delete_checkpoint = delete_checkpoint

    @property
    def path(self) -> str:
        """The file."""
        return os.path.join(self.backup_dir, "backup.h5")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Goes on from the backup, if there is one."""
        if not os.path.exists(self.path):
            return
        from ..saving.backup import load_backup

        if not self.model.built:
            raise OptionError(
                "BackupAndRestore",
                "the model has no weights yet that a backup could be read into",
                expected="a model that knows its input shape",
                got=repr(self.model),
                hint="declare it (Input, input_shape=…), or build(input_shape)",
            )
        done = load_backup(self.model, self.path)
        self.model.skip_epochs(done)
        if (self.params or {}).get("verbose"):
            say(f"{self.path}: going on after {done} epoch{'s' if done != 1 else ''}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Replaces the backup."""
        from ..saving.backup import save_backup

        os.makedirs(self.backup_dir, exist_ok=True)
        save_backup(self.model, self.path, epoch + 1)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Removes the backup, and the folder if there is nothing else in it."""
        if self.delete_checkpoint:
            with suppress(OSError):
                os.remove(self.path)
                os.rmdir(self.backup_dir)
