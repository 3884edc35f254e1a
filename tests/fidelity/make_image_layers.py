"""Writes reference/image_layers.npz: what Keras draws for `image_layer_cases.py`, and makes of it.

    python tests/fidelity/make_image_layers.py

Needs keras 3 and tensorflow-cpu; see make_reference.py for their environment.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import random
from pathlib import Path

import image_layer_cases as cases
import keras
import numpy as np
import tensorflow as tf

UNUSED = {"input_shape", "image_height", "image_width", "batch_size", "rotation_matrix", "seed"}


def plain(value):
    """A transformation as arrays, without what only says sizes."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name not in UNUSED}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, str) else np.asarray(value)


def recorded(owner, name, found):
    """Replaces a function by one that keeps what it returned."""
    function = getattr(owner, name)

    def record(*args, **kwargs):
        found.append(function(*args, **kwargs))
        return found[-1]

    setattr(owner, name, record)
    return function


def elastic(layer, x, drawn):
    """The result, and the noise that Keras draws while it makes it."""
    found = []
    original = recorded(tf.random, "stateless_normal", found)
    try:
        y = layer.transform_images(x, drawn)
    finally:
        tf.random.stateless_normal = original
    along, down = found
    return y, {**plain(drawn), "noise": np.stack([down, along], axis=-1)}


def jitter(layer, x, drawn):
    """The result, and what the layers inside draw while it is made."""
    found = {name: [] for name in cases.colour_steps(layer)}
    for name, step in cases.colour_steps(layer).items():
        recorded(step, "get_random_transformation", found[name])
    return layer.transform_images(x, drawn), {k: plain(v[0]) for k, v in found.items()}


def answer(case):
    """The result of a case, and its parameters."""
    layer = getattr(keras.layers, case.layer)(**case.options)
    x = tf.constant(case.images)
    random.seed(case.options.get("seed", 0))  # AugMix chooses by it
    if case.layer == "Rescaling":
        return layer(x), {}
    drawn = layer.get_random_transformation(x, training=True)
    if case.layer == "RandomElasticTransform":
        return elastic(layer, x, drawn)
    if case.layer == "RandomColorJitter":
        return jitter(layer, x, drawn)
    y = layer.transform_images(x, drawn, training=True)
    if case.layer == "RandomGrayscale":
        drawn = {"should_apply": drawn}
    if case.layer == "CutMix":
        labels = layer.transform_labels(tf.eye(len(case.images)), drawn)
        return y, {**plain(drawn), "labels": np.asarray(labels)}
    return y, {} if drawn is None else plain(drawn)


def main():
    """Writes the file."""
    keras.utils.set_random_seed(5)
    arrays = {}
    for name, case in cases.CASES.items():
        y, drawn = answer(case)
        arrays[f"{name}/result"] = np.asarray(y, np.float32)
        for path, array in cases.flat(drawn).items():
            kept = array.astype(np.float32) if array.dtype.kind == "f" else array
            arrays[f"{name}/drawn/{path}"] = kept
    arrays["made_with"] = np.array([keras.__version__, tf.__version__])
    path = Path(__file__).parent / "reference" / "image_layers.npz"
    np.savez_compressed(path, **arrays)


main()
