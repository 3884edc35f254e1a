"""Ties, empty axes, precision and errors of reductions and what is like them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from thalweg import core
from thalweg.core import DtypeError, Session, ShapeError, constant, gradients, placeholder


def value(x: Any, feeds: Any = None) -> Any:
    return Session().run(x, feeds)


def test_ties_share_the_gradient_evenly() -> None:
    x = constant([[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]])
    [g] = gradients(core.reduce_max(x, axis=1), [x], [constant([6.0, 9.0])])
    assert value(g).tolist() == [[3.0, 0.0, 3.0], [3.0, 3.0, 3.0]]
    [g] = gradients(core.reduce_min(x), [x])
    assert value(g).tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_gradient_of_a_product_with_zeros() -> None:
    x = constant([[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 3.0, 0.0]])
    [g] = gradients(core.reduce_prod(x, axis=1), [x])
    assert value(g).tolist() == [[12.0, 8.0, 6.0], [12.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_reductions_of_nothing() -> None:
    x = placeholder("float32", [None, 2])
    feeds = {x: np.zeros((0, 2), np.float32)}
    fetches = [
        core.reduce_sum(x), core.reduce_prod(x, 0), core.reduce_mean(x, 0), core.reduce_max(x, 0),
        core.reduce_min(x, 0), core.reduce_max(x, 1), core.reduce_logsumexp(x, 0),
    ]  # fmt: skip
    results = [np.asarray(result).tolist() for result in value(fetches, feeds)]
    assert results[:2] == [0.0, [1.0, 1.0]]
    assert np.isnan(results[2]).all()
    assert results[3:] == [[-math.inf] * 2, [math.inf] * 2, [], [-math.inf] * 2]
    empty = constant(np.zeros((0,), np.int16))
    assert value([core.reduce_max(empty), core.reduce_min(empty)]) == [-32768, 32767]
    none = constant(np.zeros((0,), bool))
    assert value([core.reduce_any(none), core.reduce_all(none)]) == [False, True]


def test_logsumexp_of_extreme_values() -> None:
    rows = [[1e4, 1e4 + 1], [-1e4, -1e4 - 1], [-math.inf, 0.0], [-math.inf, -math.inf],
            [math.inf, 0.0]]  # fmt: skip
    for keepdims in (False, True):
        result = value(core.reduce_logsumexp(constant(rows, "float64"), -1, keepdims))
        expected = special.logsumexp(rows, axis=-1, keepdims=keepdims)
        np.testing.assert_allclose(result, expected, rtol=1e-14)
    x = constant([[1000.0, 1000.0]])
    assert value(gradients(core.reduce_logsumexp(x), [x])[0]).tolist() == [[0.5, 0.5]]


def test_the_norm_of_nothing_has_no_slope() -> None:
    x = constant([[3.0, 4.0], [0.0, 0.0]])
    norm = core.reduce_euclidean_norm(x, axis=1)
    [g] = gradients(norm, [x])
    assert value(norm).tolist() == [5.0, 0.0]
    assert value(g).round(4).tolist() == np.float32([[0.6, 0.8], [0.0, 0.0]]).round(4).tolist()
    none = core.reduce_euclidean_norm(constant(np.zeros((2, 0), np.float32)), axis=1)
    assert value(none).tolist() == [0.0, 0.0]


def test_running_extremes_of_ties_and_nan() -> None:
    x = constant([2.0, 2.0, 1.0, 3.0, 3.0])
    [g] = gradients(core.cummax(x), [x])
    assert value(g).tolist() == [3.0, 0.0, 0.0, 2.0, 0.0]  # the first takes it
    [g] = gradients(core.cummax(x, reverse=True), [x])
    assert value(g).tolist() == [0.0, 0.0, 0.0, 0.0, 5.0]
    nan = math.nan
    assert value(core.cummax([-math.inf, 1.0, nan, 5.0])).tolist()[:2] == [-math.inf, 1.0]
    assert np.isnan(value(core.cummax([1.0, nan, 5.0]))[1:]).all()
    assert np.isnan(value(core.cummin([1.0, nan, -5.0]))[1:]).all()


def test_running_logsumexp_of_extreme_values() -> None:
    x = np.array([-math.inf, -math.inf, -1e4, 1e4, 1e4, -1e4, math.inf])
    result = value(core.cumulative_logsumexp(constant(x)))
    expected = [special.logsumexp(x[: k + 1]) for k in range(len(x))]
    np.testing.assert_allclose(result, expected, rtol=1e-14)
    x = constant(x[:-1])
    [g] = gradients(core.cumulative_logsumexp(x), [x], [constant(np.ones(6))])
    np.testing.assert_allclose(value(g), [0.0, 0.0, 1.0, 2.0, 1.0, 0.0], rtol=1e-12)
    shifted = value(core.cumulative_logsumexp(constant(np.zeros(4)), exclusive=True))
    np.testing.assert_allclose(shifted, [-math.inf, 0.0, math.log(2), math.log(3)])


def test_sums_and_means_keep_their_precision() -> None:
    many = np.full(1_000_000, 0.1, np.float32)
    total, mean = value([core.reduce_sum(constant(many)), core.reduce_mean(constant(many))])
    assert abs(total - 1e5) < 0.1  # one after another would be off by 1e3
    assert abs(mean - 0.1) < 1e-7
    half = constant(np.full(70_000, 2.0, np.float16))
    result = value(core.reduce_mean(half))
    assert result == 2.0 and result.dtype == np.float16


def test_gradient_of_a_mean_counts_what_went_in() -> None:
    x = placeholder("float32", [None, None])
    [g] = gradients(core.reduce_mean(x, axis=0), [x])
    np.testing.assert_allclose(value(g, {x: np.ones((4, 3))}), np.full((4, 3), 0.25))
    unknown = placeholder("float32")
    [g] = gradients(core.reduce_mean(unknown), [unknown])
    np.testing.assert_allclose(value(g, {unknown: np.ones((4, 2))}), np.full((4, 2), 0.125))


def test_shapes_of_results() -> None:
    x = placeholder("float32", [None, 3, 4])
    assert core.reduce_sum(x).shape == ()
    assert core.reduce_sum(x, 1).shape == (None, 4)
    assert core.reduce_sum(x, [0, -1], keepdims=True).shape == (1, 3, 1)
    unknown = placeholder("float32")
    assert core.reduce_sum(unknown).shape == ()
    assert core.reduce_sum(unknown, 0).shape is None
    assert core.reduce_sum(unknown, keepdims=True).shape is None
    assert core.argmax(x, -1).type == core.argmin(x, 2).type
    assert core.argmax(x, -1, output_type="int32").dtype == "int32"
    assert [t.shape for t in core.moments(x, [0, 1])] == [(4,), (4,)]


@pytest.mark.parametrize(
    ("build", "kind", "lines"),
    [
        (
            lambda: core.reduce_sum(placeholder("float32", [2, 3]), axis=2),
            ShapeError,
            ["ReduceSum: no such axis", "expected  an axis in -2 <= axis < 2", "got       2"],
        ),
        (
            lambda: core.reduce_max(placeholder("float32", [2, 3]), axis=[1, -1]),
            ShapeError,
            ["ReduceMax: an axis is given twice", "expected  distinct axes", "got       [1, 1]"],
        ),
        (
            lambda: core.reduce_mean([1, 2]),
            DtypeError,
            ["ReduceMean: takes float tensors", "x int32 (2,)", "cast(x, 'float32') converts"],
        ),
        (
            lambda: core.reduce_all([1, 2]),
            DtypeError,
            ["ReduceAll: takes bool tensors", "x int32 (2,)"],
        ),
        (
            lambda: core.reduce_any(placeholder("float32")),
            DtypeError,
            ["ReduceAny: takes bool tensors", "x float32 (...)"],
        ),
        (
            lambda: core.reduce_sum([True]),
            DtypeError,
            ["ReduceSum: takes number tensors", "x bool (1,)"],
        ),
        (
            lambda: core.argmax(placeholder("float32", [2, 0]), axis=1),
            ShapeError,
            ["Argmax: there are no entries", "expected  a size above 0", "x float32 (2, 0)"],
        ),
        (
            lambda: core.argmin(constant(1.0)),
            ShapeError,
            ["Argmin: no such axis", "expected  no axis of a scalar"],
        ),
        (
            lambda: core.cumsum(placeholder("float32", [2]), axis=1),
            ShapeError,
            ["Cumsum: no such axis", "expected  an axis in -1 <= axis < 1"],
        ),
        (
            lambda: core.cumprod(placeholder("float32", [2]), axis=-2),
            ShapeError,
            ["ExclusiveScan: no such axis", "got       -2"],
        ),
        (
            lambda: core.cummax(placeholder("float32", [2]), axis=1),
            ShapeError,
            ["RunningPosition: no such axis", "expected  an axis in -1 <= axis < 1"],
        ),
        (
            lambda: core.cumulative_logsumexp([1, 2]),
            DtypeError,
            ["RunningLogsumexp: takes float tensors", "x int32 (2,)"],
        ),
        (
            lambda: core.cumsum([True]),
            DtypeError,
            ["Cumsum: takes number tensors", "x bool (1,)"],
        ),
    ],
)
def test_errors(build: Callable[[], Any], kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    for line in [*lines, "made at   test_reduce.py:"]:
        assert line in str(caught.value)
