"""Rows of the ops in `core/ops/arithmetic.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from .case import Input
from .cases_math import DIVISORS, INTEGERS, UNEVEN
from .elementwise_rows import each, two


def some_zeros(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    values = generator.uniform(0.5, 2, shape) * generator.choice([-1, 0, 1], shape)
    return values.astype(dtype)


ZEROS = Input("n", values=some_zeros)
FIXED_ZEROS = Input("n", values=some_zeros, gradient=False)  # where the function has a jump or bend
OFF_ZERO = Input("n", away=(0.0,))
POSITIVE = Input("n", low=0.2, high=4)

CASES = (
    # towards zero
    two("truncatediv", "Truncatediv", each(lambda x, y: math.trunc(x / y)), UNEVEN,
        Input("n", away=(0,)), gradient=False),
    two("truncatediv integers", "Truncatediv",
        each(lambda x, y: abs(int(x)) // abs(int(y)) * (1 if x * y > 0 else -1)),
        INTEGERS, DIVISORS, gradient=False),
    two("truncatediv unsigned", "Truncatediv", each(lambda x, y: int(x) // int(y)),
        Input("mn", "uint8", high=200), Input("n", "uint8", low=1, high=9), gradient=False),
    two("truncatemod", "Truncatemod", lambda x, y: x - y * np.trunc(x / y), UNEVEN,
        Input("n", values=lambda r, s, t: r.choice([-1.0, 1.0], s).astype(t))),
    two("truncatemod integers", "Truncatemod", each(lambda x, y: int(math.fmod(x, y))),
        INTEGERS, DIVISORS, gradient=False),
    # zero decides
    two("div_no_nan", "DivNoNan", lambda x, y: x * y**-1.0, Input("mn"), OFF_ZERO),
    two("div_no_nan by zeros", "DivNoNan", each(lambda x, y: x / y if y else 0.0),
        Input("mn"), FIXED_ZEROS),
    two("multiply_no_nan", "MultiplyNoNan", lambda x, y: np.einsum("mn,n->mn", x, y),
        Input("mn"), ZEROS),
    two("xdivy", "Xdivy", lambda x, y: x * y**-1.0, Input("mn", away=(0.0,)), OFF_ZERO),
    two("xdivy of zeros", "Xdivy", lambda x, y: np.where(x == 0, 0.0, x / y),
        Input("mn", values=some_zeros, gradient=False), OFF_ZERO),
    two("xlogy", "Xlogy", lambda x, y: special.xlogy(x, y), Input("mn", away=(0.0,)), POSITIVE),
    two("xlogy of zeros", "Xlogy", lambda x, y: special.xlogy(x, y),
        Input("mn", values=some_zeros, gradient=False), POSITIVE),
)  # fmt: skip
