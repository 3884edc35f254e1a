"""The program `thalweg`, which is also `python -m thalweg`.

A command is a function in a file of its own, imported when it is asked for; what it does is done
by functions of `thalweg.applications`, which programs can call as well. Exit codes: 0, 1 where the
work failed, 2 where the command line is wrong, 130 after Ctrl-C.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click

from thalweg import __version__
from thalweg.core.errors import ThalwegError

from .output import say_error, say_warning, tolerate_encodings

__all__ = ["main", "program"]

_COMMANDS = {  # command -> module and function
    "predict": ("predict", "predict"),
    "train": ("train", "train"),
    "evaluate": ("evaluate", "evaluate"),
    "summary": ("summary", "summary"),
    "inspect": ("inspect", "inspect"),
    "doctor": ("doctor", "doctor"),
    "run": ("programs", "run"),
    "info": ("programs", "info"),
}


class _Program(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Their names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of a name."""
        if name not in _COMMANDS:
            return None
        module, function = _COMMANDS[name]
        found = getattr(importlib.import_module(f"{__name__}.{module}"), function)
        return found  # type: ignore[no-any-return]


@click.command(
    cls=_Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="“thalweg COMMAND --help” says what a command takes.",
)
@click.version_option(__version__, message="thalweg %(version)s")
@click.pass_context
def program(context: click.Context) -> None:
    """Classifies pictures, trains on folders of them, and looks into model files."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: what follows `thalweg`; from the command line if None.

    Returns:
        The exit code. A SystemExit of a program that `run` runs passes through.

    >>> main(["--version"])
    thalweg 0.1.0
    0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["run"]:  # what it runs, and its warnings, are not ours
        return _code(program.main(words, prog_name="thalweg", standalone_mode=False))
    tolerate_encodings()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = say_warning
            return _code(program.main(words, prog_name="thalweg", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (ThalwegError, OSError) as error:
        say_error(error)
        return 1
    except click.Abort:  # Ctrl-C
        return 130


def _code(result: Any) -> int:
    """The exit code of what a command returned."""
    return result if isinstance(result, int) else 0
