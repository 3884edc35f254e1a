"""The command line: see `python -m benchmarks.kovalev2016 --help`."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.compare.installation import install_peers
from benchmarks.compare.peers import PEERS, Peer
from benchmarks.compare.protocol import ROOT, environment

FOLDER = Path(__file__).parent
HIDDEN = ("100", "100-100", "100-100-100", "100-100-100-100", "64", "128", "512", "1024")
NETS = [(activation, hidden) for activation in ("tanh", "relu") for hidden in HIDDEN]
# Lines of the published programs (`wc -l`).
PUBLISHED_LINES = {
    "Theano with Keras": 62,
    "TensorFlow": 80,
    "DL4J": 130,
    "Torch": 165,
    "Caffe": 211,
}

Figures = dict[str, float]


class Entry(NamedTuple):
    """A program, and what it runs on."""

    name: str
    program: str
    library: str
    peer: Peer | None = None


ENTRIES = [
    Entry("thalweg", "keras_style.py", "thalweg"),
    Entry("thalweg.tf1", "graph_style.py", "thalweg.tf1"),
    *(
        Entry(name, "keras_style.py", "keras", PEERS[name])
        for name in ("keras-tf", "keras-jax", "keras-torch")
    ),
]


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kovalev2016",
        description="Sixteen fully connected networks on MNIST: seconds, accuracy, lines of code.",
    )

    def names(text: str) -> list[str]:
        return [name for name in text.split(",") if name]

    known = [entry.name for entry in ENTRIES]
    parser.add_argument("--seeds", type=int, default=5, help="repetitions (default: 5)")
    parser.add_argument("--epochs", type=int, default=10, help="of training (default: 10)")
    parser.add_argument("--threads", type=int, default=2, help="for each (default: 2)")
    parser.add_argument("--only", type=names, default=[], metavar="NET,…", help="relu-100-100,…")
    parser.add_argument("--on", type=names, default=known, metavar="NAME,…", help=",".join(known))
    parser.add_argument("--python", type=Path, help="of an environment that has the peers already")
    parser.add_argument(
        "--pip", action="append", default=[], metavar="OPTION", help="given to pip install"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    options = parser.parse_args(words)
    for name in options.on:
        if name not in known:
            parser.error(f"nothing is called {name!r}; there are {', '.join(known)}")
    for name in options.only:
        if name not in {"-".join(net) for net in NETS}:
            parser.error(f"no network is called {name!r}; names are such as relu-100-100")
    return options


def main(words: Sequence[str] | None = None) -> int:
    """Runs the comparison, one process a repetition, and prints a table a network."""
    options = arguments(words)
    entries = [entry for entry in ENTRIES if entry.name in options.on]
    python = options.python
    peers = [entry.peer for entry in entries if entry.peer is not None]
    if python is None and peers:
        python, missing = install_peers(peers, options.pip)
        for name, reason in missing.items():
            print(f"{name} is not installed: {reason}", file=sys.stderr)
        entries = [entry for entry in entries if entry.name not in missing]
    nets = [net for net in NETS if not options.only or "-".join(net) in options.only]
    results: dict[str, dict[str, list[Figures]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "mnist.npz"
        print(write_data(data))
        print(lines_of_code())
        for net in nets:
            runs = results["-".join(net)] = {entry.name: [] for entry in entries}
            for seed in range(options.seeds):
                for entry in entries:  # in turns, so that a slow minute hits all
                    runs[entry.name].append(run(entry, net, seed, data, python, options))
            print(table("-".join(net), runs), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def write_data(path: Path) -> str:
    """MNIST for all programs, pixels in 0..1; says how many images there are."""
    from thalweg.datasets import mnist

    (x, y), (x_test, y_test) = mnist.load_data()
    arrays = {"y": y.astype(np.int64), "y_test": y_test.astype(np.int64)}
    for name, images in (("x", x), ("x_test", x_test)):
        arrays[name] = images.reshape(len(images), -1).astype(np.float32) / 255
    np.savez(path, **arrays)
    return f"MNIST: {len(x)} images to train on, {len(x_test)} to test with\n"


def run(
    entry: Entry,
    net: tuple[str, str],
    seed: int,
    data: Path,
    python: Path | None,
    options: argparse.Namespace,
) -> Figures:
    """One repetition in a process of its own."""
    variables = dict(entry.peer.variables) if entry.peer else {}
    command = [python if entry.peer else sys.executable, FOLDER / entry.program, entry.library]
    done = subprocess.run(
        [*map(str, command), *net, str(options.epochs), str(seed), str(data)],
        cwd=ROOT,
        env=environment(options.threads, **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{entry.name} failed on {'-'.join(net)}:\n{done.stderr[-2000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def lines_of_code() -> str:
    """Ours beside the published ones."""
    ours = {
        name: (FOLDER / file).read_text(encoding="utf-8").count("\n")
        for name, file in (("Keras style", "keras_style.py"), ("graph style", "graph_style.py"))
    }
    told = ", ".join(f"{name} {count}" for name, count in ours.items())
    published = ", ".join(f"{name} {count}" for name, count in PUBLISHED_LINES.items())
    return f"lines of code: {told}; published in 2016: {published}\n"


def table(net: str, runs: Mapping[str, Sequence[Figures]]) -> str:
    """Means over the seeds; accuracy with its standard deviation, in percent."""
    lines = [f"| {net} | train, s | predict, s | accuracy, % |", "|---|---:|---:|---:|"]
    for name, figures in runs.items():
        train, predict, accuracy = (
            [figure[key] for figure in figures] for key in ("train_s", "predict_s", "accuracy")
        )
        spread = statistics.stdev(accuracy) if len(accuracy) > 1 else 0.0
        lines.append(
            f"| {name} | {statistics.fmean(train):.2f} | {statistics.fmean(predict):.3f} "
            f"| {statistics.fmean(accuracy) * 100:.2f} ± {spread * 100:.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
