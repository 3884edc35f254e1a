"""Rows of the ops in `core/ops/compare.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg import core

from .case import Case, Input


def each(function: Callable[..., bool]) -> Callable[..., np.ndarray]:
    """A Python predicate of numbers, for arrays."""
    return np.vectorize(function, otypes=[bool])


def compared(name: str, op: str, oracle: Callable[..., bool], dtype: str, suffix: str = "") -> Case:
    """A row of a comparison; small whole numbers, so that many are equal."""
    whole = Input("mn", dtype, values=whole_numbers)
    other = Input("n", dtype, values=whole_numbers)
    return Case(
        name + suffix, (op,), getattr(core, name), (whole, other), each(oracle),
        gradient=False, empty="mn",
    )  # fmt: skip


def whole_numbers(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return generator.integers(-2, 3, shape).astype(dtype)


def logic(name: str, op: str, oracle: Callable[..., bool]) -> Case:
    """A row of a binary op on booleans."""
    inputs = (Input(("m", 1), "bool"), Input("n", "bool"))
    return Case(name, (op,), getattr(core, name), inputs, each(oracle), gradient=False, empty="mn")


def special(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return generator.choice([0.0, -1.5, math.nan, math.inf, -math.inf], shape).astype(dtype)


def seen(name: str, op: str, oracle: Callable[[float], bool]) -> Case:
    """A row of a predicate of floats."""
    inputs = (Input("mn", values=special),)
    return Case(name, (op,), getattr(core, name), inputs, each(oracle), gradient=False, empty="mn")


COMPARISONS: dict[str, tuple[str, Callable[..., bool]]] = {
    "equal": ("Equal", lambda x, y: not (x - y)),
    "not_equal": ("NotEqual", lambda x, y: bool(x - y)),
    "less": ("Less", lambda x, y: y - x > 0),
    "less_equal": ("LessEqual", lambda x, y: y - x >= 0),
    "greater": ("Greater", lambda x, y: x - y > 0),
    "greater_equal": ("GreaterEqual", lambda x, y: x - y >= 0),
}
X = Input("mn", low=-3, high=-0.2)
Y = Input("n", low=0.2, high=3)
PLUS_MINUS = Input("mn", away=(0.0,))

CASES = (
    *(compared(name, op, oracle, "float") for name, (op, oracle) in COMPARISONS.items()),
    *(
        compared(name, op, oracle, "int64", " integers")
        for name, (op, oracle) in COMPARISONS.items()
    ),
    Case(
        "equal strings",
        ("Equal", "NotEqual"),
        lambda x, y: (core.equal(x, y), core.not_equal(x, y)),
        (Input("n", "string"), Input("n", "string")),
        lambda x, y: (
            np.array([a == b for a, b in zip(x, y, strict=True)], bool),
            np.array([a != b for a, b in zip(x, y, strict=True)], bool),
        ),
        gradient=False,
    ),
    Case(
        "equal booleans",
        ("Equal",),
        core.equal,
        (Input("n", "bool"), Input("n", "bool")),
        lambda x, y: ~(x ^ y),
        gradient=False,
        empty="n",
    ),
    seen("is_nan", "IsNan", math.isnan),
    seen("is_inf", "IsInf", math.isinf),
    seen("is_finite", "IsFinite", math.isfinite),
    logic("logical_and", "LogicalAnd", lambda x, y: x and y),
    logic("logical_or", "LogicalOr", lambda x, y: x or y),
    logic("logical_xor", "LogicalXor", lambda x, y: x != y),
    Case(
        "logical_not",
        ("LogicalNot",),
        lambda x: ~x,
        (Input("mn", "bool"),),
        each(lambda x: not x),
        gradient=False,
        empty="m",
    ),
    Case(
        "where",
        ("Where",),
        core.where,
        (Input("mn", "bool"), Input("mn"), Input("mn")),
        lambda c, x, y: np.choose(c, [y, x]),
        empty="m",
        exact=True,
    ),
    Case(
        "where broadcast",
        ("Where",),
        core.where,
        (Input(("m", 1), "bool"), Input("n"), Input()),
        lambda c, x, y: c * x + (1 - c) * y,
        empty="mn",
        exact=True,
    ),
    Case(
        "where of strings",
        ("Where",),
        core.where,
        (Input("n", "bool"), Input("n", "string"), Input("n", "string")),
        lambda c, x, y: np.array([p if k else q for k, p, q in zip(c, x, y, strict=True)], object),
        gradient=False,
    ),
    Case(
        "maximum",
        ("Maximum",),
        lambda x, y: core.maximum(x * y, y),  # 1 on the left of x = 1, and x on its right
        (Input("mn", low=-1, high=3, away=(1.0,)), Input("n", low=0.5, high=3)),
        lambda x, y: (x * y + y + np.abs(x * y - y)) / 2,
        empty="mn",
    ),
    Case(
        "minimum",
        ("Minimum",),
        lambda x, y: core.minimum(x * y, y),
        (Input("mn", low=-1, high=3, away=(1.0,)), Input("n", low=0.5, high=3)),
        lambda x, y: (x * y + y - np.abs(x * y - y)) / 2,
        empty="mn",
    ),
    Case(
        "maximum and minimum of integers",
        ("Maximum", "Minimum"),
        lambda x, y: (core.maximum(x, y), core.minimum(x, y)),
        (Input("mn", "int32", low=-4, high=4), Input((), "int32", low=-4, high=4)),
        lambda x, y: (np.where(x > y, x, y), np.where(x > y, y, x)),
        gradient=False,
        empty="m",
    ),
    Case(
        "clip_by_value",
        ("Maximum", "Minimum"),
        lambda x: core.clip_by_value(x, -1.0, 2.0),
        (Input("mn", low=-4, high=4, away=(-1.0, 2.0)),),
        lambda x: np.clip(x, -1, 2),
        empty="m",
    ),
    Case(
        "clip_by_value by tensors",
        ("Maximum", "Minimum"),
        core.clip_by_value,
        (Input("mn", low=-4, high=4, away=(-1.0, 2.0)), Input("n", low=-1.05, high=-0.95),
         Input("n", low=1.95, high=2.05)),
        lambda x, low, high: np.clip(x, low, high),
        empty="m",
    ),
)  # fmt: skip
