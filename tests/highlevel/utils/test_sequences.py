"""`keras.utils.Sequence` and `PyDataset`, as scripts of Keras 2 and 3 use them."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg.core.errors import OptionError
from thalweg.layers import Dense, Input
from thalweg.utils import PyDataset, Sequence


class Lines(Sequence):
    """y = 2 x, in batches of 4; it does not call the base's constructor, as Keras 2 allowed."""

    def __init__(self, count: int, **options: Any) -> None:
        if options:
            super().__init__(**options)
        self.count = count
        self.asked: list[int] = []
        self.epochs = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        time.sleep(0.001 * (index % 3))  # so that threads are done in another order
        x = np.arange(4.0).reshape(4, 1) + index
        return x, 2 * x

    def on_epoch_end(self) -> None:
        self.epochs += 1


def model() -> keras.Model:
    """One weight, which begins at 0."""
    result = keras.Sequential([Input((1,)), Dense(1, use_bias=False, kernel_initializer="zeros")])
    result.compile("sgd", "mse")
    return result


def test_fit_evaluate_predict() -> None:
    data, line = Lines(5), model()
    history = line.fit(data, epochs=3, verbose=0)
    assert len(history.history["loss"]) == 3 and data.epochs == 3
    assert sorted(data.asked) == sorted([0, 1, 2, 3, 4] * 3)
    x = np.concatenate([data[i][0] for i in range(5)])
    weight = line.get_weights()[0].item()
    error = np.mean(((weight - 2) * x) ** 2)  # in float64; the model's differences are float32
    assert line.evaluate(data, verbose=0) == pytest.approx(error, rel=1e-3)
    np.testing.assert_allclose(line.predict(data, verbose=0), weight * x, rtol=1e-6)
    line.fit_generator(data, steps_per_epoch=2, epochs=1, verbose=0)


def test_workers_change_nothing_but_who_makes_batches() -> None:
    weights = []
    for options in ({}, {"workers": 3, "max_queue_size": 2}):
        keras.utils.set_random_seed(1)
        keras.utils.clear_session()
        line = model()
        line.fit(Lines(9, **options), epochs=2, verbose=0, shuffle=True)
        weights.append(line.get_weights()[0].item())
    assert weights[0] == weights[1] != 0.0


def test_workers_make_batches_ahead_and_end() -> None:
    class Slow(Lines):
        most = now = 0
        lock = threading.Lock()

        def __getitem__(self, index: int) -> Any:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.02)
            with self.lock:
                self.now -= 1
            return super().__getitem__(index)

    data = Slow(12, workers=4)
    model().fit(data, steps_per_epoch=6, epochs=1, verbose=0)
    assert 1 < data.most <= 4
    assert len(data.asked) == 6  # and none beyond the epoch
    deadline = time.monotonic() + 5
    while any(t.name.startswith("thalweg-dataset") for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_error_in_a_worker_is_the_callers() -> None:
    class Bad(Lines):
        def __getitem__(self, index: int) -> Any:
            if index == 3:
                raise RuntimeError("no batch 3")
            return super().__getitem__(index)

    with pytest.raises(RuntimeError, match="no batch 3"):
        model().fit(Bad(5, workers=2), verbose=0, shuffle=False)


def test_the_base_alone() -> None:
    assert Sequence is PyDataset
    data = PyDataset(workers=2)
    assert (data.workers, data.use_multiprocessing, data.max_queue_size) == (2, False, 10)
    with pytest.raises(NotImplementedError, match="__len__"):
        len(data)
    with pytest.raises(NotImplementedError, match="__getitem__"):
        data[0]
    with pytest.raises(OptionError, match="workers"):
        PyDataset(workers=0)
    assert [len(x) for x, _ in Lines(3)] == [4, 4, 4] and Lines(3).num_batches == 3
