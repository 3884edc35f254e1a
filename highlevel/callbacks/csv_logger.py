"""CSVLogger: writes the logs of every epoch as a line of a CSV file."""

from __future__ import annotations

import csv
import os

from thalweg.core import atomic_path
from thalweg.core.errors import FileFormatError, OptionError

from .base import Callback, Logs

__all__ = ["CSVLogger"]

_MISSING = "NA"


class CSVLogger(Callback):
    """Appends a line an epoch to a CSV file and flushes it, so it can be read at any time.

    The first column is `epoch`, counted from 0, then come the names of the logs in alphabetic
    order. A name that turns up later (a validation every other epoch, or in a training that
    goes on with an older file) becomes a new last column: the file is then rewritten, with
    `NA` in the lines before.

    Args:
        filename: the file; missing folders are made.
        separator: one character between the columns.
        append: go on with the file and its columns if it exists, else replace it.

    Raises:
        OptionError: the separator is not one character.
        FileFormatError: with `append`, the file does not start with a line of column names.

    Example:
        >>> CSVLogger("training.csv", separator=";").separator
        ';'
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        if not isinstance(separator, str) or len(separator) != 1 or separator in '\r\n"':
            raise OptionError(
                "CSVLogger",
                "bad separator",
                expected="one character, neither a quote nor the end of a line",
                got=repr(separator),
            )
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.columns: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Makes the file, or reads the columns of the one that is there."""
        self.columns = []
        os.makedirs(os.path.dirname(self.filename) or ".", exist_ok=True)
        if not self.append:
            open(self.filename, "w", encoding="utf-8").close()
            return
        rows = self._read()
        if not rows:
            return
        if rows[0][:1] != ["epoch"] or len(set(rows[0])) != len(rows[0]):
            raise FileFormatError(
                self.filename,
                "not a log to go on with",
                expected=f"a first line of names: epoch{self.separator}loss …",
                got=repr(self.separator.join(rows[0])),
                hint="is the separator the same? append=False starts a new file",
            )
        self.columns = rows[0][1:]
        if not self._ends_with_newline():
            # Edited by hand, or cut off: the next line must not go on with this one.
            self._rewrite(rows)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the line of the epoch."""
        logs = logs or {}
        added = sorted(name for name in logs if name not in self.columns)
        if added:
            self.columns += added
            self._rewrite(self._read())
        row = [epoch, *(logs.get(name, _MISSING) for name in self.columns)]
        with open(self.filename, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.separator).writerow(row)

    def _read(self) -> list[list[str]]:
        if not os.path.exists(self.filename):
            return []
        with open(self.filename, newline="", encoding="utf-8") as file:
            return [row for row in csv.reader(file, delimiter=self.separator) if row]

    def _ends_with_newline(self) -> bool:
        with open(self.filename, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _rewrite(self, rows: list[list[str]]) -> None:
        """Replaces the file by the same lines under the present columns."""
        header = ["epoch", *self.columns]
        with (
            atomic_path(self.filename) as path,
            open(path, "w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file, delimiter=self.separator)
            writer.writerow(header)
            for row in rows[1:]:
                writer.writerow(row + [_MISSING] * (len(header) - len(row)))
