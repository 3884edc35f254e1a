"""Check with real Keras that the files written by thalweg can be read there.

A slow proof, run by hand in the environment of `make_reference.py` (its docstring says how to make
it; thalweg need not be in it), after `write_for_keras.py`, which writes FOLDER with thalweg:

    keras-env/bin/python tests/fidelity/check_with_keras.py FOLDER

Weight files are loaded twice into a fresh tf_keras model, by topology and by layer name, and
whole-model files by tf_keras's `load_model`; the models must predict the stored predictions of the
stored input within 1e-5. Models that were trained are loaded with the state of their optimizers:
what `train_on_batch` returns for five more steps must be thalweg's numbers within 1e-4 (relative).

Models of one layer, `row_NAME.keras`, must give the stored outputs in Keras 3, within 1e-5 of the
largest. The shapes of `shape_cases.py` are loaded by Keras 3: `.keras` files as wholes, whose next
steps are compared too, `.weights.h5` files into models that Keras builds, `.h5` files by tf_keras,
and by Keras 3 without the optimizer, where these read them (`_NOT_READ` says where not, and why).
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
import shape_cases as shapes

TOLERANCE = 1e-5
STEP_TOLERANCE = 1e-4
_NOT_READ = {
    # Keras 3 does not read its own file of a model that lies in two others.
    ("common", "keras"),
    # Of Keras 2's files: calls of models inside, which were counted otherwise, ...
    ("nested", "h5"),
    # ... and states that one layer gives to another.
    ("recurrent", "h5"),
    # Keras does not give the shape that it announces, and finds a circle in a model of one layer.
    *((name, "row") for name in ("RandomCrop", "Equalization")),
    # On a CPU it has no kernel for channels first, or another result than for channels last.
    *(
        (f"{name}_channels_first", "row")
        for name in ("conv2d", "depthwise_conv2d", "conv1d_groups")
    ),
    # Keras 2 could do this.
    ("separable_conv1d_causal", "row"),
}


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


def shape_checks(folder: Path, name: str) -> dict[str, Callable[[], tuple[float, float]]]:
    """Return, for a shape, what to try: a description, and what finds how far Keras is off."""
    keras, tf_keras = models.keras, models.tf_keras
    path = folder / f"shape_{name}.npz"
    with np.load(path) as file:
        stored = {key: file[key] for key in file.files}
    x, y = shapes.data(shapes.compiled(keras, name), name)

    def difference(model: Any) -> float:
        found = model.predict(x if len(x) > 1 else x[0], verbose=0)
        found = found if isinstance(found, list) else [found]
        return max(
            float(np.abs(value - stored[f"predictions_{i}"]).max()) for i, value in enumerate(found)
        )

    def whole() -> tuple[float, float]:
        model = keras.models.load_model(str(path.with_suffix(".keras")))
        predicted, relative = difference(model), 0.0
        for expected in stored["steps"]:
            result = shapes.step(model, x, y)
            got = np.array([result[key] for key in sorted(result)])
            error = np.abs(got - expected) / np.maximum(np.abs(expected), 1e-3)
            relative = max(relative, float(error.max()))
        return predicted, relative

    def weights() -> tuple[float, float]:
        model = shapes.compiled(keras, name)
        model.set_weights([np.full(w.shape, 0.37, np.float32) for w in model.weights])
        model.load_weights(str(path.with_suffix(".weights.h5")))
        return difference(model), 0.0

    def legacy(library: Any) -> tuple[float, float]:
        model = library.models.load_model(str(path.with_suffix(".h5")), compile=False)
        return difference(model), 0.0

    tries: dict[str, Callable[[], tuple[float, float]]] = {f"{name}.weights.h5": weights}
    if (name, "keras") not in _NOT_READ:
        tries[f"{name}.keras"] = whole
    if shapes.SHAPES[name].is_legacy:
        tries[f"{name}.h5 by tf_keras"] = lambda: legacy(tf_keras)
        if (name, "h5") not in _NOT_READ:
            tries[f"{name}.h5 by Keras 3"] = lambda: legacy(keras)
    return tries


def double(x: Any) -> Any:
    """The function of the row of Lambda."""
    return 2 * x


def row_difference(path: Path) -> float:
    """Return how far a model of one layer is off."""
    with np.load(path.with_suffix(".npz")) as file:
        stored = {key: file[key] for key in file.files}
    inputs = [stored[key] for key in sorted(stored) if key.startswith("input_")]
    model = models.keras.models.load_model(str(path), custom_objects={"double": double})
    found = np.asarray(model(inputs if len(inputs) > 1 else inputs[0], training=False))
    largest = max(1.0, float(np.abs(stored["output"]).max()))
    return float(np.abs(found - stored["output"]).max()) / largest


def say(passed: bool, description: str, detail: str) -> int:
    """Write a line; return how many checks failed."""
    sys.stdout.write(f"{'ok  ' if passed else 'FAIL'} {description}: {detail}\n")
    return not passed


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
            failures += say(passed, description, detail)
    with np.load(options.folder / "written.npz") as file:
        written = dict(file)
    for path in sorted(options.folder.glob("*_trained.h5")):
        try:
            difference, relative = deviation(path, written)
            passed = difference <= TOLERANCE and relative <= STEP_TOLERANCE
            detail = f"predictions {difference:.1e}, next steps {relative:.1e}"
        except Exception as error:
            passed, detail = False, f"{type(error).__name__}: {error}"
        failures += say(passed, path.name, detail)
    for name in shapes.SHAPES:
        for description, find in shape_checks(options.folder, name).items():
            try:
                difference, relative = find()
                passed = difference <= TOLERANCE and relative <= STEP_TOLERANCE
                detail = f"predictions {difference:.1e}, next steps {relative:.1e}"
            except Exception as error:
                passed, detail = False, f"{type(error).__name__}: {error}"
            failures += say(passed, description, detail)
    for path in sorted(options.folder.glob("row_*.keras")):
        if (path.stem.removeprefix("row_"), "row") in _NOT_READ:
            continue
        try:
            difference = row_difference(path)
            passed, detail = difference <= TOLERANCE, f"largest difference {difference:.1e}"
        except Exception as error:
            passed, detail = False, f"{type(error).__name__}: {error}"
        failures += say(passed, path.name, detail)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
