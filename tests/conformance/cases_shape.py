"""Rows of the ops that move elements: shape, stack, concat, repeat.

Most oracles say, for each place of the result, which place of the input its element comes from.
Rows whose gradient is a sum are not exact: another backend may add in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.core import (
    arange,
    concat,
    expand_dims,
    fill,
    ones,
    rank_of,
    reshape,
    reverse,
    shape_of,
    size_of,
    split,
    squeeze,
    stack,
    tile,
    transpose,
    unstack,
    zeros,
)

from .case import Case, Input

Place = Callable[..., tuple[int, ...]]


def moved(x: np.ndarray, shape: Sequence[int], place: Place) -> np.ndarray:
    """result[i, j, …] = x[place(i, j, …)]."""
    result = np.empty(tuple(shape), x.dtype)
    for index in np.ndindex(*result.shape):
        result[index] = x[place(*index)]
    return result


def from_rows(rows: Sequence[Any], shape: Sequence[int]) -> np.ndarray:
    """Nested lists as an array, also where they are empty."""
    return np.array(rows).reshape(tuple(shape))


VIEWS = (
    Case(
        "reshape",
        ("Reshape",),
        lambda x: reshape(x, [-1, 6]),
        (Input(("n", 2, 3)),),
        lambda x: from_rows([row.ravel() for row in x], (len(x), 6)),
        empty="n",
        exact=True,
    ),
    Case(
        "reshape to its own sizes",
        ("Reshape",),
        lambda x: reshape(x, [shape_of(x)[1], shape_of(x)[0], 1]),
        (Input("mn"),),
        lambda x: from_rows(list(x.flat), (x.shape[1], x.shape[0], 1)),
        empty="mn",
        exact=True,
    ),
    Case(
        "reshape scalar",
        ("Reshape",),
        lambda x: (reshape(x, []), reshape(x, 1)),
        (Input((1, 1)),),
        lambda x: (np.float64(x[0, 0]), np.array([x[0, 0]])),
        exact=True,
    ),
    Case(
        "expand_dims",
        ("ExpandDims",),
        lambda x: (expand_dims(x, -1), expand_dims(x, [0, 2])),
        (Input("mn"),),
        lambda x: (x[:, :, None], x[None, :, None]),
        empty="m",
        exact=True,
    ),
    Case(
        "squeeze",
        ("Squeeze",),
        lambda x: (squeeze(x, [0, -2]), squeeze(x, 2)),
        (Input((1, "m", 1, "n")),),
        lambda x: (x[0, :, 0], x[:, :, 0]),
        empty="mn",
        exact=True,
    ),
    Case(
        "squeeze all",
        ("Squeeze",),
        lambda x: squeeze(x),
        (Input((1, "m", 1)),),
        lambda x: np.array(list(x.flat)) if x.size > 1 else x[0, 0, 0],
        exact=True,
    ),
    Case(
        "transpose",
        ("Transpose",),
        lambda x: transpose(x, [2, 0, -2]),
        (Input("abc"),),
        lambda x: np.einsum("abc->cab", x),
        empty="ab",
        exact=True,
    ),
    Case(
        "transpose all",
        ("Transpose",),
        lambda x: transpose(x),
        (Input("abc"),),
        lambda x: np.einsum("abc->cba", x),
        exact=True,
        needs_rank=True,
    ),
    Case(
        "reverse",
        ("Reverse",),
        lambda x: (reverse(x, -1), reverse(x, [0, 1])),
        (Input("mn"),),
        lambda x: (
            moved(x, x.shape, lambda i, j: (i, x.shape[1] - 1 - j)),
            moved(x, x.shape, lambda i, j: (len(x) - 1 - i, x.shape[1] - 1 - j)),
        ),
        empty="mn",
        exact=True,
    ),
)

SIZES = (
    Case(
        "size_of",
        ("Size",),
        lambda x: (size_of(x), size_of(x, "int64")),
        (Input("abc"),),
        lambda x: (len(list(x.flat)),) * 2,
        gradient=False,
        empty="ab",
        exact=True,
    ),
    Case(
        "rank_of",
        ("Rank",),
        lambda x: rank_of(x),
        (Input("abc"),),
        lambda x: 3,
        gradient=False,
        empty="a",
        exact=True,
    ),
)

JOINED = (
    Case(
        "concat",
        ("Concat", "Split"),
        lambda x, y, z: concat([x, y, z], axis=-2),
        (Input("amn"), Input("abn"), Input("acn")),
        lambda x, y, z: np.array(
            [[*i, *j, *k] for i, j, k in zip(x, y, z, strict=True)], x.dtype
        ).reshape(len(x), -1, x.shape[2]),
        empty="mb",
        exact=True,
    ),
    Case(
        "concat of one",
        ("Concat",),
        lambda x: concat([x], axis=0),
        (Input("mn"),),
        lambda x: x + 0,
        empty="m",
        exact=True,
    ),
    Case(
        "concat words",
        ("Concat",),
        lambda x, y: concat([x, y], axis=0),
        (Input("m", dtype="string"), Input("n", dtype="string")),
        lambda x, y: np.array([*x, *y], object),
        gradient=False,
        exact=True,
    ),
    Case(
        "split",
        ("Split", "Concat"),
        lambda x: tuple(split(x, [1, -1, 2], axis=1)),
        (Input(("m", "k")),),
        lambda x: (x[:, :1], x[:, 1:-2], x[:, -2:]),
        sizes={"k": (3, 6)},
        empty="m",
        exact=True,
    ),
    Case(
        "split evenly",
        ("Split",),
        lambda x: tuple(split(x, 3, axis=-1)),
        (Input(("m", 6)),),
        lambda x: (x[:, :2], x[:, 2:4], x[:, 4:]),
        empty="m",
        exact=True,
    ),
    Case(
        "split into one",
        ("Split",),
        lambda x: tuple(split(x, 1)),
        (Input("mn"),),
        lambda x: (x + 0,),
        exact=True,
    ),
    Case(
        "split, one part unused",
        ("Split", "Concat"),
        lambda x: split(x, 2, axis=1)[1],
        (Input(("m", 4)),),
        lambda x: x[:, 2:],
        exact=True,
    ),
    Case(
        "stack",
        ("Stack", "Unstack"),
        lambda x, y: (stack([x, y]), stack([x, y, x], axis=-2)),
        (Input("mn"), Input("mn")),
        lambda x, y: (
            np.array([x, y]),
            from_rows([[i, j, i] for i, j in zip(x, y, strict=True)], (len(x), 3, x.shape[1])),
        ),
        empty="m",
        exact=True,
    ),
    Case(
        "stack of one",
        ("Stack", "Unstack"),
        lambda x: stack([x], axis=1),
        (Input("m"),),
        lambda x: x[:, None],
        exact=True,
    ),
    Case(
        "unstack",
        ("Unstack", "Stack"),
        lambda x: tuple(unstack(x, 3, axis=1)),
        (Input(("m", 3, "n")),),
        lambda x: tuple(from_rows([m[i] for m in x], (len(x), x.shape[2])) for i in range(3)),
        empty="m",
        exact=True,
    ),
    Case(
        "unstack, one slice used",
        ("Unstack", "Stack"),
        lambda x: unstack(x, num=2, axis=-1)[0],
        (Input(("m", 2)),),
        lambda x: x[:, 0],
        exact=True,
    ),
    Case(
        "unstack scalars",
        ("Unstack",),
        lambda x: tuple(unstack(x, 2)),
        (Input((2,)),),
        lambda x: (x[0], x[1]),
        exact=True,
    ),
)

REPEATED = (
    Case(
        "tile",
        ("Tile", "TileGrad"),
        lambda x: tile(x, [2, 3]),
        (Input("mn"),),
        lambda x: moved(x, (2 * len(x), 3 * x.shape[1]), lambda i, j: (i % len(x), j % x.shape[1])),
        empty="mn",
    ),
    Case(
        "tile by its own sizes",
        ("Tile", "TileGrad"),
        lambda x: tile(x, [shape_of(x)[1], 1]),
        (Input("mn"),),
        lambda x: np.vstack([x] * x.shape[1]),
    ),
    Case(
        "tile nothing",
        ("Tile", "TileGrad"),
        lambda x: tile(x, [0, 2]),
        (Input("mn"),),
        lambda x: np.zeros((0, 2 * x.shape[1])),
        exact=True,
    ),
    Case(
        "fill",
        ("BroadcastTo", "SumTo"),
        lambda x, like: fill(shape_of(like), x),
        (Input(), Input("mn", gradient=False)),
        lambda x, like: np.array([x] * like.size).reshape(like.shape),
        empty="m",
    ),
    Case(
        "zeros and ones",
        ("BroadcastTo",),
        lambda x: (zeros([2, shape_of(x)[0]]), ones(3, "int32"), zeros([], "bool")),
        (Input("m"),),
        lambda x: (np.array([[0] * len(x)] * 2), [1, 1, 1], False),
        gradient=False,
        empty="m",
        exact=True,
    ),
    Case(
        "arange",
        ("Range",),
        lambda x: (
            arange(shape_of(x)[0]),
            arange(1, shape_of(x)[0] + 1, 2, dtype="float32"),
            arange(shape_of(x)[0], -3, -2, dtype="int64"),
        ),
        (Input("m"),),
        lambda x: (
            list(range(len(x))),
            list(range(1, len(x) + 1, 2)),
            list(range(len(x), -3, -2)),
        ),
        gradient=False,
        exact=True,
    ),
)

CASES = VIEWS + SIZES + JOINED + REPEATED
