"""Rows of the ops that move elements: shape, stack, concat, repeat, slicing, gather.

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
    gather,
    one_hot,
    ones,
    pad,
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


def below(size: int) -> Callable[..., np.ndarray]:
    """Draws indices in -size <= index < size."""
    return lambda generator, shape, dtype: generator.integers(-size, size, shape).astype(dtype)


def indices(shape: str | tuple[int | str, ...], size: int, dtype: str = "int32") -> Input:
    return Input(shape, dtype=dtype, values=below(size))


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

SLICED = (
    Case(
        "slice",
        ("Slice", "SliceGrad"),
        lambda x: x[1:, ::-1, -1],
        (Input(("m", "n", 3)),),
        lambda x: moved(
            x,
            (max(len(x) - 1, 0), x.shape[1]),
            lambda i, j: (i + 1, x.shape[1] - 1 - j, 2),
        ),
        empty="mn",
        exact=True,
    ),
    Case(
        "slice with steps",
        ("Slice", "SliceGrad"),
        lambda x: (x[..., 1:4:2], x[:, -2:0:-1], x[:, :-9]),
        (Input(("m", 5)),),
        lambda x: (
            moved(x, (len(x), 2), lambda i, j: (i, 1 + 2 * j)),
            moved(x, (len(x), 3), lambda i, j: (i, 3 - j)),
            np.zeros((len(x), 0)),
        ),
        empty="m",
        exact=True,
    ),
    Case(
        "slice with new axes",
        ("Slice", "SliceGrad"),
        lambda x: (x[None, 0, ..., None], x[..., 0, None, :]),
        (Input((2, "m", "n")),),
        lambda x: (
            moved(x, (1, *x.shape[1:], 1), lambda i, j, k, _: (0, j, k)),
            moved(x, (2, 1, x.shape[2]), lambda i, _, k: (i, 0, k)),
        ),
        exact=True,
    ),
    Case(
        "slice to a scalar",
        ("Slice", "SliceGrad"),
        lambda x: x[-1, 0],
        (Input("mn"),),
        lambda x: x[len(x) - 1, 0],
        exact=True,
    ),
    Case(
        "slice a scalar",
        ("Slice", "SliceGrad"),
        lambda x: x[None, ..., None],
        (Input(),),
        lambda x: np.array([[x]]),
        exact=True,
    ),
    Case(
        "slice by a tensor",
        ("Gather", "ScatterRows", "Slice"),
        lambda x, i, j: (x[:, i, 1:], x[..., j]),
        (Input(("m", 4, "n")), indices("k", 4), indices("", 1)),
        lambda x, i, j: (
            moved(x, (len(x), len(i), x.shape[2] - 1), lambda a, b, c: (a, i[b], c + 1)),
            x[:, :, int(j)],
        ),
        needs_rank=True,  # of the index, to know where the next index acts
    ),
    Case(
        "pad",
        ("Pad", "Slice"),
        lambda x: pad(x, [[1, 0], [2, 3]], constant_values=7),
        (Input("mn"),),
        lambda x: from_rows(
            [
                x[i - 1, j - 2] if i >= 1 and 2 <= j < 2 + x.shape[1] else 7
                for i in range(len(x) + 1)
                for j in range(x.shape[1] + 5)
            ],
            (len(x) + 1, x.shape[1] + 5),
        ),
        empty="mn",
        exact=True,
    ),
    Case(
        "pad by nothing",
        ("Pad", "Slice"),
        lambda x: pad(x, np.zeros((1, 2), int)),
        (Input("m", dtype="float"),),
        lambda x: x + 0,
        exact=True,
    ),
)

PICKED = (
    Case(
        "gather",
        ("Gather", "ScatterRows"),
        lambda x, i: gather(x, i),
        (Input((5, "n")), indices("pq", 5)),
        lambda x, i: moved(x, (*i.shape, x.shape[1]), lambda a, b, c: (i[a, b], c)),
        empty="pn",
    ),
    Case(
        "gather often",  # every row is picked many times: its gradient is a sum of many
        ("Gather", "ScatterRows"),
        lambda x, i: gather(x, i, axis=-2),
        (Input(("m", 2, "n")), indices("p", 2, "int64")),
        lambda x, i: np.einsum("mkn,pk->mpn", x, np.eye(2)[i]),
        sizes={"p": (10, 20)},
    ),
    Case(
        "gather one",
        ("Gather", "ScatterRows"),
        lambda x, i: gather(x, i, axis=1),
        (Input(("m", 3)), indices("", 3, "int8")),
        lambda x, i: moved(x, (len(x),), lambda a: (a, int(i))),
    ),
    Case(
        "one_hot",
        ("OneHot",),
        lambda i: one_hot(i, 4),
        (indices("mn", 6),),
        lambda i: np.vstack([np.eye(4), np.zeros((8, 4))])[i],
        gradient=False,
        empty="m",
        exact=True,
    ),
    Case(
        "one_hot in the middle",
        ("OneHot",),
        lambda i: one_hot(i, shape_of(i)[1], on_value=5, off_value=-1, axis=1, dtype="int16"),
        (Input("mn", dtype="uint8", low=0, high=3),),
        lambda i: from_rows(
            [
                5 if i[a, c] == b else -1
                for a in range(len(i))
                for b in range(i.shape[1])
                for c in range(i.shape[1])
            ],
            (len(i), i.shape[1], i.shape[1]),
        ),
        gradient=False,
        exact=True,
    ),
)

CASES = VIEWS + SIZES + JOINED + REPEATED + SLICED + PICKED
