"""The program `thalweg` in a folder with a model and pictures."""

import os
import subprocess
import sys

import pytest
from colours import NAMES, colour_pixels, write_colour_model, write_folder, write_picture

from thalweg.applications.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder: `model.keras`, `red.png`, `green.png`, `blue.png`, `pictures/`."""
    monkeypatch.chdir(tmp_path)
    write_colour_model("model.keras")
    for name in NAMES:
        write_picture(f"{name}.png", colour_pixels(name, side=30))
    write_folder("pictures", {name: 5 for name in NAMES})
    return tmp_path


@pytest.fixture
def thalweg(folder, capsys):
    """Runs the program in this process: exit code, output, errors."""

    def thalweg(*words):
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return thalweg


@pytest.fixture
def process(folder):
    """Runs the program as a process of its own: exit code, output, errors."""

    def process(*words, **environment):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "thalweg", *words],
            capture_output=True,
            encoding="utf-8",
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        )
        return done.returncode, done.stdout, done.stderr

    return process
