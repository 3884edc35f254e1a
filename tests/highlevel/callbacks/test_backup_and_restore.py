"""A training that was cut off, and run again, ends with the bits of one that was not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import thalweg as keras
from thalweg import layers
from thalweg.callbacks import BackupAndRestore, Callback
from thalweg.core.errors import FileFormatError, OptionError, ShapeError

X = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")
Y = X @ np.random.default_rng(1).normal(size=(6, 1)).astype("float32")


def fresh(units: int = 8, optimizer: Any = None) -> keras.Sequential:
    """The same model as in another process: names and seeds begin anew."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(units, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.GaussianNoise(0.1),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer or keras.optimizers.Adam(0.01), "mse")
    return model


class Stop(Callback):
    """Fails in an epoch, as a power cut would."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            raise KeyboardInterrupt


class Numbers(keras.utils.PyDataset):
    """Batches by number, whose order is its own affair as well."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        rows = np.random.default_rng((self.epoch, index)).integers(0, 50, 10)
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        self.epoch += 1


SOURCES: dict[str, Any] = {
    "arrays": lambda: ((X, Y), {"batch_size": 8}),
    "arrays_again_in_an_epoch": lambda: ((X, Y), {"batch_size": 8, "steps_per_epoch": 10}),
    "a_part_of_arrays": lambda: ((X, Y), {"batch_size": 8, "steps_per_epoch": 3}),
    "numbers": lambda: ((Numbers(),), {}),
    "some_numbers": lambda: ((Numbers(),), {"steps_per_epoch": 7}),
}
pytestmark = pytest.mark.filterwarnings("ignore:.*start again in it")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["adam", "sgd_with_decay", "schedule"])
def test_bits_of_a_training_that_was_not_cut_off(source: str, kind: str, tmp_path: Path) -> None:
    def optimizer() -> Any:
        if kind == "adam":
            return keras.optimizers.Adam(0.01)
        if kind == "sgd_with_decay":
            return keras.optimizers.SGD(0.01, momentum=0.9, decay=0.01)
        schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
        return keras.optimizers.RMSprop(schedule)

    def train(*callbacks: Any) -> Any:
        model = fresh(optimizer=optimizer())
        data, options = SOURCES[source]()
        history = model.fit(*data, epochs=6, verbose=0, callbacks=[*callbacks], **options)
        return model.get_weights(), history.history["loss"], history.epoch

    expected, losses, _ = train()
    for epoch in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            train(BackupAndRestore(tmp_path / "b"), Stop(epoch))
    weights, last, epochs = train(BackupAndRestore(tmp_path / "b"))
    assert epochs == [3, 4, 5]
    assert last == losses[3:]
    for got, want in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(got, want)
    assert not (tmp_path / "b").exists()


def test_a_backup_that_is_kept_ends_the_next_training_at_once(tmp_path: Path, capsys: Any) -> None:
    model = fresh()
    keep = BackupAndRestore(tmp_path, delete_checkpoint=False)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[keep])
    expected = model.get_weights()
    again = fresh()
    history = again.fit(X, Y, epochs=2, verbose=2, callbacks=[keep])
    assert history.epoch == []
    assert capsys.readouterr().out == f"{keep.path}: going on after 2 epochs\n"
    for got, want in zip(again.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(got, want)
    assert again.fit(X, Y, epochs=4, initial_epoch=3, verbose=0, callbacks=keep).epoch == [3]


def test_killed_and_run_again(tmp_path: Path) -> None:
    """A process that ends at once, whatever it does; the next goes on."""
    program = f"""
import os, sys
import numpy as np
import thalweg as keras
from thalweg import layers
x = np.random.default_rng(0).normal(size=(40, 5)).astype("float32")
y = x.sum(1, keepdims=True)
keras.utils.set_random_seed(3)
model = keras.Sequential([keras.Input((5,)), layers.Dense(8, "tanh"), layers.Dropout(0.2)])
model.add(layers.Dense(1))
model.compile("adam", "mse")
last = int(sys.argv[1]) if len(sys.argv) > 1 else None
class Kill(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations.numpy()) == last:
            os._exit(9)
backup = keras.callbacks.BackupAndRestore({str(tmp_path)!r})
model.fit(x, y, 8, 5, verbose=0, callbacks=[backup, Kill()])
print([float(w.astype("float64").sum()) for w in model.get_weights()])
"""

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    code, expected = run()
    assert code == 0
    assert run("12") == (9, "")
    assert run("23") == (9, "")
    assert run() == (0, expected)


def test_what_is_in_the_file(tmp_path: Path) -> None:
    keep = BackupAndRestore(tmp_path, delete_checkpoint=False)
    model = fresh()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[keep])
    with h5py.File(keep.path) as file:
        assert json.loads(file.attrs["thalweg"])["epochs"] == 2
        assert int(file["optimizer/vars/0"][()]) == 4
    expected = model.get_weights()
    again = fresh()
    again.load_weights(keep.path)  # it is a file of weights, too
    np.testing.assert_array_equal(again.get_weights()[0], expected[0])


def test_backups_of_other_models_are_refused(tmp_path: Path) -> None:
    keep = BackupAndRestore(tmp_path, delete_checkpoint=False)
    fresh().fit(X, Y, verbose=0, callbacks=[keep])
    with pytest.raises(ShapeError):
        fresh(units=9).fit(X, Y, verbose=0, callbacks=[keep])
    with pytest.raises(FileFormatError, match="the optimizer's state does not fit"):
        fresh(optimizer=keras.optimizers.SGD(0.1, momentum=0.5)).fit(
            X, Y, verbose=0, callbacks=keep
        )
    with open(keep.path, "r+b") as file:
        file.truncate(os.path.getsize(keep.path) // 2)
    with pytest.raises(FileFormatError):
        fresh().fit(X, Y, verbose=0, callbacks=[keep])
    fresh().save_weights(tmp_path / "backup.h5")
    with pytest.raises(FileFormatError):
        fresh().fit(X, Y, verbose=0, callbacks=[keep])


def test_a_model_that_its_first_data_build(tmp_path: Path) -> None:
    def train(*callbacks: Any) -> Any:
        keras.utils.clear_session()
        keras.utils.set_random_seed(7)
        model = keras.Sequential([layers.Dense(3, "tanh"), layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[*callbacks])
        return model.get_weights()

    expected = train()
    with pytest.raises(KeyboardInterrupt):
        train(BackupAndRestore(tmp_path), Stop(2))
    for got, want in zip(train(BackupAndRestore(tmp_path)), expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_other_frequencies_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="between epochs"):
        BackupAndRestore(tmp_path, save_freq=10)
