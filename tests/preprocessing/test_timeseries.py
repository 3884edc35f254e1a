"""timeseries_dataset_from_array, against the windows that Keras's documentation counts."""

from __future__ import annotations

import numpy as np
import pytest

from thalweg.core.errors import DataError, OptionError
from thalweg.preprocessing import timeseries_dataset_from_array


def test_the_documentation_s_first_example() -> None:
    dataset = timeseries_dataset_from_array(
        np.arange(99), None, sequence_length=10, sampling_rate=2, sequence_stride=3
    )
    [batch] = dataset
    assert batch[0].tolist() == [*range(0, 20, 2)]
    assert batch[1].tolist() == [*range(3, 23, 2)]
    assert batch[-1].tolist() == [*range(78, 98, 2)]


def test_targets() -> None:
    data = np.arange(100.0)
    dataset = timeseries_dataset_from_array(data[:-10], data[10:], 10, batch_size=32)
    assert len(dataset) == 3
    batches = list(dataset)
    assert [len(x) for x, _ in batches] == [32, 32, 17]
    for x, y in batches:
        np.testing.assert_array_equal(x[:, 0] + 10, y)
        np.testing.assert_array_equal(x, x[:, :1] + np.arange(10))
    np.testing.assert_array_equal(dataset[-1][1], batches[-1][1])


def test_a_part_of_the_series() -> None:
    data = np.arange(20).reshape(10, 2)
    dataset = timeseries_dataset_from_array(data, data[:, 0], 2, start_index=3, end_index=7)
    [(x, y)] = dataset
    assert x.tolist() == [[[6, 7], [8, 9]], [[8, 9], [10, 11]], [[10, 11], [12, 13]]]
    assert y.tolist() == [6, 8, 10]


def test_single_windows() -> None:
    dataset = timeseries_dataset_from_array([1, 2, 3, 4], [5, 6, 7, 8], 2, batch_size=None)
    assert [(x.tolist(), int(y)) for x, y in dataset] == [([1, 2], 5), ([2, 3], 6), ([3, 4], 7)]


def test_shuffled() -> None:
    """Mixed by the seed, anew for every epoch, whoever asks for it."""

    def make(seed: int | None = 4) -> object:
        return timeseries_dataset_from_array(np.arange(40), None, 2, shuffle=True, seed=seed)

    def starts(dataset: object) -> list[int]:
        return [int(window[0]) for batch in dataset for window in batch]  # type: ignore[attr-defined]

    one, two = make(), make()
    first, second = starts(one), starts(one)
    assert sorted(first) == sorted(second) == [*range(39)]
    assert first != second != [*range(39)]
    assert first == starts(two)
    two.on_epoch_end()  # type: ignore[attr-defined]
    assert starts(make(5)) != first


@pytest.mark.parametrize(
    "options",
    [
        {"sequence_length": 0},
        {"sequence_stride": 0},
        {"sequence_stride": 10},
        {"sampling_rate": 10},
        {"batch_size": 0},
        {"start_index": -1},
        {"start_index": 10},
        {"start_index": 5, "end_index": 5},
        {"end_index": 11},
    ],
)
def test_errors(options: dict[str, int]) -> None:
    with pytest.raises(OptionError):
        timeseries_dataset_from_array(np.arange(10), None, **{"sequence_length": 2, **options})


def test_no_window() -> None:
    with pytest.raises(DataError, match="no window fits"):
        timeseries_dataset_from_array(np.arange(10), None, 11)
