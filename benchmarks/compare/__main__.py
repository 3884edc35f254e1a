"""The command line: see `python -m benchmarks.compare --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.compare import table
from benchmarks.compare.options import add_options, installed_peers, limits
from benchmarks.compare.peers import OURS, chosen_peers
from benchmarks.compare.protocol import ROOT, decode
from benchmarks.compare.rows import ROWS, chosen_rows
from benchmarks.compare.sitting import compare, entrants

# Outputs before training differ by rounding alone, those after one step also by what rounding does
# to small gradients, which Adam scales up.
TOLERANCES = {
    "float32": {"before": 1e-3, "after": 2e-2},
    "bfloat16": {"before": 5e-2, "after": 1e-1},
}
DOCS = ROOT / "docs"
WORKERS = "benchmarks.compare.workers"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Times thalweg and its peers at the same work, in turns, and prints ratios.",
    )
    add_options(parser, seconds=20, saved_as="docs/benchmarks.md and .json")
    told = "of products; weights are float32 (default: float32)"
    parser.add_argument("--precision", choices=TOLERANCES, default="float32", help=told)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the ratios")
    options = parser.parse_args(words)
    if options.save and options.precision != "float32":
        parser.error("--save writes the tables of float32")
    return options


def main(words: Sequence[str] | None = None) -> int:
    """Runs the comparison; 1 if a framework failed, or computed something else."""
    options = arguments(words)
    if options.list:
        print("\n".join(row.name for row in ROWS))
        return 0
    try:
        rows, peers = chosen_rows(options.only, ROWS), chosen_peers(options.peers)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    python, peers, is_complete = installed_peers(peers, options)
    results = table.empty_results(options.threads, [row.name for row in ROWS])
    for row in rows:
        task = {**row._asdict(), "precision": options.precision}
        taking_part = entrants(OURS, peers, row, python, WORKERS, task)
        rounded = partial(check, precision=options.precision)
        cells = compare(row.name, taking_part, rounded, limits(options), results["versions"])
        results["rows"][row.name] = cells
        print(table.markdown({row.name: cells}), flush=True)
    if len(rows) > 1:
        print(table.markdown(results["rows"]))
    if options.save:
        table.save(results, DOCS / "benchmarks.json", DOCS / "benchmarks.md")
    if options.picture:
        from benchmarks.compare.picture import draw

        draw(results["rows"], options.picture)
    return int(table.has_failed(results) or not is_complete)


def check(ours: dict[str, Any], theirs: dict[str, Any], precision: str = "float32") -> None:
    """Whether both compute the same, before and after a step of training.

    Raises:
        ValueError: if they do not.
    """
    for when, tolerance in TOLERANCES[precision].items():
        if when in ours and when in theirs:
            found = table.difference(decode(ours[when]), decode(theirs[when]))
            if not found <= tolerance:
                raise ValueError(f"outputs {when} training differ by {found:.2g} of the largest")


if __name__ == "__main__":
    sys.exit(main())
