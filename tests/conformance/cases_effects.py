"""Rows of ops with effects: what they hand on, and what they look at.

That they print, raise and run in order is in `tests/core/ops/test_printing.py` and its like.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from thalweg import core
from thalweg.core import apply, apply_many
from thalweg.core.opdef import REGISTRY

from .case import Case, Input


def checked(check: Callable[..., Any]) -> Callable[..., Any]:
    """The sum of tensors that stands behind a check of them."""

    def function(*xs: Any) -> Any:
        with core.control_dependencies([check(*xs)]):
            return core.identity(core.add_n(list(xs)))

    return function


def first_failure(holds: np.ndarray, x: np.ndarray, y: np.ndarray) -> Any:
    places = [place for place in np.ndindex(holds.shape) if not holds[place]]
    wide = [np.broadcast_to(z, holds.shape) for z in (x, y)]
    if not places:
        first = (0,) * holds.ndim
        return [0, 0], wide[0][first], wide[1][first]
    number = [*np.ndindex(holds.shape)].index(places[0])
    return [len(places), number], wide[0][places[0]], wide[1][places[0]]


def special(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return rng.choice([1.0, 2.0, np.nan, np.inf, -np.inf], shape).astype(dtype)


def not_finite(x: np.ndarray) -> np.ndarray:
    words = [str(value) for value in x.reshape(-1)]
    kinds = [word.strip("-") if word.strip("-") in ("nan", "inf") else "" for word in words]
    first = next((place for place, kind in enumerate(kinds) if kind), 0)
    return np.array([kinds.count("nan"), kinds.count("inf"), first])


X = Input("mn", low=0.5, high=3)

CASES = (
    Case(
        "py_func",
        covers=("PyFunc",),
        function=lambda x: core.py_func(
            np.sin, [x], x.dtype, shapes=x.shape, grad=lambda node, g: g * core.cos(node.inputs[0])
        ),
        inputs=(Input("mn"),),
        oracle=lambda x: np.exp(1j * x).imag,
        empty="m",
        data_sizes=True,
    ),
    Case(
        "py_func without state",
        covers=("PyFunc",),
        function=lambda x: core.py_func(
            lambda v: [v.sum(), v.size], [x], [x.dtype, "int64"], stateful=False, shapes=[[], []]
        ),
        inputs=(Input("mn"),),
        oracle=lambda x: (np.einsum("mn->", x), np.int64(len(x) * len(x.T))),
        gradient=False,
        empty="m",
    ),
    Case(
        "Print",
        covers=("PrintText",),
        function=lambda x: core.Print(x, [x, "a"], "x", summarize=1),
        inputs=(X,),
        oracle=lambda x: x,
        empty="n",
        exact=True,
    ),
    Case(
        "print_v2",
        covers=("PrintText",),
        function=checked(lambda x: core.print_v2("x", [x], output_stream="stdout")),
        inputs=(X,),
        oracle=lambda x: x,
        empty="n",
    ),
    Case(
        "Assert",
        covers=("AssertTrue",),
        function=checked(lambda x: core.Assert(core.greater(x, 0), [x])),
        inputs=(X,),
        oracle=lambda x: x,
        empty="n",
    ),
    Case(
        "assert_less",
        covers=("AssertNone", "FirstFailure"),
        function=checked(lambda x, y: core.assert_less(x, y + 10.0)),
        inputs=(X, Input("mn")),
        oracle=lambda x, y: y + x,
        empty="n",
    ),
    Case(
        "the first failure",
        covers=("FirstFailure",),
        function=lambda *inputs: tuple(apply_many(REGISTRY["FirstFailure"](), *inputs).outputs),
        inputs=(Input("mn", "bool"), Input("n"), Input(("m", 1))),
        oracle=first_failure,
        gradient=False,
    ),
    Case(
        "the first failure among strings",
        covers=("FirstFailure",),
        function=lambda *inputs: tuple(apply_many(REGISTRY["FirstFailure"](), *inputs).outputs),
        inputs=(Input("n", "bool"), Input("n", "string"), Input("n", "string")),
        oracle=lambda *inputs: [np.array(r, object if isinstance(r, bytes) else None)
                                for r in first_failure(*inputs)],
        gradient=False,
    ),
    Case(
        "check_numerics",
        covers=("CountNonFinite", "AssertFinite", "Finite"),
        function=lambda x: core.check_numerics(core.log(x), "log"),
        inputs=(X,),
        oracle=lambda x: scipy.special.xlog1py(1.0, x - 1.0),
        empty="n",
    ),
    Case(
        "what is not finite",
        covers=("CountNonFinite",),
        function=lambda x: apply(REGISTRY["CountNonFinite"](), x),
        inputs=(Input("mn", values=special),),
        oracle=not_finite,
        gradient=False,
        empty="m",
    ),
)  # fmt: skip
