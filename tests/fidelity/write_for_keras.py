"""Write with thalweg what `check_with_keras.py` reads with real Keras.

Commands, in the repository's root: the first where thalweg is installed, the second in the
environment of `make_reference.py`:

    python tests/fidelity/write_for_keras.py FOLDER
    keras-env/bin/python tests/fidelity/check_with_keras.py FOLDER

The models come from the reference files that real Keras made. Each is written as a whole, the two
of `tf_keras.json` as weights too; `written.npz` holds, for those that were trained, their data,
what thalweg predicts, and the losses of five more steps.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.models import load_model

REFERENCE = Path(__file__).parent / "reference"


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


if __name__ == "__main__":
    main()
