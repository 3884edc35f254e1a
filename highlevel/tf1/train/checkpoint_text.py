"""The text of the file `checkpoint`, which lists the checkpoints of a folder.

It is TF1's: lines of `key: "text"` or `key: number`, in which bytes other than plain letters are
written as in C.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from thalweg.core.errors import FileFormatError

__all__ = ["MAX_BYTES", "CheckpointState", "parsed", "written"]

MAX_BYTES = 1 << 24
_LINE = re.compile(r'\s*(\w+)\s*:\s*(?:"((?:[^"\\\n]|\\.)*)"|([-+.\w]+))\s*')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)")
_SHORT = {"n": b"\n", "r": b"\r", "t": b"\t"}
_KINDS = {
    "model_checkpoint_path": str,
    "all_model_checkpoint_paths": str,
    "all_model_checkpoint_timestamps": float,
    "last_preserved_timestamp": float,
}


@dataclass
class CheckpointState:
    """What the file `checkpoint` says.

    Attributes:
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: those that are kept, the oldest first.
        all_model_checkpoint_timestamps: when each was written, in seconds since 1970.
        last_preserved_timestamp: when one was last kept for good.
    """

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float = 0.0


def written(state: CheckpointState) -> bytes:
    """The bytes of the file."""
    lines = [f"model_checkpoint_path: {_quoted(state.model_checkpoint_path)}"]
    lines += [f"all_model_checkpoint_paths: {_quoted(p)}" for p in state.all_model_checkpoint_paths]
    times = state.all_model_checkpoint_timestamps
    lines += [f"all_model_checkpoint_timestamps: {moment!r}" for moment in times]
    if state.last_preserved_timestamp:
        lines.append(f"last_preserved_timestamp: {state.last_preserved_timestamp!r}")
    return ("\n".join(lines) + "\n").encode("ascii")


def _quoted(text: str) -> str:
    """A text between quotes, in plain letters.

    >>> _quoted('a"é')
    '"a\\\\"\\\\303\\\\251"'
    """
    special = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n"}
    letters = [
        special.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
        for byte in os.fsencode(text)
    ]
    return f'"{"".join(letters)}"'


def _unquoted(text: str) -> str:
    """The way back."""
    result, end = b"", 0
    for match in _ESCAPE.finditer(text):
        result += text[end : match.start()].encode()
        code, end = match[1], match.end()
        if code[0] in "01234567":
            result += bytes([int(code, 8) & 0xFF])
        elif code[0] == "x" and len(code) > 1:
            result += bytes([int(code[1:], 16)])
        else:
            result += _SHORT.get(code, code.encode())
    return os.fsdecode(result + text[end:].encode())


def parsed(content: bytes, path: str) -> CheckpointState:
    """What the bytes of a file say; keys that are not known are left out.

    Raises:
        FileFormatError: if it is damaged or of another kind.
    """
    state = CheckpointState()
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        for line in content.decode().splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                _take(state, line)
    except ValueError as error:
        raise FileFormatError(
            path,
            "not a list of checkpoints",
            expected='lines such as model_checkpoint_path: "model.ckpt-100"',
            got=str(error)[:200],
            hint="saving a checkpoint writes this file anew",
        ) from None
    return state


def _take(state: CheckpointState, line: str) -> None:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(repr(line))
    key, text, number = match.groups()
    if key not in _KINDS:
        return
    value = _unquoted(text) if number is None else float(number)
    if not isinstance(value, _KINDS[key]):
        raise ValueError(repr(line))
    if isinstance(getattr(state, key), list):
        getattr(state, key).append(value)
    else:
        setattr(state, key, value)
