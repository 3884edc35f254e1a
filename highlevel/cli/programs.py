"""Runs programs as `python` does: scripts, modules, and the cells of notebooks.

What a program finds (`__name__`, `__file__`, `sys.argv`, `sys.path[0]`, the working folder) and
what becomes of its exceptions and exit codes is what `python` itself would give; a traceback
begins at the program's first line.
"""

from __future__ import annotations

import builtins
import concurrent.futures.thread
import contextlib
import importlib.abc
import linecache
import os
import re
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, TracebackType
from typing import Any

from thalweg.core.errors import nearest

from .notebook import Cell

__all__ = ["run_module", "run_notebook", "run_script"]

_HERE = os.path.dirname(__file__)


def run_script(path: str, source: bytes, arguments: Sequence[str]) -> int:
    """Runs a script.

    Args:
        path: the file, as it was given.
        source: what is in it.
        arguments: those of the script.

    Returns:
        The exit code; a SystemExit passes through.
    """
    full = os.path.abspath(path)
    with _program([path, *arguments], os.path.dirname(os.path.realpath(full))) as main:
        main.__file__ = full
        return _outcome(lambda: _Code(full, source).exec_module(main))


def run_module(name: str, arguments: Sequence[str]) -> int:
    """Runs a module, or the `__main__` of a package, as `python -m` does.

    Args:
        name: of the module.
        arguments: those of the module.

    Returns:
        The exit code; a SystemExit passes through.
    """
    with _program(["-m", *arguments], os.getcwd()):
        return _outcome(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))


def run_notebook(path: str, cells: Sequence[Cell], arguments: Sequence[str]) -> int:
    """Runs the code cells of a notebook one after the other, in the notebook's folder.

    What a cell prints comes below its number, and the value of its last expression, too.

    Args:
        path: the file.
        cells: what is in it.
        arguments: what the notebook finds in `sys.argv`.

    Returns:
        The exit code; a SystemExit passes through.
    """
    if not _has_display():
        os.environ.setdefault("MPLBACKEND", "Agg")
    full = os.path.realpath(path)
    with (
        _program([path, *arguments], os.path.dirname(full)) as main,
        _in_folder(os.path.dirname(full)),
    ):
        main.__dict__["display"] = _display
        for cell in cells:
            sys.stdout.write(f"[{cell.number}]\n")
            for line, text in cell.skipped:
                sys.stderr.write(f"{cell.name}, line {line}: skipped {text!r}\n")
            code = _outcome(lambda cell=cell: _run_cell(cell, main))  # type: ignore[misc]
            sys.stdout.flush()
            if code:
                return code
    return 0


class _Code(importlib.abc.InspectLoader):
    """Runs source text in a module, through the import system."""

    def __init__(self, filename: str, source: Any) -> None:
        self._filename = filename
        self._source = source

    def get_source(self, fullname: str) -> str | None:
        """None: tracebacks read the file."""
        return None

    def get_code(self, fullname: str) -> Any:
        """The compiled text."""
        return self.source_to_code(self._source, self._filename)


def _run_cell(cell: Cell, main: ModuleType) -> None:
    lines = cell.source.splitlines(keepends=True)
    linecache.cache[cell.name] = (len(cell.source), None, lines, cell.name)
    body, last = cell.parsed()
    _Code(cell.name, body).exec_module(main)
    if last is not None:
        main.__dict__["__value__"] = None
        _Code(cell.name, last).exec_module(main)
        _display(main.__dict__.pop("__value__"))


def _display(*values: object, **options: object) -> None:
    """What notebooks call to show something: here its text."""
    del options
    for value in values:
        if value is not None:
            sys.stdout.write(f"{value!r}\n")


@contextlib.contextmanager
def _program(argv: list[str], folder: str) -> Iterator[ModuleType]:
    """A new `__main__`, with `sys.argv` and `sys.path` as its program expects them."""
    main = ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __cached__=None)
    before = sys.modules["__main__"], sys.argv, list(sys.path)
    others = set(threading.enumerate())
    sys.modules["__main__"] = main
    sys.argv = argv
    if not getattr(sys.flags, "safe_path", False):
        sys.path[:1] = [folder]
    try:
        yield main
    finally:
        for thread in set(threading.enumerate()) - others:
            if not thread.daemon and not _is_of_pool(thread):
                thread.join()  # it may still import something
        sys.modules["__main__"], sys.argv, sys.path[:] = before


def _is_of_pool(thread: threading.Thread) -> bool:
    """Whether it waits for tasks until the process ends; nobody but the pool's module knows."""
    return thread in getattr(concurrent.futures.thread, "_threads_queues", ())


@contextlib.contextmanager
def _in_folder(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _has_display() -> bool:
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# What becomes of exceptions -----------------------------------------------------------------------


def _outcome(run: Callable[[], object]) -> int:
    """Runs; tells of an exception as `python` does, and returns the exit code."""
    try:
        run()
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = _without_ours(error.__traceback__)
        tell = sys.excepthook
        if tell is sys.__excepthook__:
            tell = traceback.print_exception  # it finds the lines of cells, too
        tell(type(error), error, error.__traceback__)
        hint = _import_hint(error)
        if hint:
            sys.stderr.write(f"{hint}\n")
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the program's first frame on, without ours at its end."""
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    last = end = trace
    while end is not None:
        if not _is_ours(end):
            last = end
        end = end.tb_next
    if last is not None:
        last.tb_next = None
    return trace


def _is_ours(trace: TracebackType) -> bool:
    """True for a frame of what runs the program."""
    file = trace.tb_frame.f_code.co_filename
    runs = (runpy.__file__, importlib.abc.__file__)
    return os.path.dirname(file) == _HERE or file.startswith("<frozen ") or file in runs


def _import_hint(error: BaseException) -> str | None:
    """The nearest name, where `from keras.x import y` failed; the error itself cannot tell it."""
    found = re.match(r"cannot import name '(\w+)'", str(error))
    module = sys.modules.get(getattr(error, "name", None) or "")
    if not isinstance(error, ImportError) or found is None or module is None:
        return None
    hint = nearest(found[1], dir(module))
    return f"thalweg has no {error.name}.{found[1]}" + (f": {hint}" if hint else "")
