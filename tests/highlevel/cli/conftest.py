"""Programs in a folder of their own."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from thalweg.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder: empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    return tmp_path


@pytest.fixture
def write(folder):
    """Writes a file, dedented."""

    def write(name, text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def notebook(folder):
    """Writes a notebook of the given code cells."""

    def write(name, *sources, version=4):
        cells = [{"cell_type": "markdown", "source": ["# Title\n"]}]
        key = "source" if version == 4 else "input"
        cells += [{"cell_type": "code", key: textwrap.dedent(s).strip("\n")} for s in sources]
        data = {"cells": cells} if version == 4 else {"worksheets": [{"cells": cells}]}
        (folder / name).write_text(json.dumps({**data, "nbformat": version}), encoding="utf-8")
        return folder / name

    return write


@pytest.fixture
def run(folder, capsys):
    """Runs `python -m thalweg run …` in this process: exit code, output, errors."""

    def run(*words):
        code = main(["run", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def python(folder):
    """Runs a fresh python: exit code, output, errors."""

    def python(*words, **environment):
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )
        return done.returncode, done.stdout, done.stderr

    return python
