"""Rows of the ops that put elements in another order, or in blocks, or a border around them."""

from __future__ import annotations

import numpy as np

from thalweg.core import pad, shape_of

from .case import Case, Input
from .cases_shape import from_rows, moved

BORDERS = (
    Case(
        "pad",
        ("Pad", "DynamicSlice"),
        lambda x: pad(x, [[1, 0], [2, 3]], constant_values=7),
        (Input("mn"),),
        lambda x: from_rows(
            [
                x[i - 1, j - 2] if i >= 1 and 2 <= j < 2 + x.shape[1] else 7
                for i in range(len(x) + 1)
                for j in range(x.shape[1] + 5)
            ],
            (len(x) + 1, x.shape[1] + 5),
        ),
        empty="mn",
        exact=True,
    ),
    Case(
        "pad by nothing",
        ("Pad",),
        lambda x: pad(x, np.zeros((1, 2), int)),
        (Input("m", dtype="float"),),
        lambda x: x + 0,
        exact=True,
    ),
    Case(
        "pad by sizes",
        ("Pad", "DynamicSlice"),
        lambda x: pad(x, [[0, 5 - shape_of(x)[0]], [1, shape_of(x)[0]]]),
        (Input("mn"),),
        lambda x: np.vstack(
            [
                np.hstack([np.zeros((len(x), 1)), x, np.zeros((len(x), len(x)))]),
                np.zeros((5 - len(x), len(x) + x.shape[1] + 1)),
            ]
        ),
        exact=True,
    ),
    Case(
        "pad by what is fed",
        ("Pad", "DynamicSlice"),
        lambda x, borders: pad(x, borders),
        (Input("mn"), Input((2, 2), dtype="int32", low=0, high=3)),
        lambda x, borders: from_rows(
            [
                x[i, j] if 0 <= i < len(x) and 0 <= j < x.shape[1] else 0
                for i in range(-borders[0, 0], len(x) + borders[0, 1])
                for j in range(-borders[1, 0], x.shape[1] + borders[1, 1])
            ],
            (len(x) + borders[0].sum(), x.shape[1] + borders[1].sum()),
        ),
        exact=True,
        data_sizes=True,
    ),
    Case(
        "pad reflected",
        ("MirrorPad", "MirrorPadGrad"),
        lambda x: pad(x, [[2, 1], [0, 0], [0, 2]], "REFLECT"),
        (Input(("m", "n", 3)),),
        lambda x: moved(
            x,
            (len(x) + 3, x.shape[1], 5),
            lambda i, j, k: (
                len(x) - 1 - abs(len(x) - 1 - abs(i - 2)),
                j,
                2 - abs(2 - k),
            ),
        ),
        sizes={"m": (3, 5)},
        empty="n",
    ),
    Case(
        "pad symmetric",
        ("MirrorPad", "MirrorPadGrad"),
        lambda x: pad(x, [[1, 2], [3, 0]], "symmetric"),
        (Input(("m", 3)),),
        lambda x: np.vstack([x[0], x, x[-1], x[-2]])[:, [2, 1, 0, 0, 1, 2]],
        sizes={"m": (2, 4)},
    ),
    Case(
        "pad words",
        ("MirrorPad",),
        lambda x: pad(x, [[1, 1]], "SYMMETRIC"),
        (Input("m", dtype="string"),),
        lambda x: np.array([x[0], *x, x[-1]], object),
        gradient=False,
        exact=True,
    ),
)

CASES = BORDERS
