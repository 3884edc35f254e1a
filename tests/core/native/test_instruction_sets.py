"""The kernels' tests in this folder, on each other instruction set that this processor has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thalweg.core.backends.native import extension

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")


# What they say is the same for all instruction sets.
OTHERS = ("checks", "control", "engine", "every_op", "extension", "interruption", "steady", "vgg16")


@pytest.mark.slow
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_other_instruction_sets(isa: str) -> None:
    if isa not in extension.usable_isas() or isa == extension.isa():
        pytest.skip("this processor lacks it, or it is the one in use")
    folder = Path(__file__).parent
    left_out = [f"--ignore={folder / f'test_{name}.py'}" for name in OTHERS]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", *left_out, folder]
    environment = {**os.environ, "THALWEG_ISA": isa}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:]
