"""Data sets of files."""

from __future__ import annotations

from typing import Any

from thalweg.core import OptionError, TensorType, string

from . import sources
from .dataset import Dataset
from .parts import as_value, number

__all__ = ["FixedLengthRecordDataset", "TextLineDataset"]


def _refuse_compression(where: str, compression_type: Any) -> None:
    if compression_type:
        raise OptionError(
            where, "files are read as they are", expected="None", got=repr(compression_type)
        )


class TextLineDataset(Dataset):
    """The lines of text files, without their ends.

    Args:
        filenames: a path or several, as a tensor may be.
        compression_type: None: compressed files are refused.
        buffer_size: ignored.
        num_parallel_reads: ignored: one file is read after the other.

    Raises:
        OptionError: for a compression.
        NotFoundError: in the run, of `tf.errors`, for a file that is not there.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        _refuse_compression("TextLineDataset", compression_type)
        paths = as_value(filenames)
        super().__init__(
            TensorType(string, ()), lambda run: sources.lines(run.value(paths)), tensors=[paths]
        )


class FixedLengthRecordDataset(Dataset):
    """Pieces of `record_bytes` bytes of files.

    Args:
        filenames: a path or several, as a tensor may be.
        record_bytes: the length of a piece.
        header_bytes: how many are left out at the beginning of each file.
        footer_bytes: how many are left out at its end.
        buffer_size: ignored.
        compression_type: None: compressed files are refused.
        num_parallel_reads: ignored: one file is read after the other.

    Raises:
        OptionError: for a compression.
        InvalidArgumentError: in the run, of `tf.errors`, if a file is not a number of pieces long.
    """

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        _refuse_compression("FixedLengthRecordDataset", compression_type)
        paths = as_value(filenames)
        sizes = [
            number(record_bytes, "record_bytes", 1),
            number(header_bytes or 0, "header_bytes", 0),
            number(footer_bytes or 0, "footer_bytes", 0),
        ]
        super().__init__(
            TensorType(string, ()),
            lambda run: sources.records(
                run.value(paths), *(int(run.value(size)) for size in sizes)
            ),
            tensors=[paths, *sizes],
        )
