"""Rows of sorting and searching; the oracles are Python's `sorted`, and counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.core import (
    argsort,
    in_top_k,
    invert_permutation,
    nth_element,
    searchsorted,
    shape_of,
    sort,
    top_k,
)

from .case import Case, Input
from .cases_indexing import indices


def lines(x: np.ndarray, make: Callable[..., Any], axis: int = -1) -> np.ndarray:
    """What `make` makes of each line along an axis."""
    moved = np.moveaxis(x, axis, -1)
    made = [make(list(moved[i])) for i in np.ndindex(*moved.shape[:-1])]
    length = len(made[0]) if made else moved.shape[-1]
    return np.moveaxis(np.array(made).reshape(*moved.shape[:-1], length), -1, axis)


def order(line: list[Any]) -> list[int]:
    return sorted(range(len(line)), key=lambda i: (line[i], i))


def falling(line: list[Any]) -> list[int]:
    return sorted(range(len(line)), key=lambda i: (-line[i], i))


def few(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Draws numbers of which many are equal."""
    return generator.integers(-2, 3, shape).astype(dtype)


def ascending(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.sort(few(generator, shape, dtype))


def shuffled(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return generator.permutation(shape[0]).astype(dtype)


def counted(x: np.ndarray, v: np.ndarray, is_before: Callable[[Any, Any], bool]) -> np.ndarray:
    """How many entries of each line stand before each of the values."""
    result = np.zeros(v.shape, int)
    for b, i in np.ndindex(*v.shape):
        result[b, i] = sum(is_before(e, v[b, i]) for e in x[b])
    return result


SORTED = (
    Case(
        "argsort",
        ("Argsort",),
        lambda x: (argsort(x), argsort(x, 1, "DESCENDING"), argsort(x, 0)),
        (Input("mnk", values=few),),
        lambda x: (lines(x, order), lines(x, falling, 1), lines(x, order, 0)),
        gradient=False,
        exact=True,
        empty="m",
        sizes={"k": (1, 9)},
    ),
    Case(
        "argsort of unsigned integers",
        ("Argsort",),
        lambda x: (argsort(x), argsort(x, direction="DESCENDING")),
        (Input("m", dtype="uint8", low=0, high=255),),
        lambda x: (
            sorted(range(len(x)), key=lambda i: int(x[i])),
            sorted(range(len(x)), key=lambda i: -int(x[i])),
        ),
        gradient=False,
        exact=True,
        sizes={"m": (1, 9)},
    ),
    Case(
        "sort",
        ("Argsort", "Gather", "ScatterRows"),
        lambda x: (sort(x), sort(x, -1, "DESCENDING")),
        (Input("mn", distinct=True),),
        lambda x: (lines(x, sorted), lines(x, lambda line: sorted(line)[::-1])),
        empty="m",
    ),
    Case(
        "sort along another axis",
        ("Argsort", "Gather", "ScatterRows"),
        lambda x: (sort(x, 0), sort(x, -2, "DESCENDING"), sort(x, 2)),
        (Input("mnk", distinct=True),),
        lambda x: (
            lines(x, sorted, 0),
            lines(x, lambda line: sorted(line)[::-1], 1),
            lines(x, sorted),
        ),
        needs_rank=True,
    ),
    Case(
        "sort integers",
        ("Argsort", "Gather"),
        lambda x: sort(x, direction="DESCENDING"),
        (Input("m", dtype="int64"),),
        lambda x: np.array(sorted(x)[::-1]),
        gradient=False,
        exact=True,
        sizes={"m": (1, 9)},
    ),
    Case(
        "top_k",
        ("TopK", "ScatterRows"),
        lambda x: top_k(x, 2),
        (Input(("m", "n"), distinct=True),),
        lambda x: (
            lines(x, lambda line: sorted(line)[::-1][:2]),
            lines(x, lambda line: falling(line)[:2]),
        ),
        sizes={"n": (2, 6)},
    ),
    Case(
        "top_k of equal entries",
        ("TopK",),
        lambda x: top_k(x, shape_of(x)[1])[1],
        (Input("mn", values=few),),
        lambda x: lines(x, falling),
        gradient=False,
        exact=True,
        sizes={"n": (1, 9)},
        empty="m",
    ),
    Case(
        "top_k, as many as are fed",
        ("TopK", "ScatterRows"),
        lambda x, k: top_k(x, k)[0],
        (Input((4,), distinct=True), Input("", dtype="int32", low=0, high=4)),
        lambda x, k: np.array(sorted(x)[::-1][: int(k)]),
        data_sizes=True,
    ),
    Case(
        "nth_element",
        ("Argsort", "Gather", "ScatterRows"),
        lambda x, n: (nth_element(x, n), nth_element(x, 0, reverse=True)),
        (Input(("m", 3), distinct=True), indices("", 3)),
        lambda x, n: (
            np.array([sorted(line)[int(n)] for line in x]),
            np.array([max(line) for line in x]),
        ),
        needs_rank=True,
    ),
)

SEARCHED = (
    Case(
        "searchsorted",
        ("Searchsorted",),
        lambda x, v: (searchsorted(x, v), searchsorted(x, v, "right", "int64")),
        (Input("bn", values=ascending), Input("bm", values=few)),
        lambda x, v: (
            counted(x, v, lambda e, n: e < n),
            counted(x, v, lambda e, n: e <= n),
        ),
        gradient=False,
        exact=True,
        sizes={"n": (1, 9)},
        empty="nmb",
    ),
    Case(
        "searchsorted in a vector",
        ("Searchsorted",),
        lambda x, v: searchsorted(x, v),
        (Input("n", dtype="int32", values=ascending), Input("m", dtype="int32", values=few)),
        lambda x, v: np.array([sum(e < n for e in x) for n in v]),
        gradient=False,
        exact=True,
    ),
    Case(
        "invert_permutation",
        ("Argsort", "Cast"),
        lambda x: invert_permutation(x),
        (Input("n", dtype="int64", values=shuffled),),
        lambda x: np.array([list(x).index(i) for i in range(len(x))], int),
        gradient=False,
        exact=True,
        empty="n",
    ),
    Case(
        "in_top_k",
        ("Gather",),
        lambda x, t, k: in_top_k(x, t, k),
        (
            Input("bn", values=few),
            Input("b", dtype="int32", low=-1, high=4),
            Input("", dtype="int32", low=0, high=3),
        ),
        lambda x, t, k: np.array(
            [
                0 <= i < len(line) and sum(n > line[i] for n in line) < k
                for line, i in zip(x, t, strict=True)
            ]
        ),
        gradient=False,
        exact=True,
        sizes={"n": (1, 6)},
    ),
)

CASES = SORTED + SEARCHED
