"""Orders, epochs and batches made ahead: the same whoever asks, when, and in which order."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import pytest

from thalweg.core import OptionError, get_threads, set_threads
from thalweg.preprocessing.image import ImageDataGenerator
from thalweg.preprocessing.image import Iterator as BatchIterator
from thalweg.preprocessing.image.draws import Draws, permutation, sample_source
from thalweg.utils import set_random_seed


class Numbers(BatchIterator):
    """Batches of the samples' own numbers; counts how often each was made."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.made: list[list[int]] = []

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> list[int]:
        self.made.append(index_array.tolist())
        return self.made[-1]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_without_end(prefetch: int) -> None:
    numbers = Numbers(5, 2, False, None, prefetch)
    assert iter(numbers) is numbers
    assert [next(numbers) for _ in range(5)] == [[0, 1], [2, 3], [4], [0, 1], [2, 3]]
    assert numbers.total_batches_seen == 5
    numbers.reset()
    assert numbers.next() == [0, 1]
    assert len(numbers) == 3 and numbers[2] == [4] and numbers[-1] == [4]
    with pytest.raises(IndexError, match="Numbers: batch 3 of 3"):
        numbers[3]


def passes(numbers: BatchIterator, count: int) -> list[list[int]]:
    return [list(chain(*(next(numbers) for _ in range(len(numbers))))) for _ in range(count)]


def test_every_epoch_has_all_samples_in_another_order() -> None:
    first, second = passes(Numbers(50, 8, True, 3), 2)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert [first, second] == passes(Numbers(50, 8, True, 3, 0), 2)
    assert first != passes(Numbers(50, 8, True, 4), 1)[0]


def test_by_number_and_one_after_another_are_the_same() -> None:
    by_number = Numbers(20, 6, True, 9)
    expected = []
    for _ in range(3):
        expected.append(list(chain(*(by_number[i] for i in range(4)))))
        by_number.on_epoch_end()
    assert passes(Numbers(20, 6, True, 9), 3) == expected


def test_without_a_seed_the_process_has_one() -> None:
    def drawn() -> list[list[int]]:
        return [passes(Numbers(30, 30, True, None), 1)[0] for _ in range(2)]

    set_random_seed(5)
    first = drawn()
    set_random_seed(5)
    assert drawn() == first
    assert first[0] != first[1]  # each has its own
    set_random_seed(6)
    assert drawn() != first


def test_global_generators_are_left_alone() -> None:
    np.random.seed(3)
    before = np.random.get_state()[1].tolist()
    next(ImageDataGenerator(rotation_range=9).flow(np.zeros((4, 3, 3, 1)), seed=1))
    assert np.random.get_state()[1].tolist() == before


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_batches_are_made_ahead() -> None:
    numbers = Numbers(10, 2, False, None)
    next(numbers)
    wait_until(lambda: len(numbers.made) == 3)
    time.sleep(0.02)
    assert numbers.made == [[0, 1], [2, 3], [4, 5]]
    assert next(numbers) == [2, 3]
    wait_until(lambda: len(numbers.made) == 4)


def test_batches_that_are_announced_are_made_ahead() -> None:
    numbers = Numbers(10, 2, False, None)
    numbers.expect_batches([4, 1, 0])
    wait_until(lambda: len(numbers.made) == 2)
    assert numbers.made == [[8, 9], [2, 3]]
    assert [numbers[4], numbers[1], numbers[0]] == [[8, 9], [2, 3], [0, 1]]
    assert len(numbers.made) == 3
    assert numbers[3] == [6, 7]  # not announced


def test_what_nobody_asks_for_does_not_pile_up() -> None:
    numbers = Numbers(4000, 1, False, None)
    for i in range(0, 2000, 2):
        numbers.expect_batches([i, i + 1, i + 2])
    assert len(numbers._ahead._futures) <= 8
    numbers.on_epoch_end()
    assert not numbers._ahead._futures


@pytest.mark.parametrize("prefetch", [0, 2])
def test_errors_reach_who_asked(prefetch: int) -> None:
    class Broken(Numbers):
        def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
            if 2 in index_array:
                raise ZeroDivisionError("here")
            return super()._get_batches_of_transformed_samples(index_array)

    broken = Broken(6, 2, False, None, prefetch)
    assert broken[0] == [0, 1]
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="here"):
            broken[1]
    assert broken[2] == [4, 5]


def test_many_threads_take_each_batch_once() -> None:
    numbers = Numbers(400, 1, True, 2)
    taken: list[int] = []

    def take() -> None:
        for _ in range(50):
            taken.extend(next(numbers))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(400))


def test_threads_end_with_their_iterator() -> None:
    before = set(threading.enumerate())
    numbers = Numbers(10, 2, False, None)
    next(numbers)
    new = set(threading.enumerate()) - before
    [maker] = [thread for thread in new if thread.name.startswith("thalweg-batches")]
    del numbers
    gc.collect()
    wait_until(lambda: not maker.is_alive())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_makes_its_own() -> None:
    numbers = Numbers(10, 2, False, None)
    next(numbers)
    child = os.fork()
    if child == 0:
        is_right = next(numbers) == [2, 3] and next(numbers) == [4, 5]
        os._exit(0 if is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Transformed pictures -----------------------------------------------------------------------------

X = np.random.default_rng(0).integers(0, 256, (24, 10, 12, 3)).astype(np.uint8)
EVERYTHING = {
    "rotation_range": 30,
    "width_shift_range": 0.2,
    "height_shift_range": 3,
    "shear_range": 10,
    "zoom_range": 0.2,
    "channel_shift_range": 20,
    "brightness_range": (0.8, 1.2),
    "horizontal_flip": True,
    "vertical_flip": True,
    "elastic_alpha": 8.0,
    "elastic_sigma": 2.0,
    "centre_by_mass": True,
    "rescale": 1 / 255,
}


@pytest.fixture
def threads() -> Iterator[None]:
    before = get_threads()
    yield
    set_threads(before)


def test_bits_do_not_depend_on_threads_or_prefetching(threads: None) -> None:
    results = []
    for count, prefetch in ((1, 0), (1, 2), (3, 0), (3, 3)):
        set_threads(count)
        flow = ImageDataGenerator(**EVERYTHING).flow(X, seed=8, batch_size=10, prefetch=prefetch)
        results.append(np.concatenate([next(flow) for _ in range(6)]))
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_a_sample_does_not_depend_on_its_batch() -> None:
    generator = ImageDataGenerator(**EVERYTHING)
    whole = generator.flow(X, seed=8, shuffle=False, batch_size=24)[0]
    parts = generator.flow(X, seed=8, shuffle=False, batch_size=7)
    np.testing.assert_array_equal(np.concatenate([parts[i] for i in (0, 1, 2, 3)]), whole)
    shuffled = generator.flow(X, np.arange(24), seed=8, batch_size=5)
    x, y = shuffled[2]
    np.testing.assert_array_equal(x, whole[y])


def test_epochs_and_seeds_draw_anew() -> None:
    flow = ImageDataGenerator(rotation_range=90).flow(X, seed=8, shuffle=False, batch_size=24)
    first = flow[0]
    np.testing.assert_array_equal(flow[0], first)
    flow.on_epoch_end()
    assert not np.array_equal(flow[0], first)
    other = ImageDataGenerator(rotation_range=90).flow(X, seed=9, shuffle=False, batch_size=24)
    assert not np.array_equal(other[0], first)


def test_pictures_and_masks_with_one_seed_stay_together() -> None:
    shared = {key: EVERYTHING[key] for key in ("rotation_range", "zoom_range", "elastic_alpha")}
    masks = (X[..., :1] > 128).astype(np.uint8)
    pictures = ImageDataGenerator(**shared, channel_shift_range=0.0)
    for_masks = ImageDataGenerator(**shared)
    # The picture's own colors may change as well: they are drawn after all that moves.
    colored = ImageDataGenerator(**shared, brightness_range=(0.5, 1.5))
    pairs = zip(
        pictures.flow(X * (X > 128), seed=4, batch_size=7),
        for_masks.flow(masks, seed=4, batch_size=7),
        colored.flow(np.stack([masks[..., 0]] * 3, axis=-1) * 255, seed=4, batch_size=7),
        strict=False,
    )
    for _, (picture, mask, bright) in zip(range(8), pairs, strict=False):
        assert picture.shape[:3] == mask.shape[:3]
        assert float(picture[..., 0][mask[..., 0] == 0].max(initial=0)) == 0
        assert float(bright[..., 0][mask[..., 0] == 0].max(initial=0)) == 0


def test_streams_are_apart() -> None:
    draws = Draws(1)
    first = sample_source(draws, 0, 0).random(4)
    assert len({tuple(sample_source(draws, e, n).random(4)) for e in (0, 1) for n in (0, 1)}) == 4
    np.testing.assert_array_equal(sample_source(Draws(1), 0, 0).random(4), first)
    counts = np.zeros(6)
    for epoch in range(600):  # each sample comes first about a hundred times
        counts[permutation(draws, epoch, 6)[0]] += 1
    assert counts.min() > 60 and counts.max() < 140


@pytest.mark.parametrize(
    "call",
    [
        lambda: Numbers(5, 0, False, None),
        lambda: Numbers(0, 2, False, None),
        lambda: Numbers(5, 2, False, -1),
        lambda: Numbers(5, 2, False, 1.5),
        lambda: Numbers(5, 2, False, None, -1),
    ],
)
def test_arguments_are_checked(call: Callable[[], Any]) -> None:
    with pytest.raises(OptionError):
        call()
