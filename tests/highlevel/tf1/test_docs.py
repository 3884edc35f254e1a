"""docs/tf1.md lists the names there are; run as a script, this file writes the list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import thalweg.tf1 as tf

PAGE = Path(__file__).resolve().parents[3] / "docs" / "tf1.md"
LIST = re.compile(r"(<!-- names: [^\n]*-->\n).*?(<!-- end of names -->)", re.DOTALL)
SPACES = (
    "",
    "app",
    "bitwise",
    "contrib.layers",
    "contrib.rnn",
    "data",
    "debugging",
    "errors",
    "flags",
    "gfile",
    "image",
    "initializers",
    "io",
    "layers",
    "linalg",
    "logging",
    "losses",
    "manip",
    "math",
    "metrics",
    "nn",
    "nn.rnn_cell",
    "random",
    "strings",
    "summary",
    "test",
    "train",
)


def listed() -> str:
    """One row a namespace."""
    rows = ["\n| Where | How many | Names |\n|---|---|---|\n"]
    for space in SPACES:
        module = found(space)
        names = sorted(n for n in set(module.__all__) if not n.startswith("_"))
        title = f"`tf.{space}`" if space else "`tf`"
        rows.append(f"| {title} | {len(names)} | {' '.join(f'`{name}`' for name in names)} |\n")
    return "".join([*rows, "\n"])


def found(path: str) -> Any:
    item: Any = tf
    for part in filter(None, path.split(".")):
        item = getattr(item, part)
    return item


def written(page: str) -> str:
    return LIST.sub(lambda found: found[1] + listed() + found[2], page)


def test_the_page_lists_the_names() -> None:
    page = PAGE.read_text("utf-8")
    assert written(page) == page
    assert LIST.search(page)
    assert "`dynamic_rnn`" in page


def test_a_missing_name_is_seen() -> None:
    page = PAGE.read_text("utf-8")
    assert written(page.replace("`dynamic_rnn` ", "", 1)) == page


def test_what_is_said_to_be_missing_is() -> None:
    for name in ("SparseTensor", "FIFOQueue", "parse_example", "estimator", "RegisterGradient"):
        assert not hasattr(tf, name)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
