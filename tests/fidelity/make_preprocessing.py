"""Writes reference/preprocessing.json: what real Keras answers to `preprocessing_cases.py`.

    python tests/fidelity/make_preprocessing.py

Needs keras 3 and tensorflow-cpu; see make_reference.py for their environment.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import json
from pathlib import Path

import keras
import preprocessing_cases as cases
import tensorflow as tf


def main():
    """Writes the file."""
    found = {}
    for name, case in cases.CASES.items():
        found[name] = cases.answer(keras, case, lambda y: tf.convert_to_tensor(y).numpy())
    made_with = {"keras": keras.__version__, "tensorflow": tf.__version__}
    text = json.dumps({"made_with": made_with, "cases": found}, separators=(",", ":"))
    path = Path(__file__).parent / "reference" / "preprocessing.json"
    path.write_text(text + "\n", encoding="utf-8")


main()
