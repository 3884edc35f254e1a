"""Rows of the ops that put elements in another order, or in blocks, or a border around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.core import (
    batch_to_space_nd,
    broadcast_dynamic_shape,
    depth_to_space,
    ensure_shape,
    extract_image_patches,
    linspace,
    meshgrid,
    pad,
    repeat,
    reverse_sequence,
    roll,
    sequence_mask,
    shape_n,
    shape_of,
    space_to_batch_nd,
    space_to_depth,
)

from .case import Case, Input
from .cases_shape import from_rows, moved

BORDERS = (
    Case(
        "pad",
        ("Pad", "DynamicSlice"),
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
        ("Pad",),
        lambda x: pad(x, np.zeros((1, 2), int)),
        (Input("m", dtype="float"),),
        lambda x: x + 0,
        exact=True,
    ),
    Case(
        "pad by sizes",
        ("Pad", "DynamicSlice"),
        lambda x: pad(x, [[0, 5 - shape_of(x)[0]], [1, shape_of(x)[0]]]),
        (Input("mn"),),
        lambda x: np.vstack(
            [
                np.hstack([np.zeros((len(x), 1)), x, np.zeros((len(x), len(x)))]),
                np.zeros((5 - len(x), len(x) + x.shape[1] + 1)),
            ]
        ),
        exact=True,
    ),
    Case(
        "pad by what is fed",
        ("Pad", "DynamicSlice"),
        lambda x, borders: pad(x, borders),
        (Input("mn"), Input((2, 2), dtype="int32", low=0, high=3)),
        lambda x, borders: from_rows(
            [
                x[i, j] if 0 <= i < len(x) and 0 <= j < x.shape[1] else 0
                for i in range(-borders[0, 0], len(x) + borders[0, 1])
                for j in range(-borders[1, 0], x.shape[1] + borders[1, 1])
            ],
            (len(x) + borders[0].sum(), x.shape[1] + borders[1].sum()),
        ),
        exact=True,
        data_sizes=True,
    ),
    Case(
        "pad reflected",
        ("MirrorPad", "MirrorPadGrad"),
        lambda x: pad(x, [[2, 1], [0, 0], [0, 2]], "REFLECT"),
        (Input(("m", "n", 3)),),
        lambda x: moved(
            x,
            (len(x) + 3, x.shape[1], 5),
            lambda i, j, k: (
                len(x) - 1 - abs(len(x) - 1 - abs(i - 2)),
                j,
                2 - abs(2 - k),
            ),
        ),
        sizes={"m": (3, 5)},
        empty="n",
    ),
    Case(
        "pad symmetric",
        ("MirrorPad", "MirrorPadGrad"),
        lambda x: pad(x, [[1, 2], [3, 0]], "symmetric"),
        (Input(("m", 3)),),
        lambda x: np.vstack([x[0], x, x[-1], x[-2]])[:, [2, 1, 0, 0, 1, 2]],
        sizes={"m": (2, 4)},
    ),
    Case(
        "pad words",
        ("MirrorPad",),
        lambda x: pad(x, [[1, 1]], "SYMMETRIC"),
        (Input("m", dtype="string"),),
        lambda x: np.array([x[0], *x, x[-1]], object),
        gradient=False,
        exact=True,
    ),
)

ORDERS = (
    Case(
        "roll",
        ("Roll",),
        lambda x: (roll(x, 1), roll(x, [-2, 7], [0, -1]), roll(x, [1, 1], [1, 1])),
        (Input("mn"),),
        lambda x: (
            moved(x, x.shape, lambda i, j: ((i - 1) % len(x), j)),
            moved(x, x.shape, lambda i, j: ((i + 2) % len(x), (j - 7) % x.shape[1])),
            moved(x, x.shape, lambda i, j: (i, (j - 2) % x.shape[1])),
        ),
        exact=True,
        empty="mn",
    ),
    Case(
        "roll by a tensor",
        ("Roll",),
        lambda x, n: roll(x, n, 1),
        (Input("mn"), Input("", dtype="int32", low=-9, high=9)),
        lambda x, n: moved(x, x.shape, lambda i, j: (i, (j - n) % x.shape[1])),
        exact=True,
    ),
    Case(
        "reverse_sequence",
        ("ReverseSequence",),
        lambda x, n: reverse_sequence(x, n),
        (Input(("b", 4, "c")), Input("b", dtype="int32", low=0, high=4)),
        lambda x, n: np.array(
            [[*line[:k][::-1], *line[k:]] for line, k in zip(x, n, strict=True)]
        ).reshape(x.shape),
        exact=True,
        empty="bc",
    ),
    Case(
        "reverse_sequence, time first",
        ("ReverseSequence",),
        lambda x, n: reverse_sequence(x, n, seq_axis=0, batch_axis=-1),
        (Input((3, "m", "b")), Input("b", dtype="int64", low=0, high=3)),
        lambda x, n: moved(x, x.shape, lambda t, m, b: (n[b] - 1 - t if t < n[b] else t, m, b)),
        exact=True,
    ),
    Case(
        "repeat",
        ("BroadcastTo", "SumTo"),
        lambda x, n: (repeat(x, 3, 1), repeat(x, 2), repeat(x, n, -2), repeat(x, n, -1)),
        (Input("mn"), Input("", dtype="int32", low=0, high=2)),
        lambda x, n: (
            moved(x, (len(x), 3 * x.shape[1]), lambda i, j: (i, j // 3)),
            np.array([e for e in x.flat for _ in range(2)]),
            moved(x, (int(n) * len(x), x.shape[1]), lambda i, j: (i // n, j)),
            moved(x, (len(x), int(n) * x.shape[1]), lambda i, j: (i, j // n)),
        ),
        empty="m",
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "repeat each so often",
        ("Searchsorted", "Gather", "ScatterRows"),
        lambda x, n: (repeat(x, n, 0), repeat(x, [2], 1), repeat(x[:, 0], np.array([1, 0, 2]))),
        (Input((3, "n")), Input((3,), dtype="int32", low=0, high=3)),
        lambda x, n: (
            from_rows(
                [row for row, k in zip(x, n, strict=True) for _ in range(k)], (n.sum(), x.shape[1])
            ),
            moved(x, (3, 2 * x.shape[1]), lambda i, j: (i, j // 2)),
            np.array([x[0, 0], x[2, 0], x[2, 0]]),
        ),
        data_sizes=True,
        needs_rank=True,
    ),
)


def blocks_of(x: np.ndarray, b: int) -> np.ndarray:
    """Channel (i * b + j) * channels + c is channel c at (i, j) of the block."""
    n, h, w, c = x.shape
    return moved(
        x,
        (n, h // b, w // b, b * b * c),
        lambda a, y, z, k: (a, y * b + k // c // b, z * b + k // c % b, k % c),
    )


def spread(x: np.ndarray, b: int) -> np.ndarray:
    """The other way round."""
    n, h, w, c = x.shape
    d = c // (b * b)
    return moved(
        x,
        (n, h * b, w * b, d),
        lambda a, y, z, k: (a, y // b, z // b, (y % b * b + z % b) * d + k),
    )


def patches(
    x: np.ndarray, sizes: Any, strides: Any, rates: Any, top: int, left: int, count: Any
) -> np.ndarray:
    """Cell by cell; what lies outside is zero."""

    def cell(n: int, y: int, z: int, c: int) -> float:
        inside = 0 <= y < x.shape[1] and 0 <= z < x.shape[2]
        return float(x[n, y, z, c]) if inside else 0.0

    rows, columns = count
    result = [
        cell(n, r * strides[0] + i * rates[0] - top, q * strides[1] + j * rates[1] - left, c)
        for n in range(len(x))
        for r in range(rows)
        for q in range(columns)
        for i in range(sizes[0])
        for j in range(sizes[1])
        for c in range(x.shape[3])
    ]
    return np.array(result).reshape(len(x), rows, columns, sizes[0] * sizes[1] * x.shape[3])


BLOCKS = (
    Case(
        "space_to_depth",
        ("Reshape", "Transpose"),
        lambda x: space_to_depth(x, 2),
        (Input(("n", 4, 6, "c")),),
        lambda x: blocks_of(x, 2),
        exact=True,
        empty="n",
        needs_rank=True,
    ),
    Case(
        "depth_to_space",
        ("Reshape", "Transpose"),
        lambda x: depth_to_space(x, 2),
        (Input(("n", "h", "w", 8)),),
        lambda x: spread(x, 2),
        exact=True,
        empty="n",
        needs_rank=True,
    ),
    Case(
        "blocks with channels first",
        ("Reshape", "Transpose"),
        lambda x: (space_to_depth(x, 3, "NCHW"), depth_to_space(x, 2, "NCHW")),
        (Input(("n", 4, 3, 6)),),
        lambda x: (
            np.moveaxis(blocks_of(np.moveaxis(x, 1, 3), 3), 3, 1),
            np.moveaxis(spread(np.moveaxis(x, 1, 3), 2), 3, 1),
        ),
        exact=True,
        needs_rank=True,
    ),
    Case(
        "space_to_batch_nd",
        ("Pad", "Reshape", "Transpose"),
        lambda x: space_to_batch_nd(x, [2, 3], [[1, 0], [0, 1]]),
        (Input(("n", 3, 5, "c")),),
        lambda x: np.concatenate(
            [
                np.pad(x, ((0, 0), (1, 0), (0, 1), (0, 0)))[:, i::2, j::3]
                for i in range(2)
                for j in range(3)
            ]
        ),
        exact=True,
        needs_rank=True,
    ),
    Case(
        "batch_to_space_nd",
        ("Reshape", "Transpose", "DynamicSlice"),
        lambda x: batch_to_space_nd(x, [2], [[1, 2]]),
        (Input((4, "m", "c")),),
        lambda x: moved(
            x,
            (2, 2 * x.shape[1] - 3, x.shape[2]),
            lambda n, i, c: ((i + 1) % 2 * 2 + n, (i + 1) // 2, c),
        ),
        sizes={"m": (2, 4)},
        exact=True,
        needs_rank=True,
    ),
    Case(
        "extract_image_patches",
        ("ExtractPatches", "ExtractPatchesGrad"),
        lambda x: extract_image_patches(x, (2, 3), (2, 1)),
        (Input(("n", 5, 4, "c")),),
        lambda x: patches(x, (2, 3), (2, 1), (1, 1), 0, 0, (2, 2)),
        empty="n",
    ),
    Case(
        "extract_image_patches around the border",
        ("ExtractPatches", "ExtractPatchesGrad"),
        lambda x: (
            extract_image_patches(x, 3, 2, 1, "SAME"),
            extract_image_patches(x, (2, 1), 1, (2, 1), [[1, 1], [0, 2]]),
        ),
        (Input(("n", 4, 3, "c")),),
        lambda x: (
            patches(x, (3, 3), (2, 2), (1, 1), 0, 1, (2, 2)),
            patches(x, (2, 1), (1, 1), (2, 1), 1, 0, (4, 5)),
        ),
    ),
)

GRIDS = (
    Case(
        "linspace",
        ("Range", "Multiply", "Add"),
        lambda a, b, like: (
            linspace(a, b, 5),
            linspace(a, b, 1),
            linspace(a, b, shape_of(like)[0]),
        ),
        (Input(), Input(), Input("m", gradient=False)),
        lambda a, b, like: (
            np.array([a + (b - a) * i / 4 for i in range(5)]),
            np.array([a]),
            np.linspace(a, b, len(like)),
        ),
        empty="m",
    ),
    Case(
        "meshgrid",
        ("BroadcastTo", "Reshape"),
        lambda x, y, z: (*meshgrid(x, y, z), *meshgrid(x, y, z, indexing="ij"), *meshgrid(x)),
        (Input("a"), Input("b"), Input("c")),
        lambda x, y, z: (
            *np.meshgrid(x, y, z),
            *(
                moved(v, (len(x), len(y), len(z)), p)
                for v, p in (
                    (x, lambda i, j, k: (i,)),
                    (y, lambda i, j, k: (j,)),
                    (z, lambda i, j, k: (k,)),
                )
            ),
            x,
        ),
        empty="a",
    ),
    Case(
        "meshgrid of a scalar",
        ("BroadcastTo",),
        lambda x, y: tuple(meshgrid(x, y)),
        (Input("a"), Input()),
        lambda x, y: (x[None], np.array([[y] * len(x)])),
    ),
    Case(
        "sequence_mask",
        ("Range", "Less"),
        lambda n, like: (sequence_mask(n, 3), sequence_mask(n, shape_of(like)[0], "float32")),
        (Input("mn", dtype="int32", low=-1, high=4), Input("k", gradient=False)),
        lambda n, like: (
            np.array([[[t < e for t in range(3)] for e in row] for row in n]).reshape(*n.shape, 3),
            np.array([[[t < e for t in range(len(like))] for e in row] for row in n]).reshape(
                *n.shape, len(like)
            ),
        ),
        gradient=False,
        exact=True,
        empty="mk",
    ),
    Case(
        "sequence_mask up to the longest",
        ("ReduceMax", "Range", "Less"),
        lambda n: sequence_mask(n),
        (Input("m", dtype="int64", low=0, high=4),),
        lambda n: np.array([[t < e for t in range(max(n, default=0))] for e in n]).reshape(
            len(n), max(n, default=0)
        ),
        gradient=False,
        exact=True,
        empty="m",
        data_sizes=True,
    ),
)

KNOWN = (
    Case(
        "ensure_shape",
        ("EnsureShape",),
        lambda x: (ensure_shape(x, [None, 3]), ensure_shape(x, None)),
        (Input(("m", 3)),),
        lambda x: (x + 0, x + 0),
        exact=True,
        empty="m",
    ),
    Case(
        "broadcast_dynamic_shape",
        ("BroadcastShape",),
        lambda x, y: (
            broadcast_dynamic_shape(shape_of(x), shape_of(y)),
            broadcast_dynamic_shape([3, 1], [shape_of(y)[0]]),
        ),
        (Input(("a", 1, "b")), Input("cb")),
        lambda x, y: (np.broadcast(x, y).shape, (3, len(y))),
        gradient=False,
        exact=True,
        empty="a",
    ),
    Case(
        "shape_n",
        ("Shape",),
        lambda x, y: tuple(shape_n([x, y], "int64")),
        (Input("ab"), Input((1, "c"))),
        lambda x, y: (x.shape, y.shape),
        gradient=False,
        exact=True,
    ),
)

CASES = BORDERS + ORDERS + BLOCKS + GRIDS + KNOWN
