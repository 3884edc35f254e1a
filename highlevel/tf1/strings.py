"""`tf.strings`: strings under the newer address."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .arguments import missing_name
from .text import (
    as_string,
    regex_replace,
    substr,
)
from .text import (
    string_join as join,
)
from .text import (
    string_strip as strip,
)
from .text import (
    string_to_hash_bucket_fast as to_hash_bucket_fast,
)
from .text import (
    string_to_number as to_number,
)

__all__ = [
    "as_string",
    "join",
    "length",
    "lower",
    "regex_full_match",
    "regex_replace",
    "strip",
    "substr",
    "to_hash_bucket_fast",
    "to_number",
    "upper",
]

__getattr__ = missing_name(__name__, __all__)


def length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """The bytes of each string, or with "UTF8_CHAR" its characters; int32."""
    return core.string_length(input, unit, name)


def lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Strings in lower case: A to Z, or with "utf-8" all letters."""
    return core.string_lower(input, encoding, name)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Strings in upper case: a to z, or with "utf-8" all letters."""
    return core.string_upper(input, encoding, name)


def regex_full_match(input: Any, pattern: str, name: str | None = None) -> Tensor:
    """Whether a regular expression matches all of each string."""
    return core.regex_full_match(input, pattern, name)
