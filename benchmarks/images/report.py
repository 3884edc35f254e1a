"""The results as text: pictures a second, and seconds an epoch."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.compare import table
from benchmarks.images.rows import ROWS, TRAIN

__all__ = ["text"]

_PICTURES = table.Shown(
    "pictures a second", lambda seconds: f"{1 / seconds:.0f}", "thalweg / best peer"
)
_MODES = {row.name: row.mode for row in ROWS}


def text(results: table.Result) -> str:
    """A table of throughput, one of training, and what the pictures were.

    Args:
        results: times are seconds a picture, or, of rows that train, seconds an epoch.
    """
    rows = results["rows"]
    pictures = {name: cells for name, cells in rows.items() if _MODES[name] != TRAIN}
    training = {name: cells for name, cells in rows.items() if _MODES[name] == TRAIN}
    parts = []
    if pictures:
        parts += [table.times(pictures, _PICTURES), _ratios(pictures)]
    if training:
        parts.append(_training(training))
    sources = results["sources"]
    parts.append([f"* {name}: {sources[name]}." for name in rows if name in sources])
    parts.append(table.reasons(rows)[1:])
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _ratios(rows: table.Rows) -> list[str]:
    """How many times as fast as each peer we are."""
    lines = []
    for name, cells in rows.items():
        told = [
            f"{value:.2f} times {peer}"
            for peer in cells
            if peer != table.OURS
            and (value := table.ratio({who: cells[who] for who in (table.OURS, peer)})) is not None
        ]
        if told:
            lines.append(f"* {name}: thalweg makes {', '.join(told)}.")
    return lines


def _training(rows: Mapping[str, Mapping[str, table.Result]]) -> list[str]:
    lines = [
        table.line(["seconds an epoch", "from memory", "from files", "files / memory"]),
        table.line(["---", "---:", "---:", "---:"]),
    ]
    for name, cells in rows.items():
        memory, folder = (cells.get(what, {}).get("median_s") for what in ("memory", "folder"))
        figures = ["failed" if value is None else f"{value:.3g}" for value in (memory, folder)]
        ratio = f"{folder / memory:.3f}" if memory and folder else ""
        lines.append(table.line([name, *figures, ratio]))
    return lines
