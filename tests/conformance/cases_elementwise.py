"""Rows of the ops in `core/ops/elementwise.py`: arithmetic and the plumbing of shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.core import (
    add,
    broadcast_to,
    cast,
    divide,
    identity,
    multiply,
    negative,
    ones_like,
    shape_of,
    stop_gradient,
    subtract,
    zeros_like,
)
from thalweg.core.ops.control import unchosen
from thalweg.core.ops.elementwise import sum_to

from .case import Case, Input

MATRIX = Input("mn")
INTEGERS = Input("mn", dtype="int32", low=-9, high=9)


def arithmetic(
    name: str,
    op: str,
    function: Callable[..., Any],
    oracle: Callable[..., Any],
    away: tuple[float, ...] = (),
) -> tuple[Case, ...]:
    """Rows of a binary op: equal shapes, and each way to broadcast."""
    other = Input("mn", away=away)
    shapes = {
        "": (MATRIX, other),
        " row": (MATRIX, Input("n", away=away)),
        " to column": (Input(("m", 1)), other),
        " scalar": (Input(), other),
        " outer": (Input(("m", 1)), Input((1, "n"), away=away)),
    }
    return tuple(
        Case(name + suffix, (op,), function, inputs, oracle, empty="mn")
        for suffix, inputs in shapes.items()
    )


def summed(shape: tuple[int | str, ...], oracle: Callable[..., Any], name: str) -> Case:
    """A row of `sum_to`, from (m, n, 3)."""
    inputs = (Input(("m", "n", 3)), Input(shape, gradient=False))
    return Case(name, ("SumTo",), sum_to, inputs, lambda x, like: oracle(x), empty="mn")


CASES = (
    *arithmetic("add", "Add", add, lambda a, b: a - -b),
    *arithmetic("subtract", "Subtract", subtract, lambda a, b: -(b - a)),
    *arithmetic("multiply", "Multiply", multiply, lambda a, b: np.einsum("...,...->...", a, b)),
    *arithmetic("divide", "Divide", divide, lambda a, b: a * b**-1.0, away=(0.0,)),
    Case(
        "arithmetic of integers",
        ("Add", "Subtract", "Multiply", "Negative"),
        lambda a, b: -((a + b) * (a - b)),
        (INTEGERS, INTEGERS),
        lambda a, b: b**2 - a**2,
        gradient=False,
        empty="m",
    ),
    Case(
        "operators with numbers on either side",
        ("Add", "Subtract", "Multiply", "Divide"),
        lambda x: 2 / (1 - 3 * (x + 1)),
        (Input("n", away=(-2 / 3,)),),
        lambda x: -2 / (3 * x + 2),
        rtol=10.0,  # the pole amplifies
    ),
    Case("negative", ("Negative",), negative, (MATRIX,), lambda x: 0 - x, empty="m"),
    Case("identity", ("Identity",), identity, (MATRIX,), lambda x: x, empty="m", exact=True),
    Case(
        "stop_gradient",
        ("StopGradient", "Multiply"),
        lambda x, y: stop_gradient(x * 2.0) * y,
        (Input("n", gradient=False), Input("n")),
        lambda x, y: (x + x) * y,
    ),
    Case(
        "stop_gradient alone",
        ("StopGradient",),
        stop_gradient,
        (MATRIX,),
        lambda x: x,
        gradient=False,
        exact=True,
    ),
    Case(
        "zeros_like",
        ("ZerosLike",),
        zeros_like,
        (MATRIX,),
        lambda x: np.zeros(x.shape),
        gradient=False,
        empty="m",
    ),
    Case(
        "unchosen",
        ("Unchosen",),
        unchosen,
        (MATRIX,),
        lambda x: np.zeros(x.shape),
        gradient=False,
        empty="m",
    ),
    Case(
        "ones_like",
        ("OnesLike",),
        ones_like,
        (Input("mn", dtype="int16"),),
        lambda x: np.full(x.shape, 1),
        gradient=False,
        empty="m",
    ),
    summed(("m", "n", 3), lambda x: x, "sum_to itself"),
    summed(("n", 3), lambda x: np.einsum("mnk->nk", x), "sum_to without the first axis"),
    summed((1, "n", 3), lambda x: np.einsum("mnk->nk", x)[None], "sum_to one row"),
    summed(("n", 1), lambda x: np.einsum("mnk->n", x)[:, None], "sum_to a column"),
    summed((), lambda x: np.einsum("mnk->", x), "sum_to a scalar"),
    Case(
        "broadcast_to",
        ("BroadcastTo",),
        lambda x, shape: broadcast_to(x, shape),
        (
            Input(("n", 1)),
            Input((3,), "int32", values=lambda *_: np.array([2, 1, 3], np.int32), host=True),
        ),
        lambda x, shape: np.stack([np.concatenate([x] * 3, axis=1)] * 2),
        sizes={"n": (1, 1)},
        exact=True,
    ),
    Case(
        "broadcast_to the shape of another",
        ("BroadcastTo", "Shape"),
        lambda x, like: broadcast_to(x, shape_of(like)),
        (Input(("m", 1)), Input(("k", "m", "n"), gradient=False)),
        lambda x, like: x + np.zeros(like.shape),
        empty="kmn",
        exact=True,
    ),
    Case(
        "shape_of",
        ("Shape",),
        shape_of,
        (Input("mn"),),
        lambda x: np.array([len(x), len(x.T)]),
        gradient=False,
        empty="mn",
    ),
    Case(
        "shape_of int64",
        ("Shape",),
        lambda x: shape_of(x, "int64"),
        (Input("mn", dtype="bool"),),
        lambda x: np.array([len(x), len(x.T)]),
        gradient=False,
        empty="mn",
    ),
    Case(
        "cast float64",
        ("Cast",),
        lambda x: cast(x, "float64"),
        (MATRIX,),
        lambda x: x,
        empty="m",
        exact=True,
    ),
    Case(
        "cast float32",
        ("Cast",),
        lambda x: cast(x, "float32"),
        (MATRIX,),
        lambda x: x,
        empty="m",
    ),
    Case(
        "cast float16",
        ("Cast",),
        lambda x: cast(x, "float16"),
        (Input("mn", gradient=False),),
        lambda x: x,
        gradient=False,
    ),
    Case(
        "cast to integers",
        ("Cast",),
        lambda x: cast(x, "int32"),
        (Input("mn", away=(-2.0, -1.0, 1.0, 2.0)),),
        np.trunc,
        gradient=False,
        empty="m",
    ),
    Case(
        "cast from bool",
        ("Cast",),
        lambda x: cast(x, "float32"),
        (Input("mn", dtype="bool"),),
        lambda x: np.array([float(b) for b in x.reshape(-1)]).reshape(x.shape),
        gradient=False,
        empty="m",
    ),
)
