"""Callbacks in a real `fit`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg import Sequential
from thalweg.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from thalweg.core.errors import OptionError
from thalweg.layers import Dense
from thalweg.optimizers import SGD

RNG = np.random.default_rng(15)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = X @ RNG.normal(size=(4, 1))


def compiled(rate: float = 0.05) -> Sequential:
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile(SGD(rate), "mse")
    return model


class Rates(Callback):
    """Notes the rate of every epoch."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.rates.append(float(self.model.optimizer.learning_rate))


def plans(model: Sequential) -> int:
    return sum(len(step.function._plans) for step in model._steps.values())


def test_scheduler_needs_no_new_plan() -> None:
    model, rates = compiled(), Rates()
    model.fit(X, Y, verbose=0)
    before = plans(model)
    schedule = LearningRateScheduler(lambda epoch: 0.1 * 0.5**epoch)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[schedule, rates])
    np.testing.assert_allclose(rates.rates, [0.1, 0.05, 0.025, 0.0125], rtol=1e-6)
    assert plans(model) == before


def test_assigned_rate_is_used() -> None:
    model = compiled()
    kernel = model.get_weights()[0]
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] == kernel).all()
    model.optimizer.lr = 0.1
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != kernel).any()


def test_early_stopping_restores_the_best_weights() -> None:
    """A rate that grows makes training diverge; the best epoch's weights come back."""
    model = compiled()

    class Best(Callback):
        best, weights = np.inf, None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if logs["val_loss"] < self.best:
                self.best, self.weights = logs["val_loss"], self.model.get_weights()

    best = Best()
    grow = LearningRateScheduler(lambda epoch: 0.05 * 2.0**epoch)
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(
        X, Y, epochs=50, verbose=0, validation_split=0.25, callbacks=[best, grow, stop]
    )
    assert len(history.epoch) < 50
    assert best.weights is not None
    np.testing.assert_array_equal(model.get_weights()[0], best.weights[0])
    assert np.argmin(history.history["val_loss"]) == len(history.epoch) - 3


def test_checkpoint_of_the_weights(tmp_path: Path) -> None:
    model = compiled()
    path = tmp_path / "weights_{epoch}.h5"
    save = ModelCheckpoint(str(path), save_weights_only=True)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[save])
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"weights_{i}.h5" for i in (1, 2, 3)]
    copy = compiled()
    copy.load_weights(tmp_path / "weights_3.h5")
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))


def test_checkpoint_of_the_best(tmp_path: Path) -> None:
    model = compiled()
    path = tmp_path / "best.h5"
    save = ModelCheckpoint(str(path), monitor="loss", save_best_only=True, save_weights_only=True)
    grow = LearningRateScheduler(lambda epoch: 0.05 if epoch < 3 else 5.0)
    history = model.fit(X, Y, epochs=6, verbose=0, callbacks=[grow, save])
    losses = history.history["loss"]
    assert np.argmin(losses) < 5
    final = model.evaluate(X, Y, verbose=0)
    model.load_weights(path)
    assert model.evaluate(X, Y, verbose=0) < final


def test_csv_logger(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    history = compiled().fit(
        X, Y, epochs=3, verbose=0, validation_split=0.25, callbacks=[CSVLogger(str(path))]
    )
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    for name in ("loss", "val_loss"):
        assert [float(row[name]) for row in rows] == history.history[name]


def test_terminate_on_nan(capsys: pytest.CaptureFixture[str]) -> None:
    model = compiled(1e30)
    history = model.fit(X, Y, batch_size=8, epochs=5, verbose=0, callbacks=[TerminateOnNaN()])
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][0])
    assert "training stops" in capsys.readouterr().out


def test_reduce_on_plateau() -> None:
    model, rates = compiled(0.0), Rates()
    model.optimizer.learning_rate = 1e-9  # nothing improves
    reduce = ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=1.0)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[reduce, rates])
    np.testing.assert_allclose(rates.rates, [1e-9, 5e-10, 2.5e-10, 1.25e-10], rtol=1e-5)


def test_hooks_in_order() -> None:
    calls: list[str] = []

    class Notes(Callback):
        def __getattribute__(self, name: str) -> Any:
            if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end"):
                return lambda *_: calls.append(name)
            return super().__getattribute__(name)

    notes = Notes()
    compiled().fit(X, Y, batch_size=20, verbose=0, validation_data=(X, Y), callbacks=[notes])
    assert calls == [
        "on_train_begin", "on_epoch_begin",
        *["on_train_batch_begin", "on_train_batch_end"] * 2,
        "on_test_begin", *["on_test_batch_begin", "on_test_batch_end"] * 2, "on_test_end",
        "on_epoch_end", "on_train_end",
    ]  # fmt: skip
    calls.clear()
    compiled().predict(X, batch_size=40, callbacks=[notes])
    assert calls == [
        "on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end",
    ]  # fmt: skip


def test_stop_training_within_an_epoch() -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    model = compiled()
    history = model.fit(X, Y, batch_size=8, epochs=5, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0]
    assert int(model.optimizer.iterations) == 2
    assert len(model.fit(X, Y, epochs=2, verbose=0).epoch) == 2


def test_history() -> None:
    model = compiled()
    history = model.fit(X, Y, epochs=2, verbose=0)
    assert model.history is history
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 2}
    assert all(isinstance(value, float) for value in history.history["loss"])


def test_class_in_the_place_of_an_object() -> None:
    with pytest.raises(OptionError) as error:
        compiled().fit(X, Y, verbose=0, callbacks=[EarlyStopping])
    assert str(error.value) == (
        "callbacks: an entry is not a callback\n"
        "  expected  Callback objects, or lists of them\n"
        "  got       the class EarlyStopping\n"
        "  hint      an object of it is made by EarlyStopping()"
    )
