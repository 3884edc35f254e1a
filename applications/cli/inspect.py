"""`thalweg inspect`: what is in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import as_json, model_file
from .output import bytes_text, say_json, say_table, simple_table

if TYPE_CHECKING:
    from ..file_contents import FileContents, StoredLayer

__all__ = ["inspect"]

_MOST_CLASSES = 12


@click.command(short_help="Say what is in a model file.")
@model_file
@as_json
def inspect(file: str, is_json: bool) -> None:
    """Say what wrote FILE, and which layers of which sizes are in it, without building anything.

    FILE is a whole model, *.keras or *.h5, weights alone, or a checkpoint.
    """
    from ..file_contents import describe_file

    found = describe_file(file)
    if is_json:
        say_json(_as_data(found))
    else:
        _say(found)


def _rows(found: FileContents) -> dict[str, str]:
    rows = {
        "file": f"{found.path}, {bytes_text(found.size_bytes)}",
        "kind": found.kind,
        "written by": found.writer,
    }
    if found.optimizer:
        rows["optimizer"] = found.optimizer
    rows.update(found.details)
    card = found.card
    if card is not None:
        names = ", ".join(card.classes[:_MOST_CLASSES])
        more = f" and {len(card.classes) - _MOST_CLASSES} more"
        rows["classes"] = names + more * (len(card.classes) > _MOST_CLASSES)
        rows["pixels"] = card.preparation + (", bright on black" if card.background else "")
        if card.base:
            rows["base"] = card.base
        if card.training:
            done, fine = card.training.get("done"), card.training.get("fine")
            rows["trained"] = f"{done} epochs of the head, {fine} of fine-tuning"
    return rows


def _say(found: FileContents) -> None:
    for name, text in _rows(found).items():
        click.echo(f"{click.style(f'{name:<11}', bold=True)} {text}")
    has_kinds = any(layer.kind for layer in found.layers)
    headings = ["layer", *(["class"] if has_kinds else []), "weights", ">parameters"]
    table = simple_table(*headings)
    for layer in found.layers:
        count = f"{layer.parameters:,}" if layer.arrays else ""
        kinds = [layer.kind] if has_kinds else []
        table.add_row("  " * layer.depth + layer.name, *kinds, _weights(layer), count)
    say_table(table)
    total = sum(array.size_bytes for layer in found.layers for array in layer.arrays)
    click.echo(f"\n{found.parameters:,} parameters, {bytes_text(total)} in memory")


def _weights(layer: StoredLayer) -> str:
    texts = []
    for name, shape, dtype, _ in layer.arrays:
        sizes = "x".join(map(str, shape)) or "scalar"
        kind = "" if dtype == "float32" else dtype
        words = ["" if name.isdecimal() else name, sizes, kind]  # Keras 3 numbers what it stores
        texts.append(" ".join(word for word in words if word))
    return ", ".join(texts)


def _as_data(found: FileContents) -> dict[str, Any]:
    return {
        "path": found.path,
        "size_bytes": found.size_bytes,
        "kind": found.kind,
        "writer": found.writer,
        "optimizer": found.optimizer,
        "classes": list(found.card.classes) if found.card else None,
        "parameters": found.parameters,
        "layers": [
            {
                "name": layer.name,
                "class": layer.kind or None,
                "depth": layer.depth,
                "parameters": layer.parameters,
                "weights": [
                    {"name": name, "shape": list(shape), "dtype": dtype}
                    for name, shape, dtype, _ in layer.arrays
                ],
            }
            for layer in found.layers
        ],
    }
