"""Writes reference/grid_layers.npz: what Keras 2 and 3 make of layers on grids.

    python tests/fidelity/make_grid_layers.py

Needs keras 3, tf_keras and tensorflow-cpu; see make_reference.py for their environment. For each
case the file has an input `x`, weights `weight_0` and on, the output `y` of Keras 2, from which
Keras 3's must not differ by more than 1e-5 of the largest, and class and configuration of both as
they are in files, JSON.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import json
from pathlib import Path

import keras
import numpy as np
import tf_keras
from grid_layer_cases import CASES, NOT_IN_KERAS_3

arrays = {}
for number, (name, (cls, arguments, shape)) in enumerate(CASES.items()):
    random = np.random.default_rng(number)
    x = random.uniform(-1, 1, (2, *shape)).astype(np.float32)
    old = getattr(tf_keras.layers, cls)(**arguments)
    old(x)
    weights = [random.uniform(0.2, 1, w.shape).astype(np.float32) for w in old.get_weights()]
    old.set_weights(weights)
    y = np.asarray(old(x))
    configs = {"keras_2": old.get_config()}
    if name not in NOT_IN_KERAS_3:
        new = getattr(keras.layers, cls)(**arguments)
        new(x)
        new.set_weights(weights)
        deviation = np.abs(np.asarray(new(x)) - y).max()
        if deviation > 1e-5 * np.abs(y).max():
            raise SystemExit(f"{name}: Keras 3 differs from Keras 2 by {deviation}")
        configs["keras_3"] = new.get_config()
    arrays[f"{name}/x"], arrays[f"{name}/y"] = x, y
    arrays.update({f"{name}/weight_{i}": w for i, w in enumerate(weights)})
    for version, config in configs.items():
        text = json.dumps({"class_name": cls, "config": config}, default=list)
        arrays[f"{name}/{version}"] = np.frombuffer(text.encode(), np.uint8)
np.savez_compressed(Path(__file__).parent / "reference" / "grid_layers.npz", **arrays)
