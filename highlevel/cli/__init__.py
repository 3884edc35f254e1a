"""The commands `thalweg run script.py` and `thalweg info` of the command line.

`run` executes a program as `python` would, but what it imports as `tensorflow` or `keras` is
thalweg; `info` says what is installed. The whole program, with the commands on pictures and
models, is `thalweg.applications.cli`.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

from thalweg import __version__
from thalweg.core.errors import FileFormatError

__all__ = ["main"]

_RUN_USAGE = """\
thalweg run [--tf1] script.py [arguments]
       thalweg run [--tf1] notebook.ipynb [arguments]
       thalweg run [--tf1] -m module [arguments]"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: what follows `thalweg`; from the command line if None.

    Returns:
        The exit code. A SystemExit of the program that is run passes through.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="thalweg", description="Runs programs with thalweg, and says what it is."
    )
    parser.add_argument("--version", action="version", version=f"thalweg {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="command")
    run = commands.add_parser(
        "run",
        usage=_RUN_USAGE,
        help="run a script, module or notebook written for TensorFlow 1 or Keras",
        description="Runs a program as `python` would. In it, and in the files that it imports "
        "from beside it, `tensorflow` means thalweg.tf1 and `keras` means thalweg.",
    )
    run.add_argument(
        "--tf1",
        action="store_true",
        help="`tensorflow` and `keras` mean thalweg for installed packages as well",
    )
    commands.add_parser("info", help="versions, engine, devices, threads")
    if words[:1] == ["run"]:
        own, program = _divided(words[1:])
        options = parser.parse_args(["run", *own])
        if not program:
            run.error("there is nothing to run: name a script, a notebook, or -m and a module")
        return _run(program, options.tf1, run)
    if parser.parse_args(words).command == "info":
        from .info import information

        sys.stdout.write(information())
        return 0
    parser.print_help()
    return 0


def _divided(words: list[str]) -> tuple[list[str], list[str]]:
    """Our own options, and the program with all that follows it."""
    count = 0
    while count < len(words) and words[count].startswith("-") and words[count] != "-m":
        count += 1
    return words[:count], words[count:]


def _run(program: list[str], everywhere: bool, parser: argparse.ArgumentParser) -> int:
    from .imports import translated_imports
    from .notebook import read_notebook
    from .programs import run_module, run_notebook, run_script

    path, arguments = program[0], program[1:]
    try:
        if path == "-m":
            if not arguments:
                parser.error("-m needs the name of a module")
            run = functools.partial(run_module, arguments[0], arguments[1:])
        elif path.endswith(".ipynb"):
            run = functools.partial(run_notebook, path, read_notebook(path), arguments)
        else:
            with open(path, "rb") as file:
                run = functools.partial(run_script, path, file.read(), arguments)
    except OSError as error:
        parser.error(f"cannot open {path!r}: {error.strerror}")
    except FileFormatError as error:
        parser.error(str(error))
    with translated_imports(everywhere):
        return run()
