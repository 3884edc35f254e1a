"""One row of the op tests: what a case says, so that every check can be derived from it.

Rows live in `tests/conformance/cases_<family>.py`, each a module-level tuple `CASES`. A registered
op that no row covers fails the suite.

    Case(
        "matmul",
        covers=("MatMul",),
        function=lambda a, b: matmul(a, b),
        inputs=(Input("mk"), Input("kn")),
        oracle=lambda a, b: np.einsum("mk,kn->mn", a, b),
    )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Input:
    """One input.

    Args:
        shape: a letter an axis; equal letters of one case have equal sizes. A tuple may mix
            letters and fixed ints: `("n", 5, 5, "c")`. `""` or `()` is a scalar.
        dtype: `"float"` runs the case in float32 and float64; else a dtype's name.
        low, high: bounds of the drawn values.
        away: values that drawn ones keep a distance of 0.1 from (kinks, poles).
        distinct: all values differ by at least 0.05 (maxima must not tie).
        values: `(generator, shape, numpy_dtype) -> array`, instead of uniform draws.
        gradient: whether the gradient with respect to it is checked (floats only).
        host: a host operand (a shape vector): it is passed as a constant, never as a feed.
    """

    shape: str | tuple[int | str, ...] = ""
    dtype: str = "float"
    low: float = -3.0
    high: float = 3.0
    away: tuple[float, ...] = ()
    distinct: bool = False
    values: Callable[[np.random.Generator, tuple[int, ...], Any], np.ndarray] | None = None
    gradient: bool = True
    host: bool = False


@dataclass(frozen=True)
class Case:
    """One row.

    Args:
        name: unique among all rows.
        covers: registered op classes that the row tests (helper ops of gradients too).
        function: tensors -> tensor or tuple of tensors; attributes are bound by a lambda.
        inputs: as above.
        oracle: NumPy arrays -> array or tuple, by another route than `compute` (SciPy, a loop, an
            einsum, a formula derived another way). It is called in float64 for float inputs.
        gradient: False for ops without gradient.
        order: 2 where the gradient's gradient is claimed (and then checked) too.
        sizes: `{"n": (1, 4)}`: bounds of a letter's size; by default (1, 4).
        empty: letters that may also be 0 (a separate test draws them so).
        exact: results must be equal to the last bit (integers, copies).
        rtol: factor on the tolerance table, for ops that amplify rounding; say why in a comment.
        data_sizes: sizes of the results depend on values, so `infer` leaves some open.
        needs_rank: the function refuses inputs of unknown rank, with a ShapeError that says so.
    """

    name: str
    covers: tuple[str, ...]
    function: Callable[..., Any]
    inputs: tuple[Input, ...]
    oracle: Callable[..., Any]
    gradient: bool = True
    order: int = 2
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    empty: str = ""
    exact: bool = False
    rtol: float = 1.0
    needs_rank: bool = False
    data_sizes: bool = False
