"""From times to ratios, and to a table that a person reads."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["difference", "markdown", "merge", "ratio", "save", "summary"]

OURS = "thalweg"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

Result = dict[str, Any]


def summary(times: Sequence[float], peak_bytes: int) -> Result:
    """What is kept of one framework's turns: the median, and the quarters around it."""
    low, median, high = statistics.quantiles(times, n=4, method="inclusive")
    return {
        "median_s": median,
        "low_s": low,
        "high_s": high,
        "turns": len(times),
        "peak_bytes": peak_bytes,
    }


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference over the largest value of ours; infinite if it cannot be told."""
    if ours.shape != theirs.shape or not np.isfinite(theirs).all():
        return math.inf
    return float(np.abs(ours - theirs).max() / max(np.abs(ours).max(), 1e-30))


def best_peer(cells: Mapping[str, Result]) -> str | None:
    """The name of the fastest other; None if there is none."""
    others = {name: cell["median_s"] for name, cell in cells.items() if name != OURS}
    timed = {name: time for name, time in others.items() if time is not None}
    return min(timed, key=lambda name: timed[name]) if timed else None


def ratio(cells: Mapping[str, Result]) -> float | None:
    """The time of the best peer over ours: above 1 we are faster."""
    best = best_peer(cells)
    ours = cells.get(OURS, {}).get("median_s")
    return cells[best]["median_s"] / ours if best is not None and ours else None


def failed(reason: str) -> Result:
    """The cell of a framework that has no time."""
    return {"median_s": None, "error": reason}


# --- as text --------------------------------------------------------------------------------------


def _time(seconds: float | None) -> str:
    """Three digits, in milliseconds: `0.123`, `12.3`, `1230`."""
    if seconds is None:
        return "failed"
    value = seconds * 1000
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{min(digits, 3)}f}"


def markdown(rows: Mapping[str, Mapping[str, Result]]) -> str:
    """A table of milliseconds a step, the ratio in its last columns; then one of memory."""
    names = list(dict.fromkeys(name for cells in rows.values() for name in cells if name != OURS))
    columns = [OURS, *names]
    lines = [
        _line(["ms a step", *columns, "best peer / thalweg"]),
        _line(["---", *["---:"] * (len(columns) + 1)]),
    ]
    for row, cells in rows.items():
        best = best_peer(cells)
        figures = []
        for name in columns:
            text = _time(cells[name]["median_s"]) if name in cells else ""
            figures.append(f"**{text}**" if name == best else text)
        value = ratio(cells)
        lines.append(_line([row, *figures, "" if value is None else f"{value:.2f}"]))
    values = [value for cells in rows.values() if (value := ratio(cells)) is not None]
    if values:
        mean = math.exp(statistics.fmean(map(math.log, values)))
        lines += ["", f"Geometric mean of the ratios: {mean:.2f}; smallest: {min(values):.2f}."]
    lines += [
        "",
        _line(["peak memory, MiB", *columns]),
        _line(["---", *["---:"] * len(columns)]),
    ]
    for row, cells in rows.items():
        sizes = [cells.get(name, {}).get("peak_bytes") for name in columns]
        lines.append(_line([row, *("" if s is None else f"{s / 2**20:.0f}" for s in sizes)]))
    reasons = [
        f"* {row}, {name}: {cell['error']}"
        for row, cells in rows.items()
        for name, cell in cells.items()
        if "error" in cell
    ]
    return "\n".join([*lines, *(["", *reasons] if reasons else [])]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


# --- in files -------------------------------------------------------------------------------------


def merge(old: Result | None, new: Result) -> Result:
    """New rows beside old ones, if the same machine and versions made both; else the new alone.

    Rows keep the order of the new results' `order`.
    """
    if old is None or any(
        old.get(name) != new[name] for name in ("machine", "threads", "versions")
    ):
        return new
    rows = {**old["rows"], **new["rows"]}
    known = {name: rows[name] for name in new["order"] if name in rows}
    return {**new, "rows": known}


def save(results: Result, data: Path, page: Path) -> None:
    """Writes the results as JSON, and their table into a page, between its two marks.

    Raises:
        ValueError: if the page has no marks.
    """
    old = json.loads(data.read_text(encoding="utf-8")) if data.exists() else None
    results = merge(old, results)
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for a table: {BEGIN} … {END}")
    about = ", ".join(f"{name} {version}" for name, version in sorted(results["versions"].items()))
    head = f"{results['machine']}, {results['threads']} threads; {about}."
    body = f"{begin}\n{head}\n\n{markdown(results['rows'])}{end}"
    page.write_text(f"{before}{body}{after}", encoding="utf-8")
    data.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
