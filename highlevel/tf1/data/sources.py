"""Where elements come from: arrays, Python generators, files."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np

from thalweg.core import DtypeError, TensorType, as_array, shape_text

from ..errors import InvalidArgumentError, NotFoundError
from .base import Element
from .passes import Pass

__all__ = ["counted", "generated", "lines", "matching_files", "records", "slices"]


def slices(run: Pass, parts: Sequence[Any]) -> Iterator[Element]:
    """The rows of arrays."""
    arrays = [np.asarray(run.value(part)) for part in parts]
    if len({len(array) for array in arrays}) > 1:
        told = ", ".join(shape_text(array.shape) for array in arrays)
        raise InvalidArgumentError(None, None, f"arrays of {told} have not the same length")
    for row in range(len(arrays[0])):
        yield tuple(np.asarray(array[row], array.dtype) for array in arrays)


def generated(
    run: Pass, generator: Callable[..., Any], types: Sequence[TensorType], split: Any, args: Any
) -> Iterator[Element]:
    """What a Python generator gives, checked against the declared types."""
    values = [np.asarray(run.value(argument)) for argument in args]
    for item in generator(*values):
        parts = split(item)
        if len(parts) != len(types):
            raise InvalidArgumentError(
                None, None, f"the generator gave {len(parts)} parts; declared are {len(types)}"
            )
        yield tuple(_checked(part, type_) for part, type_ in zip(parts, types, strict=True))


def _checked(value: Any, type_: TensorType) -> Any:
    try:
        array = np.asarray(as_array(value, type_.dtype))
    except DtypeError as error:
        raise InvalidArgumentError(
            None, None, f"the generator gave {error.got}; declared is {type_}"
        ) from error
    if not type_.accepts_shape(array.shape):
        raise InvalidArgumentError(
            None, None, f"the generator gave {shape_text(array.shape)}; declared is {type_}"
        )
    return array


def matching_files(patterns: Any) -> list[bytes]:
    """The files that fit one of the patterns, sorted.

    Raises:
        InvalidArgumentError: if there are none.
    """
    texts = [os.fsdecode(pattern) for pattern in np.asarray(patterns, object).reshape(-1)]
    found = sorted({os.fsencode(path) for text in texts for path in glob.glob(text)})
    if not found:
        raise InvalidArgumentError(None, None, f"no files matched {', '.join(texts)}")
    return found


def _opened(paths: Any) -> Iterator[Any]:
    for path in np.asarray(paths, object).reshape(-1):
        try:
            file = open(os.fsdecode(path), "rb")
        except FileNotFoundError as error:
            raise NotFoundError(None, None, f"{error.filename}; {error.strerror}") from error
        with file:
            yield file


def lines(paths: Any) -> Iterator[Element]:
    """The lines of files, without their ends."""
    for file in _opened(paths):
        for line in file:
            text = line[:-1] if line.endswith(b"\n") else line
            yield (_text(text[:-1] if text.endswith(b"\r") else text),)


def records(paths: Any, size: int, header: int, footer: int) -> Iterator[Element]:
    """Pieces of `size` bytes of files, without what stands at the beginning and the end."""
    for file in _opened(paths):
        inner = os.fstat(file.fileno()).st_size - header - footer
        if inner < 0 or inner % size:
            raise InvalidArgumentError(
                None, None, f"{file.name}: {inner} bytes are not a multiple of {size}"
            )
        file.seek(header)
        for _ in range(inner // size):
            yield (_text(file.read(size)),)


def _text(value: bytes) -> Any:
    array = np.empty((), object)
    array[()] = value
    return array


def counted(start: int) -> Iterator[Any]:
    """Integers from a number on, as arrays."""
    return (np.asarray(number, np.int64) for number in count(start))
