"""Types and errors of `core/ops/counting.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import DtypeError, OptionError, Session, ShapeError, placeholder


def test_types() -> None:
    x = placeholder("int32", [None])
    assert core.bincount(x).type == core.TensorType(core.int32, (None,))
    assert core.bincount(x, minlength=4, maxlength=4, dtype="int64").shape == (4,)
    assert core.bincount(x, placeholder("float64", [None])).dtype == "float64"
    assert core.bincount(x, minlength=4).shape == (None,)
    assert core.histogram_fixed_width([1.0], [0.0, 1.0]).shape == (100,)
    assert core.confusion_matrix(x, x).shape == (None, None)
    assert core.confusion_matrix(x, x, 3).shape == (3, 3)
    assert core.confusion_matrix(x, x, weights=placeholder("float32", [None])).dtype == "float32"
    assert core.count_nonzero(x).dtype == "int64"


def test_many_bins_and_many_values_are_exact() -> None:
    values = np.random.default_rng(0).integers(0, 1000, 100_000)
    counts = Session().run(core.bincount(values))
    np.testing.assert_array_equal(counts, np.bincount(values))
    x = np.random.default_rng(1).uniform(-1, 1, 100_000)
    counts = Session().run(core.histogram_fixed_width(x, [-1.0, 1.0], 16))
    np.testing.assert_array_equal(counts, np.histogram(x, 16, (-1, 1))[0])


def test_the_number_of_bins_may_be_fed() -> None:
    bins = placeholder("int32", [])
    counts = core.histogram_fixed_width([0.1, 0.6, 0.9], [0.0, 1.0], bins)
    assert Session().run(counts, {bins: 2}).tolist() == [1, 2]
    assert Session().run(counts, {bins: 4}).tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("build", "kind", "lines"),
    [
        (
            lambda: core.bincount([1], minlength=5, maxlength=3),
            OptionError,
            [
                "bincount: no size is possible",
                "expected  0 <= minlength <= maxlength",
                "got       minlength 5, maxlength 3",
            ],
        ),
        (
            lambda: core.bincount([1.5]),
            DtypeError,
            [
                "bincount: counts integers",
                "expected  an integer dtype",
                "got       values float32 (1,)",
            ],
        ),
        (
            lambda: core.bincount([1, 2], [1.0, 2.0, 3.0]),
            ShapeError,
            [
                "bincount: weights have another shape",
                "expected  one weight for each",
                "got       index int32 (2,), weights float32 (3,)",
            ],
        ),
        (
            lambda: core.histogram_fixed_width([1.0], [2.0, 2.0]),
            OptionError,
            [
                "histogram_fixed_width: not a range",
                "expected  value_range [low, high] with low < high",
                "got       [2.0, 2.0]",
            ],
        ),
        (
            lambda: core.histogram_fixed_width([1.0], [0.0, 1.0], 0),
            OptionError,
            ["histogram_fixed_width: no bins", "expected  0 < nbins", "got       nbins 0"],
        ),
        (
            lambda: core.confusion_matrix([1.0], [1]),
            DtypeError,
            [
                "confusion_matrix: classes are integers",
                "got       labels float32 (1,), predictions int32 (1,)",
            ],
        ),
        (
            lambda: core.confusion_matrix([1, 2], [1]),
            ShapeError,
            ["confusion_matrix: shapes differ", "expected  a prediction for each label"],
        ),
        (
            lambda: core.confusion_matrix([1, 2], [1, 2], weights=[1.0]),
            ShapeError,
            ["confusion_matrix: weights have another shape", "weights float32 (1,)"],
        ),
    ],
)
def test_errors(build: Callable[[], Any], kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    for line in lines:
        assert line in str(caught.value)
