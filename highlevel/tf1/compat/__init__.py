"""`tf.compat`: `tf.compat.v1` is `tf` itself, and texts of two kinds become one.

>>> import thalweg.tf1 as tf
>>> import thalweg.tf1.compat.v1 as v1
>>> v1 is tf is tf.compat.v1
True
>>> tf.compat.as_bytes("é"), tf.compat.as_text(b"text")
(b'\\xc3\\xa9', 'text')
"""

from __future__ import annotations

import numbers
import os
import sys
from typing import Any

import numpy as np

from thalweg import tf1 as v1
from thalweg.core import DtypeError

__all__ = [
    "as_bytes",
    "as_str",
    "as_str_any",
    "as_text",
    "bytes_or_text_types",
    "complex_types",
    "dimension_at_index",
    "dimension_value",
    "integral_types",
    "path_to_str",
    "real_types",
    "v1",
]

sys.modules[f"{__name__}.v1"] = v1  # so that `import thalweg.tf1.compat.v1 as tf` finds it

integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)
bytes_or_text_types = (bytes, str)


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Text or bytes as bytes.

    Raises:
        DtypeError: if it is neither.
    """
    if isinstance(bytes_or_text, bytearray):
        return bytes(bytes_or_text)
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text
    raise _no_text("as_bytes", bytes_or_text)


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Text or bytes as text.

    Raises:
        DtypeError: if it is neither.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise _no_text("as_text", bytes_or_text)


as_str = as_text


def as_str_any(value: Any) -> str:
    """Bytes as text, and anything else as Python prints it."""
    return as_text(value) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """A path object as text; anything else as it is."""
    return os.fspath(path) if hasattr(path, "__fspath__") else path


def dimension_value(dimension: Any) -> int | None:
    """A size as a number, or None."""
    size: int | None = getattr(dimension, "value", dimension)
    return size


def dimension_at_index(shape: Any, index: int) -> Any:
    """The size of an axis; None where the rank is unknown."""
    return None if shape is None else shape[index]


def _no_text(where: str, value: Any) -> DtypeError:
    return DtypeError(where, "neither bytes nor text", expected="bytes or str", got=repr(value))
