"""The command line: see `python -m benchmarks.compare --help`."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.compare import table
from benchmarks.compare.installation import install_peers
from benchmarks.compare.peers import OURS, Peer, chosen_peers
from benchmarks.compare.protocol import ROOT, Worker, WorkerFailed, decode, environment
from benchmarks.compare.rows import ROWS, Row, chosen_rows
from benchmarks.compare.turns import measure

# Outputs before training differ by rounding alone, those after one step also by what rounding does
# to small gradients, which Adam scales up.
TOLERANCES = {"before": 1e-3, "after": 2e-2}
DOCS = ROOT / "docs"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Times thalweg and its peers at the same work, in turns, and prints ratios.",
    )

    def names(text: str) -> list[str]:
        return [name for name in text.split(",") if name]

    parser.add_argument("--only", type=names, default=[], metavar="ROW,…", help="lenet,mlp-fit-32")
    parser.add_argument("--peers", type=names, default=[], metavar="NAME,…", help="torch,keras-jax")
    parser.add_argument(
        "--seconds", type=float, default=20, help="for each framework and row (default: 20)"
    )
    parser.add_argument("--turn", type=float, default=0.5, help="seconds a turn (default: 0.5)")
    parser.add_argument("--threads", type=int, default=2, help="for each framework (default: 2)")
    parser.add_argument("--python", type=Path, help="of an environment that has the peers already")
    parser.add_argument(
        "--pip", action="append", default=[], metavar="OPTION", help="given to pip install"
    )
    parser.add_argument("--save", action="store_true", help="into docs/benchmarks.md and .json")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the ratios")
    parser.add_argument("--list", action="store_true", help="name all rows, and do nothing else")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Runs the comparison; 1 if a framework failed, or computed something else."""
    options = arguments(words)
    if options.list:
        print("\n".join(row.name for row in ROWS))
        return 0
    try:
        rows, peers = chosen_rows(options.only), chosen_peers(options.peers)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    python, missing = options.python, {}
    if python is None:
        python, missing = install_peers(peers, options.pip)
    for name, reason in missing.items():
        print(f"{name} is not installed: {reason}", file=sys.stderr)
    peers = [peer for peer in peers if peer.name not in missing]
    results: dict[str, Any] = {
        "machine": processor(),
        "threads": options.threads,
        "versions": {},
        "order": [row.name for row in ROWS],
        "rows": {},
    }
    for row in rows:
        taking_part = [OURS, *(peer for peer in peers if peer.takes(row))]
        cells = compare(row, taking_part, python, options, results["versions"])
        results["rows"][row.name] = cells
        print(table.markdown({row.name: cells}), flush=True)
    if len(rows) > 1:
        print(table.markdown(results["rows"]))
    if options.save:
        table.save(results, DOCS / "benchmarks.json", DOCS / "benchmarks.md")
    if options.picture:
        from benchmarks.compare.picture import draw

        draw(results["rows"], options.picture)
    has_failed = any(
        "error" in cell for cells in results["rows"].values() for cell in cells.values()
    )
    return int(bool(missing) or has_failed)


def compare(
    row: Row,
    peers: Sequence[Peer],
    python: Path,
    options: argparse.Namespace,
    versions: dict[str, str],
) -> dict[str, Any]:
    """One row: starts all workers, compares what they compute, and times them in turns."""
    cells: dict[str, Any] = {}

    def failed(name: str, error: Exception) -> None:
        print(f"{row.name}: {name} failed: {error}", file=sys.stderr, flush=True)
        cells[name] = table.failed(str(error))

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers: dict[str, Worker] = {}
        expected: dict[str, Any] = {}
        for peer in peers:  # ours first: the others are compared with it
            task = {**row._asdict(), "threads": options.threads, "variant": peer.variant}
            command = [sys.executable if peer is OURS else str(python), "-m"]
            try:
                worker = stack.enter_context(
                    Worker(
                        [*command, f"benchmarks.compare.workers.{peer.worker}"],
                        folder / f"{peer.name}.log",
                        environment(options.threads, **dict(peer.variables)),
                    )
                )
                answer = worker.ask(do="start", task=task)
                expected = expected or answer
                check(expected, answer)
                versions.update(answer["versions"])
                workers[peer.name] = worker
            except (WorkerFailed, ValueError) as error:
                failed(peer.name, error)
                if peer is OURS:
                    return cells
        times = measure(workers, options.seconds, options.turn, failed)
        for name, values in times.items():
            cells[name] = table.summary(values, workers[name].ask(do="end")["peak_bytes"])
    return {peer.name: cells[peer.name] for peer in peers if peer.name in cells}


def check(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Whether both compute the same, before and after a step of training.

    Raises:
        ValueError: if they do not.
    """
    for when, tolerance in TOLERANCES.items():
        if when in ours and when in theirs:
            found = table.difference(decode(ours[when]), decode(theirs[when]))
            if not found <= tolerance:
                raise ValueError(f"outputs {when} training differ by {found:.2g} of the largest")


def processor() -> str:
    """What the processor calls itself."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
