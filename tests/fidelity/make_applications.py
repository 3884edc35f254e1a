"""What real Keras makes of the networks of `application_cases.py`.

Commands, in the repository's root, with the environment that `make_reference.py` describes:

    keras-env/bin/python tests/fidelity/make_applications.py --out tests/fidelity/reference
    keras-env/bin/python tests/fidelity/make_applications.py --files FOLDER [--keras2]

The first writes `applications.json`, names and shapes of all layers and weights in the order of
files, and `applications.npz`, outputs for small pictures. The second writes the networks as Keras
publishes them, with random weights, in the very format of the published files (legacy HDF5), under
their names, and what they predict; `check_applications.py` compares thalweg with them. That takes
1.5 GB and some minutes. `--keras2` has tf_keras write the files.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import application_cases as cases
import numpy as np
from make_reference import say, write_arrays, write_json
from reference_models import keras, make_repeatable, tf_keras


def made(case: cases.Case, library: Any) -> tuple[Any, list[Any], Any]:
    """A network, the table of its layers, and what it predicts."""
    function = getattr(library.applications, case.function)
    model = function(weights=None, **case.arguments)
    table = cases.set_all(model.layers)
    module = getattr(library.applications, case.module)
    x = module.preprocess_input(cases.pictures(case))
    return model, table, np.asarray(model.predict(x, verbose=0))


def write_small(out: Path) -> None:
    """The references of the tests."""
    arrays, tables = {}, {}
    for case in cases.CASES.values():
        say(case.name)
        if case in cases.SMALL:
            _, table, arrays[case.name] = made(case, keras)
        else:
            model = getattr(keras.applications, case.function)(weights=None, **case.arguments)
            table = [
                [layer.name, [[str(w.name), list(map(int, w.shape))] for w in layer.weights]]
                for layer in model.layers
            ]
        tables[case.name] = [row for row in table if row[1]]
    write_json(out / "applications.json", {"layers": tables})
    write_arrays(out / "applications.npz", arrays)


def write_files(folder: Path, library: Any) -> None:
    """The networks in the format, and under the names, of the published files."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases.FULL:
        say(case.name)
        model, _, predictions = made(case, library)
        if library is tf_keras:
            model.save_weights(str(folder / case.name))
        else:
            h5py = importlib.import_module("h5py")
            legacy = importlib.import_module("keras.src.legacy.saving.legacy_h5_format")
            with h5py.File(folder / case.name, "w") as file:
                legacy.save_weights_to_hdf5_group(file, model)
        np.save(folder / f"{case.name}.npy", predictions)
        library.backend.clear_session()


def main() -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--out", type=Path)
    group.add_argument("--files", type=Path)
    parser.add_argument("--keras2", action="store_true")
    arguments = parser.parse_args()
    make_repeatable()
    if arguments.out is not None:
        write_small(arguments.out)
    else:
        write_files(arguments.files, tf_keras if arguments.keras2 else keras)


if __name__ == "__main__":
    main()
