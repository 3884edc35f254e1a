"""Rows of `core/ops/linalg/norms.py`, by NumPy's and SciPy's norms."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from thalweg.core import l2_normalize, norm, normalize

from .case import Case, Input
from .matrices import each, spread


def norm_row(ord: Any, axis: Any, oracle: Any, x: Input, **options: Any) -> Case:
    keepdims = options.pop("keepdims", False)
    return Case(
        f"norm {ord} {axis}{' keepdims' * keepdims}",
        options.pop("covers", ("ReduceSum",)),
        lambda tensor: norm(tensor, ord, axis, keepdims),
        (x,),
        oracle,
        **options,
    )


ANY = Input("bmn", away=(0.0,))
DISTINCT = Input("bmn", distinct=True, low=0.5, high=9.0)

CASES = (
    norm_row("euclidean", None, np.linalg.norm, ANY, empty="b"),
    norm_row("euclidean", -1, lambda x: np.linalg.norm(x, axis=-1), ANY, empty="bn"),
    norm_row(2, [1], lambda x: np.linalg.norm(x, axis=1, keepdims=True), ANY, keepdims=True),
    norm_row(1, 0, lambda x: np.abs(x).sum(0), ANY, empty="bm"),
    norm_row(
        3.5, 2, each(lambda x: [linalg.norm(row, 3.5) for row in x]), ANY, rtol=3.0
    ),  # powers up to 47
    norm_row(
        np.inf,
        1,
        lambda x: np.sort(np.abs(x), axis=1)[:, -1],
        DISTINCT,
        covers=("ReduceMax",),
    ),
    norm_row("fro", [-2, -1], lambda x: np.sqrt((x * x).sum((1, 2))), ANY, empty="bmn"),
    norm_row("euclidean", [0, 2], lambda x: np.sqrt((x * x).sum((0, 2))), ANY),
    norm_row(
        1,
        [1, 2],
        each(lambda x: linalg.norm(x, 1)),
        DISTINCT,
        covers=("ReduceMax",),
    ),
    norm_row(
        np.inf,
        [1, 2],
        lambda x: np.abs(x).sum(2, keepdims=True).max(1, keepdims=True),
        DISTINCT,
        covers=("ReduceMax",),
        keepdims=True,
    ),
    norm_row(
        2, [-2, -1], each(lambda x: linalg.norm(x, 2)), Input("bmn", values=spread), covers=("Svd",)
    ),
    norm_row(
        2,
        [2, 0],
        lambda x: np.linalg.norm(x, 2, axis=(2, 0), keepdims=True),
        Input((3, "b", 2)),
        covers=("Svd",),
        keepdims=True,
        needs_rank=True,
    ),
    Case(
        "norm of zeros",
        ("Where",),
        lambda x: norm(x - x, axis=-1) + norm(x, axis=-1),
        (ANY,),
        lambda x: np.linalg.norm(x, axis=-1),
    ),
    Case(
        "normalize",
        ("Divide",),
        lambda x: normalize(x, axis=-1),
        (Input("bn", low=1.0),),
        lambda x: (
            np.stack([row / np.sqrt(row @ row) for row in x]),
            np.array([[np.sqrt(row @ row)] for row in x]),
        ),
    ),
    Case(
        "l2_normalize",
        ("Rsqrt",),
        lambda x: l2_normalize(x, [0, -1]),
        (Input("bmn", low=0.5),),
        lambda x: x / np.linalg.norm(x, axis=(0, 2), keepdims=True),
        empty="m",
    ),
    Case(
        "l2_normalize of little",
        ("Rsqrt",),
        lambda x: l2_normalize(x, epsilon=1e4),
        (Input("bn"),),
        lambda x: x / 100,
        empty="bn",
    ),
)
