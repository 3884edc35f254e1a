"""Writes reference/recurrent.npz: what real Keras computes for `recurrent_cases.py`.

    python tests/fidelity/make_recurrent.py

Needs keras 3 and tensorflow-cpu; see make_reference.py for their environment. For each case it
holds the outputs, of two calls in a row where the case is stateful, and the gradients of the
outputs' projection with respect to float inputs and to weights.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

from pathlib import Path

import keras
import numpy as np
import recurrent_cases as cases
import tensorflow as tf


def as_list(value):
    """The tensors of an output, however it is nested."""
    return tf.nest.flatten(value)


def computed(name, build):
    """Arrays by key."""
    keras.utils.set_random_seed(0)
    model = build(keras)
    model.set_weights(cases.weights(name, [w.shape for w in model.weights]))
    inputs = [tf.constant(a) for a in cases.data(name, [tuple(t.shape) for t in model.inputs])]
    floats = [x for x in inputs if x.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch(floats)
        outputs = as_list(model(inputs if len(inputs) > 1 else inputs[0], training=False))
        factors = cases.projections(name, [tuple(y.shape) for y in outputs])
        total = sum(tf.reduce_sum(y * p) for y, p in zip(outputs, factors, strict=True))
    variables = [w.value for w in model.trainable_weights]
    slopes = tape.gradient(total, [*floats, *variables])
    result = {f"{name}/output {i}": y.numpy() for i, y in enumerate(outputs)}
    for i, slope in enumerate(slopes):
        result[f"{name}/gradient {i}"] = tf.convert_to_tensor(slope).numpy()
    if "stateful" in name:
        again = as_list(model(inputs[0], training=False))
        result |= {f"{name}/second {i}": y.numpy() for i, y in enumerate(again)}
    return result


def masked_losses():
    """Losses of a model whose output is masked, with and without weights."""
    name = "masked loss"
    x = keras.Input(batch_shape=(cases.BATCH, cases.TIME, cases.FEATURES))
    y = keras.layers.LSTM(cases.UNITS, return_sequences=True)(keras.layers.Masking(0.0)(x))
    model = keras.Model(x, y)
    model.set_weights(cases.weights(name, [w.shape for w in model.weights]))
    [data] = cases.data(name.replace("loss", "masked"), [tuple(x.shape)])
    target = cases.generator("target").normal(size=(cases.BATCH, cases.TIME, cases.UNITS))
    weight = np.float32([[1.0], [2.0], [0.5]]) * np.ones((1, cases.TIME), np.float32)
    model.compile("sgd", "mse")
    plain = model.evaluate(data, target, batch_size=cases.BATCH, verbose=0)
    heavy = model.evaluate(data, target, sample_weight=weight, batch_size=cases.BATCH, verbose=0)
    return {f"{name}/plain": np.float32(plain), f"{name}/weighted": np.float32(heavy)}


def main():
    """Writes the file."""
    arrays = {}
    for name, build in cases.CASES.items():
        arrays |= computed(name, build)
    arrays |= masked_losses()
    arrays["made with"] = np.array(f"keras {keras.__version__}, tensorflow {tf.__version__}")
    np.savez_compressed(Path(__file__).parent / "reference" / "recurrent.npz", **arrays)


if __name__ == "__main__":
    main()
