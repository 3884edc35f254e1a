"""Rows of the ops that read and write by vectors of indices; the oracles are loops over these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.core import (
    apply,
    constant,
    embedding_lookup,
    ensure_shape,
    gather_nd,
    scatter_nd,
    shape_of,
    tensor_scatter_add,
    tensor_scatter_max,
    tensor_scatter_min,
    tensor_scatter_sub,
    tensor_scatter_update,
)
from thalweg.core.ops.scatter import CombineRows, KeepLastRows, PutRows

from .case import Case, Input
from .cases_indexing import indices


def vectors(shape: tuple[int | str, ...], sizes: tuple[int, ...]) -> Input:
    """Draws index vectors, each index in -size <= index < size."""

    def draw(generator: np.random.Generator, drawn: tuple[int, ...], dtype: Any) -> np.ndarray:
        parts = [generator.integers(-size, size, drawn[:-1]) for size in sizes]
        return np.stack(parts, axis=-1).astype(dtype)

    return Input((*shape, len(sizes)), dtype="int32", values=draw)


def grid(start: float) -> Callable[..., np.ndarray]:
    """Draws numbers 0.2 apart, so that those of two grids cannot be equal."""

    def draw(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        numbers = start + 0.2 * generator.permutation(30)[: int(np.prod(shape))]
        return numbers.reshape(shape).astype(dtype)

    return draw


def of_depth(tensor: Any, depth: int) -> Any:
    """Index vectors whose length is known, where the row leaves all sizes open."""
    return ensure_shape(tensor, (*[None] * (tensor.ndim - 1), depth)) if tensor.ndim else tensor


def scattered(
    start: np.ndarray, places: np.ndarray, rows: np.ndarray, meet: Callable[[Any, Any], Any]
) -> np.ndarray:
    """One update after another."""
    result = start.copy()
    for where in np.ndindex(*places.shape[:-1]):
        place = tuple(places[where])
        result[place] = meet(result[place], rows[where])
    return result


def last(old: Any, new: Any) -> Any:
    return new


def by_index(rows: np.ndarray, index: np.ndarray, size: int, combine: Any) -> np.ndarray:
    """For each row, what the rows of its index make."""
    result = rows.copy()
    for i in np.ndindex(*index.shape):
        same = [rows[j] for j in np.ndindex(*index.shape) if (index[j] - index[i]) % size == 0]
        result[i] = combine(same)
    return result


def combined(kind: str) -> Callable[..., Any]:
    return lambda rows, index: apply(CombineRows(kind), rows, index, constant(4))


READ = (
    Case(
        "gather_nd",
        ("FlatIndex", "Gather", "ScatterRows"),
        lambda x, i: gather_nd(x, of_depth(i, 2)),
        (Input((3, 4, "n")), vectors(("p", "q"), (3, 4))),
        lambda x, i: np.array([[x[tuple(v)] for v in row] for row in i]).reshape(
            *i.shape[:2], x.shape[2]
        ),
        empty="pn",
        needs_rank=True,
    ),
    Case(
        "gather_nd of elements",
        ("FlatIndex", "Gather"),
        lambda x, i: (gather_nd(x, of_depth(i, 2)), gather_nd(x, [1, -1])),
        (Input((3, 4)), vectors(("p",), (3, 4))),
        lambda x, i: (np.array([x[tuple(v)] for v in i]), x[1, 3]),
        needs_rank=True,
    ),
    Case(
        "gather_nd of all",
        ("FlatIndex", "Gather"),
        lambda x: gather_nd(x, np.zeros((2, 0), np.int32)),
        (Input("mn"),),
        lambda x: np.array([x, x]),
        empty="m",
    ),
    Case(
        "gather_nd in batches",
        ("FlatIndex", "Gather", "ScatterRows"),
        lambda x, i: gather_nd(x, of_depth(i, 1), batch_dims=2),
        (Input(("a", "b", 3, "n")), vectors(("a", "b", "p"), (3,))),
        lambda x, i: np.array(
            [[[x[a, b, k] for (k,) in i[a, b]] for b in range(i.shape[1])] for a in range(len(i))]
        ),
        needs_rank=True,
    ),
)

WRITTEN = (
    Case(
        "scatter_nd",
        ("FlatIndex", "ScatterRows", "Gather"),
        lambda i, rows, like: scatter_nd(of_depth(i, 2), rows, [3, 2, shape_of(like)[0]]),
        (vectors(("p",), (3, 2)), Input("pn"), Input("n", gradient=False)),
        lambda i, rows, like: scattered(np.zeros((3, 2, len(like))), i, rows, np.add),
        empty="pn",
        sizes={"p": (1, 9)},
        needs_rank=True,
    ),
    Case(
        "scatter_nd to a vector",
        ("FlatIndex", "ScatterRows"),
        lambda i, rows: scatter_nd(of_depth(i, 1), rows, [4]),
        (vectors(("p", "q"), (4,)), Input("pq", dtype="int32")),
        lambda i, rows: scattered(np.zeros(4, np.int32), i, rows, np.add),
        gradient=False,
        exact=True,
        needs_rank=True,
    ),
    Case(
        "tensor_scatter_add",
        ("FlatIndex", "ScatterRows"),
        lambda x, i, rows: tensor_scatter_add(x, of_depth(i, 1), rows),
        (Input((3, "n")), vectors(("p",), (3,)), Input("pn")),
        lambda x, i, rows: scattered(x, i, rows, np.add),
        empty="p",
        needs_rank=True,
    ),
    Case(
        "tensor_scatter_sub",
        ("FlatIndex", "ScatterRows"),
        lambda x, i, rows: tensor_scatter_sub(x, of_depth(i, 2), rows),
        (Input((3, 2)), vectors(("p",), (3, 2)), Input("p")),
        lambda x, i, rows: scattered(x, i, rows, np.subtract),
        needs_rank=True,
    ),
    Case(
        "tensor_scatter_update",
        ("FlatIndex", "CombineRows", "PutRows", "KeepLastRows"),
        lambda x, i, rows: tensor_scatter_update(x, of_depth(i, 2), rows),
        (Input((3, 2, "n")), vectors(("p",), (3, 2)), Input("pn")),
        lambda x, i, rows: scattered(x, i, rows, last),
        empty="p",
        sizes={"p": (1, 9)},
        needs_rank=True,
    ),
    Case(
        "tensor_scatter_update of words",
        ("CombineRows", "PutRows"),
        lambda x, i, rows: tensor_scatter_update(x, of_depth(i, 1), rows),
        (Input((3,), dtype="string"), vectors(("p",), (3,)), Input("p", dtype="string")),
        lambda x, i, rows: scattered(x, i, rows, last),
        gradient=False,
        exact=True,
        needs_rank=True,
    ),
    Case(
        "tensor_scatter_min",
        ("FlatIndex", "CombineRows", "PutRows", "Minimum"),
        lambda x, i, rows: tensor_scatter_min(x, of_depth(i, 1), rows),
        (Input((3,), values=grid(-3)), vectors(("p",), (3,)), Input("p", values=grid(-2.9))),
        lambda x, i, rows: scattered(x, i, rows, np.minimum),
        needs_rank=True,
    ),
    Case(
        "tensor_scatter_max",
        ("FlatIndex", "CombineRows", "PutRows", "Maximum"),
        lambda x, i, rows: tensor_scatter_max(x, of_depth(i, 1), rows),
        (Input((3,), values=grid(-3)), vectors(("p",), (3,)), Input("p", values=grid(-2.9))),
        lambda x, i, rows: scattered(x, i, rows, np.maximum),
        needs_rank=True,
    ),
)

COMBINED = (
    Case(
        "combine rows by sum",
        ("CombineRows",),
        combined("add"),
        (Input("pqn"), indices("pq", 4)),
        lambda rows, i: by_index(rows, i, 4, np.sum if rows.ndim == 2 else lambda r: sum(r)),
        empty="pn",
    ),
    Case(
        "combine rows by product",
        ("CombineRows",),
        combined("multiply"),
        (Input("pn", low=0.5, high=2), indices("p", 4)),
        lambda rows, i: by_index(rows, i, 4, lambda r: np.prod(r, axis=0)),
    ),
    Case(
        "combine rows by product with zeros",
        ("CombineRows",),
        combined("multiply"),
        (
            Input(
                "p", values=lambda g, shape, dtype: g.choice([0, 0.5, 2, -1], shape).astype(dtype)
            ),
            indices("p", 4),
        ),
        lambda rows, i: by_index(rows, i, 4, np.prod),
        order=1,  # at zeros the second order divides by what stands in for them
        sizes={"p": (3, 9)},
    ),
    Case(
        "combine rows by minimum",
        ("CombineRows",),
        combined("minimum"),
        (Input("pn", distinct=True), indices("p", 4)),
        lambda rows, i: by_index(rows, i, 4, lambda r: np.min(r, axis=0)),
    ),
    Case(
        "combine rows by maximum",
        ("CombineRows",),
        combined("maximum"),
        (Input("pn", distinct=True), indices("p", 4)),
        lambda rows, i: by_index(rows, i, 4, lambda r: np.max(r, axis=0)),
    ),
    Case(
        "combine rows by the last",
        ("CombineRows", "KeepLastRows"),
        combined("last"),
        (Input("pn"), indices("p", 4)),
        lambda rows, i: by_index(rows, i, 4, lambda r: r[-1]),
        empty="pn",
    ),
    Case(
        "keep the last rows",
        ("KeepLastRows",),
        lambda rows, i: apply(KeepLastRows(), rows, i, constant(4)),
        (Input("pn"), indices("p", 4)),
        lambda rows, i: np.array(
            [row * ((i[j + 1 :] - i[j]) % 4).all() for j, row in enumerate(rows)]
        ).reshape(rows.shape),
        empty="pn",
    ),
    Case(
        "put rows",
        ("PutRows", "KeepLastRows"),
        lambda x, rows: apply(PutRows(2), x, constant([[1, 5], [-3, 0]]), rows),
        (Input((3, 2, "n")), Input((2, 2, "n"))),
        lambda x, rows: np.array(
            [rows[1, 1], rows[0, 0], x[1, 0], rows[1, 0], x[2, 0], rows[0, 1]]
        ).reshape(x.shape),
        empty="n",
    ),
)

LOOKED_UP = (
    Case(
        "embedding_lookup",
        ("Gather", "ScatterRows"),
        lambda table, ids: embedding_lookup(table, ids),
        (Input((5, "n")), Input("pq", dtype="int32", low=0, high=4)),
        lambda table, ids: np.array([[table[i] for i in row] for row in ids]),
    ),
    Case(
        "embedding_lookup in several tables, one by one",
        ("Gather", "ScatterRows", "Where"),
        lambda a, b, c, ids: embedding_lookup([a, b, c], ids),
        (
            Input((3, "n")),
            Input((2, "n")),
            Input((2, "n")),
            Input("pq", dtype="int32", low=0, high=6),
        ),
        lambda a, b, c, ids: np.array([a[0], b[0], c[0], a[1], b[1], c[1], a[2]])[ids],
        needs_rank=True,
    ),
    Case(
        "embedding_lookup in several tables, one after another",
        ("Gather", "ScatterRows", "Where"),
        lambda a, b, c, ids: embedding_lookup([a, b, c], ids, "div"),
        (Input((3,)), Input((3,)), Input((2,)), Input("p", dtype="int64", low=0, high=7)),
        lambda a, b, c, ids: np.concatenate([a, b, c])[ids],
        needs_rank=True,
    ),
    Case(
        "embedding_lookup of rows of limited length",
        ("Gather", "ScatterRows", "Where"),
        lambda table, ids: embedding_lookup(table * [[1.0], [0.1], [0.0]], ids, max_norm=0.5),
        (Input((3, 4), low=0.2), Input("p", dtype="int32", low=0, high=1)),
        lambda table, ids: np.array(
            [
                row * min(1.0, 0.5 / np.linalg.norm(row))
                for row in (table * [[1.0], [0.1], [0.0]])[ids]
            ]
        ),
        needs_rank=True,
    ),
)

CASES = LOOKED_UP + READ + WRITTEN + COMBINED
