"""The ops, one family a file; importing this package registers all of them."""

from __future__ import annotations

from ..graph import OPERATORS
from . import (
    concat,
    control,
    conv,
    elementwise,
    gather,
    linalg,
    pool,
    repeat,
    shape,
    slicing,
    source,
    stack,
    state,
)

__all__ = [
    "concat",
    "control",
    "conv",
    "elementwise",
    "gather",
    "linalg",
    "pool",
    "repeat",
    "shape",
    "slicing",
    "source",
    "stack",
    "state",
]

OPERATORS.update(
    {
        name: getattr(elementwise, name)
        for name in ("add", "subtract", "multiply", "divide", "negative")
    }
)
OPERATORS.update({"getitem": slicing.getitem, "matmul": linalg.matmul})
