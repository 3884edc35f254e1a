"""Rows of `core/ops/linalg/solve.py`, by SciPy, by Leibniz's formula, and by putting results in."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy import linalg

from thalweg.core import (
    matrix_determinant,
    matrix_inverse,
    matrix_solve,
    matrix_triangular_solve,
    slogdet,
)

from .case import Case, Input
from .matrices import each, regular


def leibniz(a: np.ndarray) -> float:
    """The determinant as a sum over permutations."""
    total = 0.0
    for order in itertools.permutations(range(len(a))):
        inversions = sum(order[i] > order[j] for j in range(len(a)) for i in range(j))
        total += (-1) ** inversions * np.prod([a[i, j] for i, j in enumerate(order)])
    return total


def solved(a: np.ndarray, b: np.ndarray, **options: Any) -> np.ndarray:
    """SciPy's solution, batch by batch."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left, right = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    function = linalg.solve_triangular if "trans" in options else linalg.solve
    return each(lambda x, y: function(x, y, **options))(left, right)


def system(name: str, a: Any, b: Any, *, adjoint: bool = False, **options: Any) -> Case:
    return Case(
        f"matrix_solve{name}",
        ("MatrixSolve",),
        lambda x, y: matrix_solve(x, y, adjoint),
        (Input(a, values=regular), Input(b)),
        lambda x, y: solved(x.swapaxes(-1, -2) if adjoint else x, y),
        **options,
    )


def triangle(name: str, a: Any, b: Any, *, lower: bool, adjoint: bool = False, **more: Any) -> Case:
    """The other triangle holds numbers too, which must not count."""
    return Case(
        f"matrix_triangular_solve{name}",
        ("MatrixTriangularSolve",),
        lambda x, y: matrix_triangular_solve(x, y, lower, adjoint),
        (Input(a, values=regular), Input(b)),
        lambda x, y: solved(x, y, lower=lower, trans=int(adjoint)),
        **more,
    )


CASES = (
    system("", "nn", "nk"),
    system(" adjoint", "bnn", "bnk", adjoint=True),
    system(" one b", "bnn", "nk"),
    system(" stretched adjoint", ("a", 1, "n", "n"), "bnk", adjoint=True),
    Case(
        "matrix_solve of nothing",
        ("MatrixSolve",),
        matrix_solve,
        (Input("bnn", values=regular), Input("bnk")),
        lambda a, b: np.einsum("bij,bjk->bik", np.linalg.inv(a), b),
        empty="bnk",
    ),
    triangle(" lower", "nn", "nk", lower=True, sizes={"n": (1, 7)}),
    triangle(" upper", "bnn", "bnk", lower=False),
    triangle(" lower adjoint", "bnn", "bnk", lower=True, adjoint=True),
    triangle(" upper adjoint", "nn", "nk", lower=False, adjoint=True, sizes={"n": (1, 7)}),
    triangle(" one a", "nn", "bnk", lower=True),
    triangle(" stretched", ("a", 1, "n", "n"), "bnk", lower=False),
    Case(
        "matrix_triangular_solve of nothing",
        ("MatrixTriangularSolve",),
        matrix_triangular_solve,
        (Input("bnn", values=regular), Input("bnk")),
        lambda a, b: np.einsum("bij,bjk->bik", np.linalg.inv(np.tril(a)), b),
        empty="bnk",
    ),
    Case(
        "matrix_inverse",
        ("MatrixInverse",),
        matrix_inverse,
        (Input("bnn", values=regular),),
        each(linalg.inv),
    ),
    Case(
        "matrix_inverse of nothing",
        ("MatrixInverse",),
        matrix_inverse,
        (Input("nn", values=regular),),
        lambda a: np.linalg.lstsq(a, np.eye(len(a)), rcond=None)[0] if a.size else a,
        empty="n",
    ),
    Case(
        "matrix_determinant",
        ("MatrixDeterminant",),
        matrix_determinant,
        (Input("bnn", values=regular),),
        each(leibniz),
        sizes={"n": (1, 3)},
    ),
    Case(
        "matrix_determinant of one or none",
        ("MatrixDeterminant",),
        matrix_determinant,
        (Input("nn", values=regular),),
        leibniz,
        empty="n",
        sizes={"n": (1, 3)},
    ),
    Case(
        "slogdet",
        ("LogDeterminant",),
        slogdet,
        (Input("bnn", values=regular),),
        each(lambda a: (np.sign(leibniz(a)), np.log(abs(leibniz(a))))),
    ),
    Case(
        "slogdet of one or none",
        ("LogDeterminant",),
        slogdet,
        (Input("nn", values=regular),),
        lambda a: (np.sign(leibniz(a)), np.log(abs(leibniz(a)))),
        empty="n",
    ),
)
