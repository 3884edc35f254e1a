"""Runs the engine's tests under the address and undefined-behaviour sanitizers.

    python tests/native/sanitize.py                 # every instruction set of this processor
    python tests/native/sanitize.py --isa avx2 -k Conv2D

builds the package with the sanitizers into `build/sanitized`, beside an environment of its own that
borrows this one's other packages, and runs there the conformance rows of the backend `native` and
`tests/core/native`. Unknown options go to pytest. A report of a sanitizer ends the process that it
is about, so that its test fails. It needs GCC and takes long.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "sanitized"
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
OPTIONS = "detect_leaks=0:print_stacktrace=1"  # Python frees little at its end
TESTS = ("tests/core/test_conformance.py", "tests/core/native")
# The sanitizer's own memory takes new pages all the time, and no emulator runs it.
LEFT_OUT = ("tests/core/native/test_steady.py", "tests/core/native/test_old_processor.py")


def make_environment() -> Path:
    """Builds the package and returns the interpreter that imports it."""
    wheels = FOLDER / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", str(wheels), "-C", f"build-dir={FOLDER / 'cmake'}"),
            *(
                "-C",
                "cmake.build-type=RelWithDebInfo",
                "-C",
                "install.strip=false",
            ),  # keeps symbols
            *("-C", f"cmake.define.CMAKE_CXX_FLAGS={FLAGS}"),
            *("-C", "cmake.define.CMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1"),
            str(ROOT),
        ],
        env={**os.environ, "THALWEG_REQUIRE_NATIVE": "1"},
        check=True,
    )
    environment = FOLDER / "venv"
    venv.create(environment, clear=True)
    packages = Path(
        sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})
    )
    with zipfile.ZipFile(next(wheels.glob("thalweg-*.whl"))) as wheel:
        wheel.extractall(packages)
    # after the environment's own packages, and without the editable install's import hook
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin" / "python"


def library(name: str) -> str:
    """The path of a library of the compiler's."""
    command = [os.environ.get("CXX", "g++"), f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def run_tests(python: Path, isa: str, arguments: Sequence[str]) -> int:
    """Pytest's exit status on one instruction set."""
    environment = {
        **os.environ,
        # the C++ library, too: the sanitizer looks for what throws exceptions when it starts
        "LD_PRELOAD": " ".join(library(name) for name in ("libasan.so", "libstdc++.so.6")),
        "ASAN_OPTIONS": OPTIONS,
        "UBSAN_OPTIONS": OPTIONS,
        "PYTEST_ADDOPTS": "--capture=sys",  # or a report would end in pytest's file, with pytest
        "THALWEG_ISA": isa,
        "THALWEG_REQUIRE_NATIVE": "1",
    }
    options = ["-q", "-p", "no:cacheprovider", "--backend=native", *arguments]
    options += [f"--ignore={path}" for path in LEFT_OUT]
    sys.stdout.write(f"== {isa} ==\n")
    sys.stdout.flush()
    return subprocess.run(
        [str(python), "-m", "pytest", *TESTS, *options], cwd=ROOT, env=environment, check=False
    ).returncode


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--isa", action="append", help="default: all that the processor has")
    options, arguments = parser.parse_known_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    python = make_environment()
    if not options.isa:
        code = "from thalweg.core import _native; print(*_native.usable_isas())"
        preload = {**os.environ, "LD_PRELOAD": library("libasan.so"), "ASAN_OPTIONS": OPTIONS}
        found = subprocess.run(
            [str(python), "-c", code], capture_output=True, text=True, env=preload, check=True
        )
        options.isa = found.stdout.split()
    failed = [isa for isa in options.isa if run_tests(python, isa, arguments)]
    sys.stdout.write(f"tests failed on: {', '.join(failed) or 'none'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
