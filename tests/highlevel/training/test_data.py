"""Sources of batches: arrays, indexed objects, iterators."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from thalweg.core.errors import DataError, OptionError
from thalweg.training.data import Source, make_source, split_validation
from thalweg.training.layout import Batch, Layout

X = np.arange(10)[:, None]


class FakeModel:
    data_names = ("x",)
    output_names = ("y",)

    def ensure_built(self, batch: Batch) -> None:
        """It is."""

    def fitted(self, batch: Batch, where: str) -> Batch:
        return batch


LAYOUT = Layout(FakeModel(), "fit")


def seen(source: Source) -> list[list[int]]:
    """The samples of the batches of one epoch."""
    return [batch.x[0].ravel().tolist() for batch in source.epoch()]


def batches(*numbers: int) -> Iterator[Any]:
    return ((np.full((1, 1), n), np.zeros(1)) for n in numbers)


class TestArrays:
    def test_last_batch_is_short(self) -> None:
        source = make_source(LAYOUT, X, X, batch_size=4)
        assert source.steps == 3
        assert seen(source) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]

    def test_default_batch_size(self) -> None:
        assert make_source(LAYOUT, np.zeros((65, 1))).steps == 3

    def test_shuffled_anew_each_epoch(self) -> None:
        source = make_source(LAYOUT, X, X, batch_size=4, generator=np.random.default_rng(0))
        first, second = seen(source), seen(source)
        assert first != second
        assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == list(range(10))

    def test_targets_and_weights_are_shuffled_alike(self) -> None:
        rng = np.random.default_rng(0)
        source = make_source(LAYOUT, X, X * 2, X[:, 0] * 3, None, 4, generator=rng)
        for batch in source.epoch():
            assert batch.y is not None
            assert batch.weights is not None
            np.testing.assert_array_equal(batch.y[0], 2 * batch.x[0])
            np.testing.assert_array_equal(batch.weights[0], 3 * batch.x[0][:, 0])

    def test_fewer_steps(self) -> None:
        source = make_source(LAYOUT, X, batch_size=4, steps=2)
        assert source.steps == 2
        assert seen(source) == [[0, 1, 2, 3], [4, 5, 6, 7]]

    def test_more_steps_start_again_in_training(self) -> None:
        with pytest.warns(UserWarning, match="fewer than the 3 steps of an epoch, and start again"):
            source = make_source(LAYOUT, X, batch_size=5, steps=3, repeats=True)
        assert seen(source) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [0, 1, 2, 3, 4]]

    def test_more_steps_end_elsewhere(self) -> None:
        source = make_source(LAYOUT, X, batch_size=5, steps=3)
        assert source.steps == 2
        assert len(seen(source)) == 2

    def test_array_likes(self) -> None:
        class Stored:
            """As h5py's datasets: indexed, with a length, and convertible."""

            def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
                return X

            def __len__(self) -> int:
                return 10

            def __getitem__(self, index: Any) -> Any:
                return X[index]

        assert seen(make_source(LAYOUT, Stored(), X, batch_size=5)) == [
            [0, 1, 2, 3, 4],
            [5, 6, 7, 8, 9],
        ]


class Indexed:
    """Keras's `Sequence`, without its name."""

    def __init__(self, count: int = 3) -> None:
        self.count = count
        self.epochs = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return np.full((1, 1), index), np.zeros(1)

    def on_epoch_end(self) -> None:
        self.epochs += 1


class TestIndexed:
    def test_epochs(self) -> None:
        data = Indexed()
        source = make_source(LAYOUT, data)
        assert source.steps == 3
        assert [seen(source), seen(source)] == [[[0], [1], [2]]] * 2
        assert data.epochs == 2

    def test_shuffled(self) -> None:
        source = make_source(LAYOUT, Indexed(8), generator=np.random.default_rng(0))
        first, second = seen(source), seen(source)
        assert first != second
        assert sorted(first) == sorted(second) == [[i] for i in range(8)]

    def test_the_order_is_told(self) -> None:
        class Told(Indexed):
            def expect_batches(self, order: Any) -> None:
                told.append([int(number) for number in order])

        for generator in (None, np.random.default_rng(0)):
            told: list[list[int]] = []
            source = make_source(LAYOUT, Told(8), generator=generator)
            assert [seen(source), seen(source)] == [[[i] for i in order] for order in told]

    def test_steps(self) -> None:
        assert seen(make_source(LAYOUT, Indexed(), steps=2)) == [[0], [1]]
        with pytest.warns(UserWarning, match="start again"):
            source = make_source(LAYOUT, Indexed(), steps=5, repeats=True)
        assert seen(source) == [[0], [1], [2], [0], [1]]

    def test_length_may_change(self) -> None:
        data = Indexed()
        source = make_source(LAYOUT, data)
        seen(source)
        data.count = 2
        assert source.steps == 2
        assert seen(source) == [[0], [1]]


class Restartable:
    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers
        self.starts = 0

    def __iter__(self) -> Iterator[Any]:
        self.starts += 1
        return batches(*self.numbers)


class TestIterators:
    def test_generator_without_end(self) -> None:
        def forever() -> Iterator[Any]:
            n = 0
            while True:
                yield np.full((1, 1), n), np.zeros(1)
                n += 1

        source = make_source(LAYOUT, forever(), steps=2)
        assert [seen(source), seen(source)] == [[[0], [1]], [[2], [3]]]

    def test_length_is_learned(self) -> None:
        source = make_source(LAYOUT, batches(1, 2, 3))
        assert source.steps is None
        assert seen(source) == [[1], [2], [3]]
        assert source.steps == 3
        assert source.has_ended

    def test_ends_within_an_epoch(self) -> None:
        source = make_source(LAYOUT, batches(1, 2, 3), steps=2)
        assert seen(source) == [[1], [2]]
        with pytest.warns(UserWarning) as warned:
            assert seen(source) == [[3]]
        assert str(warned[0].message) == (
            "thalweg: the data ended after 1 of 2 batches and cannot start again; pass a generator "
            "that does not end, an object with __len__ and __getitem__, or ask for less."
        )
        assert source.has_ended

    def test_restarts_each_epoch(self) -> None:
        data = Restartable(1, 2)
        source = make_source(LAYOUT, data)
        assert [seen(source) for _ in range(3)] == [[[1], [2]]] * 3
        assert data.starts == 3
        assert not source.has_ended

    @pytest.mark.parametrize("steps", [1, 2])
    def test_goes_on_where_the_last_epoch_stopped(self, steps: int) -> None:
        source = make_source(LAYOUT, Restartable(1, 2), steps=steps)
        numbers = [batch for _ in range(4) for batch in seen(source)]
        assert numbers == [[1], [2]] * (2 * steps)

    def test_restarts_within_an_epoch_with_one_notice(self) -> None:
        source = make_source(LAYOUT, Restartable(1, 2), steps=3)
        with pytest.warns(UserWarning, match="start again") as warned:
            assert seen(source) == [[1], [2], [1]]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert seen(source) == [[2], [1], [2]]
        assert len(warned) == 1

    @pytest.mark.parametrize("steps", [None, 2])
    def test_nothing_in_it(self, steps: int | None) -> None:
        source = make_source(LAYOUT, Restartable(), steps=steps)
        with pytest.warns(UserWarning, match="the data ended after 0"):
            assert seen(source) == []
        assert source.has_ended

    def test_length_of_a_loader(self) -> None:
        class Loader(Restartable):
            def __len__(self) -> int:
                return len(self.numbers)

        assert make_source(LAYOUT, Loader(1, 2)).steps == 2


class TestErrors:
    @pytest.mark.parametrize("size", [0, -1, 2.5, True, "32"])
    def test_batch_size(self, size: Any) -> None:
        with pytest.raises(OptionError) as error:
            make_source(LAYOUT, X, batch_size=size)
        assert str(error.value).startswith(
            f"fit: bad batch_size\n  expected  an integer >= 1; or None\n  got       {size!r}\n"
        )

    @pytest.mark.parametrize("steps", [0, 0.0, -0.5, float("nan"), float("inf"), "2"])
    def test_steps(self, steps: Any) -> None:
        with pytest.raises(OptionError, match=r"^fit: bad steps"):
            make_source(LAYOUT, X, steps=steps)

    def test_no_samples(self) -> None:
        with pytest.raises(DataError) as error:
            make_source(LAYOUT, X[:0])
        assert str(error.value) == "fit: there are no samples\n  got       x (0, 1)"

    @pytest.mark.parametrize("x", [None, "mnist", 5])
    def test_unreadable(self, x: Any) -> None:
        with pytest.raises(DataError) as error:
            make_source(LAYOUT, x, X)
        assert str(error.value) == (
            "fit: these data cannot be read\n"
            "  expected  arrays, an object with __len__ and __getitem__, or an iterator of "
            "batches\n"
            f"  got       {type(x).__name__}"
        )

    def test_targets_beside_a_generator(self) -> None:
        with pytest.raises(DataError) as error:
            make_source(LAYOUT, batches(1), X)
        assert str(error.value) == (
            "fit: y and sample_weight come from the generator\n"
            "  expected  batches (x, y) or (x, y, sample_weight)\n"
            "  got       y or sample_weight beside a generator"
        )


class TestValidationSplit:
    def test_tail(self) -> None:
        data = LAYOUT.batch(X, X, X[:, 0])
        head, tail = split_validation(data, 0.25, LAYOUT)
        assert head.x[0].ravel().tolist() == list(range(7))
        assert tail.x[0].ravel().tolist() == [7, 8, 9]
        assert tail.weights is not None
        np.testing.assert_array_equal(tail.weights[0], [7, 8, 9])

    @pytest.mark.parametrize("fraction", [1.0, 1.5, -0.5, 0.99])
    def test_empty_part(self, fraction: float) -> None:
        with pytest.raises(DataError) as error:
            split_validation(LAYOUT.batch(X), fraction, LAYOUT)
        assert str(error.value) == (
            "fit: validation_split leaves a part empty\n"
            "  expected  0 < validation_split < 1, and samples on both sides\n"
            f"  got       {fraction} of 10 samples"
        )
