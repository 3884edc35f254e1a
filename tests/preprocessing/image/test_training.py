"""Models are trained and tested with iterators, by Keras's methods of 2 and 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import layers
from thalweg.core import Graph, Session, set_session
from thalweg.optimizers import Adam
from thalweg.preprocessing.image import ImageDataGenerator, image_dataset_from_directory


@pytest.fixture(autouse=True)
def _session() -> Any:
    with Graph().as_default():
        set_session(Session())
        yield
    set_session(None)


def model(size: tuple[int, ...] = (4, 4, 3), units: int = 1) -> Any:
    made = keras.Sequential(
        [layers.Input(size), layers.Flatten(), layers.Dense(units, activation="sigmoid")]
    )
    made.compile(Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    return made


def flow(folder: Path, **options: Any) -> Any:
    # Of red, which alone tells pictures apart, there is more in dogs: 20 and more.
    generator = ImageDataGenerator(
        rescale=1 / 10, rotation_range=10, preprocessing_function=lambda x: x - [15, 100, 200]
    )
    arguments = {"target_size": (4, 4), "class_mode": "binary", "verbose": False, "seed": 1}
    return generator.flow_from_directory(folder, **{**arguments, "batch_size": 2, **options})


def test_a_folder_is_learned(folder: Path) -> None:
    trained = model()
    train = flow(folder)
    history = trained.fit(train, epochs=30, validation_data=flow(folder, shuffle=False), verbose=0)
    assert history.history["accuracy"][-1] == 1.0
    assert history.history["val_accuracy"][-1] == 1.0
    assert train.epoch == 30 and train.total_batches_seen == 90
    test = flow(folder, shuffle=False, class_mode=None)
    predictions = trained.predict(test)
    assert (predictions[:, 0] > 0.5).tolist() == [False, False, True, True, True]
    assert trained.evaluate(flow(folder, shuffle=False), verbose=0)[1] == 1.0


def test_keras_2s_methods(folder: Path) -> None:
    trained = model()
    train = flow(folder)
    trained.fit_generator(train, steps_per_epoch=2, epochs=3, verbose=0)
    assert train.total_batches_seen == 6
    assert len(trained.evaluate_generator(flow(folder), steps=3)) == 2
    assert trained.predict_generator(flow(folder, class_mode=None)).shape == (5, 1)
    for _, (x, y) in zip(range(2), train, strict=False):
        trained.train_on_batch(x, y)


def test_two_runs_give_the_same_bits(folder: Path) -> None:
    def losses(**options: Any) -> Any:
        keras.utils.set_random_seed(3)
        return model().fit(flow(folder, seed=None, **options), epochs=4, verbose=0).history["loss"]

    first = losses()
    assert losses(prefetch=0, cache_bytes=0) == first
    assert losses(prefetch=5) == first


def test_several_inputs_weights_and_autoencoders(folder: Path) -> None:
    pictures = layers.Input((4, 4, 3))
    more = layers.Input((2,))
    joined = layers.Concatenate()([layers.Flatten()(pictures), more])
    two = keras.Model([pictures, more], layers.Dense(1)(joined))
    two.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x, extra, y = rng.random((6, 4, 4, 3)), rng.random((6, 2)), rng.random((6, 1))
    batches = ImageDataGenerator(horizontal_flip=True).flow(
        (x, extra), y, batch_size=4, sample_weight=np.arange(6.0)
    )
    assert np.isfinite(two.fit(batches, epochs=2, verbose=0).history["loss"]).all()

    coder = keras.Sequential([layers.Input((4, 4, 3)), layers.Dense(3)])
    coder.compile(Adam(0.05), "mse")
    history = coder.fit(flow(folder, class_mode="input"), epochs=40, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2


def test_a_bad_file_does_not_end_training(folder: Path) -> None:
    (folder / "cats/1.png").write_bytes(b"bad")
    train = flow(folder, on_error="skip", batch_size=1)
    history = model().fit(train, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert list(train.skipped) == [str(folder / "cats/1.png")]


def test_data_sets(folder: Path) -> None:
    data = image_dataset_from_directory(
        folder, label_mode="binary", image_size=(4, 4), batch_size=2, seed=1, verbose=False
    )
    trained = model()
    trained.layers[-1].set_weights([np.zeros((48, 1)), np.zeros(1)])
    history = trained.fit(data, epochs=60, verbose=0).history
    assert history["accuracy"][-1] == 1.0
    assert data.epoch == 60
    assert trained.predict(data).shape == (5, 1)
