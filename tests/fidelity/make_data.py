"""Writes reference/data.json: what real Keras answers to `data_cases.py`.

    python tests/fidelity/make_data.py

Needs keras 3 and tensorflow-cpu; see make_reference.py for their environment. The sequence and text
modules are Keras 3's copies of those of Keras 2 (`keras._legacy.preprocessing`).
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import json
import tempfile
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import data_cases as cases
import keras
import numpy as np
from keras.src.datasets import boston_housing, california_housing, imdb, reuters
from keras.src.legacy.preprocessing import sequence, text

MODULES = {
    "imdb": imdb,
    "reuters": reuters,
    "boston_housing": boston_housing,
    "california_housing": california_housing,
}


def load(name, arrays, options):
    """Keras's own loader on a file of these arrays."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        np.savez(path, **arrays)
        with mock.patch.object(MODULES[name], "get_file", lambda *a, **k: str(path)):
            return MODULES[name].load_data(**options)


def timeseries(*arguments, **options):
    """Batches as arrays."""
    dataset = keras.utils.timeseries_dataset_from_array(*arguments, **options)
    return [tuple(part.numpy() for part in batch) for batch in dataset]


def main():
    """Writes the file."""
    names = SimpleNamespace(pad_sequences=keras.utils.pad_sequences, **vars(sequence))
    library = cases.Library(load, names, text, timeseries)
    found = {name: cases.plain(case(library)) for name, case in cases.CASES.items()}
    content = {"made_with": {"keras": keras.__version__, "numpy": np.__version__}, "cases": found}
    path = Path(__file__).parent / "reference" / "data.json"
    lines = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    path.write_text(lines + "\n", encoding="utf-8")


main()
