"""The kernels' tests in C++ on this processor, on an old one, and for ARM: see build.py.

The long ones only with `THALWEG_PROOFS=1` in the environment.
"""

from __future__ import annotations

import os
import shutil

import pytest
from native.build import (
    ARM_COMPILER,
    ARM_EMULATOR,
    OLD_PROCESSOR,
    cmake,
    compile_tests,
    run_tests,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++"),
    pytest.mark.skipif(cmake() is None, reason="there is no CMake"),
]


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


# Compiling all kernels anew, or running them in an emulator, takes minutes. That the engine starts,
# and computes on an old processor, is in tests/core/native/test_old_processor.py; ARM has the
# baseline's source, and vectors of the same size.
long = pytest.mark.skipif(
    "THALWEG_PROOFS" not in os.environ, reason="minutes: only with THALWEG_PROOFS=1"
)


def test_the_kernels_agree_with_plain_loops() -> None:
    """Of the baseline; test_instruction_sets.py and the conformance rows run the others."""
    assert run_tests(compile_tests(baseline_only=True))


@long
def test_the_kernels_of_every_instruction_set_agree_with_plain_loops() -> None:
    assert run_tests(compile_tests())


@long
@needs(OLD_PROCESSOR[0])
def test_the_baseline_runs_without_avx() -> None:
    assert run_tests(compile_tests(), OLD_PROCESSOR)


@long
@needs(ARM_COMPILER, ARM_EMULATOR)
def test_the_kernels_agree_with_plain_loops_on_arm() -> None:
    assert run_tests(compile_tests(is_arm=True), [ARM_EMULATOR])


def test_a_run_without_checks_is_a_failure() -> None:
    assert not run_tests(compile_tests(baseline_only=True), part="no test has this name")
