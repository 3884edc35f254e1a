"""The Keras models of the fidelity tests, and the settings that make Keras repeatable.

Needs an environment with `tensorflow-cpu`, `keras` 3 and `tf_keras`; thalweg is not imported. The
modules are loaded by name, so this file type-checks where they are not installed.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

# Read by TensorFlow and Keras when they are imported: one thread, no oneDNN (whose convolutions
# choose their algorithm by machine), no GPU, no log lines.
os.environ.update(
    KERAS_BACKEND="tensorflow",
    TF_ENABLE_ONEDNN_OPTS="0",
    TF_CPP_MIN_LOG_LEVEL="3",
    CUDA_VISIBLE_DEVICES="",
    OMP_NUM_THREADS="1",
)

tensorflow: Any = importlib.import_module("tensorflow")
keras: Any = importlib.import_module("keras")
tf_keras: Any = importlib.import_module("tf_keras")


def make_repeatable() -> None:
    """Fix threads, seeds and algorithms; call once, before the first computation."""
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    tensorflow.config.experimental.enable_op_determinism()
    keras.config.set_floatx("float32")
    tensorflow.get_logger().setLevel("ERROR")  # advice about retracing


def versions() -> dict[str, str]:
    """Return the versions of the libraries that the numbers come from."""
    names = ("tensorflow", "keras", "tf_keras", "numpy", "h5py")
    return {name: str(importlib.import_module(name).__version__) for name in names}


def mlp() -> Any:
    """Return the MLP of the training traces: 784 pixels -> 10 probabilities."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def lenet() -> Any:
    """Return the LeNet of the training traces: (28, 28, 1) pixels -> 10 probabilities."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 5, padding="valid", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def fit_model() -> Any:
    """Return the model of the whole-fit test: 8 features -> 3 probabilities."""
    layers = keras.layers
    penalty = keras.regularizers.L1L2(l1=1e-3, l2=1e-2)
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(12, activation="relu", kernel_regularizer=penalty),
            layers.BatchNormalization(momentum=0.9),
            layers.Dense(3, activation="softmax"),
        ]
    )


def tf_keras_sequential() -> Any:
    """Return the Keras 2 Sequential model of the HDF5 files: (8, 8, 2) -> 5 probabilities."""
    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Conv2D(
                4, 3, padding="same", activation="relu", input_shape=(8, 8, 2), name="conv"
            ),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(name="flatten"),
            layers.Dense(5, activation="softmax", name="head"),
        ],
        name="small_sequential",
    )


def tf_keras_functional() -> Any:
    """Return the Keras 2 functional model of the HDF5 files: (6, 6, 2) -> 4 probabilities.

    Two branches from one input, joined by Add, then by Concatenate with one of them.
    """
    layers = tf_keras.layers
    image = tf_keras.Input((6, 6, 2), name="image")
    wide = layers.Conv2D(3, 3, padding="same", activation="relu", name="wide")(image)
    narrow = layers.Conv2D(3, 1, use_bias=False, name="narrow")(image)
    added = layers.Add(name="added")([wide, narrow])
    normal = layers.BatchNormalization(epsilon=0.01, name="norm")(added)
    joined = layers.Concatenate(name="joined")([normal, narrow])
    pooled = layers.MaxPooling2D(2, name="pooled")(joined)
    mean = layers.GlobalAveragePooling2D(name="mean")(pooled)
    head = layers.Dense(4, activation="softmax", name="head")(mean)
    return tf_keras.Model(image, head, name="small_functional")


TF_KERAS_MODELS = {"sequential": tf_keras_sequential, "functional": tf_keras_functional}
