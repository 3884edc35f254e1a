"""Reads notebooks: their code cells, with what only IPython understands taken out."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from thalweg.core.errors import FileFormatError

__all__ = ["Cell", "read_notebook"]

_RUN_BODY = {"%%time", "%%timeit", "%%capture", "%%prun"}  # cell magics whose cell is still Python
_MAGIC = re.compile(r"\s*(?:[%!?]|[\w\s,.]+=\s*[%!]|.*\?\s*$)")


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes:
        number: among the code cells, from 1.
        name: what stands in tracebacks for a file, `"digits.ipynb, cell 3"`.
        source: its text, each line where it was.
        skipped: numbers and texts of the lines that were taken out.
    """

    number: int
    name: str
    source: str
    skipped: tuple[tuple[int, str], ...] = ()

    def parsed(self) -> tuple[ast.Module, ast.Module | None]:
        """The statements; and the last expression, if the cell ends with one, set to `__value__`.

        Raises:
            SyntaxError: if it is not Python.
        """
        tree = ast.parse(self.source, self.name)
        if not tree.body or not isinstance(tree.body[-1], ast.Expr):
            return tree, None
        if self.source.rstrip().endswith(";"):
            return tree, None
        last = tree.body.pop()
        assert isinstance(last, ast.Expr)  # noqa: S101
        target = ast.Name("__value__", ast.Store())
        ending = ast.Module([ast.Assign([target], last.value)], [])
        ast.copy_location(ending.body[0], last)
        return tree, ast.fix_missing_locations(ending)


def read_notebook(path: str) -> list[Cell]:
    """The code cells of a Jupyter notebook, of version 3 or 4 of the format.

    Args:
        path: the file.

    Raises:
        FileFormatError: if it is none.
    """
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        sources = list(_sources(data))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FileFormatError(
            "run",
            "not a Jupyter notebook",
            expected="JSON with cells, as Jupyter writes it",
            got=f"{path}: {type(error).__name__}: {error}",
        ) from None
    name = os.path.basename(path)
    return [
        _cell(number, f"{name}, cell {number}", source)
        for number, source in enumerate(sources, start=1)
        if source.strip()
    ]


def _sources(data: dict[str, Any]) -> Iterator[str]:
    cells = data["cells"] if "cells" in data else data["worksheets"][0]["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            source = cell["source"] if "source" in cell else cell["input"]
            yield source if isinstance(source, str) else "".join(source)


def _cell(number: int, name: str, source: str) -> Cell:
    """Takes out what is not Python but IPython's: only lines at which Python stumbles."""
    lines = source.split("\n")
    skipped: list[tuple[int, str]] = []
    first = lines[0].split()
    if first and first[0].startswith("%%"):
        skipped.append((1, lines[0].strip()))
        body = lines[1:] if first[0] in _RUN_BODY else [""] * len(lines[1:])
        lines = ["", *body]
    while True:
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = (error.lineno or 1) - 1
            if at >= len(lines) or not _MAGIC.match(lines[at]):
                break  # it is told when the cell runs
            skipped.append((at + 1, lines[at].strip()))
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines[at] = f"{indent}pass"
        else:
            break
    return Cell(number, name, "\n".join(lines), tuple(skipped))
