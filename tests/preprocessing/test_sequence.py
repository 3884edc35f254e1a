"""Padding, skip-grams and windows, against values counted by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from thalweg.core.errors import DataError, OptionError
from thalweg.preprocessing.sequence import (
    TimeseriesGenerator,
    make_sampling_table,
    pad_sequences,
    skipgrams,
)

# --- pad_sequences --------------------------------------------------------------------------------

THREE = [[1], [2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [4, 5, 6]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5]]),
        ({"maxlen": 4, "value": 7}, [[7, 7, 7, 1], [7, 7, 2, 3], [7, 4, 5, 6]]),
        ({"maxlen": 1, "padding": "post", "truncating": "post"}, [[1], [2], [4]]),
        ({"maxlen": 0}, [[], [], []]),
    ],
)
def test_pad(options: dict[str, Any], expected: Any) -> None:
    for given in (THREE, [np.array(s) for s in THREE], tuple(map(tuple, THREE))):
        got = pad_sequences(given, **options)
        np.testing.assert_array_equal(got, np.array(expected, "int32"), strict=True)


def test_pad_dtypes() -> None:
    got = pad_sequences([[1.9, -1.9]], maxlen=3)
    np.testing.assert_array_equal(got, np.array([[0, 1, -1]], "int32"), strict=True)
    got = pad_sequences([[0.5]], maxlen=2, dtype="float32", value=-1.5)
    np.testing.assert_array_equal(got, np.array([[-1.5, 0.5]], "float32"), strict=True)
    got = pad_sequences([["a", "long word"], ["b"]], dtype=object, value="pad")
    assert got.tolist() == [["a", "long word"], ["pad", "b"]]
    assert pad_sequences([["a"]], maxlen=2, dtype="U3", value="p").tolist() == [["p", "a"]]


def test_pad_vectors() -> None:
    got = pad_sequences([[[1, 2]], [], [[3, 4], [5, 6]]], padding="post")
    assert got.tolist() == [[[1, 2], [0, 0]], [[0, 0], [0, 0]], [[3, 4], [5, 6]]]


def test_pad_nothing() -> None:
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[], []]).shape == (2, 0)
    assert pad_sequences([[], []], maxlen=2).tolist() == [[0, 0], [0, 0]]


def test_pad_errors() -> None:
    for options in ({"padding": "pro"}, {"truncating": "x"}, {"maxlen": -1}, {"value": "text"}):
        with pytest.raises(OptionError):
            pad_sequences(THREE, **options)
    with pytest.raises(DataError, match=r"element 1 is no sequence\n.*\n  got       7"):
        pad_sequences([[1], 7])
    with pytest.raises(DataError) as caught:
        pad_sequences([[[1, 2]], [[1, 2, 3]]])
    assert "sequence 1 has other axes than the first\n  expected  (length, 2)" in str(caught.value)
    assert "pad_sequences([[[1, 2]], [[1, 2, 3]]])" not in str(caught.value).splitlines()[0]


# --- skip-grams -----------------------------------------------------------------------------------


def test_sampling_table() -> None:
    """The formula, one rank after another; rank 0 is rank 1; rare words are always kept."""
    table = make_sampling_table(20, 1e-3)
    for rank in range(20):
        r = max(rank, 1)
        frequency = 1 / (r * (math.log(r) + 0.577) + 0.5 - 1 / (12 * r))
        assert table[rank] == pytest.approx(min(1.0, math.sqrt(1e-3 / frequency)), rel=1e-14)
    assert table.dtype == np.float64
    assert make_sampling_table(10, 10.0).tolist() == [1.0] * 10
    with pytest.raises(OptionError):
        make_sampling_table(0)


def test_skipgrams_in_order() -> None:
    couples, labels = skipgrams([1, 0, 2, 3], 10, window_size=2, negative_samples=0, shuffle=False)
    assert couples == [[1, 2], [2, 1], [2, 3], [3, 2]]
    assert labels == [1] * 4


def test_negative_samples() -> None:
    couples, labels = skipgrams(
        [1, 2, 3], 5, window_size=1, negative_samples=1.5, shuffle=False, seed=3
    )
    assert labels == [1] * 4 + [0] * 6
    # The first words of random pairs are those of real ones, as evenly as possible.
    assert sorted(couple[0] for couple in couples[4:8]) == [1, 2, 2, 3]
    assert all(1 <= other < 5 for _, other in couples[4:])
    _, labels = skipgrams([1, 2], 5, negative_samples=1, shuffle=False, categorical=True)
    assert labels == [[0, 1], [0, 1], [1, 0], [1, 0]]


def test_skipgrams_are_mixed_together() -> None:
    sequence = [*range(1, 30)]
    plain = skipgrams(sequence, 30, negative_samples=0, shuffle=False)
    mixed = skipgrams(sequence, 30, negative_samples=0, seed=5)
    assert mixed != plain
    assert sorted(map(tuple, mixed[0])) == sorted(map(tuple, plain[0]))
    couples, labels = skipgrams(sequence, 1000, window_size=1, negative_samples=1, seed=5)
    for (word, other), label in zip(couples, labels, strict=True):
        assert (abs(word - other) == 1) == label or label == 0


def test_skipgrams_depend_on_the_seed_alone() -> None:
    table = [0.0] + [0.5] * 29
    sequence = [*range(1, 30)]
    one, two, three = (
        skipgrams(sequence, 30, sampling_table=table, seed=seed) for seed in (1, 1, 2)
    )
    assert one == two != three
    kept = {couple[0] for couple, label in zip(*one, strict=True) if label}
    assert 5 < len(kept) < 25
    never = skipgrams(sequence, 30, sampling_table=[0.0] * 30, seed=1)
    assert never == ([], [])


# --- TimeseriesGenerator --------------------------------------------------------------------------

SERIES = np.arange(10)


def batches(**options: Any) -> list[tuple[Any, Any]]:
    generator = TimeseriesGenerator(SERIES, SERIES * 10, **options)
    return [(x.tolist(), y.tolist()) for x, y in (generator[i] for i in range(len(generator)))]


def test_windows() -> None:
    assert batches(length=3, batch_size=4) == [
        ([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]], [30, 40, 50, 60]),
        ([[4, 5, 6], [5, 6, 7], [6, 7, 8]], [70, 80, 90]),
    ]


def test_strides_and_rates() -> None:
    assert batches(length=4, sampling_rate=2, stride=3, batch_size=2) == [
        ([[0, 2], [3, 5]], [40, 70]),
    ]
    assert batches(length=2, start_index=3, end_index=6, reverse=True) == [
        ([[4, 3], [5, 4]], [50, 60]),
    ]


def test_vectors_and_lists() -> None:
    data = SERIES.reshape(5, 2)
    for given in (data, data.tolist()):
        x, y = TimeseriesGenerator(given, data[:, 0], length=2)[0]
        assert x.shape == (3, 2, 2)
        assert x[1].tolist() == [[2, 3], [4, 5]]
        assert y.tolist() == [4, 6, 8]


def test_it_can_be_iterated() -> None:
    generator = TimeseriesGenerator(SERIES, SERIES, length=3, batch_size=2)
    assert len(list(generator)) == len(generator) == 4
    with pytest.raises(IndexError):
        generator[4]
    assert generator[-1][1].tolist() == generator[3][1].tolist() == [9]


def test_drawn_windows() -> None:
    """They follow from seed, epoch and index, in whatever order they are read."""

    def make(seed: int | None) -> TimeseriesGenerator:
        return TimeseriesGenerator(SERIES, SERIES, 2, shuffle=True, batch_size=64, seed=seed)

    one, two, other = make(1), make(1), make(2)
    x, y = one[0]
    np.testing.assert_array_equal(x, np.stack([y - 2, y - 1], 1))
    assert {*y.tolist()} == {*range(2, 10)}
    assert two[0][1].tolist() == y.tolist() != other[0][1].tolist()
    one.on_epoch_end()
    assert one[0][1].tolist() != y.tolist()
    assert make(None)[0][1].tolist() != make(None)[0][1].tolist()


def test_generator_errors() -> None:
    with pytest.raises(DataError, match=r"expected  10 targets\n  got       9"):
        TimeseriesGenerator(SERIES, SERIES[:9], 2)
    with pytest.raises(OptionError, match="no window is left"):
        TimeseriesGenerator(SERIES, SERIES, 10)
    with pytest.raises(OptionError):
        TimeseriesGenerator(SERIES, SERIES, 2, stride=0)


def test_generator_config() -> None:
    generator = TimeseriesGenerator(SERIES, SERIES.tolist(), 2, batch_size=3)
    text = json.loads(generator.to_json())
    assert text["class_name"] == "TimeseriesGenerator"
    assert json.loads(text["config"]["data"]) == SERIES.tolist()
    assert json.loads(text["config"]["targets"]) == SERIES.tolist()
    assert text["config"]["start_index"] == 2  # as in Keras, the first window's target
    assert generator.to_json(indent=2).startswith('{\n  "class_name"')
    generator.data = [object()]
    with pytest.raises(DataError, match="data cannot be written as JSON"):
        generator.get_config()
