"""Check with real Keras that weight files written by thalweg can be read there.

A slow proof, run by hand in the environment of `make_reference.py` (its docstring says how to make
it; thalweg need not be in it):

    python tests/fidelity/check_with_keras.py FOLDER [--reference tests/fidelity/reference]

FOLDER must hold two weight files in Keras 2's HDF5 layout, written by thalweg from models with the
weights of `tf_keras.npz`, for instance read from `tf_keras_sequential_weights.h5`:

`sequential_weights.h5`
    `Sequential`, input (8, 8, 2): Conv2D(4, 3, padding="same", activation="relu", name="conv"),
    BatchNormalization(name="norm"), Flatten(name="flatten"), Dense(5, activation="softmax",
    name="head").
`functional_weights.h5`
    functional, input "image" (6, 6, 2): wide = Conv2D(3, 3, padding="same", activation="relu",
    name="wide")(image); narrow = Conv2D(3, 1, use_bias=False, name="narrow")(image); Add(name=
    "added")([wide, narrow]); BatchNormalization(epsilon=0.01, name="norm"); Concatenate(name=
    "joined")([normal, narrow]); MaxPooling2D(2, name="pooled"); GlobalAveragePooling2D(name=
    "mean"); Dense(4, activation="softmax", name="head").

Each file is loaded twice into a fresh tf_keras model, by topology and by layer name, and the model
must predict the stored predictions of the stored input within 1e-5. Where FOLDER also holds
`sequential_model.h5` or `functional_model.h5` (thalweg's whole-model files), tf_keras's
`load_model` must rebuild the model and predict the same. Exit status 0 means that every check held.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import reference_models as models

TOLERANCE = 1e-5


def checks(folder: Path, name: str) -> dict[str, Callable[[], Any]]:
    """Return, for one architecture, what to try: a description and a function giving a model."""
    weights, whole = folder / f"{name}_weights.h5", folder / f"{name}_model.h5"

    def loaded(by_name: bool) -> Any:
        model = models.TF_KERAS_MODELS[name]()
        # Not the starting values by chance: a weight that is not loaded must show.
        model.set_weights([np.full(w.shape, 0.37, np.float32) for w in model.weights])
        model.load_weights(str(weights), by_name=by_name)
        return model

    tries: dict[str, Callable[[], Any]] = {
        f"{weights.name} by topology": lambda: loaded(by_name=False),
        f"{weights.name} by name": lambda: loaded(by_name=True),
    }
    if whole.exists():
        tries[f"{whole.name} whole model"] = lambda: models.tf_keras.models.load_model(
            str(whole), compile=False
        )
    return tries


def main() -> int:
    """Run every check, write one line for each, and return the exit status."""
    parser = argparse.ArgumentParser(description="Check thalweg's weight files with tf_keras.")
    parser.add_argument("folder", type=Path, help="folder with thalweg's .h5 files")
    parser.add_argument("--reference", type=Path, default=Path(__file__).parent / "reference")
    options = parser.parse_args()
    models.make_repeatable()
    failures = 0
    with np.load(options.reference / "tf_keras.npz") as file:
        stored = {key: file[key] for key in file.files}
    for name in models.TF_KERAS_MODELS:
        expected = stored[f"{name}/predictions"]
        for description, build in checks(options.folder, name).items():
            try:
                predicted = build().predict(stored[f"{name}/input"], verbose=0)
                difference = float(np.abs(predicted - expected).max())
                passed, detail = difference <= TOLERANCE, f"largest difference {difference:.1e}"
            except Exception as error:  # whatever tf_keras raises for a bad file is the finding
                passed, detail = False, f"{type(error).__name__}: {error}"
            failures += not passed
            sys.stdout.write(f"{'ok  ' if passed else 'FAIL'} {description}: {detail}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
