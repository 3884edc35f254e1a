"""Many batches in one call of the engine: the same numbers, complete steps, and soon back."""

from __future__ import annotations

import signal
import time
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import layers
from thalweg.callbacks import Callback
from thalweg.core import KernelError
from thalweg.core.backends.native import extension
from thalweg.core.session import current_session
from thalweg.layers.naming import reset_names

pytestmark = pytest.mark.skipif(extension is None, reason="only the engine runs many at once")

ROWS, SIZE = 103, 8  # 12 full batches, and one of 7
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 6)).astype(np.float32)
Y = RNG.integers(0, 3, ROWS)


def start_anew() -> None:
    """Names and seeds as at the start: a model made now draws what the first one drew."""
    reset_names()
    keras.utils.set_random_seed(5)


def make(optimizer: Any = "adam") -> Any:
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(16, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class EachBatch(Callback):
    """Wants to be called at every batch, so batches run one by one."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches.append(batch)


class NowAndThen(EachBatch):
    """Is content with the last batch done."""

    def needs_every_batch(self, mode: Any) -> bool:
        return False


def trained(callback: Any, **options: Any) -> tuple[Any, ...]:
    start_anew()
    model = make()
    before = current_session().run_count
    history = model.fit(
        X, Y, batch_size=SIZE, epochs=3, verbose=0, callbacks=[callback], **options
    ).history
    runs = current_session().run_count - before
    slots = [current_session().value(v) for v in model.optimizer.variables]
    return history, model.get_weights(), slots, runs


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False},
        {"class_weight": {0: 2.0, 2: 0.5}},
        {"sample_weight": np.linspace(0.5, 2.0, ROWS)},
        {"steps_per_epoch": 5},
        {"validation_data": (X, Y)},
    ],
    ids=["plain", "in order", "classes", "samples", "steps", "validation"],
)
def test_training_is_the_same_to_the_bit(options: dict[str, Any]) -> None:
    each, some = EachBatch(), NowAndThen()
    expected, results = trained(each, **options), trained(some, **options)
    assert results[0] == expected[0]
    for part in (1, 2):
        for value, other in zip(results[part], expected[part], strict=True):
            np.testing.assert_array_equal(value, other)
    assert results[3] == expected[3]  # as many runs, whoever starts them
    assert len(some.batches) < len(each.batches)
    assert max(some.batches) == max(each.batches)


@pytest.mark.parametrize("size", [1, 8, 50, 103, 1000])
def test_predictions_are_the_same_to_the_bit(size: int) -> None:
    model = make()
    model.fit(X, Y, verbose=0)
    pieces = [model.predict_on_batch(X[i : i + size]) for i in range(0, ROWS, size)]
    np.testing.assert_array_equal(model.predict(X, batch_size=size), np.concatenate(pieces))


def test_evaluation_is_the_same_to_the_bit() -> None:
    class Each(Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            """Makes batches run one by one."""

    model = make()
    model.fit(X, Y, verbose=0)
    expected = model.evaluate(X, Y, batch_size=SIZE, verbose=0, callbacks=[Each()])
    assert model.evaluate(X, Y, batch_size=SIZE, verbose=0) == expected


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_data_of_other_types_are_converted(dtype: str) -> None:
    images = RNG.integers(0, 9, (ROWS, 6)).astype(dtype)
    model = make()
    whole = model.predict(images, batch_size=SIZE)
    np.testing.assert_array_equal(whole, model.predict(images.astype("float32"), batch_size=SIZE))


def test_several_outputs() -> None:
    inputs = layers.Input((6,))
    model = keras.Model(inputs, [layers.Dense(2)(inputs), layers.Dense(3)(inputs)])
    one, other = model.predict(X, batch_size=SIZE)
    assert one.shape == (ROWS, 2) and other.shape == (ROWS, 3)
    pieces = [model.predict_on_batch(X[i : i + SIZE]) for i in range(0, ROWS, SIZE)]
    np.testing.assert_array_equal(one, np.concatenate([piece[0] for piece in pieces]))
    np.testing.assert_array_equal(other, np.concatenate([piece[1] for piece in pieces]))


def words(bad: int | None) -> tuple[Any, Any]:
    """A model of words, and data of which one row holds a word that it does not know."""
    model = keras.Sequential(
        [layers.Input((4,), dtype="int32"), layers.Embedding(50, 8), layers.Flatten(),
         layers.Dense(1)]
    )  # fmt: skip
    model.compile("adam", "mse")
    x = np.random.default_rng(1).integers(0, 50, (64, 4)).astype(np.int32)
    if bad is not None:
        x[bad, 2] = 50
    return model, x


def test_an_error_leaves_the_batches_before_it_complete() -> None:
    start_anew()
    model, x = words(bad=45)
    y = np.zeros((64, 1), np.float32)
    with pytest.raises(KernelError, match="out of bounds") as error:
        model.fit(x, y, batch_size=8, verbose=0, shuffle=False)
    assert "embedding" in str(error.value)
    weights, steps = model.get_weights(), int(np.asarray(model.optimizer.iterations))
    assert steps == 5  # the sixth batch has the word
    start_anew()
    other, _ = words(bad=None)
    for i in range(5):
        other.train_on_batch(x[8 * i : 8 * i + 8], y[8 * i : 8 * i + 8])
    for value, expected in zip(weights, other.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_the_first_batch_of_a_call_may_fail_too() -> None:
    model, x = words(bad=3)
    before = model.get_weights()
    with pytest.raises(KernelError, match="out of bounds"):
        model.fit(x, np.zeros((64, 1)), batch_size=8, verbose=0, shuffle=False)
    for value, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of the system")
def test_a_signal_is_seen_between_steps() -> None:
    """The handler runs while a long epoch does, and training stops at a complete step."""
    model = make()
    x, y = np.tile(X, (2000, 1)), np.tile(Y, 2000)
    model.fit(x[:80], y[:80], batch_size=SIZE, verbose=0)
    steps = int(np.asarray(model.optimizer.iterations))
    came: list[float] = []

    def stop(*_: Any) -> None:
        came.append(time.perf_counter())
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, y, batch_size=SIZE, epochs=1000, verbose=0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(came) == 1
    done = int(np.asarray(model.optimizer.iterations)) - steps
    assert done > 0
    assert all(np.isfinite(value).all() for value in model.get_weights())
    model.fit(x[:80], y[:80], batch_size=SIZE, verbose=0)  # and it goes on
    assert int(np.asarray(model.optimizer.iterations)) == steps + done + 10


def test_a_long_epoch_tells_how_far_it_is() -> None:
    model, callback = make(), NowAndThen()
    x, y = np.tile(X, (500, 1)), np.tile(Y, 500)
    model.fit(x, y, batch_size=SIZE, verbose=0, callbacks=[callback])
    assert callback.batches == sorted(callback.batches)
    assert callback.batches[-1] == -(-len(x) // SIZE) - 1
    assert len(callback.batches) >= 2


def test_a_stop_asked_for_now_and_then() -> None:
    class Stop(NowAndThen):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            super().on_train_batch_end(batch, logs)
            self.model.stop_training = True

    model, callback = make(), Stop()
    model.fit(np.tile(X, (500, 1)), np.tile(Y, 500), batch_size=SIZE, verbose=0, epochs=5,
              callbacks=[callback])  # fmt: skip
    assert len(callback.batches) == 1
    assert int(np.asarray(model.optimizer.iterations)) == callback.batches[0] + 1
