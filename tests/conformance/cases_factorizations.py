"""Rows of `core/ops/linalg/factorizations.py`, by SciPy.

What a factorization leaves open, signs for one, must not matter: the rows square it away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from thalweg.core import (
    Tensor,
    cholesky,
    cholesky_solve,
    eye,
    logdet,
    matmul,
    qr,
    shape_of,
    square,
)

from .case import Case, Input
from .matrices import each, regular


def positive(x: Tensor) -> Tensor:
    """A positive definite matrix, symmetric wherever x goes."""
    return matmul(x, x, transpose_b=True) + eye(shape_of(x)[-2], dtype=x.dtype)


def positive_array(x: np.ndarray) -> np.ndarray:
    return x @ x.swapaxes(-1, -2) + np.eye(x.shape[-2])


def with_ones(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.broadcast_to(np.eye(x.shape[-2]), x.shape)], axis=-1)


def positive_rows(r: np.ndarray) -> np.ndarray:
    return r * np.sign(np.einsum("...ii->...i", r))[..., None]


def squares_of_qr(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    q, r = linalg.qr(x, mode="economic")
    return q**2, r**2


def product_and_gram(q: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    return matmul(q, r), matmul(q, q, transpose_a=True)


def qr_row(name: str, shape: Any, **options: Any) -> Case:
    return Case(
        f"qr {name}",
        ("Qr",),
        lambda x: tuple(square(part) for part in qr(x)),
        (Input(shape, values=regular),),
        each(squares_of_qr),
        **options,
    )


CASES = (
    Case(
        "cholesky",
        ("Cholesky", "MatrixTriangularSolve"),
        lambda x: cholesky(positive(x)),
        (Input("bnk", low=-1, high=1),),
        each(lambda x: linalg.cholesky(positive_array(x), lower=True)),
    ),
    Case(
        "cholesky of nothing",
        ("Cholesky",),
        lambda x: cholesky(positive(x)),
        (Input("bnn", low=-1, high=1),),
        # by another route: r of the QR factorization of [x, 1]ᵀ, with positive diagonal
        lambda x: positive_rows(np.linalg.qr(with_ones(x).swapaxes(-1, -2))[1]).swapaxes(-1, -2),
        empty="bn",
    ),
    Case(
        "cholesky_solve",
        ("MatrixTriangularSolve",),
        lambda x, b: cholesky_solve(cholesky(positive(x)), b),
        (Input("bnk", low=-1, high=1), Input("bnm")),
        each(lambda x, b: linalg.solve(positive_array(x), b)),
    ),
    Case(
        "logdet",
        ("Cholesky", "Log"),
        lambda x: logdet(positive(x)),
        (Input("bnk", low=-1, high=1),),
        each(lambda x: np.log(linalg.eigvalsh(positive_array(x))).sum()),
    ),
    qr_row("square", "nn"),
    qr_row("tall", (6, "n")),
    qr_row("wide", ("b", "n", 6)),
    qr_row("any", "bmn"),
    Case(
        "qr of nothing",
        ("Qr",),
        lambda x: tuple(square(part) for part in qr(x)),
        (Input("bmn", values=regular),),
        lambda x: tuple(part**2 for part in np.linalg.qr(x)),
        empty="bmn",
    ),
    Case(
        "qr full",
        ("Qr",),
        lambda x: product_and_gram(*qr(x, full_matrices=True)),
        (Input("bmn", values=regular),),
        lambda x: (x, np.broadcast_to(np.eye(x.shape[1]), (len(x), x.shape[1], x.shape[1]))),
        sizes={"m": (3, 5), "n": (1, 2)},
        gradient=False,
    ),
)
