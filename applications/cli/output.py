"""How the program speaks: colours and bars on a terminal, plain lines elsewhere, errors, JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from thalweg.core.errors import ThalwegError

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "bar",
    "bytes_text",
    "percent",
    "say_error",
    "say_json",
    "say_table",
    "say_warning",
    "simple_table",
    "tolerate_encodings",
]

_BAR_CHARACTERS = 20
_PIPE_WIDTH = 200


def say_table(table: Table) -> None:
    """Writes a table after an empty line; its texts are data, in which brackets mean nothing."""
    from rich.console import Console

    # A pipe has no width; lines are not broken for it.
    is_terminal = sys.stdout.isatty()
    out = Console(
        highlight=False,
        markup=False,
        emoji=False,
        width=None if is_terminal else _PIPE_WIDTH,
        force_terminal=is_terminal,
    )
    with out.capture() as captured:
        out.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    click.echo("\n" + "\n".join(lines))


def simple_table(*headings: str) -> Table:
    """A table without a frame; headings that begin with `>` are of columns of numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        is_number = heading.startswith(">")
        table.add_column(
            heading.removeprefix(">"), justify="right" if is_number else "left", overflow="fold"
        )
    return table


def bar(part: float) -> str:
    """A bar for a part in 0..1.

    >>> bar(0.5)
    '██████████'
    """
    return "█" * round(part * _BAR_CHARACTERS)


def bytes_text(size: int) -> str:
    """A number of bytes, as people say it.

    >>> bytes_text(1500), bytes_text(3 << 20)
    ('1.5 kB', '3.1 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    value, unit = size / 1000, "kB"
    for larger in ("MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"


def percent(part: float) -> str:
    """A part in 0..1 in per cent, of which certainty alone is 100.

    >>> percent(0.5), percent(0.99999), percent(1.0)
    ('50.0 %', '99.9 %', '100.0 %')
    """
    shown = min(part, 0.999) if part < 1 else 1.0
    return f"{100 * shown:.1f} %"


def tolerate_encodings() -> None:
    """Lets streams that are not UTF-8 show `?` for what they have no sign for, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
        if encoding != "utf8" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def say_json(data: Any) -> None:
    """Writes data as JSON, for programs."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def say_error(error: BaseException) -> None:
    """Writes what went wrong to the error stream: what the error says, no traceback."""
    if isinstance(error, ThalwegError):
        error.site = None  # a line of this program says nothing to its user
        text = str(error)
    elif isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    else:
        text = str(error) or type(error).__name__
    click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True)


def say_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Writes a warning to the error stream, without the line of code that gave it."""
    del category, filename, lineno, file, line
    text = str(message).removeprefix("thalweg: ")
    click.echo(f"{click.style('warning:', fg='yellow')} {text}", err=True)
