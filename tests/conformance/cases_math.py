"""Rows of the ops in `core/ops/math.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from thalweg import core

from .case import Case, Input
from .elementwise_rows import each, one, two


def halves(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return (generator.integers(-7, 8, shape) / 2).astype(dtype)


POSITIVE = Input("mn", low=0.2, high=4.0)
OFF_ZERO = Input("mn", away=(0.0,))
INTEGERS = Input("mn", dtype="int32", low=-9, high=9)
DIVISORS = Input("n", dtype="int32", low=-4, high=4, away=(0.0,))
# floor(x / y) jumps where x is a multiple of y; these quotients are half-integers, nearly
UNEVEN = Input(
    "mn", values=lambda r, s, t: (r.integers(-9, 9, s) + r.uniform(0.3, 0.7, s)).astype(t)
)

CASES = (
    # powers and roots
    one("square", "Square", lambda x: np.abs(x) ** 2),
    one("square integers", "Square", lambda x: np.abs(x) ** 2, INTEGERS, gradient=False),
    one("sqrt", "Sqrt", lambda x: x**0.5, POSITIVE),
    one("rsqrt", "Rsqrt", lambda x: x**-0.5, POSITIVE),
    one("reciprocal", "Reciprocal", lambda x: x**-1.0, OFF_ZERO),
    two("pow", "Pow", lambda x, y: np.exp(y * np.log(x)), POSITIVE, Input("n")),
    two(
        "pow of a negative base",
        "Pow",
        lambda x, y: x * x * x,
        Input("mn", low=-3, high=-0.2),
        Input(values=lambda r, s, t: np.full(s, 3.0, t), gradient=False),
    ),
    two(
        "pow of integers",
        "Pow",
        each(lambda x, y: int(x) ** int(y)),
        Input("mn", dtype="int64", low=-5, high=5),
        Input("n", dtype="int64", low=0, high=6),
        gradient=False,
    ),
    # exponentials and logarithms
    one("exp", "Exp", each(math.exp)),
    one("expm1", "Expm1", lambda x: special.expm1(x)),
    one("log", "Log", each(math.log), POSITIVE),
    one("log1p", "Log1p", lambda x: special.log1p(x), Input("mn", low=-0.8, high=4)),
    # rounding
    one("floor", "Floor", each(math.floor), gradient=False),
    one("ceil", "Ceil", each(math.ceil), gradient=False),
    one("round", "Round", each(round), gradient=False),
    one("round halves", "Round", each(round), Input("mn", values=halves), gradient=False),
    two(
        "floordiv",
        "Floordiv",
        each(lambda x, y: x // y),
        UNEVEN,
        Input("n", away=(0,)),
        gradient=False,
    ),
    two(
        "floordiv integers",
        "Floordiv",
        each(lambda x, y: int(x) // int(y)),
        INTEGERS,
        DIVISORS,
        gradient=False,
    ),
    two(
        "floormod",
        "Floormod",
        lambda x, y: x - y * np.floor(x / y),
        UNEVEN,
        Input("n", values=lambda r, s, t: r.choice([-1.0, 1.0], s).astype(t)),
    ),
    two(
        "floormod integers",
        "Floormod",
        each(lambda x, y: int(x) % int(y)),
        INTEGERS,
        DIVISORS,
        gradient=False,
    ),
    # signs and sums
    one("abs", "Abs", lambda x: np.sqrt(x**2), OFF_ZERO),
    one("abs integers", "Abs", each(abs), INTEGERS, gradient=False),
    one("sign", "Sign", lambda x: np.copysign(1.0, x), OFF_ZERO),
    one("sign integers", "Sign", lambda x: (x > 0) * 1 - (x < 0) * 1, INTEGERS, gradient=False),
    two(
        "squared_difference",
        "Square",
        lambda x, y: x**2 - 2 * x * y + y**2,
        Input("mn"),
        Input("n"),
    ),
    Case(
        "add_n",
        ("Add",),
        lambda *tensors: core.add_n(tensors),
        (Input("mn"), Input("mn"), Input("mn")),
        lambda *arrays: np.sum(arrays, axis=0),
        empty="m",
    ),
    # activations
    one("relu", "Relu", lambda x: (x + np.abs(x)) / 2, OFF_ZERO),
    one("relu of integers", "Relu", each(lambda x: max(x, 0)), INTEGERS, gradient=False),
    Case(
        "relu's gradient",
        ("ReluGradient",),
        lambda x, y: core.gradients(core.relu(x), [x], y)[0],
        (OFF_ZERO, Input("mn")),
        lambda x, y: y * (x > 0),
    ),
    one("sigmoid", "Sigmoid", lambda x: special.expit(x), Input("mn", low=-8, high=8)),
    one("softplus", "Softplus", lambda x: -special.log_expit(-x), Input("mn", low=-8, high=8)),
    one("log_sigmoid", "Softplus", lambda x: special.log_expit(x), Input("mn", low=-8, high=8)),
    one("softsign", "Softsign", lambda x: np.sign(x) * (1 - 1 / (1 + np.abs(x))), OFF_ZERO),
    one("elu", "Elu", each(lambda x: x if x > 0 else math.exp(x) - 1), OFF_ZERO),
    one(
        "selu",
        "Expm1",
        each(lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x))),
        OFF_ZERO,
    ),
    one("leaky_relu", "Where", lambda x: np.maximum(x, 0.2 * x), OFF_ZERO),
    one(
        "clipped_relu",
        "Where",
        lambda x: np.clip(x, 0, 6),
        Input("mn", low=-4, high=9, away=(0, 6)),
    ),
)
