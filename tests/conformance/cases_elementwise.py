"""Rows of the ops in `core/ops/elementwise.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.core import placeholder
from thalweg.core.ops import elementwise as ops

from .case import Case, Input

ANY = Input("mn")


def two(
    name: str,
    function: Callable[..., Any],
    oracle: Callable[..., Any],
    covers: str,
    a: Input = ANY,
    b: Input = ANY,
    **options: Any,
) -> Case:
    return Case(name, (covers,), function, (a, b), oracle, empty="m", **options)


CASES = (
    two("add", ops.add, lambda a, b: a - (-b), "Add"),
    two("add row", ops.add, lambda a, b: a - (-b), "SumTo", b=Input("n")),
    two("add column", ops.add, lambda a, b: a - (-b), "SumTo", a=Input(("m", 1))),
    two("subtract", ops.subtract, lambda a, b: -(b - a), "Subtract"),
    two("multiply scalar", ops.multiply, lambda a, b: a * b, "Multiply", b=Input()),
    two("divide", ops.divide, lambda a, b: a * b**-1.0, "Divide", b=Input("mn", away=(0.0,))),
)
