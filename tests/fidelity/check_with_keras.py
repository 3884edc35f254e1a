"""Check with real Keras that the files written by thalweg can be read there.

A slow proof, run by hand in the environment of `make_reference.py` (its docstring says how to make
it; thalweg need not be in it), after `write_for_keras.py`, which writes FOLDER with thalweg:

    keras-env/bin/python tests/fidelity/check_with_keras.py FOLDER

Weight files are loaded twice into a fresh tf_keras model, by topology and by layer name, and
whole-model files by tf_keras's `load_model`; the models must predict the stored predictions of the
stored input within 1e-5. Models that were trained are loaded with the state of their optimizers:
what `train_on_batch` returns for five more steps must be thalweg's numbers within 1e-4 (relative).
Exit status 0 means that every check held.
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
STEP_TOLERANCE = 1e-4


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


def deviation(path: Path, stored: dict[str, Any]) -> tuple[float, float]:
    """Return how far a trained model is from thalweg's: its predictions, and its next steps."""
    name = path.name.removesuffix("_trained.h5")

    def group(part: str) -> list[Any]:
        keys = sorted(key for key in stored if key.startswith(f"{name}/{part}_"))
        return [stored[key] for key in keys]

    x, y, predictions, steps = map(group, ("x", "y", "predictions", "steps"))
    given, wanted = (x, y) if len(x) > 1 else (x[0], y[0])
    model = models.tf_keras.models.load_model(str(path))
    predicted = model.predict(given, verbose=0)
    pairs = zip(predicted if len(predictions) > 1 else [predicted], predictions, strict=True)
    difference = max(float(np.abs(a - b).max()) for a, b in pairs)
    relative = 0.0
    for expected in steps:
        model.reset_metrics()
        result = model.train_on_batch(given, wanted, return_dict=True)
        got = np.array([result[key] for key in sorted(result)])
        error = np.abs(got - expected) / np.maximum(np.abs(expected), 1e-3)
        relative = max(relative, float(error.max()))
    return difference, relative


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
    with np.load(options.folder / "written.npz") as file:
        written = dict(file)
    for path in sorted(options.folder.glob("*_trained.h5")):
        try:
            difference, relative = deviation(path, written)
            passed = difference <= TOLERANCE and relative <= STEP_TOLERANCE
            detail = f"predictions {difference:.1e}, next steps {relative:.1e}"
        except Exception as error:
            passed, detail = False, f"{type(error).__name__}: {error}"
        failures += not passed
        sys.stdout.write(f"{'ok  ' if passed else 'FAIL'} {path.name}: {detail}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
