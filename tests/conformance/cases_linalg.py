"""Rows of the ops in `core/ops/linalg.py`."""

from __future__ import annotations

import numpy as np

from thalweg.core import matmul

from .case import Case, Input


def product(name: str, a: Input, b: Input, formula: str, *, flags: str = "", **options) -> Case:
    """A matrix product; the oracle is an einsum, `flags` holds an a or b for each transpose."""
    return Case(
        name,
        ("MatMul",),
        lambda x, y: matmul(x, y, transpose_a="a" in flags, transpose_b="b" in flags),
        (a, b),
        lambda x, y: np.einsum(formula, x, y),
        **options,
    )


CASES = (
    product("matmul", Input("mk"), Input("kn"), "mk,kn->mn", empty="mkn"),
    product("matmul aT", Input("km"), Input("kn"), "km,kn->mn", flags="a", empty="mkn"),
    product("matmul bT", Input("mk"), Input("nk"), "mk,nk->mn", flags="b", empty="mkn"),
    product("matmul aT bT", Input("km"), Input("nk"), "km,nk->mn", flags="ab", empty="mkn"),
    product("matmul batch", Input("bmk"), Input("bkn"), "bmk,bkn->bmn", empty="bk"),
    product("matmul one b", Input("bmk"), Input("kn"), "bmk,kn->bmn", empty="b"),
    product("matmul one a", Input("km"), Input("bnk"), "km,bnk->bmn", flags="ab"),
    product(
        "matmul stretched batch",
        Input(("a", 1, "k", "m")),
        Input("bkn"),
        "aikm,bkn->abmn",
        flags="a",
    ),
    product(
        "matmul both stretched",
        Input((1, "b", "m", "k")),
        Input(("a", 1, "n", "k")),
        "ibmk,ajnk->abmn",
        flags="b",
    ),
    product(
        "matmul integers",
        Input("mk", dtype="int32"),
        Input("kn", dtype="int32"),
        "mk,kn->mn",
        gradient=False,
        exact=True,
    ),
)
