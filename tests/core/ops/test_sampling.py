"""Frequencies, sizes and errors of `core/ops/sampling.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

from thalweg import core
from thalweg.core import OptionError, Session, ShapeError, gradients, placeholder, random_key


def value(x: Any, feeds: Any = None) -> Any:
    return Session().run(x, feeds)


def test_every_permutation_is_as_likely() -> None:
    x = core.random_permutation(4, seed=1)
    session = Session()
    counts = np.zeros((4,) * 4)
    for _ in range(2400):
        counts[tuple(session.run(x))] += 1
    seen = counts[counts > 0]
    assert len(seen) == 24 and scipy.stats.chisquare(seen).pvalue > 1e-3


def test_a_long_shuffle_keeps_every_row() -> None:
    x = placeholder("int64", [None])
    result = value(core.random_shuffle(x, key=random_key(1)), {x: np.arange(10_000)})
    assert sorted(result.tolist()) == list(range(10_000))
    assert abs(np.corrcoef(result, np.arange(10_000))[0, 1]) < 0.05
    words = value(core.random_shuffle(core.constant(["a", "b", "c"]), key=random_key(1)))
    assert sorted(words.tolist()) == [b"a", b"b", b"c"]


def test_gradient_of_a_shuffle_goes_back() -> None:
    x = core.constant([1.0, 2.0, 3.0, 4.0])
    y = core.random_shuffle(x, key=random_key(3))
    [g] = gradients(y * y, [x])
    assert value(g).tolist() == [2.0, 4.0, 6.0, 8.0]


def test_crops_begin_everywhere() -> None:
    image = np.arange(35).reshape(5, 7, 1)
    crop = core.random_crop(image, [4, 5, 1], seed=1)
    assert crop.shape == (4, 5, 1)
    session = Session()
    starts = np.array([session.run(crop)[0, 0, 0] for _ in range(600)])
    places, counts = np.unique(starts, return_counts=True)
    assert places.tolist() == [0, 1, 2, 7, 8, 9] and scipy.stats.chisquare(counts).pvalue > 1e-3


def test_crops_of_unknown_sizes() -> None:
    x, size = placeholder("float32", [None, None]), placeholder("int32", [2])
    crop = core.random_crop(x, size, key=random_key(1))
    result = value(crop, {x: np.arange(12.0).reshape(3, 4), size: [2, 2]})
    assert result.shape == (2, 2) and (result[1] - result[0]).tolist() == [4, 4]
    whole = value(crop, {x: np.ones((3, 4)), size: [3, 4]})
    assert whole.shape == (3, 4)
    unknown = placeholder("float32")
    result = value(core.random_crop(unknown, [1, 2]), {unknown: np.ones((3, 4))})
    assert result.shape == (1, 2)


def test_frequencies_of_classes() -> None:
    logits = np.array([[0.0, 1.0, -2.0, -math.inf], [3.0, 3.0, 3.0, 3.0]])
    count = placeholder("int32", [])
    for dtype in ("float16", "float32", "float64"):
        samples = core.random_categorical(logits.astype(dtype), count, "int32", key=random_key(2))
        result = value(samples, {count: 20_000})
        assert result.shape == (2, 20_000) and result.dtype == np.int32
        for row, expected in zip(result, scipy.special.softmax(logits, axis=1), strict=True):
            counts = np.bincount(row, minlength=4)
            assert (counts[expected == 0] == 0).all()
            kept = expected > 0
            assert scipy.stats.chisquare(counts[kept], 20_000 * expected[kept]).pvalue > 1e-3


@pytest.mark.parametrize(
    ("build", "kind", "lines"),
    [
        (
            lambda: core.random_shuffle(1.0),
            ShapeError,
            [
                "random_shuffle: a scalar has no rows",
                "expected  x (rows, ...)",
                "got       x float32 ()",
            ],
        ),
        (
            lambda: core.random_crop(placeholder("float32", [4, None]), [5, 2]),
            ShapeError,
            [
                "CropOffsets: the crop does not fit",
                "expected  one size for each axis of (4, None), not above it",
                "got       (5, 2)",
                "made at   test_sampling.py:",
            ],
        ),
        (
            lambda: core.random_crop(placeholder("float32", [4, 4]), [2]),
            ShapeError,
            ["CropOffsets: the crop does not fit", "got       (2,)"],
        ),
        (
            lambda: core.random_crop(placeholder("float32", [4]), placeholder("int32", [None])),
            ShapeError,
            [
                "random_crop: the rank of the crop is not known",
                "expected  a size of known length",
                "got       size int32 (None,)",
            ],
        ),
        (
            lambda: core.random_categorical([[0.0]], 1, "float32"),
            OptionError,
            ["random_categorical: classes are integers", "got       float32"],
        ),
        (
            lambda: core.random_categorical(placeholder("float32", [2, 0]), 1),
            ShapeError,
            ["Argmax: there are no entries"],
        ),
    ],
)
def test_errors(build: Callable[[], Any], kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    for line in lines:
        assert line in str(caught.value)


def test_a_crop_that_does_not_fit_is_seen_at_planning() -> None:
    x = placeholder("float32", [None])
    with pytest.raises(ShapeError) as caught:
        value(core.random_crop(x, [3]), {x: [1.0, 2.0]})
    assert "CropOffsets: the crop does not fit" in str(caught.value)
    assert "test_sampling.py:" in str(caught.value)
