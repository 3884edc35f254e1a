"""The table that `Model.summary()` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from thalweg.core import Variable, flatten, rebuild

__all__ = ["summary_lines"]


def summary_lines(model: Any, width: int, expand_nested: bool = False) -> list[str]:
    """Lines of at most `width` characters: layers with output shapes and parameters, and totals.

    Args:
        model: whose layers are listed.
        width: characters of a line.
        expand_nested: whether layers of models inside it have lines of their own.
    """
    rows = list(_rows(model, "  " if expand_nested else None))
    header = ("Layer (type)", "Output shape", "Param #")
    last = max(len(row[2]) for row in [*rows, header])
    first = max(20, (width - last - 4) * 11 // 20)
    middle = width - first - last - 4

    def line(cells: tuple[str, str, str]) -> str:
        a, b, c = cells
        return f"{_cut(a, first):<{first}}  {_cut(b, middle):<{middle}}  {c:>{last}}".rstrip()

    lines = [f'Model: "{model.name}"', "─" * width, line(header), "═" * width]
    lines += [line(row) for row in rows]
    total = _count(model.weights)
    trainable = _count(model.trainable_weights)
    lines += [
        "─" * width,
        f"Total params: {total:,} ({_bytes(model.weights)})",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]
    return lines


def _rows(model: Any, inset: str | None, before: str = "") -> Iterator[tuple[str, str, str]]:
    """Title, output shape and parameters of each layer; with an inset, of those inside it too."""
    for layer in model.layers:
        yield before + _title(layer), _shape(layer), f"{layer.count_params():,}"
        if inset is not None and hasattr(layer, "layers"):
            yield from _rows(layer, inset, before + inset)


def _title(layer: Any) -> str:
    frozen = "" if layer.trainable or not layer.weights else ", frozen"
    return f"{layer.name} ({type(layer).__name__}{frozen})"


def _shape(layer: Any) -> str:
    if not layer._calls:
        return "?"
    output = layer.output
    shapes = rebuild(output, iter([str(tensor.shape) for tensor in flatten(output)]))
    return shapes if isinstance(shapes, str) else ", ".join(flatten(shapes))


def _count(weights: list[Variable]) -> int:
    return sum(weight.type.size or 0 for weight in weights)


def _bytes(weights: list[Variable]) -> str:
    size = sum(weight.type.size_bytes or 0 for weight in weights)
    if not size:
        return "0 B"
    power = min(int(math.log(size, 1024)), 3)
    return f"{size / 1024**power:.2f} {('B', 'KiB', 'MiB', 'GiB')[power]}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
