"""The two TF1 examples run as they are shipped and reach what they promise.

On the full MNIST the promise of the project is checked; without it (no `THALWEG_DATA`), that
they learn from the sample.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
FULL = Path(os.environ.get("THALWEG_DATA", "")) / "mnist.npz"
HAS_FULL = "THALWEG_DATA" in os.environ and FULL.is_file() and FULL.stat().st_size > 10_000_000


def accuracy(tmp_path: Path, example: str, *options: str) -> float:
    """What an example prints in its last line."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / example, *options],
        cwd=tmp_path,
        env={"THALWEG_OFFLINE": "1", **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = re.fullmatch(r"test accuracy: (0\.\d{4})", done.stdout.splitlines()[-1])
    assert told, done.stdout
    return float(told[1])


@pytest.mark.slow
def test_softmax_regression(tmp_path: Path) -> None:
    assert accuracy(tmp_path, "softmax_regression_tf1.py") >= (0.91 if HAS_FULL else 0.89)


@pytest.mark.slow
def test_softmax_regression_with_a_hundredfold_step_size(tmp_path: Path) -> None:
    assert accuracy(tmp_path, "softmax_regression_tf1.py", "--rate", "50") > 0.8


@pytest.mark.slow
def test_convnet(tmp_path: Path) -> None:
    if HAS_FULL:
        assert accuracy(tmp_path, "convnet_tf1.py") >= 0.985
    else:
        assert accuracy(tmp_path, "convnet_tf1.py", "--steps", "100") >= 0.9


@pytest.mark.parametrize("example", ["softmax_regression_tf1.py", "convnet_tf1.py"])
def test_examples_are_short(example: str) -> None:
    assert (EXAMPLES / example).read_text(encoding="utf-8").count("\n") < 100
