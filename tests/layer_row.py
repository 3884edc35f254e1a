"""What a row of the table of layers holds; `layer_rows` has the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from thalweg.layers import Layer

Array = npt.NDArray[Any]
Weights = Mapping[str, Array]
Formula = Callable[..., Array]

__all__ = ["Array", "Formula", "Row", "Weights"]


@dataclass(frozen=True)
class Row:
    """A layer and what is known of it.

    Args:
        name: of the row.
        make: a fresh layer, with the given further arguments.
        shapes: of its inputs, with a batch.
        formula: `(*inputs, weights) -> output` for the inference mode; weights by name.
        weights: their shapes in order.
        differs: whether `training=True` changes the output.
    """

    name: str
    make: Callable[..., Layer]
    shapes: tuple[tuple[int, ...], ...]
    formula: Formula
    weights: dict[str, tuple[int, ...]] = field(default_factory=dict)
    differs: bool = False
