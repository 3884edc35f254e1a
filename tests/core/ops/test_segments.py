"""Empty segments, ties, precision, sizes from data and errors of `core/ops/segments.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import DtypeError, Session, ShapeError, constant, gradients, placeholder


def value(x: Any, feeds: Any = None) -> Any:
    return Session().run(x, feeds)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_extremes_of_no_rows(dtype: str) -> None:
    data = constant(np.array([-math.inf, math.inf], dtype))
    limit = np.finfo(dtype).max
    assert value(core.unsorted_segment_max(data, [1, 1], 1)).tolist() == [-limit]
    assert value(core.unsorted_segment_min(data, [1, 1], 1)).tolist() == [limit]
    assert value(core.segment_max(data, [1, 1])).tolist() == [0.0, math.inf]
    assert value(core.segment_min(data, [1, 1])).tolist() == [0.0, -math.inf]


def test_infinite_rows_stay_infinite_and_spoil_no_other_segment() -> None:
    data = constant([-math.inf, 1.0, math.inf, 2.0, math.nan, 3.0])
    ids = [0, 1, 2, 1, 3, 1]
    result = value(core.unsorted_segment_sum(data, ids, 4))
    np.testing.assert_equal(result, np.float32([-math.inf, 6, math.inf, math.nan]))
    result = value(core.unsorted_segment_max(data, ids, 4))
    np.testing.assert_equal(result, np.float32([-math.inf, 3, math.inf, math.nan]))


def test_ties_share_the_gradient_evenly() -> None:
    x = constant([3.0, 1.0, 3.0, 5.0, 0.0])
    ids = [0, 0, 0, 1, 9]
    [g] = gradients(core.unsorted_segment_max(x, ids, 3), [x], [constant([6.0, 2.0, 7.0])])
    assert value(g).tolist() == [3.0, 0.0, 3.0, 2.0, 0.0]


def test_gradient_of_a_product_with_zeros() -> None:
    x = constant([2.0, 0.0, 3.0, 0.0, 4.0, 0.0, 5.0])
    [g] = gradients(core.unsorted_segment_prod(x, [0, 0, 0, 1, 1, 1, 2], 3), [x])
    assert value(g).tolist() == [0.0, 6.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    # and its gradient: of two zeros, each has the other's slope
    [second] = gradients(core.reduce_sum(g[3:6] * constant([1.0, 0.0, 0.0])), [x])
    assert value(second).tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 4.0, 0.0]


def test_sums_keep_their_precision_and_do_not_depend_on_other_rows() -> None:
    many = np.full(1_000_000, 0.1, np.float32)
    total = value(core.segment_sum(constant(many), np.zeros(1_000_000, np.int32), 1))
    assert abs(total[0] - 1e5) < 0.1  # one after another would be off by 1e3
    rng = np.random.default_rng(0)
    data, ids = rng.normal(size=200).astype(np.float32), rng.integers(0, 5, 200)
    whole = value(core.unsorted_segment_sum(data, ids, 5))
    for segment in range(5):
        alone = value(core.unsorted_segment_sum(data[ids == segment], ids[ids == segment], 5))
        assert alone[segment] == whole[segment]


def test_the_number_of_segments_may_come_from_anywhere() -> None:
    data, ids = placeholder("float32", [None]), placeholder("int32", [None])
    count = placeholder("int32", [])
    feeds = {data: [1.0, 2.0, 3.0], ids: [0, 2, 2], count: 4}
    assert value(core.unsorted_segment_sum(data, ids, count), feeds).tolist() == [1, 0, 5, 0]
    like = core.unsorted_segment_sum(data, ids, core.size_of(data))
    assert value(like, feeds).tolist() == [1, 0, 5]
    sized = core.segment_sum(data, ids)
    assert sized.shape == (None,)
    assert value(sized * 2.0, feeds).tolist() == [2, 0, 10]
    assert value(sized, {data: [], ids: []}).tolist() == []
    [g] = gradients(sized * sized, [data])
    assert value(g, feeds).tolist() == [2, 10, 10]
    assert core.segment_sum(data, ids, 3).shape == (3,)


def test_unknown_ranks() -> None:
    data, ids = placeholder("float32"), placeholder("int32")
    feeds = {data: [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]], ids: [1, 1, 0]}
    result = value(core.unsorted_segment_mean(data, ids, 3), feeds)
    assert result.tolist() == [[5.0, 9.0], [2.0, 3.0], [0.0, 0.0]]
    result = value(core.unsorted_segment_sqrt_n(data, ids, 2), feeds)
    np.testing.assert_allclose(result, [[5, 9], np.float32([4, 6]) / math.sqrt(2)], rtol=1e-6)


def test_counts_of_halves_do_not_overflow() -> None:
    data = constant(np.ones(70_000, np.float16))
    mean = value(core.segment_mean(data * 0.5, np.zeros(70_000, np.int32), 1))
    assert mean.dtype == np.float16 and np.isfinite(mean).all() and mean[0] == 0.5


@pytest.mark.parametrize(
    ("build", "kind", "lines"),
    [
        (
            lambda: core.unsorted_segment_sum(placeholder("float32", [3, 2]), [0, 1], 2),
            ShapeError,
            [
                "SegmentSum: ids do not have the first axes of the data",
                "expected  data (ids..., row...) and segment_ids (ids...)",
                "got       data float32 (3, 2), segment_ids int32 (2,)",
            ],
        ),
        (
            lambda: core.unsorted_segment_max(placeholder("float32", [3]), [[0], [1], [2]], 2),
            ShapeError,
            ["SegmentMax: ids do not have the first axes of the data"],
        ),
        (
            lambda: core.unsorted_segment_sum([1.0], [0], -1),
            ShapeError,
            [
                "SegmentSum: num_segments is not a size",
                "expected  an integer >= 0 of shape ()",
                "got       num_segments -1",
            ],
        ),
        (
            lambda: core.unsorted_segment_sum([1.0], [0], [1]),
            ShapeError,
            ["got       num_segments int32 (1,)"],
        ),
        (
            lambda: core.unsorted_segment_prod([1.0], [0.0], 1),
            DtypeError,
            ["SegmentProd: takes integer tensors", "segment_ids float32 (1,)"],
        ),
        (
            lambda: core.segment_min([True], [0], 1),
            DtypeError,
            ["SegmentMin: takes number tensors", "data bool (1,)"],
        ),
        (
            lambda: core.segment_mean([1, 2], [0, 0], 1),
            DtypeError,
            ["segment_mean: takes float tensors", "data int32 (2,)"],
        ),
    ],
)
def test_errors(build: Callable[[], Any], kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    for line in lines:
        assert line in str(caught.value)
