"""Write with thalweg what `check_with_keras.py` reads with real Keras.

Commands, in the repository's root: the first where thalweg is installed, the second in the
environment of `make_reference.py`:

    python tests/fidelity/write_for_keras.py FOLDER
    keras-env/bin/python tests/fidelity/check_with_keras.py FOLDER

The models come from the reference files that real Keras made. Each is written as a whole, the two
of `tf_keras.json` as weights too; `written.npz` holds, for those that were trained, their data,
what thalweg predicts, and the losses of five more steps.

Every layer of `test_rows_in_files.py` is written in a model of its own, `row_NAME.keras`, with its
inputs and outputs in `row_NAME.npz`. The shapes of `shape_cases.py` are built and trained here, and
written as `shape_NAME.keras`, as `shape_NAME.h5` where that can hold them, and as
`shape_NAME.weights.h5`, with `shape_NAME.npz`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from shape_cases import SHAPES, compiled, data, step, weights_of

import thalweg
from thalweg.models import load_model

REFERENCE = Path(__file__).parent / "reference"


def write_rows(folder: Path) -> None:
    """Write a model of each layer."""
    tests = Path(__file__).parents[1]
    sys.path += [str(tests), str(tests / "highlevel" / "saving")]
    from test_rows_in_files import CASES, model_of

    for name, case in CASES.items():
        model, given = model_of(case)
        model.save(folder / f"row_{name}.keras")
        inputs = {f"input_{i}": array for i, array in enumerate(case.inputs)}
        np.savez_compressed(
            folder / f"row_{name}.npz", allow_pickle=False, output=model.predict(given), **inputs
        )


def write_shape(folder: Path, name: str) -> None:
    """Write a model of a shape, trained for three steps."""
    model = compiled(thalweg, name)
    model.set_weights(weights_of(model, name))
    x, y = data(model, name)
    for _ in range(3):
        step(model, x, y)
    model.save(folder / f"shape_{name}.keras")
    if SHAPES[name].is_legacy:
        model.save(folder / f"shape_{name}.h5")
    model.save_weights(folder / f"shape_{name}.weights.h5")
    predictions = model.predict(x if len(x) > 1 else x[0])
    predictions = predictions if isinstance(predictions, list) else [predictions]
    results = [step(model, x, y) for _ in range(4)]
    steps = np.array([[result[key] for key in sorted(result)] for result in results])
    arrays = {f"predictions_{i}": array for i, array in enumerate(predictions)}
    np.savez_compressed(folder / f"shape_{name}.npz", allow_pickle=False, steps=steps, **arrays)


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(description="Write files for check_with_keras.py.")
    parser.add_argument("folder", type=Path, help="folder to write to")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in json.loads((REFERENCE / "tf_keras.json").read_text())["models"]:
        model = load_model(REFERENCE / f"tf_keras_{name}_model.h5")
        model.save(folder / f"{name}_model.h5")
        model.save_weights(folder / f"{name}_weights.h5")
    with np.load(REFERENCE / "models.npz") as file:
        stored = dict(file)
    arrays: dict[str, Any] = {}
    for name, described in json.loads((REFERENCE / "models.json").read_text())["models"].items():
        x, y = ([stored[key] for key in described[part]] for part in ("x", "y"))
        given, wanted = (x, y) if len(x) > 1 else (x[0], y[0])
        model = load_model(REFERENCE / f"models_{name}.h5")
        model.train_on_batch(given, wanted)
        model.save(folder / f"{name}_trained.h5")
        predictions = model.predict(given)
        predictions = predictions if isinstance(predictions, list) else [predictions]
        results = [model.train_on_batch(given, wanted, return_dict=True) for _ in range(5)]
        steps = [np.array([result[key] for key in sorted(result)]) for result in results]
        for part, group in (("x", x), ("y", y), ("predictions", predictions), ("steps", steps)):
            arrays.update({f"{name}/{part}_{i}": array for i, array in enumerate(group)})
    np.savez_compressed(folder / "written.npz", allow_pickle=False, **arrays)
    for name in SHAPES:
        write_shape(folder, name)
    write_rows(folder)


if __name__ == "__main__":
    main()
