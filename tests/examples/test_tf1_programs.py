"""Programs in the idiom of TensorFlow 1 run unchanged and reach the figures that they state."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "tf1"


def last_line(program: str, folder: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "thalweg", "run", PROGRAMS / program, *options],
        cwd=folder,
        env={"THALWEG_OFFLINE": "1", **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "options", "least", "most"),
    [
        ("linear_regression.py", (), 2.9, 3.1),
        ("nearest_neighbour.py", (), 0.9, 1.0),
        ("word2vec.py", (), 0.9, 1.0),
        ("autoencoder.py", (), 0.0, 0.035),
        ("dynamic_rnn.py", (), 0.9, 1.0),
        ("static_rnn.py", (), 0.9, 1.0),
        ("static_rnn.py", ("bidirectional",), 0.9, 1.0),
        ("mlp.py", (), 0.95, 1.0),
        ("convnet_layers.py", (), 0.96, 1.0),
        ("dataset_iterator.py", (), 0.9, 1.0),
        ("vae.py", (), 100.0, 180.0),
        ("gan.py", (), 0.7, 1.0),
    ],
)
def test_figures(
    program: str, options: tuple[str, ...], least: float, most: float, tmp_path: Path
) -> None:
    line = last_line(program, tmp_path, *options)
    figure = float(line.partition(": ")[2].split()[0])
    assert least <= figure <= most, line


@pytest.mark.slow
def test_a_restored_training_is_the_unbroken_one(tmp_path: Path) -> None:
    assert last_line("save_restore.py", tmp_path) == "equal: True after 100 steps"


def test_programs_are_short() -> None:
    programs = sorted(PROGRAMS.glob("*.py"))
    assert len(programs) == 12
    assert all(p.read_text(encoding="utf-8").count("\n") < 100 for p in programs)
