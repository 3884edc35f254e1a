"""Rows of the products in `core/ops/linalg/products.py`."""

from __future__ import annotations

import numpy as np

from thalweg.core import cross, kron, matmul, matvec, outer

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
    Case(
        "matvec",
        ("MatMul",),
        matvec,
        (Input("bmk"), Input("bk")),
        lambda a, b: np.einsum("bmk,bk->bm", a, b),
        empty="bk",
    ),
    Case(
        "matvec aT, one b",
        ("MatMul",),
        lambda a, b: matvec(a, b, transpose_a=True),
        (Input("bkm"), Input("k")),
        lambda a, b: np.einsum("bkm,k->bm", a, b),
    ),
    Case("outer", ("Multiply",), outer, (Input("mn"), Input("k")), np.outer, empty="mk"),
    Case("cross", ("Unstack", "Stack"), cross, (Input(("n", 3)), Input(("n", 3))), np.cross),
    Case(
        "cross stretched",
        ("Unstack", "Stack"),
        cross,
        (Input(("b", 1, 3)), Input(("n", 3))),
        lambda a, b: np.stack([[np.cross(u[0], v) for v in b] for u in a]),
    ),
    Case(
        "kron",
        ("Multiply",),
        kron,
        (Input("mn"), Input("kl")),
        np.kron,
        empty="ml",
        needs_rank=True,
    ),
    Case(
        "kron of other ranks",
        ("Multiply",),
        kron,
        (Input("n"), Input("klm")),
        np.kron,
        needs_rank=True,
    ),
    Case("kron of scalars", ("Multiply",), kron, (Input(), Input()), np.multiply, needs_rank=True),
)
