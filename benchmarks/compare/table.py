"""From times to ratios, and to a table that a person reads."""

from __future__ import annotations

import json
import math
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "MILLISECONDS",
    "Shown",
    "difference",
    "empty_results",
    "has_failed",
    "line",
    "markdown",
    "merge",
    "ratio",
    "reasons",
    "save",
    "summary",
    "times",
]

OURS = "thalweg"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

Result = dict[str, Any]
Rows = Mapping[str, Mapping[str, Result]]


class Shown(NamedTuple):
    """How the time of a step is shown.

    Attributes:
        title: what the figures are.
        text: a time in seconds as such a figure.
        ratio: what the last column is.
    """

    title: str
    text: Callable[[float], str]
    ratio: str


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


def has_failed(results: Result) -> bool:
    """Whether some have no time."""
    return any("error" in cell for cells in results["rows"].values() for cell in cells.values())


# --- as text --------------------------------------------------------------------------------------


def _time(seconds: float) -> str:
    """Three digits, in milliseconds: `0.123`, `12.3`, `1230`."""
    value = seconds * 1000
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{min(digits, 3)}f}"


MILLISECONDS = Shown("ms a step", _time, "best peer / thalweg")


def markdown(rows: Rows) -> str:
    """A table of milliseconds a step, the ratio in its last columns; then one of memory."""
    lines = times(rows, MILLISECONDS)
    values = [value for cells in rows.values() if (value := ratio(cells)) is not None]
    if values:
        mean = math.exp(statistics.fmean(map(math.log, values)))
        lines += ["", f"Geometric mean of the ratios: {mean:.2f}; smallest: {min(values):.2f}."]
    return "\n".join([*lines, "", *_memory(rows), *reasons(rows)]) + "\n"


def _columns(rows: Rows) -> list[str]:
    """All that take part, we first."""
    return list(dict.fromkeys([OURS, *(name for cells in rows.values() for name in cells)]))


def times(rows: Rows, shown: Shown) -> list[str]:
    """The lines of a table of times, the best peer's in bold."""
    columns = _columns(rows)
    lines = [
        line([shown.title, *columns, shown.ratio]),
        line(["---", *["---:"] * (len(columns) + 1)]),
    ]
    for row, cells in rows.items():
        best = best_peer(cells)
        figures = []
        for name in columns:
            seconds = cells[name]["median_s"] if name in cells else None
            text = ("failed" if name in cells else "") if seconds is None else shown.text(seconds)
            figures.append(f"**{text}**" if name == best else text)
        value = ratio(cells)
        lines.append(line([row, *figures, "" if value is None else f"{value:.2f}"]))
    return lines


def _memory(rows: Rows) -> list[str]:
    columns = _columns(rows)
    lines = [
        line(["peak memory, MiB", *columns]),
        line(["---", *["---:"] * len(columns)]),
    ]
    for row, cells in rows.items():
        sizes = [cells.get(name, {}).get("peak_bytes") for name in columns]
        lines.append(line([row, *("" if s is None else f"{s / 2**20:.0f}" for s in sizes)]))
    return lines


def reasons(rows: Rows) -> list[str]:
    """Why some have no time; nothing if all have."""
    told = [
        f"* {row}, {name}: {cell['error']}"
        for row, cells in rows.items()
        for name, cell in cells.items()
        if "error" in cell
    ]
    return ["", *told] if told else []


def line(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


# --- in files -------------------------------------------------------------------------------------


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


def empty_results(threads: int, order: Sequence[str]) -> Result:
    """What results are collected in.

    Args:
        threads: of each framework.
        order: the names of all rows that there are, in the order of the table.

    Returns:
        `machine`, `threads` and `order`; `versions` by package, `sources` of data by row, and the
        cells of `rows`, for others to fill.
    """
    about = {"machine": processor(), "threads": threads, "order": list(order)}
    return {**about, "versions": {}, "sources": {}, "rows": {}}


def merge(old: Result | None, new: Result) -> Result:
    """New rows beside old ones, if the same machine and versions made both; else the new alone.

    Rows keep the order of the new results' `order`.
    """
    if old is None or any(old.get(name) != new[name] for name in ("machine", "threads")):
        return new
    versions = {**old["versions"], **new["versions"]}
    if any(versions[name] != version for name, version in old["versions"].items()):
        return new
    rows = {**old["rows"], **new["rows"]}
    known = {name: rows[name] for name in new["order"] if name in rows}
    sources = {**old.get("sources", {}), **new["sources"]}
    return {**new, "versions": versions, "sources": sources, "rows": known}


def save(
    results: Result,
    data: Path,
    page: Path,
    marks: tuple[str, str] = (BEGIN, END),
    text: Callable[[Result], str] = lambda results: markdown(results["rows"]),
) -> None:
    """Writes the results as JSON, and their table into a page, between two marks.

    Args:
        results: are merged with those that are there.
        data: the JSON file.
        page: the page.
        marks: of the place in the page.
        text: the table of results.

    Raises:
        ValueError: if the page has no marks.
    """
    old = json.loads(data.read_text(encoding="utf-8")) if data.exists() else None
    results = merge(old, results)
    before, begin, rest = page.read_text(encoding="utf-8").partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"{page} has no place for a table: {marks[0]} … {marks[1]}")
    about = ", ".join(f"{name} {version}" for name, version in sorted(results["versions"].items()))
    head = f"{results['machine']}, {results['threads']} threads; {about}."
    body = f"{begin}\n{head}\n\n{text(results)}{end}"
    page.write_text(f"{before}{body}{after}", encoding="utf-8")
    data.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
