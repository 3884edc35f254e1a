"""Writes reference/masks.npz: what real Keras computes for `mask_cases.py`.

    python tests/fidelity/make_masks.py

Needs keras 3 and tensorflow-cpu; see make_reference.py for their environment. For each case it
holds, in training and in inference, the outputs, their masks where they have some, the gradients
of the outputs' projection with respect to float inputs and to weights, and what training leaves in
the weights that are not trained.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import warnings
from pathlib import Path

import keras
import mask_cases as cases
import numpy as np
import tensorflow as tf
from keras.src import backend


def computed(name, build):
    """Arrays by key."""
    keras.utils.set_random_seed(0)
    model = build(keras)
    values = cases.weights(name, model.weights)
    shapes = [tuple(t.shape) for t in model.inputs]
    arrays = cases.data(name, shapes, [t.dtype for t in model.inputs])
    result = {}
    for mode in ("inference", "training"):
        model.set_weights(values)
        inputs = [tf.constant(a) for a in arrays]
        floats = [x for x in inputs if x.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(floats)
            given = inputs if len(inputs) > 1 else inputs[0]
            outputs = tf.nest.flatten(model(given, training=mode == "training"))
            factors = cases.projections(name, [tuple(y.shape) for y in outputs])
            total = sum(tf.reduce_sum(y * p) for y, p in zip(outputs, factors, strict=True))
        variables = [w.value for w in model.trainable_weights]
        slopes = tape.gradient(total, [*floats, *variables], unconnected_gradients="zero")
        key = f"{name}/{mode}"
        for i, y in enumerate(outputs):
            result[f"{key}/output {i}"] = y.numpy()
            mask = backend.get_keras_mask(y)
            if mask is not None:
                result[f"{key}/mask {i}"] = mask.numpy()
        for i, slope in enumerate(slopes):
            result[f"{key}/gradient {i}"] = tf.convert_to_tensor(slope).numpy()
    for i, weight in enumerate(model.non_trainable_weights):
        result[f"{name}/training/left {i}"] = weight.numpy()
    return result


def main():
    """Writes the file."""
    arrays = {}
    for loss, weighted, nothing in cases.LOSSES:
        key = f"loss/{loss}/{weighted}/{nothing}"
        arrays[key] = np.float32(cases.evaluated(keras, loss, weighted, nothing))
    for name, build in cases.CASES.items():
        with warnings.catch_warnings():  # of masks that a layer drops
            warnings.simplefilter("ignore", UserWarning)
            arrays |= computed(name, build)
    arrays["made with"] = np.array(f"keras {keras.__version__}, tensorflow {tf.__version__}")
    np.savez_compressed(Path(__file__).parent / "reference" / "masks.npz", **arrays)


if __name__ == "__main__":
    main()
