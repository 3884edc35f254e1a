"""Rows of `core/ops/linalg/spectral.py` and `least_squares.py`, by SciPy.

What a factorization leaves open, signs for one, must not matter: the rows square it away.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import linalg

from thalweg.core import (
    Tensor,
    expm,
    matmul,
    matrix_rank,
    matrix_solve_ls,
    matrix_transpose,
    pinv,
    self_adjoint_eig,
    self_adjoint_eigvals,
    square,
    svd,
)

from .case import Case, Input
from .matrices import each, regular, spread


def symmetric(x: Any) -> Any:
    """A Gram matrix: symmetric wherever x goes, and its eigenvalues are well apart."""
    if isinstance(x, Tensor):
        return matmul(x, x, transpose_b=True)
    return x @ x.swapaxes(-1, -2)


def values_and_squares(x: Tensor) -> tuple[Tensor, ...]:
    s, u, v = svd(x)
    return s, square(u), square(v)


def squares_of(u: np.ndarray, s: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, ...]:
    return s, u**2, v.swapaxes(-1, -2) ** 2


def squares_of_eig(e: Any, v: Any) -> tuple[Any, Any]:
    return e, v * v


def grams(s: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    return s, matmul(u, u, transpose_a=True), matmul(v, v, transpose_a=True)


def mixed(x: Tensor) -> Tensor:
    """u diag(s²) vᵀ: both vectors at once, and nothing of their signs."""
    s, u, v = svd(x)
    return matmul(u * (s * s)[..., None, :], v, transpose_b=True)


def mixed_by_roots(x: np.ndarray) -> np.ndarray:
    """The same: the root of a aᵀ is u diag(s) uᵀ, that of aᵀ a is v diag(s) vᵀ."""
    if len(x) <= x.shape[1]:
        return linalg.sqrtm(x @ x.T) @ x
    return x @ linalg.sqrtm(x.T @ x)


def svd_row(name: str, shape: Any, **options: Any) -> Case:
    return Case(
        f"svd {name}",
        ("Svd",),
        values_and_squares,
        (Input(shape, values=spread),),
        each(lambda x: squares_of(*linalg.svd(x, full_matrices=False))),
        **options,
    )


def of_rank(rank: int) -> Any:
    """Matrices of that rank, where they are larger."""

    def values(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        *batch, rows, columns = shape
        left = spread(generator, (*batch, rows, rank), dtype)
        return left @ spread(generator, (*batch, rank, columns), dtype)

    return values


def ridge(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    """Least squares of the system that has the regularizer's equations as well."""
    columns = a.shape[-1]
    more = np.concatenate([a, np.sqrt(weight) * np.eye(columns)])
    return linalg.lstsq(more, np.concatenate([b, np.zeros((columns, b.shape[-1]))]))[0]


def least_squares(name: str, a: Any, b: Any, *, weight: float = 0, **options: Any) -> Case:
    fast = options.pop("fast", True)
    return Case(
        f"matrix_solve_ls {name}",
        options.pop("covers", ("Cond",)),  # if sizes are unknown
        lambda x, y: matrix_solve_ls(x, y, weight, fast),
        (Input(a, values=regular), Input(b)),
        each(lambda x, y: ridge(x, y, weight) if weight else linalg.lstsq(x, y)[0]),
        **options,
    )


def power(x: np.ndarray, n: int) -> np.ndarray:
    result = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for _ in range(n):
        result = result @ x
    return result


CASES = (
    svd_row("square", "nn"),
    svd_row("tall", ("b", 5, "n")),
    svd_row("wide", ("n", 5)),
    svd_row("any", "bmn"),
    Case(
        "svd both vectors",
        ("Svd",),
        mixed,
        (Input("bmn", values=spread),),
        each(mixed_by_roots),
        rtol=3.0,  # of squared values, by cubes
    ),
    Case(
        "svd values",
        ("Svd",),
        lambda x: svd(x, compute_uv=False),
        (Input("bmn", values=spread),),
        each(linalg.svdvals),
    ),
    Case(
        "svd values with full vectors",
        ("Svd",),
        lambda x: svd(x, full_matrices=True)[0],
        (Input("bmn", values=spread),),
        each(linalg.svdvals),
    ),
    Case(
        "svd of nothing",
        ("Svd",),
        values_and_squares,
        (Input("bmn", values=spread),),
        lambda x: squares_of(*np.linalg.svd(x, full_matrices=False)),
        empty="bmn",
    ),
    Case(
        "svd full",
        ("Svd",),
        lambda x: grams(*svd(x, full_matrices=True)),
        (Input("bmn", values=spread),),
        lambda x: (
            np.linalg.svd(x)[1],
            np.broadcast_to(np.eye(x.shape[1]), (len(x), x.shape[1], x.shape[1])),
            np.broadcast_to(np.eye(x.shape[2]), (len(x), x.shape[2], x.shape[2])),
        ),
        sizes={"m": (1, 2), "n": (3, 4)},
        gradient=False,
    ),
    Case(
        "self_adjoint_eig",
        ("SelfAdjointEig",),
        lambda x: squares_of_eig(*self_adjoint_eig(symmetric(x))),
        (Input("bnn", values=spread),),
        each(lambda x: squares_of_eig(*linalg.eigh(symmetric(x)))),
        rtol=3.0,  # eigenvalues up to 25, of vectors up to 1
    ),
    Case(
        "self_adjoint_eig of nothing",
        ("SelfAdjointEig",),
        lambda x: squares_of_eig(*self_adjoint_eig(symmetric(x))),
        (Input("bnn", values=spread),),
        # a Gram matrix has its singular values as eigenvalues, in the other order
        lambda x: squares_of_eig(*(part[..., ::-1] for part in np.linalg.svd(symmetric(x))[1::-1])),
        empty="bn",
        rtol=3.0,
    ),
    Case(
        "self_adjoint_eigvals",
        ("SelfAdjointEig",),
        lambda x: self_adjoint_eigvals(x + matrix_transpose(x)),
        (Input("bnn"),),
        each(lambda x: linalg.eigvalsh(x + x.T)),
    ),
    Case(
        "pinv",
        ("PseudoInverse",),
        pinv,
        (Input("bmn", values=regular),),
        each(linalg.pinv),
    ),
    Case(
        "pinv of nothing",
        ("PseudoInverse",),
        pinv,
        (Input("bmn", values=regular),),
        np.linalg.pinv,
        empty="bmn",
    ),
    Case(
        "matrix_rank",
        ("Svd",),
        matrix_rank,
        (Input("bmn", values=of_rank(2)),),
        lambda x: np.full(len(x), min(2, *x.shape[1:]), np.int32),
        gradient=False,
    ),
    Case(
        "matrix_rank with tolerance",
        ("Svd",),
        lambda x: matrix_rank(x, tol=2.5),
        (Input("bmn", values=spread),),
        each(lambda x: np.int32((linalg.svdvals(x) > 2.5).sum())),
        gradient=False,
    ),
    least_squares("plain", "bmn", "bmk"),
    least_squares("regularized", "bmn", "bmk", weight=0.5),
    least_squares("slow", "bmn", "bmk", fast=False, covers=("PseudoInverse",)),
    Case(
        "expm",
        ("MatrixSolve", "While"),
        expm,
        (Input("bnn", low=-6, high=6),),
        each(linalg.expm),
        rtol=24.0,  # its condition is the norm, up to 24
    ),
    Case(
        "expm of nothing",
        ("MatrixSolve",),
        expm,
        (Input("bnn", low=-1, high=1),),
        lambda x: np.sum([power(x, n) / math.factorial(n) for n in range(30)], axis=0),
        empty="bn",
    ),
)
