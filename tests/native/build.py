"""Builds and runs the kernels' tests in C++: every instruction set against plain loops, no Python.

    python tests/native/build.py                       # on this processor
    python tests/native/build.py --arm                 # for ARM, run by qemu-aarch64
    python tests/native/build.py --old                 # on a processor without AVX, by qemu-x86_64
    python tests/native/build.py --sanitize address,undefined
    python tests/native/build.py --sanitize thread

They need CMake and GCC; the emulators are in Debian's qemu-user, the compiler for ARM in
g++-aarch64-linux-gnu. The exit status is 1 where a check fails. What else is given is part of the
names of the tests to run.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ARM_COMPILER", "ARM_EMULATOR", "OLD_PROCESSOR", "cmake", "compile_tests", "run_tests"]

SOURCES = Path(__file__).resolve().parent
BUILD = SOURCES.parents[1] / "build" / "kernels_test"
ARM_COMPILER, ARM_EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64"
OLD_PROCESSOR = ("qemu-x86_64", "-cpu", "qemu64")  # SSE2 and little more


def cmake() -> str | None:
    """CMake: pip's beside this interpreter, or the system's."""
    beside = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
    return shutil.which("cmake", path=os.pathsep.join(beside))


def compile_tests(is_arm: bool = False, sanitize: str = "", baseline_only: bool = False) -> Path:
    """The program, built in `build/kernels_test`."""
    kind = "arm" if is_arm else sanitize.replace(",", "-") or "host"
    folder = BUILD / (f"{kind}-baseline" if baseline_only else kind)
    options = [f"-DTHALWEG_BASELINE_ONLY={'ON' if baseline_only else 'OFF'}"]
    options += [f"-DCMAKE_BUILD_TYPE={'RelWithDebInfo' if sanitize else 'Release'}"]
    if is_arm:
        options += ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64"]
        options += [f"-DCMAKE_CXX_COMPILER={ARM_COMPILER}", "-DCMAKE_EXE_LINKER_FLAGS=-static"]
    if sanitize:
        flags = f"-fsanitize={sanitize} -fno-sanitize-recover=all -fno-omit-frame-pointer"
        options += [f"-DCMAKE_CXX_FLAGS={flags}", "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1"]
    program = cmake() or "cmake"
    jobs = str(len(os.sched_getaffinity(0)))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:  # one at a time: tests run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (
            [program, "-S", str(SOURCES), "-B", str(folder), *options],
            [program, "--build", str(folder), "--parallel", jobs],
        ):
            subprocess.run(command, check=True, stdout=sys.stderr)
    return folder / "kernels_test"


def run_tests(program: Path, emulator: Sequence[str] = (), part: str = "") -> bool:
    """Whether all checks pass, on every instruction set that the processor has."""
    command = [*emulator, str(program)]
    listed = subprocess.run([*command, "--isas"], check=True, capture_output=True, text=True)
    isas = listed.stdout.split()
    passed = [
        subprocess.run(
            [*command, part], env={**os.environ, "THALWEG_ISA": isa}, check=False
        ).returncode
        == 0
        for isa in isas
    ]
    return bool(passed) and all(passed)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--arm", action="store_true", help="cross-compile, and run in an emulator")
    parser.add_argument("--old", action="store_true", help="run on a processor without AVX")
    parser.add_argument("--sanitize", default="", help="address,undefined or thread")
    parser.add_argument("part", nargs="?", default="", help="of the names of tests")
    options = parser.parse_args()
    program = compile_tests(options.arm, options.sanitize)
    emulator = [ARM_EMULATOR] if options.arm else OLD_PROCESSOR if options.old else []
    return 0 if run_tests(program, emulator, options.part) else 1


if __name__ == "__main__":
    raise SystemExit(main())
