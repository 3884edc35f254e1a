"""The command line: see `python -m benchmarks.images --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compare import table
from benchmarks.compare.__main__ import check as check_networks
from benchmarks.compare.installation import cache_folder
from benchmarks.compare.options import add_options, installed_peers, limits
from benchmarks.compare.peers import Peer, chosen_peers
from benchmarks.compare.protocol import ROOT, decode
from benchmarks.compare.rows import chosen_rows
from benchmarks.compare.sitting import Entrant, compare, entrants
from benchmarks.images import report
from benchmarks.images.folders import Folder, photographs, small_pictures
from benchmarks.images.peers import OURS, PEERS
from benchmarks.images.rows import ROWS, TRAIN, Row

# Levels of 255. Some round to whole levels, and places are computed in float32; a centre that is
# half a pixel elsewhere would be off by several.
MOST_DIFFERENT = 1.0
# On average over a file: decoders differ by one level, ways to resize by more.
MOST_DECODED = 3.0
DOCS = ROOT / "docs"
MARKS = ("<!-- images: begin -->", "<!-- images: end -->")
WORKERS = "benchmarks.images.workers"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.images",
        description="Times augmented batches of pictures, from memory and from files, in turns.",
    )
    add_options(parser, seconds=10, saved_as="docs/benchmarks.md and benchmarks_images.json")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="where folders of pictures are made, once"
    )
    parser.add_argument(
        "--pictures", type=int, default=5000, help="of CIFAR-10 that are trained on (default: 5000)"
    )
    options = parser.parse_args(words)
    if options.pictures <= 0 or options.pictures % 10:
        parser.error(f"--pictures {options.pictures}: not a multiple of ten")
    return options


def main(words: Sequence[str] | None = None) -> int:
    """Runs the comparison; 1 if a framework failed, or did something else with a picture."""
    options = arguments(words)
    if options.list:
        print("\n".join(row.name for row in ROWS))
        return 0
    try:
        rows = chosen_rows(options.only, ROWS)
        peers = chosen_peers(options.peers, PEERS)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = [peer for peer in peers if any(peer.takes(row) for row in rows)]
    python, peers, is_complete = installed_peers(wanted, options)
    results = table.empty_results(options.threads, [row.name for row in ROWS])
    for row in rows:
        folder = folder_of(row, options)
        if folder is not None:
            results["sources"][row.name] = f"its files are {folder.source}"
        cells = measured(row, folder, peers, python, options, results["versions"])
        results["rows"][row.name] = cells
        print(report.text({**results, "rows": {row.name: cells}}), flush=True)
    if len(rows) > 1:
        print(report.text(results))
    if options.save:
        page, data = DOCS / "benchmarks.md", DOCS / "benchmarks_images.json"
        table.save(results, data, page, MARKS, report.text)
    return int(table.has_failed(results) or not is_complete)


def folder_of(row: Row, options: argparse.Namespace) -> Folder | None:
    """The files that a row reads."""
    cache = options.data or cache_folder() / "pictures"
    if row.mode == TRAIN:
        return small_pictures(cache.resolve(), options.pictures)
    return None if row.mode == "augment" else photographs(cache.resolve())


def measured(
    row: Row,
    folder: Folder | None,
    peers: Sequence[Peer],
    python: Path,
    options: argparse.Namespace,
    versions: dict[str, str],
) -> dict[str, table.Result]:
    """The cells of a row: seconds a picture; of one that trains, seconds an epoch."""
    task = {**row._asdict(), "folder": str(folder.path) if folder else ""}
    if row.mode == TRAIN:
        taking_part = [
            Entrant(variant, sys.executable, f"{WORKERS}.training", {**task, "variant": variant})
            for variant in ("memory", "folder")
        ]
        return compare(row.name, taking_part, check_networks, limits(options), versions)
    taking_part = entrants(OURS, peers, row, python, WORKERS, task)
    cells = compare(row.name, taking_part, check, limits(options), versions)
    for cell in cells.values():
        for name in ("median_s", "low_s", "high_s"):
            if cell.get(name) is not None:
                cell[name] /= row.batch
    return cells


def check(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Whether both make the same of one picture, and of one file.

    Raises:
        ValueError: if they do not.
    """
    found = np.abs(decode(ours["fixed"]) - decode(theirs["fixed"])).max()
    if not found <= MOST_DIFFERENT:
        raise ValueError(f"a picture turned and moved differs by {found:.2f} levels of 255")
    if "decoded" in ours:
        found = np.abs(decode(ours["decoded"]) - decode(theirs["decoded"])).mean()
        if not found <= MOST_DECODED:
            raise ValueError(f"a decoded file differs by {found:.2f} levels of 255 on average")


if __name__ == "__main__":
    sys.exit(main())
