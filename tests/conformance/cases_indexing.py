"""Rows of the ops that take parts of tensors: slices, indices, masks, gather.

The oracles are NumPy's indexing, or say for each place of the result where its element comes from.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thalweg.core import (
    batch_gather,
    boolean_mask,
    constant,
    gather,
    one_hot,
    shape_of,
    slice,
    strided_slice,
    where,
    where_indices,
)

from .case import Case, Input
from .cases_shape import from_rows, moved


def below(size: int) -> Callable[..., np.ndarray]:
    """Draws indices in -size <= index < size."""
    return lambda generator, shape, dtype: generator.integers(-size, size, shape).astype(dtype)


def among(*values: int) -> Callable[..., np.ndarray]:
    """Draws from a few integers."""
    return lambda generator, shape, dtype: generator.choice(values, shape).astype(dtype)


def indices(shape: str | tuple[int | str, ...], size: int, dtype: str = "int32") -> Input:
    return Input(shape, dtype=dtype, values=below(size))


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


BOUND = Input("", dtype="int32", low=-7, high=7)
STEP = Input("", dtype="int64", values=among(-3, -1, 1, 2))
MASK = "bool"

DYNAMIC = (
    Case(
        "slice from a begin",
        ("DynamicSlice", "DynamicSliceGrad"),
        lambda x, i: slice(x, [i, 1, 0], [2, shape_of(x)[1] - 1, -1]),
        (Input((4, "m", "n")), Input("", dtype="int32", low=0, high=2)),
        lambda x, i: moved(x, (2, x.shape[1] - 1, x.shape[2]), lambda a, b, c: (a + i, b + 1, c)),
        empty="n",
        exact=True,
    ),
    Case(
        "slice from a vector",
        ("DynamicSlice", "DynamicSliceGrad"),
        lambda x, begin: slice(x, begin, [2, 3]),
        (Input((4, 5)), Input((2,), dtype="int64", low=0, high=2)),
        lambda x, begin: moved(x, (2, 3), lambda a, b: (a + begin[0], b + begin[1])),
        exact=True,
    ),
    Case(
        "slice of nothing",
        ("DynamicSlice", "DynamicSliceGrad"),
        lambda x, begin: slice(x, begin, [0, 2]),
        (Input((3, 4)), Input((2,), dtype="int32", low=0, high=2)),
        lambda x, begin: np.zeros((0, 2)),
        exact=True,
    ),
    Case(
        "slice of a size that is fed",
        ("DynamicSlice", "DynamicSliceGrad"),
        lambda x, n: slice(x, [1], [n]),
        (Input((4,)), Input("", dtype="int32", low=0, high=3)),
        lambda x, n: x[1 : 1 + int(n)],
        exact=True,
        data_sizes=True,
    ),
    Case(
        "slice with tensors as bounds",
        ("DynamicSlice", "DynamicSliceGrad", "SliceBounds"),
        lambda x, i, j: (x[i:j], x[1:, i:], x[..., :j, None]),
        (Input(("m", 5)), BOUND, BOUND),
        lambda x, i, j: (x[int(i) : int(j)], x[1:, int(i) :], x[..., : int(j), None]),
        empty="m",
        exact=True,
        data_sizes=True,
    ),
    Case(
        "slice backwards with tensors as bounds",
        ("DynamicSlice", "DynamicSliceGrad", "SliceBounds"),
        lambda x, i, j: (x[:, i:j:-1], x[:, i::-2], x[:, :j:-3]),
        (Input(("m", 5)), BOUND, BOUND),
        lambda x, i, j: (x[:, int(i) : int(j) : -1], x[:, int(i) :: -2], x[:, : int(j) : -3]),
        exact=True,
        data_sizes=True,
    ),
    Case(
        "slice with a tensor as step",
        ("SliceBounds", "Range", "Gather", "ScatterRows"),
        lambda x, i, j, k: (x[i:j:k], x[..., ::k], x[:, i::k], x[:, :j:k]),
        (Input(("m", 5)), BOUND, BOUND, STEP),
        lambda x, i, j, k: (
            x[int(i) : int(j) : int(k)],
            x[:, :: int(k)],
            x[:, int(i) :: int(k)],
            x[:, : int(j) : int(k)],
        ),
        exact=True,
        data_sizes=True,
    ),
    Case(
        "slice up to sizes",
        ("Slice", "SliceGrad"),
        lambda x: x[: shape_of(x)[1], shape_of(x)[1] - 1 :],
        (Input("mn"),),
        lambda x: x[: x.shape[1], x.shape[1] - 1 :],
        empty="m",
        exact=True,
    ),
    Case(
        "index by scalars",
        ("Gather", "ScatterRows"),
        lambda x, i, j: (x[i, :, j], x[..., i, 1:], x[j, None]),
        (Input((3, "m", 3, "n")), indices("", 3), indices("", 3, "int64")),
        lambda x, i, j: (x[int(i), :, int(j)], x[..., int(i), 1:], x[int(j)][None]),
        needs_rank=True,
    ),
    Case(
        "index by a list",
        ("Gather", "ScatterRows"),
        lambda x: (x[[2, 0, 2]], x[:, np.array([[0, -1]])], x[[]]),
        (Input((3, "m")),),
        lambda x: (
            np.array([x[2], x[0], x[2]]),
            moved(x, (3, 1, 2), lambda a, b, c: (a, -c)),
            np.zeros((0, x.shape[1])),
        ),
    ),
    Case(
        "index by a mask",
        ("MaskPositions", "Gather", "ScatterRows"),
        lambda x, rows, cells: (x[rows], x[..., rows, None, :], x[:, rows, 0], x[cells]),
        (Input(("m", "m", "n")), Input("m", dtype=MASK), Input("mm", dtype=MASK)),
        lambda x, rows, cells: (x[rows], x[..., rows, None, :], x[:, rows, 0], x[cells]),
        exact=True,
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "strided_slice",
        ("Slice", "SliceGrad"),
        lambda x: (
            strided_slice(x, [1, 0], [3, 4], [1, 2]),
            strided_slice(x, [9, 9, 1], [9, 9, -9], [1, 1, -1], 4, 0, 1, 2),
            strided_slice(x, constant([-1, 1]), [0, 0], end_mask=2, shrink_axis_mask=1),
        ),
        (Input((4, "m", 5)),),
        lambda x: (x[1:3, 0:4:2], x[..., None, :-9:-1], x[-1, 1:]),
        exact=True,
    ),
    Case(
        "strided_slice of tensors",
        ("DynamicSlice", "Gather", "SliceBounds"),
        lambda x, i, j, k: (
            strided_slice(x, [i, 1], [j, k]),
            strided_slice(x, [i, 0], [0, k], [1, -1], begin_mask=2, shrink_axis_mask=1),
        ),
        (Input((4, 5)), indices("", 4), BOUND, BOUND),
        lambda x, i, j, k: (x[int(i) : int(j), 1 : int(k)], x[int(i), : int(k) : -1]),
        data_sizes=True,
        needs_rank=True,
    ),
)

MASKED = (
    Case(
        "boolean_mask",
        ("MaskPositions", "Gather", "ScatterRows"),
        lambda x, mask: (boolean_mask(x, mask), boolean_mask(x, mask, axis=-1)),
        (Input(("m", 2, "m")), Input("m", dtype=MASK)),
        lambda x, mask: (
            from_rows([r for r, m in zip(x, mask, strict=True) if m], (mask.sum(), *x.shape[1:])),
            x[:, :, [i for i, m in enumerate(mask) if m]],
        ),
        empty="m",
        exact=True,
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "boolean_mask of several axes",
        ("MaskPositions", "Gather", "ScatterRows"),
        lambda x, mask: (
            boolean_mask(x, mask),
            boolean_mask(x, mask[0], axis=1),
            boolean_mask(x, mask[:, 0], axis=-3),
        ),
        (Input("mnk"), Input("mn", dtype=MASK)),
        lambda x, mask: (
            from_rows([x[i] for i in np.ndindex(*mask.shape) if mask[i]], (mask.sum(), x.shape[2])),
            x[:, [i for i, m in enumerate(mask[0]) if m]],
            x[[i for i, m in enumerate(mask[:, 0]) if m]],
        ),
        exact=True,
        data_sizes=True,
        needs_rank=True,
    ),
    Case(
        "boolean_mask that is known",
        ("MaskPositions", "Gather", "ScatterRows"),
        lambda x: (x[np.array([True, False, True])], x[[[True, False], [False] * 2, [True] * 2]]),
        (Input((3, 2, "n")),),
        lambda x: (x[::2], np.array([x[0, 0], x[2, 0], x[2, 1]])),
        empty="n",
        exact=True,
    ),
    Case(
        "where_indices",
        ("WhereIndices",),
        lambda mask, x: (where_indices(mask), where(x), where_indices(x[0, 0])),
        (Input("mnk", dtype=MASK), Input((1, "n"), low=-1, high=2, dtype="int32")),
        lambda mask, x: (
            from_rows([i for i in np.ndindex(*mask.shape) if mask[i]], (mask.sum(), 3)),
            from_rows([(0, i) for i, n in enumerate(x[0]) if n], (np.count_nonzero(x), 2)),
            np.zeros((int(x[0, 0] != 0), 0)),
        ),
        gradient=False,
        exact=True,
        data_sizes=True,
        empty="m",
    ),
)

BATCHED = (
    Case(
        "gather in batches",
        ("Gather", "ScatterRows"),
        lambda x, i: (gather(x, i, batch_dims=1), batch_gather(x, i)),
        (Input(("b", 4, "n")), indices("bp", 4)),
        lambda x, i: (np.array([a[j] for a, j in zip(x, i, strict=True)]),) * 2,
        sizes={"p": (2, 9)},
    ),
    Case(
        "gather in empty batches",
        ("Gather", "ScatterRows"),
        lambda x, i: gather(x, i, batch_dims=1),
        (Input(("b", 4, "n")), indices("bp", 4)),
        lambda x, i: np.array([a[j] for a, j in zip(x, i, strict=True)]).reshape(
            *i.shape, x.shape[2]
        ),
        empty="bpn",
    ),
    Case(
        "gather in batches of two axes",
        ("Gather", "ScatterRows"),
        lambda x, i: (gather(x, i, -1, 2), gather(x, i, -1, -1)),
        (Input(("a", "b", "m", 3)), indices("abp", 3, "int64")),
        lambda x, i: (
            (moved(x, (*x.shape[:3], i.shape[2]), lambda a, b, m, p: (a, b, m, i[a, b, p])),) * 2
        ),
    ),
    Case(
        "gather one in batches",
        ("Gather", "ScatterRows"),
        lambda x, i: gather(x, i, 2, batch_dims=1),
        (Input(("b", "m", 3, "n")), indices("b", 3)),
        lambda x, i: moved(x, (*x.shape[:2], x.shape[3]), lambda b, m, n: (b, m, i[b], n)),
    ),
)

CASES = SLICED + PICKED + DYNAMIC + MASKED + BATCHED
