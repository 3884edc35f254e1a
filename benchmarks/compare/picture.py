"""The ratios as a picture; needs the extra `plots`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.compare.table import OURS

__all__ = ["draw"]


def draw(rows: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draws for each row how many times longer than thalweg each framework takes.

    Args:
        rows: the results.
        path: file to write; its ending says in which format.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(dict.fromkeys(name for cells in rows.values() for name in cells if name != OURS))
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.45 * len(rows)), layout="constrained")
    for number, (row, cells) in enumerate(rows.items()):
        ours = cells.get(OURS, {}).get("median_s")
        for name, cell in cells.items():
            if name != OURS and ours and cell["median_s"] is not None:
                color = f"C{names.index(name)}"
                axes.plot(cell["median_s"] / ours, number, "o", color=color, markersize=7)
        axes.axhline(number, color="0.9", linewidth=0.8, zorder=0)
        axes.text(-0.01, number, row, ha="right", va="center", transform=axes.get_yaxis_transform())
    for number, name in enumerate(names):
        axes.plot([], [], "o", color=f"C{number}", label=name)
    axes.axvline(1, color="black", linewidth=1.2)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks([])
    axes.invert_yaxis()
    axes.set_xlabel("time over thalweg's (right of 1: thalweg is faster)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
