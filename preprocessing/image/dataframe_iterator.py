"""`DataFrameIterator`: batches of the picture files named in a table."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.core import DataError, nearest, user_site

from .file_iterator import FileIterator, one_of_modes
from .listing import existing_folder, tell
from .reading import MAX_PIXELS

__all__ = ["DataFrameIterator"]

Array = np.ndarray[Any, Any]

_WHERE = "flow_from_dataframe"
_LABELS = ("categorical", "binary", "sparse")


class DataFrameIterator(FileIterator):
    """Batches of the picture files named in a table.

    Args:
        dataframe: the table: a pandas or polars DataFrame, a dict of columns, or anything else
            that gives the values of a column for its name.
        directory: folder that names of files start from; None for the current one.
        image_data_generator: what transforms the pictures, or None.
        x_col: column of the files' names, strings.
        y_col: column of the targets; for "raw" it may be a list, for "multi_output" it is one.
        weight_col: column of the samples' weights, numbers, or None.
        target_size, color_mode, batch_size, shuffle, seed, data_format, save_to_dir,
            save_prefix, save_format, interpolation, dtype, keep_aspect_ratio, exif, max_pixels,
            on_error, cache_bytes, prefetch, verbose: see `DirectoryIterator`.
        classes: the classes, in the order of their numbers; rows of others are left out. None
            for all, sorted.
        class_mode: what targets are: "categorical" has a column a class; a row's class is a
            string, or a list of several. "binary" and "sparse" have the class's number, "input"
            the transformed picture itself, "raw" the values of `y_col`, "multi_output" a list of
            the values of its columns. None has no targets.
        subset: "validation" for the first rows, of which the generator's `validation_split`
            says how many, "training" for the rest, None for all.
        validate_filenames: whether rows whose file is missing, or has no picture's ending, are
            left out, with a warning.

    Attributes:
        filenames: as in the table, of the rows that are left.
        filepaths: the same with the folder.
        classes: the number of each row's class, or a list of them.
        class_indices: name -> number of each class.
        samples: how many rows are left.
        skipped: path -> reason, of files that could not be read.

    Raises:
        OptionError: for an argument outside its values.
        DataError: if a column is missing or has other values than its mode needs, or no row is
            left.
    """

    allowed_class_modes = (
        "binary",
        "categorical",
        "input",
        "multi_output",
        "raw",
        "sparse",
        None,
    )

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: Any = "float32",
        validate_filenames: bool = True,
        *,
        keep_aspect_ratio: bool = False,
        exif: bool = True,
        max_pixels: int | None = MAX_PIXELS,
        on_error: str = "raise",
        cache_bytes: int | None = None,
        prefetch: int = 2,
        verbose: bool = True,
    ) -> None:
        self._set_up(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
            dtype,
            exif,
            max_pixels,
        )
        self.class_mode = one_of_modes(self, class_mode, self.allowed_class_modes)
        self.directory = "" if directory is None else existing_folder(_WHERE, directory)
        self.class_indices = {}
        self.classes = None
        table = _Table(dataframe)
        rows = self._valid_rows(table.files(x_col), x_col, validate_filenames)
        rows = self._set_targets(table, rows, y_col, classes)
        self.filenames = [table.files(x_col)[row] for row in rows]
        if weight_col is not None:
            self._weights = table.numbers(weight_col)[rows]
        if not rows:
            raise DataError(
                _WHERE, "no row is left", got=f"{len(table.files(x_col))} rows at first"
            )
        if verbose:
            kind = "validated" if validate_filenames else "non-validated"
            count = len(self.class_indices)
            classes_text = f" belonging to {count} classes" if class_mode in _LABELS else ""
            tell(f"Found {len(rows)} {kind} image filenames{classes_text}.")
        self._finish(self.directory, batch_size, shuffle, seed, on_error, cache_bytes, prefetch)

    def _valid_rows(self, files: list[str], x_col: str, is_checked: bool) -> list[int]:
        """Numbers of the rows whose files can be pictures."""
        if not is_checked:
            return list(range(len(files)))
        endings = tuple(f".{name}" for name in self.white_list_formats)
        is_there = [
            name.lower().endswith(endings) and os.path.isfile(os.path.join(self.directory, name))
            for name in files
        ]
        if not all(is_there):
            first = files[is_there.index(False)]
            warnings.warn(
                f"thalweg: {is_there.count(False)} files named in x_col={x_col!r} are missing or "
                f"are no pictures by their names, and are left out; the first is {first!r}",
                UserWarning,
                stacklevel=4,
            )
        return [row for row, is_valid in enumerate(is_there) if is_valid]

    def _set_targets(
        self, table: _Table, rows: list[int], y_col: Any, classes: Sequence[str] | None
    ) -> list[int]:
        """Sets what targets are made of; returns the rows that have some, of this subset."""
        mode = self.class_mode
        if mode in _LABELS:
            return self._set_classes(table.labels(y_col, str(mode)), rows, classes)
        if classes:
            warnings.warn(
                f"thalweg: classes has no effect with class_mode={mode!r}",
                UserWarning,
                stacklevel=4,
            )
        rows = rows[self._part(len(rows))]
        if mode == "multi_output":
            if not isinstance(y_col, list | tuple):
                raise DataError(
                    _WHERE,
                    "class_mode 'multi_output' needs several columns",
                    expected="y_col: a list of names",
                    got=repr(y_col),
                    site=user_site(),
                )
            self._targets = [_array(table.column(name), name)[rows] for name in y_col]
        elif mode == "raw":
            names = [y_col] if isinstance(y_col, str) else list(y_col)
            columns = [_array(table.column(name), name)[rows] for name in names]
            self._targets = columns[0] if isinstance(y_col, str) else np.stack(columns, axis=-1)
        return rows

    def _set_classes(
        self, labels: list[Any], rows: list[int], classes: Sequence[str] | None
    ) -> list[int]:
        names = list(dict.fromkeys(classes)) if classes else None
        known = set(names or (name for row in rows for name in _names(labels[row])))
        if names is None:
            names = sorted(known)
        if self.class_mode == "binary" and len(names) != 2:
            raise DataError(
                _WHERE,
                "class_mode 'binary' needs two classes",
                expected="two",
                got=f"{len(names)}: {', '.join(map(repr, names[:5]))}",
                site=user_site(),
            )
        self.class_indices = dict(zip(names, range(len(names)), strict=True))
        rows = [row for row in rows if known.intersection(_names(labels[row]))]
        rows = rows[self._part(len(rows))]
        self.classes = [
            self.class_indices[labels[row]]
            if isinstance(labels[row], str)
            else [self.class_indices[name] for name in labels[row] if name in known]
            for row in rows
        ]
        return rows


class _Table:
    """Columns of a table of any kind, as lists."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        names = getattr(frame, "columns", None)
        if names is None:
            dtype = getattr(frame, "dtype", None)
            names = dtype.names if dtype is not None else getattr(frame, "keys", list)()
        self.names = [] if names is None else [str(name) for name in names]

    def column(self, name: Any) -> list[Any]:
        """The values of a column.

        Raises:
            DataError: if there is no such column.
        """
        if name not in self.names:
            raise DataError(
                _WHERE,
                f"there is no column {name!r}",
                expected=", ".join(map(repr, self.names)) or "a table with named columns",
                site=user_site(),
                hint=nearest(name, self.names),
            )
        values = self._frame[name]
        return values.tolist() if hasattr(values, "tolist") else list(values)

    def files(self, name: str) -> list[str]:
        """A column of strings.

        Raises:
            DataError: if it has others.
        """
        values = self.column(name)
        _require(values, name, (str,), "strings: the files' names")
        return values

    def labels(self, name: Any, mode: str) -> list[Any]:
        """A column of classes: strings or, for "categorical", lists of strings.

        Raises:
            DataError: if it has others.
        """
        values = self.column(name)
        if mode == "categorical":
            _require(values, name, (str, list, tuple), "strings, or lists of strings: classes")
        else:
            _require(values, name, (str,), "strings: classes")
        return values

    def numbers(self, name: str) -> Array:
        """A column of numbers.

        Raises:
            DataError: if it has others.
        """
        values = np.asarray(self.column(name))
        if values.dtype.kind not in "fiub":
            raise DataError(
                _WHERE,
                f"the weights in column {name!r} are no numbers",
                got=str(values.dtype),
                site=user_site(),
            )
        return values


def _require(values: list[Any], name: str, kinds: tuple[type, ...], expected: str) -> None:
    for row, value in enumerate(values):
        if not isinstance(value, kinds):
            raise DataError(
                _WHERE,
                f"the column {name!r} has other values",
                expected=expected,
                got=f"{value!r} in row {row}",
                site=user_site(),
                hint="class_mode='raw' takes numbers" if "classes" in expected else None,
            )


def _names(label: Any) -> list[str]:
    return [label] if isinstance(label, str) else list(label)


def _array(values: list[Any], name: str) -> Array:
    """A column as an array; rows may be arrays themselves."""
    try:
        return np.array(values)
    except ValueError as error:
        raise DataError(
            _WHERE, f"the column {name!r} is no array of numbers", got=str(error), site=user_site()
        ) from None
