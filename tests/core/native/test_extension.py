"""What the environment's variables make of the engine; each case is a process of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from thalweg.core import get_instruction_set
from thalweg.core.backends.native import extension

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

CODE = """
import numpy as np
import thalweg.core as core
x = core.placeholder("float32", [None, 3])
print(core.get_instruction_set(), core.get_threads())
print(core.Session().run(core.matmul(x, x, transpose_b=True), {x: np.ones((1, 3), "f")}))"""


def python(**variables: str) -> subprocess.CompletedProcess[str]:
    ours = ("THALWEG_ISA", "THALWEG_NATIVE", "THALWEG_REQUIRE_NATIVE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("isa", [] if extension is None else extension.usable_isas())
def test_an_instruction_set_can_be_chosen(isa: str) -> None:
    done = python(THALWEG_ISA=isa)
    assert done.returncode == 0, done.stderr
    told, result = done.stdout.splitlines()
    assert told.split()[0] == isa and result == "[[3.]]"


def test_the_widest_instruction_set_is_the_default() -> None:
    assert python(THALWEG_ISA="").stdout.split()[0] == extension.usable_isas()[0]
    assert extension.usable_isas()[-1] == {"aarch64": "neon"}.get(platform.machine(), "baseline")
    assert get_instruction_set() in extension.usable_isas()


def test_an_unknown_instruction_set_is_an_error_that_names_the_usable_ones() -> None:
    done = python(THALWEG_ISA="sse9")
    assert done.returncode != 0 and done.stdout == ""
    error = done.stderr.partition("OptionError: ")[2].splitlines()
    assert error == [
        "THALWEG_ISA: not an instruction set of this processor and build",
        f"  expected  {', '.join(extension.usable_isas())}",
        "  got       'sse9'",
        "  hint      without the variable the first of them is used",
    ]


def test_the_engine_can_be_switched_off() -> None:
    done = python(THALWEG_NATIVE="0", THALWEG_REQUIRE_NATIVE="1", THALWEG_ISA="sse9")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "None 1\n[[3.]]\n"
