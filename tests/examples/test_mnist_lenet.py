"""The main job, run as a user runs it, on the sample that comes with the package."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "mnist_lenet.py"


def run(folder, *arguments):
    """The program's output, without any data but the sample, and without a network."""
    environment = {name: value for name, value in os.environ.items() if name != "THALWEG_DATA"}
    environment |= {"HOME": str(folder), "THALWEG_HOME": str(folder), "THALWEG_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--weights", str(folder / "weights.h5"), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_it_learns_the_sample(tmp_path):
    done = run(tmp_path)
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", last)
    assert float(last.split()[-1]) >= 0.97
    assert "SampleDataWarning" in done.stderr
    assert "\x1b" not in done.stdout and "\r" not in done.stdout
    assert (tmp_path / "weights.h5").stat().st_size > 431_080 * 4
    assert len(re.findall(r"^digit \d: predicted \d with", done.stdout, re.MULTILINE)) == 5


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits(tmp_path):
    losses = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        output = run(tmp_path / name, "--epochs", "1", "--seed", "7").stdout
        losses.append(re.findall(r"loss: [\d.]+", output))
        weights = (tmp_path / name / "weights.h5").read_bytes()
    assert losses[0] == losses[1]
    assert weights == (tmp_path / "one" / "weights.h5").read_bytes()
