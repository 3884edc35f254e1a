"""Rows of the ops in `core/ops/segments.py`; the oracle visits row after row."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import apply
from thalweg.core.opdef import REGISTRY

from .case import Case, Input

FINITE = float(np.finfo(np.float64).max)


def some_ids(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Of three segments, and of none: -2, 7."""
    return generator.choice([-2, 0, 1, 1, 2, 7], shape).astype(dtype)


def sorted_ids(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.sort(generator.choice([0, 1, 3], shape)).astype(dtype)


def by_loop(
    combine: Callable[[Sequence[Any]], Any], empty: Any
) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray]:
    """Collects each segment's numbers, place by place, and combines the list."""

    def oracle(data: np.ndarray, ids: np.ndarray, size: int) -> np.ndarray:
        row_shape = data.shape[ids.ndim :]
        rows = data.reshape(ids.size, math.prod(row_shape))
        result = np.full((size, rows.shape[1]), empty, data.dtype)
        for segment in range(size):
            members = [r for r, own in zip(rows, ids.reshape(-1), strict=True) if own == segment]
            for place in range(rows.shape[1] if members else 0):
                result[segment, place] = combine([row[place] for row in members])
        return result.reshape(size, *row_shape)

    return oracle


def root_mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / math.sqrt(len(numbers))


FUNCTIONS: dict[str, tuple[str, Callable[[Sequence[Any]], Any], float]] = {
    "segment_sum": ("SegmentSum", math.fsum, 0),
    "segment_mean": ("SegmentCount", lambda numbers: math.fsum(numbers) / len(numbers), 0),
    "segment_prod": ("SegmentProd", math.prod, 1),
    "segment_max": ("SegmentMax", max, 0),
    "segment_min": ("SegmentMin", min, 0),
    "unsorted_segment_sum": ("SegmentSum", math.fsum, 0),
    "unsorted_segment_mean": ("SegmentCount", lambda n: math.fsum(n) / len(n), 0),
    "unsorted_segment_sqrt_n": ("SegmentCount", root_mean, 0),
    "unsorted_segment_prod": ("SegmentProd", math.prod, 1),
    "unsorted_segment_max": ("SegmentMax", max, -FINITE),
    "unsorted_segment_min": ("SegmentMin", min, FINITE),
}


def with_zeros(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return (generator.uniform(0.5, 2, shape) * (generator.random(shape) < 0.6)).astype(dtype)


def data_for(name: str, shape: tuple[int | str, ...]) -> Input:
    return Input(shape, distinct="max" in name or "min" in name)


def of_three(name: str) -> tuple[Case, ...]:
    """Rows of given ids among three segments: of rows, and of ids with two axes."""
    op, combine, empty = FUNCTIONS[name]
    function = getattr(core, name)
    oracle = by_loop(combine, empty)
    rows = []
    for suffix, axes, row in (("", "n", "k"), (" of two axes", "mn", ""), (" scalars", "n", "")):
        # all three segments have members: the limits of float32 and float64 differ
        covering = "max" in name or "min" in name
        ids = functools.partial(covering_ids if covering and "un" in name else some_ids)
        rows.append(
            Case(
                f"{name} of three{suffix}",
                (op,),
                lambda data, ids: function(data, ids, 3),
                (data_for(name, (*axes, *row)), Input(axes, "int32", values=ids)),
                lambda data, ids: oracle(data, ids, 3),
                sizes={"n": (3, 6)},
                empty="" if covering else "n" + row,
            )
        )
    return tuple(rows)


def covering_ids(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    ids = generator.integers(0, 3, shape)
    ids.reshape(-1)[:3] = [2, 0, 1]
    return ids.astype(dtype)


def of_data(name: str) -> Case:
    """A row whose number of segments follows from the ids."""
    op, combine, empty = FUNCTIONS[name]
    oracle = by_loop(combine, empty)
    return Case(
        f"{name} sized by its ids",
        (op,),
        getattr(core, name),
        (data_for(name, ("n", "k")), Input("n", "int64", values=sorted_ids)),
        lambda data, ids: oracle(data, ids, int(ids.max(initial=-1)) + 1),
        data_sizes=True,
        empty="n",
    )


def of_integers(name: str, dtype: str, empty: Any) -> Case:
    op, combine, _ = FUNCTIONS[name]
    oracle = by_loop(sum if combine is math.fsum else combine, empty)
    return Case(
        f"{name} {dtype}",
        (op,),
        lambda data, ids: getattr(core, name)(data, ids, 4),
        (Input("nk", dtype, high=5), Input("n", "uint8", low=0, high=4)),
        lambda data, ids: oracle(data, ids, 4),
        gradient=False,
        empty="nk",
    )


def scanned(
    a: np.ndarray, b: np.ndarray, ids: np.ndarray, initial: float, reverse: bool
) -> np.ndarray:
    """The recurrence, one row at a time."""
    result = np.empty_like(a)
    state: dict[int, Any] = {}
    rows = range(len(ids))
    for row in reversed(rows) if reverse else rows:
        own = int(ids[row])
        result[row] = state.get(own, initial)
        state[own] = b[row] + a[row] * result[row]
    return result


CASES = (
    *(case for name in FUNCTIONS for case in of_three(name)),
    *(of_data(name) for name in FUNCTIONS if not name.startswith("un")),
    of_integers("segment_sum", "int32", 0),
    of_integers("segment_prod", "int64", 1),
    of_integers("segment_max", "int8", 0),
    of_integers("unsorted_segment_max", "int8", -128),
    of_integers("unsorted_segment_min", "uint64", 2**64 - 1),
    Case(
        "unsorted_segment_prod with zeros",
        ("SegmentProd", "GroupedScan"),
        lambda data, ids: core.unsorted_segment_prod(data, ids, 3),
        (Input("nk", values=with_zeros), Input("n", "int32", values=some_ids)),
        lambda data, ids: by_loop(math.prod, 1)(data, ids, 3),
        sizes={"n": (1, 6)},
    ),
    *(
        Case(
            f"grouped scan from {initial}, reverse={reverse}",
            ("GroupedScan",),
            lambda a, b, ids, i=initial, r=reverse: apply(REGISTRY["GroupedScan"](i, r), a, b, ids),
            (Input("nk"), Input("nk"), Input("n", "int32", low=0, high=1)),
            functools.partial(scanned, initial=initial, reverse=reverse),
            sizes={"n": (1, 6)},
            empty="nk",
        )
        for initial in (0.0, 1.0)
        for reverse in (False, True)
    ),
    Case(
        "spread segments",
        ("SpreadSegments",),
        lambda x, ids: apply(REGISTRY["SpreadSegments"](), x, ids),
        (Input(("s", "k")), Input("mn", "int32", values=some_ids)),
        lambda x, ids: np.array(
            [[x[i] if 0 <= i < len(x) else np.zeros(x.shape[1]) for i in row] for row in ids],
            x.dtype,
        ).reshape(*ids.shape, x.shape[1]),
        empty="smnk",
    ),
    Case(
        "count of segments",
        ("SegmentCount",),
        lambda ids: apply(REGISTRY["SegmentCount"](), ids, core.constant(3)),
        (Input("mn", "int8", values=some_ids),),
        lambda ids: np.array([sum(i == s for i in ids.reshape(-1)) for s in range(3)]),
        gradient=False,
        empty="mn",
    ),
)
