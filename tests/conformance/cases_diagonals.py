"""Rows of diagonals, triangles and transposition, by loops and NumPy's own functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thalweg.core import (
    apply,
    diag,
    diag_part,
    eye,
    matrix_band_part,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
    matrix_transpose,
    shape_of,
    trace,
    tril,
    triu,
)
from thalweg.core.ops.linalg.transposition import MatrixTranspose

from .case import Case, Input


def each_matrix(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A function of one matrix, applied to each of a batch."""

    def batched(x: np.ndarray) -> np.ndarray:
        results = [function(x[index]) for index in np.ndindex(x.shape[:-2])]
        return np.reshape(results, (*x.shape[:-2], *results[0].shape))

    return batched


def set_diagonal(x: np.ndarray, diagonal: np.ndarray, offset: int) -> np.ndarray:
    result = x.copy()
    for n in range(diagonal.shape[-1]):
        result[..., n + max(-offset, 0), n + max(offset, 0)] = diagonal[..., n]
    return result


def band(x: np.ndarray, lower: int, upper: int) -> np.ndarray:
    result = np.zeros_like(x)
    for i, j in np.ndindex(x.shape[-2:]):
        if (lower < 0 or i - j <= lower) and (upper < 0 or j - i <= upper):
            result[..., i, j] = x[..., i, j]
    return result


def band_part(x: np.ndarray, low: int, high: int, padding: float = 0) -> np.ndarray:
    """Diagonals as rows, the highest first, filled up at their ends."""
    rows = [x.diagonal(k, -2, -1) for k in range(high, low - 1, -1)]
    width = max(row.shape[-1] for row in rows)
    result = np.full((*x.shape[:-2], len(rows), width), padding, x.dtype)
    for i, row in enumerate(rows):
        result[..., i, : row.shape[-1]] = row
    return result


def set_band(x: np.ndarray, diagonals: np.ndarray, low: int, high: int) -> np.ndarray:
    result = x.copy()
    for i, j in np.ndindex(x.shape[-2:]):
        if low <= j - i <= high:
            result[..., i, j] = diagonals[..., high - (j - i), min(i, j)]
    return result


def banded(lower: int, upper: int, covers: str = "Where", **options) -> Case:
    return Case(
        f"matrix_band_part {lower} {upper}",
        (covers,),
        lambda x: matrix_band_part(x, lower, upper),
        (Input("bmn"),),
        lambda x: band(x, lower, upper),
        **options,
    )


def diagonal_row(offset: int, shape: str, sizes: dict[str, tuple[int, int]], **options) -> Case:
    return Case(
        f"matrix_diag_part {offset} of {shape}",
        ("MatrixDiagPart", "MatrixSetDiag"),
        lambda x: matrix_diag_part(x, offset),
        (Input(shape),),
        each_matrix(lambda x: np.diag(x, offset)),
        sizes=sizes,
        **options,
    )


CASES = (
    Case(
        "matrix_transpose",
        ("Transpose",),
        matrix_transpose,
        (Input("bmn"),),
        lambda x: np.einsum("bmn->bnm", x),
        exact=True,
        empty="bmn",
    ),
    Case(
        "matrix_transpose of unknown rank",
        ("MatrixTranspose",),
        lambda x: apply(MatrixTranspose(), x),
        (Input("abmn"),),
        lambda x: np.einsum("abmn->abnm", x),
        exact=True,
        empty="am",
    ),
    diagonal_row(0, "mn", {}, exact=True),
    diagonal_row(0, "bmn", {}, exact=True),
    diagonal_row(1, "mn", {"n": (2, 4)}, exact=True),
    diagonal_row(-2, "abmn", {"m": (3, 4)}, exact=True),
    Case(
        "matrix_diag_part of nothing",
        ("MatrixDiagPart",),
        matrix_diag_part,
        (Input("bmn"),),
        lambda x: np.einsum("bii->bi", x[:, : x.shape[2], : x.shape[1]]),
        exact=True,
        empty="bmn",
    ),
    Case(
        "matrix_set_diag",
        ("MatrixSetDiag",),
        matrix_set_diag,
        (Input("bmm"), Input("bm")),
        lambda x, d: set_diagonal(x, d, 0),
        exact=True,
        empty="bm",
    ),
    Case(
        "matrix_set_diag above",
        ("MatrixSetDiag", "MatrixDiagPart"),
        lambda x, d: matrix_set_diag(x, d, 1),
        (Input(("a", "b", 3, 6)), Input(("a", "b", 3))),
        lambda x, d: set_diagonal(x, d, 1),
        exact=True,
    ),
    Case(
        "matrix_set_diag below",
        ("MatrixSetDiag", "MatrixDiagPart"),
        lambda x, d: matrix_set_diag(x, d, -2),
        (Input((5, 2)), Input((2,))),
        lambda x, d: set_diagonal(x, d, -2),
        exact=True,
    ),
    Case(
        "matrix_diag",
        ("MatrixSetDiag",),
        matrix_diag,
        (Input("abn"),),
        lambda x: x[..., None] * np.identity(x.shape[-1]),
        exact=True,
        empty="abn",
    ),
    Case(
        "matrix_diag below",
        ("MatrixSetDiag",),
        lambda x: matrix_diag(x, -2),
        (Input("n"),),
        lambda x: np.diag(x, -2),
        exact=True,
        empty="n",
    ),
    Case(
        "matrix_diag of booleans",
        ("MatrixSetDiag",),
        matrix_diag,
        (Input("n", dtype="bool"),),
        np.diag,
        gradient=False,
    ),
    Case(
        "matrix_diag of given sizes",
        ("MatrixSetDiag",),
        lambda x: matrix_diag(x, -1, num_rows=5, num_columns=7, padding_value=2),
        (Input("bn"),),
        lambda x: set_diagonal(np.full((len(x), 5, 7), 2.0), x, -1),
        exact=True,
        sizes={"n": (4, 4)},
    ),
    Case(
        "matrix_diag of given columns",
        ("MatrixSetDiag",),
        lambda x: matrix_diag(x, 1, num_columns=shape_of(x)[1] + 2),
        (Input("bn"),),
        lambda x: set_diagonal(np.zeros((len(x), x.shape[1], x.shape[1] + 2)), x, 1),
        exact=True,
    ),
    Case(
        "matrix_diag_part band",
        ("MatrixDiagPart", "Stack"),
        lambda x: matrix_diag_part(x, (-1, 2), padding_value=7),
        (Input("bmn"),),
        lambda x: band_part(x, -1, 2, 7),
        exact=True,
        sizes={"m": (1, 4), "n": (2, 4)},
    ),
    Case(
        "matrix_set_diag band",
        ("MatrixSetDiag", "Unstack", "Split"),
        lambda x, d: matrix_set_diag(x, d, (-1, 1)),
        (Input(("b", 3, 4)), Input(("b", 3, 3))),
        lambda x, d: set_band(x, d, -1, 1),
        exact=True,
    ),
    Case(
        "matrix_diag band",
        ("MatrixSetDiag", "Unstack"),
        lambda d: matrix_diag(d, (-1, 0), padding_value=3),
        (Input(("b", 2, "n")),),
        lambda d: set_band(np.full((len(d), d.shape[2], d.shape[2]), 3.0), d, -1, 0),
        exact=True,
    ),
    Case("diag of a vector", ("MatrixSetDiag",), diag, (Input("n"),), np.diag, empty="n"),
    Case(
        "diag",
        ("MatrixSetDiag",),
        diag,
        (Input("mn"),),
        lambda x: np.einsum("ij,ik,jl->ijkl", x, np.identity(len(x)), np.identity(x.shape[1])),
        exact=True,
        empty="mn",
    ),
    Case(
        "diag_part",
        ("MatrixDiagPart",),
        diag_part,
        (Input("mnmn"),),
        lambda x: np.einsum("ijij->ij", x),
        exact=True,
        empty="mn",
        needs_rank=True,
    ),
    Case(
        "trace",
        ("MatrixDiagPart", "ReduceSum"),
        trace,
        (Input("bmn"),),
        each_matrix(np.trace),
    ),
    Case(
        "trace of integers",
        ("MatrixDiagPart", "ReduceSum"),
        trace,
        (Input("mn", dtype="int32"),),
        np.trace,
        gradient=False,
    ),
    banded(0, 0),
    banded(1, 0),
    banded(-1, 0, empty="bmn"),
    banded(0, -1),
    banded(2, 1),
    banded(-1, -1, "Identity"),
    Case(
        "matrix_band_part fed",
        ("Where",),
        matrix_band_part,
        (Input("mn"), Input("", dtype="int32", low=-2), Input("", dtype="int64", low=-2)),
        band,
        exact=True,
    ),
    Case("tril", ("Where",), tril, (Input("bmn"),), np.tril, exact=True, empty="bmn"),
    Case("tril 1", ("Where",), lambda x: tril(x, 1), (Input("mn"),), lambda x: np.tril(x, 1)),
    Case("tril -2", ("Where",), lambda x: tril(x, -2), (Input("mn"),), lambda x: np.tril(x, -2)),
    Case("triu", ("Where",), triu, (Input("bmn"),), np.triu, exact=True, empty="bmn"),
    Case("triu -1", ("Where",), lambda x: triu(x, -1), (Input("mn"),), lambda x: np.triu(x, -1)),
    Case(
        "eye of sizes",
        ("Equal", "BroadcastTo"),
        lambda x: eye(shape_of(x)[1], shape_of(x)[2], batch_shape=[2, shape_of(x)[0]]),
        (Input("bmn"),),
        lambda x: np.stack([np.stack([np.eye(*x.shape[1:], dtype=np.float32)] * len(x))] * 2),
        gradient=False,
    ),
    Case(
        "eye times x",
        ("MatMul",),
        lambda x: eye(3, dtype=x.dtype) @ x,
        (Input((3, "n")),),
        lambda x: x,
        exact=True,
    ),
)
