"""JSON of model files: parsed with limits, since a file may be damaged or meant to do harm."""

from __future__ import annotations

import json
from typing import Any

from thalweg.core.errors import FileFormatError

__all__ = ["MAX_BYTES", "parse_bytes", "parse_object"]

# The configuration of a network of a thousand layers has about a million characters; a parsed
# list costs sixty bytes for two characters.
_MAX_CHARACTERS = 1 << 23
MAX_BYTES = 4 * _MAX_CHARACTERS
_MAX_DEPTH = 100  # a model inside a model adds four


def parse_bytes(content: bytes, where: str, what: str) -> dict[str, Any]:
    """The object that a JSON text in UTF-8 holds; arguments and errors as of `parse_object`."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise FileFormatError(where, f"{what} is no UTF-8", got=str(error)[:200]) from error
    return parse_object(text, where, what)


def parse_object(text: str, where: str, what: str) -> dict[str, Any]:
    """The object that a JSON text holds.

    Args:
        text: the JSON.
        where: the file, or the function it was given to.
        what: what it is, for messages: `"model_config"`.

    Raises:
        FileFormatError: if it is damaged, too large, nested too deeply, or no object.

    >>> parse_object('{"name": "lenet"}', "model.h5", "model_config")
    {'name': 'lenet'}
    """
    if len(text) > _MAX_CHARACTERS:
        raise FileFormatError(
            where,
            f"{what} is too large",
            expected=f"at most {_MAX_CHARACTERS} characters",
            got=str(len(text)),
        )
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileFormatError(
            where,
            f"{what} is not whole JSON",
            got=f"{error.msg} at character {error.pos} of {len(text)}",
            hint="the file was cut off or damaged; get it again",
        ) from error
    except RecursionError as error:
        raise _too_deep(where, what) from error
    except ValueError as error:  # a number of thousands of digits
        raise FileFormatError(where, f"{what} cannot be read", got=str(error)) from error
    if not isinstance(parsed, dict):
        raise FileFormatError(
            where, f"{what} is no JSON object", expected="{…}", got=type(parsed).__name__
        )
    _check(parsed, where, what)
    return parsed


def _check(parsed: Any, where: str, what: str) -> None:
    """Looks at depth and strings, without recursion."""
    level = [parsed]
    for _ in range(_MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not _is_text(item):
                raise FileFormatError(where, f"{what} holds half a character", got=ascii(item[:80]))
        if not below:
            return
        level = below
    raise _too_deep(where, what)


def _is_text(value: str) -> bool:
    """Whether it can be written: JSON can spell halves of characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep(where: str, what: str) -> FileFormatError:
    return FileFormatError(
        where, f"{what} is nested too deeply", expected=f"at most {_MAX_DEPTH} levels"
    )
