"""Make the whole-model files of the fidelity tests with real tf_keras and real Keras 3.

Command, in the repository's root, with the environment that `make_reference.py` describes:

    keras-env/bin/python tests/fidelity/make_model_files.py --out tests/fidelity/reference

Each model is trained for three steps and saved to `models_NAME.h5`; what it predicts then, and the
losses of five more steps, go into `models.json`, its data into `models.npz`. Takes half a minute.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fixtures
import numpy as np
from make_reference import replace_file, write_arrays, write_json
from reference_models import keras, make_repeatable, tf_keras

SEED = 30_005
BATCH = 6


def branched(library: Any) -> Any:
    """Two inputs, a shared layer, a model called twice, a Sequential inside, two outputs."""
    layers = library.layers
    left, right = library.Input((4,), name="left"), library.Input((4,), name="right")
    shared = layers.Dense(3, activation="relu", name="shared", kernel_regularizer="l2")
    start = library.Input((3,), name="start")
    normal = layers.BatchNormalization(name="normal")(layers.Dense(3, name="first")(start))
    inner = library.Model(start, layers.Dense(3, name="second")(normal), name="inner")
    stack = library.Sequential(
        [library.Input((3,)), layers.Dense(3, name="third"), layers.Activation("elu", name="elu")],
        name="stack",
    )
    joined = layers.Add(name="joined")([shared(left), shared(right)])
    deep = inner(stack(inner(joined)))
    leaky = layers.LeakyReLU(name="leaky")(deep)
    outputs = [
        layers.Dense(1, name="number")(leaky),
        layers.Dense(5, activation="softmax", name="label")(deep),
    ]
    model = library.Model([left, right], outputs, name="branched")
    return model


def frozen(library: Any) -> Any:
    """The same with the inner model frozen, which changes the order of its stored weights."""
    model = branched(library)
    model.get_layer("inner").trainable = False
    return model


def deferred(library: Any) -> Any:
    """A Sequential without a declared input inside a functional model."""
    layers = library.layers
    start = library.Input((4,), name="start")
    stack = library.Sequential([layers.Dense(3), layers.Dense(2, activation="tanh")], name="stack")
    return library.Model(start, layers.Dense(5, activation="softmax")(stack(start)))


def cases() -> dict[str, tuple[Any, Callable[[Any], Any], Any]]:
    """Name: library, model, optimizer."""
    legacy = tf_keras.optimizers.legacy
    schedule = tf_keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)
    return {
        "branched_adam": (tf_keras, branched, tf_keras.optimizers.Adam(0.01, amsgrad=True)),
        "branched_legacy": (tf_keras, branched, legacy.Adam(0.01, decay=0.1)),
        "frozen_rmsprop": (tf_keras, frozen, legacy.RMSprop(0.01, momentum=0.5, centered=True)),
        "deferred_sgd": (tf_keras, deferred, tf_keras.optimizers.SGD(0.05)),
        "deferred_schedule": (tf_keras, deferred, tf_keras.optimizers.Adadelta(schedule)),
        "branched_keras3": (keras, branched, keras.optimizers.Adam(0.01)),
    }


def train(model: Any, x: list[Any], y: list[Any]) -> dict[str, float]:
    """One step; the losses and metrics of the batch, by name."""
    model.reset_metrics()
    given = x if len(x) > 1 else x[0]
    wanted = y if len(y) > 1 else y[0]
    values = model.train_on_batch(given, wanted, return_dict=True)
    return {name: float(value) for name, value in sorted(values.items())}


def main() -> None:
    """Make all files."""
    parser = argparse.ArgumentParser(description="Make whole-model files with real Keras.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    out: Path = parser.parse_args().out
    make_repeatable()
    random = fixtures.generator(SEED)
    arrays: dict[str, Any] = {}
    described = {}
    for name, (library, build, optimizer) in cases().items():
        library.backend.clear_session()
        library.utils.set_random_seed(1)
        model = build(library)
        labels = np.arange(BATCH) % 5
        x = [fixtures.uniform(random, (BATCH, 4)) for _ in model.inputs]
        y: list[Any] = [labels]
        loss: Any = library.losses.SparseCategoricalCrossentropy()
        metrics: Any = ["accuracy"]
        if len(model.outputs) > 1:
            y = [fixtures.uniform(random, (BATCH, 1)), labels]
            loss, metrics = ["mse", loss], [["mae"], ["accuracy"]]
        weights = [1.0, 0.5] if len(y) > 1 else None
        model.compile(optimizer, loss, loss_weights=weights, metrics=metrics)
        for _ in range(3):
            train(model, x, y)
        temporary = out / f".saved_{os.getpid()}.h5"
        model.save(str(temporary))
        replace_file(out / f"models_{name}.h5", temporary.read_bytes())
        temporary.unlink()
        predictions = model.predict(x if len(x) > 1 else x[0], verbose=0)
        predictions = predictions if isinstance(predictions, list) else [predictions]
        groups = {"x": x, "y": y, "predictions": predictions}
        keys = {part: [f"{name}/{part}_{i}" for i in range(len(group))]
                for part, group in groups.items()}  # fmt: skip
        for part, group in groups.items():
            arrays.update(zip(keys[part], group, strict=True))
        described[name] = {**keys, "next_steps": [train(model, x, y) for _ in range(5)]}
    write_arrays(out / "models.npz", arrays)
    write_json(out / "models.json", {"arrays": "models.npz", "models": described})


if __name__ == "__main__":
    main()
