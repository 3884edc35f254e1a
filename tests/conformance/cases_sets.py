"""Rows of the ops on vectors as sets, and of those that take tensors apart by value."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from thalweg.core import (
    dynamic_partition,
    dynamic_stitch,
    edit_distance,
    setdiff1d,
    unique,
    unique_with_counts,
)

from .case import Case, Input
from .cases_shape import from_rows
from .cases_sorting import few, shuffled


def distinct(x: np.ndarray) -> list[Any]:
    """As a dict has them: in the order of their first occurrence."""
    return list(dict.fromkeys(x.tolist()))


def vector(values: list[Any], like: np.ndarray) -> np.ndarray:
    return np.array(values, like.dtype)


def stitched(places: list[np.ndarray], parts: list[np.ndarray], shape: tuple[int, ...]) -> Any:
    """One entry after another."""
    size = max((int(n) + 1 for place in places for n in place.flat), default=0)
    result = np.zeros((size, *shape), parts[0].dtype)
    for place, part in zip(places, parts, strict=True):
        for i in np.ndindex(*place.shape):
            result[place[i]] = part[i]
    return result


def levenshtein(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """The recursion that defines it."""

    @cache
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]),
        )

    return distance(len(a), len(b))


def distances(a: Any, b: Any, la: Any, lb: Any) -> np.ndarray:
    rows = zip(a.tolist(), b.tolist(), la.tolist(), lb.tolist(), strict=True)
    return np.array([levenshtein(tuple(x[:n]), tuple(y[:m])) for x, y, n, m in rows], float)


def normalized(a: Any, b: Any, la: Any, lb: Any) -> np.ndarray:
    pairs = zip(distances(a, b, la, lb), lb, strict=True)
    return np.array([d / m if m else (np.inf if d else 0.0) for d, m in pairs])


SETS = (
    Case(
        "unique",  # of what is distinct: a difference makes of one value two
        ("UniquePositions", "Gather", "ScatterRows"),
        lambda x: unique(x),
        (Input("n", distinct=True),),
        lambda x: (x + 0, list(range(len(x)))),
        sizes={"n": (1, 9)},
        exact=True,
        empty="n",
        data_sizes=True,
    ),
    Case(
        "unique of a few values",
        ("UniquePositions", "Gather"),
        lambda x: unique(x),
        (Input("n", dtype="int64", values=few),),
        lambda x: (vector(distinct(x), x), [distinct(x).index(e) for e in x]),
        sizes={"n": (1, 9)},
        gradient=False,
        exact=True,
        data_sizes=True,
    ),
    Case(
        "unique_with_counts",
        ("UniquePositions", "Gather"),
        lambda x: unique_with_counts(x, "int64"),
        (Input("n", dtype="int32", low=-2, high=2),),
        lambda x: (
            vector(distinct(x), x),
            [distinct(x).index(e) for e in x],
            [list(x).count(e) for e in distinct(x)],
        ),
        sizes={"n": (1, 9)},
        gradient=False,
        exact=True,
        data_sizes=True,
    ),
    Case(
        "unique words",
        ("UniquePositions", "Gather"),
        lambda x: unique(x[:, 0]),
        (Input((5, 1), dtype="string"),),
        lambda x: (vector(distinct(x[:, 0]), x), [distinct(x[:, 0]).index(e) for e in x[:, 0]]),
        gradient=False,
        exact=True,
        data_sizes=True,
    ),
    Case(
        "setdiff1d",
        ("IsIn", "WhereIndices", "Gather"),
        lambda x, y: setdiff1d(x, y, "int64"),
        (
            Input("n", dtype="int32", low=-3, high=3),
            Input("m", dtype="int32", low=-3, high=3),
        ),
        lambda x, y: (
            vector([e for e in x if e not in list(y)], x),
            np.array([i for i, e in enumerate(x) if e not in list(y)], int),
        ),
        sizes={"n": (1, 9)},
        gradient=False,
        exact=True,
        empty="nm",
        data_sizes=True,
    ),
)

SHARED_OUT = (
    Case(
        "dynamic_partition",
        ("MaskPositions", "Gather", "ScatterRows"),
        lambda x, p: tuple(dynamic_partition(x, p, 3)),
        (Input("mnk"), Input("mn", dtype="int32", low=0, high=3)),
        lambda x, p: tuple(
            from_rows(
                [x[i] for i in np.ndindex(*p.shape) if p[i] == number],
                ((p == number).sum(), x.shape[2]),
            )
            for number in range(3)
        ),
        empty="mk",
        exact=True,
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "dynamic_partition of one entry",
        ("MaskPositions", "Gather"),
        lambda x, p: tuple(dynamic_partition(x, p, 2)),
        (Input("k"), Input("", dtype="int32", low=0, high=1)),
        lambda x, p: tuple(x[None] if p == i else np.zeros((0, len(x))) for i in range(2)),
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "dynamic_stitch",
        ("CombineRows", "PutRows", "KeepLastRows"),
        lambda i, j, x, y: dynamic_stitch([i, j], [x, y]),
        (
            Input("p", dtype="int32", low=0, high=4),
            Input("qr", dtype="int32", low=0, high=4),
            Input("pk"),
            Input("qrk"),
        ),
        lambda i, j, x, y: stitched([i, j], [x, y], x.shape[1:]),
        empty="pqk",
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "dynamic_stitch of words",
        ("CombineRows", "PutRows"),
        lambda i, x: dynamic_stitch([i], [x]),
        (Input("n", dtype="int64", values=shuffled), Input("n", dtype="string")),
        lambda i, x: np.array([x[list(i).index(n)] for n in range(len(x))], object),
        gradient=False,
        exact=True,
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "dynamic_stitch of what was taken apart",
        ("MaskPositions", "PutRows"),
        lambda x, p: dynamic_stitch(
            dynamic_partition(np.arange(5, dtype=np.int32), p, 2), dynamic_partition(x, p, 2)
        ),
        (Input((5, "k")), Input((5,), dtype="int32", low=0, high=1)),
        lambda x, p: x,
        data_sizes=True,
        needs_rank=True,
    ),
)

EDITED = (
    Case(
        "edit_distance",
        ("EditDistance",),
        lambda a, b, la, lb: (
            edit_distance(a, b, la, lb, normalize=False),
            edit_distance(a, b, la, lb),
        ),
        (
            Input(("b", 5), dtype="int32", low=0, high=2),
            Input(("b", 6), dtype="int32", low=0, high=2),
            Input("b", dtype="int32", low=0, high=5),
            Input("b", dtype="int64", low=0, high=6),
        ),
        lambda a, b, la, lb: (distances(a, b, la, lb), normalized(a, b, la, lb)),
        gradient=False,
        empty="b",
    ),
    Case(
        "edit_distance of whole sequences",
        ("EditDistance",),
        lambda a, b: edit_distance(a, b, normalize=False),
        (Input("bn", dtype="int32", low=0, high=2), Input("bm", dtype="int32", low=0, high=2)),
        lambda a, b: distances(a, b, np.full(len(a), a.shape[1]), np.full(len(a), b.shape[1])),
        gradient=False,
        empty="nm",
        sizes={"n": (1, 7), "m": (1, 7)},
    ),
    Case(
        "edit_distance of words",
        ("EditDistance",),
        lambda a, b: edit_distance(a, b, normalize=False),
        (Input(("b", 2), dtype="string"), Input("bb", dtype="string")),
        lambda a, b: distances(a, b, np.full(len(a), 2), np.full(len(a), len(a))),
        gradient=False,
    ),
)

CASES = SETS + SHARED_OUT + EDITED
