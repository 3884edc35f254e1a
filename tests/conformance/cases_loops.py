"""Rows of the ops that run bodies, in `core/ops/loops.py`. The oracles are Python's own loops."""

from __future__ import annotations

import numpy as np
from conformance.case import Case, Input

from thalweg.core import TensorArray, cond, matmul, reduce_sum, scan, sin, tanh, while_loop


def recurrent(x, kernel, start, reverse=False):
    states = np.zeros_like(x)
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        start = np.tanh(start @ kernel + x[t])
        states[t] = start
    return start, states


def scanned(x, kernel, start, reverse=False):
    def step(state, row):
        state = tanh(matmul(state, kernel) + row)
        return state, state

    return scan(step, start, x, reverse)


def looped(x, rate):
    count = 3
    return while_loop(
        lambda i, y: i < count, lambda i, y: (i + 1, y * rate + sin(y)), (np.int32(0), x)
    )[1]


def looped_oracle(x, rate):
    for _ in range(3):
        x = x * rate + np.sin(x)
    return x


CASES = (
    Case(
        "scan",
        covers=("Scan",),
        function=scanned,
        inputs=(Input("tbn"), Input("nn"), Input("bn")),
        oracle=recurrent,
        empty="tb",
    ),
    Case(
        "scan reverse",
        covers=("Scan",),
        function=lambda x, kernel, start: scanned(x, kernel, start, True),
        inputs=(Input("tbn"), Input("nn"), Input("bn")),
        oracle=lambda x, kernel, start: recurrent(x, kernel, start, True),
    ),
    Case(
        "while",
        covers=("While",),
        function=looped,
        inputs=(Input("mn", low=-1, high=1), Input("n", low=-1, high=1)),
        oracle=looped_oracle,
        empty="m",
        rtol=4.0,  # the loop multiplies rounding errors by up to 2 each time
    ),
    Case(
        "cond",
        covers=("Cond",),
        function=lambda p, x, y: cond(
            reduce_sum(p) > 0, lambda: (x * y, sin(x)), lambda: (sin(y) * x, y * 1.0)
        ),
        inputs=(Input("n", away=(0.0,), gradient=False), Input("n"), Input("n")),
        oracle=lambda p, x, y: (x * y, np.sin(x)) if p.sum() > 0 else (np.sin(y) * x, y),
        sizes={"n": (1, 1)},
    ),
    Case(
        "array write",
        covers=("ArrayWrite",),
        function=lambda array, index, value: (
            TensorArray(array.dtype).unstack(array).write(index, value).stack()
        ),
        inputs=(
            Input(("n", 2)),
            Input("", dtype="int32", values=lambda rng, shape, dtype: np.array(0, dtype)),
            Input((2,)),
        ),
        oracle=lambda array, index, value: np.concatenate([value[None], array[1:]]),
    ),
    Case(
        "array that grows",
        covers=("ArrayWrite",),
        function=lambda array, index, value: (
            TensorArray(array.dtype, dynamic_size=True).unstack(array).write(index, value).stack()
        ),
        inputs=(
            Input(("n", 2)),
            Input("", dtype="int32", values=lambda rng, shape, dtype: np.array(6, dtype)),
            Input((2,)),
        ),
        oracle=lambda array, index, value: np.concatenate(
            [array, np.zeros((6 - len(array), 2)), value[None]]
        ),
        data_sizes=True,
    ),
)
