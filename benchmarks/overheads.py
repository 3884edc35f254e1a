"""What thalweg costs before any arithmetic: import, a small run, planning, memory over time.

    python benchmarks/overheads.py

Prints each figure beside its limit and exits with 1 if one is above it. Times are the best of
several tries in this process or in fresh ones, on whatever the machine is doing meanwhile.
"""

import gc
import os
import subprocess
import sys
import time

import numpy as np

import thalweg.core as core
from thalweg import Sequential
from thalweg.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D

BARE = "numpy, thalweg"
CORE = "thalweg.core"
MODEL = "thalweg.models, thalweg.layers, thalweg.optimizers, thalweg.losses"


def hundred(function):
    """A function that calls `function` a hundred times."""

    def run():
        for _ in range(100):
            function()

    return run


def best(function, tries):
    """The shortest of several runs, in seconds."""
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def import_seconds(module):
    """The shortest time a fresh interpreter takes to import a module."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(7)
    ]
    return min(float(run.stdout) for run in runs)


def resident_bytes():
    """Memory of this process, now."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth_bytes(function, first, last):
    """What memory grows by between the calls `first` and `last`."""
    for _ in range(first):
        function()
    before = resident_bytes()
    for _ in range(last - first):
        function()
    return resident_bytes() - before


def scalar_run():
    """One run of a graph of 30 scalar nodes."""
    with core.Graph().as_default():
        x = core.placeholder("float32", [])
        y = x
        for _ in range(15):
            y = core.tanh(y * x)
        session = core.Session()
    feed = {x: np.float32(0.5)}
    return lambda: session.run(y, feed)


def lenet():
    """LeNet with dropout, compiled."""
    model = Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(20, 5, activation="relu"),
            MaxPooling2D(2),
            Conv2D(50, 5, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(500, activation="relu"),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def plan_lenet_seconds():
    """Graph, gradients, update and plan of a LeNet training step: the first step less the third."""
    model = lenet()
    x, y = np.zeros((8, 28, 28, 1), "f"), np.zeros(8, "i")
    model.predict(x)  # makes the weights
    first, _, third = (best(lambda: model.train_on_batch(x, y), 1) for _ in range(3))
    return first - third


def small_model():
    """An MLP that has been compiled."""
    model = Sequential([Input((8,)), Dense(16, activation="relu"), Dense(1)])
    model.compile("adam", "mse")
    return model


def build_fit_delete():
    """One loop of building, fitting and forgetting a model."""
    small_model().fit(np.zeros((32, 8), "f"), np.zeros((32, 1), "f"), verbose=0)


def main():
    """Measures, prints, and says whether all limits hold."""
    numpy_s = import_seconds("numpy")
    run = scalar_run()
    model = small_model()
    x = np.zeros((32, 8), "f")
    predicts = growth_bytes(lambda: model.predict(x), 200, 2000)
    planning = min(plan_lenet_seconds() for _ in range(5))
    rows = [
        ("import numpy, thalweg, beyond numpy", (import_seconds(BARE) - numpy_s) * 1e3, 150, "ms"),
        ("import thalweg.core, beyond numpy", (import_seconds(CORE) - numpy_s) * 1e3, 150, "ms"),
        ("import a model and its layers", (import_seconds(MODEL) - numpy_s) * 1e3, 300, "ms"),
        ("session.run of 30 scalar nodes", best(hundred(run), 30) * 1e4, 150, "us"),
        ("graph and plan of the LeNet step", planning * 1e3, 100, "ms"),
        ("2,000 predicts, growth after 200", predicts / 2**20, 1, "MiB"),
        ("2,000 runs, growth after 200", growth_bytes(run, 200, 2000) / 2**20, 1, "MiB"),
        ("200 build-fit-delete loops", growth_bytes(build_fit_delete, 10, 210) / 2**20, 10, "MiB"),
    ]
    for name, value, limit, unit in rows:
        verdict = "" if value <= limit else "  ABOVE"
        print(f"{name:<40} {value:8.2f} {unit:<4} limit {limit}{verdict}")
    return 1 if any(value > limit for _, value, limit, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
