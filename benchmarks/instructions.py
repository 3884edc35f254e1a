"""A speed gate that noise cannot touch: instructions of six small plans, counted by callgrind.

    python -m benchmarks.instructions            # compares with instructions.json; 1 if more by 3 %
    python -m benchmarks.instructions --write    # stores what it counts

All run on one thread with the kernels for AVX2, the widest that valgrind knows. Two counts are
kept: those in the engine, which depend on the C++ compiler, and those of everything, Python
included, which depend on Python and NumPy too; each is compared only where these are as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["compare", "counts", "main"]

ROOT = Path(__file__).resolve().parents[1]
STORED = Path(__file__).with_suffix(".json")
ALLOWED_RISE = 0.03
# callgrind writes what it has counted, and begins anew, where this function of the C library is
# called: one that nothing else calls.
MARK = "getpgid"

Counts = dict[str, int]


# --- what is counted ------------------------------------------------------------------------------


def plans() -> Iterator[tuple[str, Callable[[], object]]]:
    """Names, and functions that run a plan once."""
    import thalweg
    from thalweg import Sequential, layers

    thalweg.set_threads(1)
    thalweg.utils.set_random_seed(0)
    random = np.random.default_rng(0)

    def model(*parts: Any) -> Any:
        made = Sequential(list(parts))
        made.compile("adam", "sparse_categorical_crossentropy")
        return made

    def step(made: Any, *shape: int, below: int | None = None) -> Callable[[], object]:
        x = random.random(shape, np.float32) if below is None else random.integers(0, below, shape)
        y = random.integers(0, 10, shape[0])
        return lambda: made.train_on_batch(x, y)

    answer = layers.Dense(10, activation="softmax")
    mlp = model(
        layers.Input((784,)), layers.Dense(128, activation="relu"), layers.Dropout(0.2), answer
    )
    yield "predict one with a perceptron", lambda: mlp.predict_on_batch(np.ones((1, 784), "f"))
    yield "train a perceptron", step(mlp, 32, 784)
    lenet = model(
        layers.Input((28, 28, 1)),
        layers.Conv2D(20, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(50, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )
    yield "train convolutions", step(lenet, 8, 28, 28, 1)
    deep = model(
        layers.Input((16, 16, 32)),
        layers.Conv2D(32, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10, activation="softmax"),
    )
    yield "train Winograd and normalization", step(deep, 8, 16, 16, 32)
    words = model(
        layers.Input((20,), dtype="int32"),
        layers.Embedding(500, 32),
        layers.LSTM(32),
        layers.Dense(10, activation="softmax"),
    )
    yield "train an LSTM", step(words, 8, 20, below=500)
    x = thalweg.core.placeholder("float32", [None, 1000])
    chain = thalweg.core.softmax(thalweg.core.tanh(x * 0.5) + thalweg.core.exp(-x * x))
    session = thalweg.core.Session()
    values = random.random((64, 1000), np.float32)
    yield "an element-wise chain and a softmax", lambda: session.run(chain, {x: values})


def run_plans() -> None:
    """Inside valgrind: each plan is run twice, then once between two marks."""
    names = []
    for name, run in plans():
        run()
        run()
        os.getpgid(0)
        run()
        os.getpgid(0)
        names.append(name)
    print(json.dumps(names))


# --- counting -------------------------------------------------------------------------------------


def counts(lines: Sequence[str], part: str) -> Counts:
    """Instructions in one dump of callgrind: in the file whose name holds `part`, and in all.

    What functions cost themselves stands in lines of numbers; a line that follows `calls=` is what
    a call cost, and is counted where it was spent.
    """
    names: dict[str, str] = {}
    found = {"engine": 0, "all": 0}
    where, is_call = "", False
    for line in lines:
        if line.startswith("ob="):
            number, _, name = line[3:].partition(" ")
            where = names.setdefault(number, name)
        elif line.startswith("calls="):
            is_call = True
        elif line[:1].isdigit() or line[:1] in {"+", "-", "*"}:
            if not is_call:
                cost = int(line.split()[1])
                found["all"] += cost
                found["engine"] += cost if part in where else 0
            is_call = False
        elif line.startswith("cob="):  # an object may be named first where it is called
            number, _, name = line[4:].partition(" ")
            if name:
                names.setdefault(number, name)
    return found


def count_all() -> dict[str, Counts]:
    """The counts of every plan."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        done = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={out}",
                f"--dump-before={MARK}",
                "--quiet",
                sys.executable,
                "-m",
                "benchmarks.instructions",
                "--inside",
            ],
            cwd=ROOT,
            env={**os.environ, "THALWEG_ISA": "avx2", "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"callgrind failed:\n{done.stderr[-2000:]}")
        names = json.loads(done.stdout.splitlines()[-1])
        # Dumps are numbered from 1; the even ones are those of a plan.
        dumps = [Path(f"{out}.{2 * number + 2}") for number in range(len(names))]
        return {
            name: counts(dump.read_text(encoding="utf-8").splitlines(), "_native.")
            for name, dump in zip(names, dumps, strict=True)
        }


def versions() -> dict[str, str]:
    """What the counts depend on, beside the code."""
    compiler = os.environ.get("CXX") or "c++"
    told = "none"
    if shutil.which(compiler):
        done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
        told = done.stdout.splitlines()[0]
    return {"compiler": told, "python": platform.python_version(), "numpy": np.__version__}


# --- comparing ------------------------------------------------------------------------------------


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Lines of a table, and what has become too much.

    Args:
        old: as stored: `versions` and `plans`.
        new: as counted.
    """
    was, now = old["versions"], new["versions"]
    comparable = {
        "engine": was["compiler"] == now["compiler"],
        "all": was == now,
    }
    lines, faults = [], []
    for part, is_comparable in comparable.items():
        if not is_comparable:
            changed = [f"{key} {was[key]} -> {now[key]}" for key in was if was[key] != now[key]]
            lines.append(f"not compared: {part}, because of {', '.join(changed)}")
    for name, found in new["plans"].items():
        stored = old["plans"].get(name)
        told = []
        for part, count in found.items():
            before = stored[part] if stored else 0
            rise = f" {count / before - 1:+.1%}" if before else " new"
            told.append(f"{part} {count / 1e6:9.3f} M{rise:>8}")
            if before and comparable[part] and count > before * (1 + ALLOWED_RISE):
                faults.append(f"{name}: {part} {before} -> {count} instructions")
        lines.append(f"{name:<36} {'   '.join(told)}")
    faults += [f"{name}: no longer counted" for name in old["plans"] if name not in new["plans"]]
    return lines, faults


def main(words: Sequence[str] | None = None) -> int:
    """Counts, and compares or stores; 2 where it cannot count."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.instructions",
        description="Counts instructions of six plans; fails if one takes 3 % more than stored.",
    )
    parser.add_argument("--write", action="store_true", help=f"store the counts in {STORED.name}")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.inside:
        run_plans()
        return 0
    if shutil.which("valgrind") is None:
        print("valgrind is not installed; without it nothing can be counted", file=sys.stderr)
        return 2
    new = {"versions": versions(), "plans": count_all()}
    if options.write or not STORED.exists():
        STORED.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")
        print(f"stored in {STORED.name}")
        return 0
    lines, faults = compare(json.loads(STORED.read_text(encoding="utf-8")), new)
    print("\n".join([*lines, *(f"TOO MUCH  {fault}" for fault in faults)]))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
